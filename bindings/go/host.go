package jaxrs

// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// HostBuffer is memory that a host function reads or writes, row-major, while it runs.
type HostBuffer struct{ buffer *C.jaxrs_host_buffer }

// DType is the element type.
func (b HostBuffer) DType() DType { return DType(b.buffer.dtype) }

// Shape are the sizes along the axes.
func (b HostBuffer) Shape() []int {
	return append([]int{}, unsafe.Slice((*int)(unsafe.Pointer(b.buffer.shape)), int(b.buffer.ndim))...)
}

// Elements are those of a buffer, in place.
func Elements[T Element](b HostBuffer) []T {
	if b.DType() != DTypeOf[T]() {
		fail(ErrDType, "a host function asks for %v of a buffer of %v", DTypeOf[T](), b.DType())
	}
	var zero T
	return unsafe.Slice((*T)(b.buffer.data), int(b.buffer.nbytes)/int(unsafe.Sizeof(zero)))
}

// HostFunction is code of the caller's for programs to call while they run, also from several goroutines at once. An error
// that it returns comes out of the call that ran the program.
type HostFunction struct {
	handle *C.jaxrs_host
	_      alone
}

type hostBody func(arguments, results []HostBuffer) error

// NewHostFunction makes a host function of f.
func NewHostFunction(ctx *Context, name string, f func(arguments, results []HostBuffer) error) (h *HostFunction, err error) {
	defer caught(&err)
	ctx.collect()
	var out *C.jaxrs_host
	check(C.shim_host_new(ctx.context, text(name), C.size_t(len(name)), C.uintptr_t(cgo.NewHandle(hostBody(f))), &out))
	h = &HostFunction{handle: out}
	runtime.AddCleanup(h, func(handle *C.jaxrs_host) { C.jaxrs_host_release(handle) }, out)
	return h, nil
}

//export jaxrsGoHost
func jaxrsGoHost(handle C.uintptr_t, args *C.jaxrs_host_buffer, n C.size_t, results *C.jaxrs_host_buffer, nResults C.size_t) (failed *C.jaxrs_error) {
	defer func() {
		if value := recover(); value != nil {
			failed = carrying(value)
		}
	}()
	if err := cgo.Handle(handle).Value().(hostBody)(buffers(args, n), buffers(results, nResults)); err != nil {
		return carrying(err)
	}
	return nil
}

func buffers(list *C.jaxrs_host_buffer, n C.size_t) []HostBuffer {
	all := unsafe.Slice(list, int(n))
	out := make([]HostBuffer, len(all))
	for i := range all {
		out[i].buffer = &all[i]
	}
	return out
}

//export jaxrsGoLog
func jaxrsGoLog(handle C.uintptr_t, level C.uint32_t, message *C.char, length C.size_t) {
	defer func() { _ = recover() }() // there is nobody to tell
	cgo.Handle(handle).Value().(func(uint32, string))(uint32(level), C.GoStringN(message, C.int(length)))
}

// What vmap does with a host function.
const (
	VmapNone           = C.JAXRS_VMAP_NONE       // refuses
	VmapSequential     = C.JAXRS_VMAP_SEQUENTIAL // one example after another
	VmapExpandDims     = C.JAXRS_VMAP_EXPAND_DIMS
	VmapBroadcastAll   = C.JAXRS_VMAP_BROADCAST_ALL
	VmapLegacyVectored = C.JAXRS_VMAP_LEGACY_VECTORIZED
)

// PureCallback calls a host function that computes its results and does nothing else.
func (s *Scope) PureCallback(h *HostFunction, results []Type, arguments []*Array, vmapMethod uint32) []*Array {
	var pin runtime.Pinner
	defer pin.Unpin()
	types, out, list := avals(results, &pin), newResults(), handles(arguments)
	err := C.jaxrs_pure_callback(s.handle(), h.handle, first(list), C.size_t(len(list)), unsafe.SliceData(types), C.size_t(len(types)),
		C.uint32_t(vmapMethod), out.handle)
	runtime.KeepAlive(h)
	runtime.KeepAlive(arguments)
	return out.done(s, err)
}

// IOCallback calls a host function that does something, exactly as often as the program says.
func (s *Scope) IOCallback(h *HostFunction, results []Type, arguments []*Array, ordered bool) []*Array {
	var pin runtime.Pinner
	defer pin.Unpin()
	types, out, list := avals(results, &pin), newResults(), handles(arguments)
	err := C.jaxrs_io_callback(s.handle(), h.handle, first(list), C.size_t(len(list)), unsafe.SliceData(types), C.size_t(len(types)),
		C.uint32_t(truth(ordered)), out.handle)
	runtime.KeepAlive(h)
	runtime.KeepAlive(arguments)
	return out.done(s, err)
}

// DebugPrint prints values to the log of the context; {} in the format is the next one.
func (s *Scope) DebugPrint(format string, values ...*Array) {
	list := handles(values)
	err := C.jaxrs_debug_print(s.handle(), text(format), C.size_t(len(format)), nil, 0, first(list), C.size_t(len(list)), 0)
	runtime.KeepAlive(values)
	check(err)
}

// Check checks that a truth value holds; format and values say what is wrong where it does not.
func (s *Scope) Check(pred *Array, format string, values ...*Array) {
	list := handles(values)
	err := C.jaxrs_check(s.handle(), pred.ptr(), text(format), C.size_t(len(format)), nil, 0, first(list), C.size_t(len(list)), 0)
	runtime.KeepAlive(pred)
	runtime.KeepAlive(values)
	check(err)
}

// What Checkify looks for.
const (
	CheckUser  = C.JAXRS_CHECK_USER
	CheckNaN   = C.JAXRS_CHECK_NAN
	CheckIndex = C.JAXRS_CHECK_INDEX
	CheckDiv   = C.JAXRS_CHECK_DIV
)

// Checked is what a function made by Checkify found: a tree of arrays.
type Checked struct{ Code, Values *Array }

// Err is an error of kind [ErrCheck], or nil if all checks held.
func (c Checked) Err() (err error) {
	defer caught(&err)
	failed := C.jaxrs_check_throw(c.Code.scope.ctx.context, c.Code.ptr(), c.Values.ptr())
	runtime.KeepAlive(c)
	check(failed)
	return nil
}

// Checkify1 is f with what its checks found.
func Checkify1[A, R any](f func(s *Scope, a A) R, checks uint32) *Function1[A, Pair[Checked, R]] {
	t := &transformed{f: flat1(f), transform: func(f *fn, _ []int) *fn {
		return made(f, func(f *C.jaxrs_fn, out **C.jaxrs_fn) *C.jaxrs_error {
			return C.jaxrs_checkify(f, C.uint32_t(checks), out)
		})
	}}
	return &Function1[A, Pair[Checked, R]]{func(s *Scope, a A) Pair[Checked, R] {
		out, traced := t.run(s, a)
		n := len(out) - 2
		return MakePair(Checked{out[n], out[n+1]}, filled(traced.result().(R), out[:n]))
	}}
}
