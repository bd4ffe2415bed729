package jaxrs

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

type differentiation int

const (
	byGrad differentiation = iota
	byValueAndGrad
	byJacfwd
	byJacrev
	byHessian
)

// differentiated is a transform by the leaves of the first argument; the last nAux results are passed on.
func differentiated(how differentiation, nAux int) transform {
	return func(f *fn, offsets []int) *fn {
		leaves := make([]uint32, offsets[1])
		for i := range leaves {
			leaves[i] = uint32(i)
		}
		if len(leaves) == 0 {
			fail(ErrInvalidArgument, "the first argument has no arrays to differentiate by")
		}
		var pin runtime.Pinner
		defer pin.Unpin()
		pin.Pin(&leaves[0])
		o := C.jaxrs_diff_options{struct_size: C.uint32_t(unsafe.Sizeof(C.jaxrs_diff_options{}))}
		o.argnums, o.n_argnums, o.n_aux = (*C.uint32_t)(&leaves[0]), C.size_t(len(leaves)), C.size_t(nAux)
		return made(f, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error {
			switch how {
			case byGrad:
				return C.jaxrs_grad(f, &o, out)
			case byValueAndGrad:
				return C.jaxrs_value_and_grad(f, &o, out)
			case byJacfwd:
				return C.jaxrs_jacfwd(f, &o, out)
			case byJacrev:
				return C.jaxrs_jacrev(f, &o, out)
			default:
				return C.jaxrs_hessian(f, &o, out)
			}
		})
	}
}

func like1[A any](f func(s *Scope, a A) *Array, how differentiation) *Function1[A, A] {
	t := &transformed{f: flat1(f), transform: differentiated(how, 0)}
	return &Function1[A, A]{func(s *Scope, a A) A {
		out, _ := t.run(s, a)
		return filled(a, out)
	}}
}

// Grad1 is the gradient of a function with one real scalar result: a tree like the argument.
func Grad1[A any](f func(s *Scope, a A) *Array) *Function1[A, A] { return like1(f, byGrad) }

// Grad2 is the gradient by the first of two arguments.
func Grad2[A, B any](f func(s *Scope, a A, b B) *Array) *Function2[A, B, A] {
	t := &transformed{f: flat2(f), transform: differentiated(byGrad, 0)}
	return &Function2[A, B, A]{func(s *Scope, a A, b B) A {
		out, _ := t.run(s, a, b)
		return filled(a, out)
	}}
}

// Grad3 is the gradient by the first of three arguments.
func Grad3[A, B, C any](f func(s *Scope, a A, b B, c C) *Array) *Function3[A, B, C, A] {
	t := &transformed{f: flat3(f), transform: differentiated(byGrad, 0)}
	return &Function3[A, B, C, A]{func(s *Scope, a A, b B, c C) A {
		out, _ := t.run(s, a, b, c)
		return filled(a, out)
	}}
}

// ValueAndGrad1 is the value with the gradient, as [Grad1].
func ValueAndGrad1[A any](f func(s *Scope, a A) *Array) *Function1[A, Pair[*Array, A]] {
	t := &transformed{f: flat1(f), transform: differentiated(byValueAndGrad, 0)}
	return &Function1[A, Pair[*Array, A]]{func(s *Scope, a A) Pair[*Array, A] {
		out, _ := t.run(s, a)
		return MakePair(out[0], filled(a, out[1:]))
	}}
}

// ValueAndGrad2 is the value with the gradient by the first of two arguments.
func ValueAndGrad2[A, B any](f func(s *Scope, a A, b B) *Array) *Function2[A, B, Pair[*Array, A]] {
	t := &transformed{f: flat2(f), transform: differentiated(byValueAndGrad, 0)}
	return &Function2[A, B, Pair[*Array, A]]{func(s *Scope, a A, b B) Pair[*Array, A] {
		out, _ := t.run(s, a, b)
		return MakePair(out[0], filled(a, out[1:]))
	}}
}

// ValueAndGrad3 is the value with the gradient by the first of three arguments.
func ValueAndGrad3[A, B, C any](f func(s *Scope, a A, b B, c C) *Array) *Function3[A, B, C, Pair[*Array, A]] {
	t := &transformed{f: flat3(f), transform: differentiated(byValueAndGrad, 0)}
	return &Function3[A, B, C, Pair[*Array, A]]{func(s *Scope, a A, b B, c C) Pair[*Array, A] {
		out, _ := t.run(s, a, b, c)
		return MakePair(out[0], filled(a, out[1:]))
	}}
}

// Jacfwd1 is the Jacobian of a function with one array as result, by forward mode: a tree like the argument, whose arrays
// have the axes of the result, then their own.
func Jacfwd1[A any](f func(s *Scope, a A) *Array) *Function1[A, A] { return like1(f, byJacfwd) }

// Jacrev1 is [Jacfwd1] by reverse mode.
func Jacrev1[A any](f func(s *Scope, a A) *Array) *Function1[A, A] { return like1(f, byJacrev) }

