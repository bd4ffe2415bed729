package jaxrs

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Pair is two values, of which one or both are trees.
type Pair[A, B any] struct {
	First  A
	Second B
}

// MakePair is a pair.
func MakePair[A, B any](first A, second B) Pair[A, B] { return Pair[A, B]{first, second} }

// Function1 is a transformed function of one argument, which is a tree, as is its result.
type Function1[A, R any] struct{ at func(s *Scope, a A) R }

// Function2 is a transformed function of two arguments.
type Function2[A, B, R any] struct{ at func(s *Scope, a A, b B) R }

// Function3 is a transformed function of three arguments.
type Function3[A, B, C, R any] struct {
	at func(s *Scope, a A, b B, c C) R
}

// At calls the function in a scope, and panics where it fails: the form for traced functions, and for more transforms.
func (f *Function1[A, R]) At(s *Scope, a A) R { return f.at(s, a) }

// Call calls the function where its arguments are from.
func (f *Function1[A, R]) Call(a A) (r R, err error) {
	defer caught(&err)
	return f.at(nil, a), nil
}

// At calls the function in a scope, and panics where it fails: the form for traced functions, and for more transforms.
func (f *Function2[A, B, R]) At(s *Scope, a A, b B) R { return f.at(s, a, b) }

// Call calls the function where its arguments are from.
func (f *Function2[A, B, R]) Call(a A, b B) (r R, err error) {
	defer caught(&err)
	return f.at(nil, a, b), nil
}

// At calls the function in a scope, and panics where it fails: the form for traced functions, and for more transforms.
func (f *Function3[A, B, C, R]) At(s *Scope, a A, b B, c C) R { return f.at(s, a, b, c) }

// Call calls the function where its arguments are from.
func (f *Function3[A, B, C, R]) Call(a A, b B, c C) (r R, err error) {
	defer caught(&err)
	return f.at(nil, a, b, c), nil
}

type transform func(f *fn, offsets []int) *fn

func flat1[A, R any](f func(s *Scope, a A) R) func(s *Scope, arguments []any) any {
	return func(s *Scope, x []any) any { return f(s, x[0].(A)) }
}

func flat2[A, B, R any](f func(s *Scope, a A, b B) R) func(s *Scope, arguments []any) any {
	return func(s *Scope, x []any) any { return f(s, x[0].(A), x[1].(B)) }
}

func flat3[A, B, C, R any](f func(s *Scope, a A, b B, c C) R) func(s *Scope, arguments []any) any {
	return func(s *Scope, x []any) any { return f(s, x[0].(A), x[1].(B), x[2].(C)) }
}

// Functions whose results have the structure of f's.

func same1[A, R any](f func(s *Scope, a A) R, by transform) *Function1[A, R] {
	t := &transformed{f: flat1(f), transform: by}
	return &Function1[A, R]{func(s *Scope, a A) R {
		out, traced := t.run(s, a)
		return filled(traced.result().(R), out)
	}}
}

func same2[A, B, R any](f func(s *Scope, a A, b B) R, by transform) *Function2[A, B, R] {
	t := &transformed{f: flat2(f), transform: by}
	return &Function2[A, B, R]{func(s *Scope, a A, b B) R {
		out, traced := t.run(s, a, b)
		return filled(traced.result().(R), out)
	}}
}

func same3[A, B, C, R any](f func(s *Scope, a A, b B, c C) R, by transform) *Function3[A, B, C, R] {
	t := &transformed{f: flat3(f), transform: by}
	return &Function3[A, B, C, R]{func(s *Scope, a A, b B, c C) R {
		out, traced := t.run(s, a, b, c)
		return filled(traced.result().(R), out)
	}}
}

// made is what a transform of the library gave.
func made(f *fn, apply func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error) *fn {
	var out *C.jaxrs_fn
	err := apply(f.handle, &out)
	runtime.KeepAlive(f)
	check(err)
	return newFn(out)
}

// JitOptions are settings of jit.
type JitOptions struct {
	Donate     []int // arguments whose memory results may take over
	Inline     bool  // calls inside of traced functions become their operations
	KeepUnused bool  // arguments that nothing needs stay
}

func compiled(options []JitOptions) transform {
	return func(f *fn, offsets []int) *fn {
		var pin runtime.Pinner
		defer pin.Unpin()
		var donate []uint32
		o := C.jaxrs_jit_options{struct_size: C.uint32_t(unsafe.Sizeof(C.jaxrs_jit_options{}))}
		for _, given := range options {
			for _, argument := range given.Donate {
				if argument < 0 || argument+1 >= len(offsets) {
					fail(ErrInvalidArgument, "jit has no argument %d to donate", argument)
				}
				for leaf := offsets[argument]; leaf < offsets[argument+1]; leaf++ {
					donate = append(donate, uint32(leaf))
				}
			}
			o.flags |= C.uint32_t(truth(given.Inline))*C.JAXRS_JIT_INLINE | C.uint32_t(truth(given.KeepUnused))*C.JAXRS_JIT_KEEP_UNUSED
		}
		if len(donate) > 0 {
			pin.Pin(&donate[0])
			o.donate, o.n_donate = (*C.uint32_t)(&donate[0]), C.size_t(len(donate))
		}
		return made(f, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error { return C.jaxrs_jit(f, &o, out) })
	}
}