// Hessian1 are the second derivatives of a function of one array.
func Hessian1(f func(s *Scope, a *Array) *Array) *Function1[*Array, *Array] {
	return like1(f, byHessian)
}

// Jvp is the value of f at a and its tangent along da.
func Jvp[A, R any](s *Scope, f func(s *Scope, a A) R, a, da A) (R, R) {
	t := s.ctx.trace(flat1(f), []any{a})
	forward := made(t.fn, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error { return C.jaxrs_jvp(f, out) })
	out := forward.call(s, leavesOf(a, da))
	like := t.result().(R)
	return filled(like, out[:len(out)/2]), filled(like, out[len(out)/2:])
}

// evaluated gives the value of a function at leaves, and a function that belongs to it.
func evaluated(s *Scope, t *traced, leaves []*Array, reverse bool) ([]*Array, *fn) {
	out := newResults()
	list := handles(leaves)
	var second *C.jaxrs_fn
	var err *C.jaxrs_error
	if reverse {
		err = C.jaxrs_vjp(t.fn.handle, s.handle(), first(list), C.size_t(len(list)), out.handle, &second)
	} else {
		err = C.jaxrs_linearize(t.fn.handle, s.handle(), first(list), C.size_t(len(list)), out.handle, &second)
	}
	runtime.KeepAlive(t)
	runtime.KeepAlive(leaves)
	value := out.done(s, err)
	return value, newFn(second)
}

// Vjp is the value of f at a and its pullback, from cotangents of the value to cotangents of a.
func Vjp[A, R any](s *Scope, f func(s *Scope, a A) R, a A) (R, func(R) A) {
	t := s.ctx.trace(flat1(f), []any{a})
	value, pullback := evaluated(s, t, leavesOf(a), true)
	like := cleared(a).(A)
	return filled(t.result().(R), value), func(ct R) A { return filled(like, pullback.call(s, leavesOf(ct))) }
}

// Linearize is the value of f at a and its pushforward, from tangents of a to tangents of the value.
func Linearize[A, R any](s *Scope, f func(s *Scope, a A) R, a A) (R, func(A) R) {
	t := s.ctx.trace(flat1(f), []any{a})
	value, pushforward := evaluated(s, t, leavesOf(a), false)
	like := t.result().(R)
	return filled(like, value), func(da A) R { return filled(like, pushforward.call(s, leavesOf(da))) }
}

// CustomJvp1 is f with a forward derivative of its own: rule takes an argument and its tangent to value and tangent.
func CustomJvp1[A, R any](f func(s *Scope, a A) R, rule func(s *Scope, a, da A) (R, R)) *Function1[A, R] {
	pair := func(s *Scope, a, da A) Pair[R, R] { return MakePair(rule(s, a, da)) }
	return &Function1[A, R]{func(s *Scope, a A) R {
		s = orOf(s, a)
		value, both := s.ctx.trace(flat1(f), []any{a}), s.ctx.trace(flat2(pair), []any{a, a})
		fn := made(value.fn, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error {
			return C.jaxrs_custom_jvp(f, both.fn.handle, out)
		})
		out := fn.call(s, leavesOf(a))
		runtime.KeepAlive(both)
		if value.out.Load() == nil { // under jvp the rule runs in the place of the function
			return filled(both.result().(Pair[R, R]).First, out)
		}
		return filled(value.result().(R), out)
	}}
}

// CustomVjp1 is f with a reverse derivative of its own: fwd gives the value and what bwd needs beside cotangents of the value
// to give those of the argument.
func CustomVjp1[A, R, Res any](f func(s *Scope, a A) R, fwd func(s *Scope, a A) (R, Res), bwd func(s *Scope, res Res, ct R) A) *Function1[A, R] {
	pair := func(s *Scope, a A) Pair[R, Res] { return MakePair(fwd(s, a)) }
	return &Function1[A, R]{func(s *Scope, a A) R {
		s = orOf(s, a)
		value, forward := s.ctx.trace(flat1(f), []any{a}), s.ctx.trace(flat1(pair), []any{a})
		backward := s.ctx.makeFn(func(s *Scope, leaves []*Array) []*Array {
			like := forward.result().(Pair[R, Res])
			n := len(leavesOf(like.Second))
			return leavesOf(bwd(s, filled(like.Second, leaves[:n]), filled(like.First, leaves[n:])))
		})
		var like R
		n := len(leavesOf(like))
		fn := made(value.fn, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error {
			return C.jaxrs_custom_vjp(f, forward.fn.handle, backward.handle, C.size_t(n), out)
		})
		out := fn.call(s, leavesOf(a))
		runtime.KeepAlive(forward)
		runtime.KeepAlive(backward)
		if value.out.Load() == nil { // under reverse mode the forward rule runs in the place of the function
			return filled(forward.result().(Pair[R, Res]).First, out)
		}
		return filled(value.result().(R), out)
	}}
}

func orOf(s *Scope, trees ...any) *Scope {
	if s == nil {
		return scopeOf(leavesOf(trees...)...)
	}
	return s
}