// Jit1 is f, traced and compiled once for each combination of argument types. What f captures is constant to it.
func Jit1[A, R any](f func(s *Scope, a A) R, options ...JitOptions) *Function1[A, R] {
	return same1(f, compiled(options))
}

// Jit2 is [Jit1] for two arguments.
func Jit2[A, B, R any](f func(s *Scope, a A, b B) R, options ...JitOptions) *Function2[A, B, R] {
	return same2(f, compiled(options))
}

// Jit3 is [Jit1] for three arguments.
func Jit3[A, B, C, R any](f func(s *Scope, a A, b B, c C) R, options ...JitOptions) *Function3[A, B, C, R] {
	return same3(f, compiled(options))
}

// VmapOptions say what vmap maps over.
type VmapOptions struct {
	InAxes   []int  // for each argument, where its examples lie, or None; 0 without a list
	OutAxes  []int  // for each array of the result; one entry stands for all
	AxisSize int    // needed where no argument is mapped
	AxisName string // what collectives call the axis
}

func mapped(options []VmapOptions, parallel bool) transform {
	return func(f *fn, offsets []int) *fn {
		var pin runtime.Pinner
		defer pin.Unpin()
		var axes []int
		o := C.jaxrs_vmap_options{struct_size: C.uint32_t(unsafe.Sizeof(C.jaxrs_vmap_options{}))}
		for _, given := range options {
			if n := len(given.InAxes); n > 1 && n != len(offsets)-1 {
				fail(ErrInvalidArgument, "vmap got %d InAxes for %d arguments", n, len(offsets)-1)
			}
			for i := range len(offsets) - 1 {
				for leaf := offsets[i]; leaf < offsets[i+1] && len(given.InAxes) > 0; leaf++ {
					axes = append(axes, given.InAxes[min(i, len(given.InAxes)-1)])
				}
			}
			if len(given.OutAxes) > 0 {
				pin.Pin(&given.OutAxes[0])
				o.out_axes, o.n_out_axes = numbers(given.OutAxes), C.size_t(len(given.OutAxes))
			}
			if len(given.AxisName) > 0 {
				pin.Pin(unsafe.StringData(given.AxisName))
				o.axis_name, o.axis_name_len = text(given.AxisName), C.size_t(len(given.AxisName))
			}
			o.axis_size = C.int64_t(given.AxisSize)
		}
		if len(axes) > 0 {
			pin.Pin(&axes[0])
			o.in_axes, o.n_in_axes = numbers(axes), C.size_t(len(axes))
		}
		return made(f, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error {
			if parallel {
				return C.jaxrs_pmap(f, &o, out)
			}
			return C.jaxrs_vmap(f, &o, out)
		})
	}
}

// Vmap1 is f for many examples at once.
func Vmap1[A, R any](f func(s *Scope, a A) R, options ...VmapOptions) *Function1[A, R] {
	return same1(f, mapped(options, false))
}

// Vmap2 is [Vmap1] for two arguments.
func Vmap2[A, B, R any](f func(s *Scope, a A, b B) R, options ...VmapOptions) *Function2[A, B, R] {
	return same2(f, mapped(options, false))
}

// Vmap3 is [Vmap1] for three arguments.
func Vmap3[A, B, C, R any](f func(s *Scope, a A, b B, c C) R, options ...VmapOptions) *Function3[A, B, C, R] {
	return same3(f, mapped(options, false))
}

// Pmap1 is f, compiled, on one device for each slice of its argument.
func Pmap1[A, R any](f func(s *Scope, a A) R, options ...VmapOptions) *Function1[A, R] {
	return same1(f, mapped(options, true))
}

func rematerialized(f *fn, _ []int) *fn {
	return made(f, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error { return C.jaxrs_remat(f, 0, out) })
}

// Checkpoint1 is f, of which reverse mode keeps the argument only and computes again what it needs.
func Checkpoint1[A, R any](f func(s *Scope, a A) R) *Function1[A, R] { return same1(f, rematerialized) }

// Checkpoint2 is [Checkpoint1] for two arguments.
func Checkpoint2[A, B, R any](f func(s *Scope, a A, b B) R) *Function2[A, B, R] {
	return same2(f, rematerialized)
}
