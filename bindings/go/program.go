package jaxrs

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Type is the type of an array.
type Type struct {
	DType DType
	Shape []int
	Weak  bool
}

// TypeOf is the type of an array.
func TypeOf(a *Array) Type { return Type{a.DType(), a.Shape(), a.IsWeak()} }

// avals are types as C has them, whose memory stays in place until pin lets go.
func avals(types []Type, pin *runtime.Pinner) []C.jaxrs_aval {
	out := make([]C.jaxrs_aval, len(types))
	for i, t := range types {
		out[i] = C.jaxrs_aval{dtype: C.jaxrs_dtype(t.DType), weak_type: C.uint32_t(truth(t.Weak)), ndim: C.size_t(len(t.Shape))}
		if len(t.Shape) > 0 {
			pin.Pin(&t.Shape[0])
			out[i].shape = numbers(t.Shape)
		}
	}
	return out
}

// Program is what a function is for arguments of given types. Its arguments and results are flat.
type Program struct {
	handle *C.jaxrs_program
	_      alone
}

// MakeJaxpr1 is the program that f is for an argument like a. Nothing is computed.
func MakeJaxpr1[A, R any](s *Scope, f func(s *Scope, a A) R, a A) (p *Program, err error) {
	defer caught(&err)
	t := s.ctx.trace(flat1(f), []any{a})
	var types []Type
	for _, leaf := range leavesOf(a) {
		types = append(types, TypeOf(leaf))
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	list := avals(types, &pin)
	var out *C.jaxrs_program
	check(C.jaxrs_fn_trace(t.fn.handle, s.handle(), unsafe.SliceData(list), C.size_t(len(list)), &out))
	runtime.KeepAlive(t)
	return program(out), nil
}

// program takes over a handle.
func program(handle *C.jaxrs_program) *Program {
	p := &Program{handle: handle}
	runtime.AddCleanup(p, func(handle *C.jaxrs_program) { C.jaxrs_program_release(handle) }, handle)
	return p
}

// live is the handle of a context that is not closed.
func (ctx *Context) live() *C.jaxrs_context {
	if ctx.context == nil {
		fail(ErrInvalidArgument, "the context is closed")
	}
	return ctx.context
}

// LoadProgram is a program that was saved, or that JAX exported: StableHLO as text or bytecode, or a file of jax.export.
func (ctx *Context) LoadProgram(file []byte) (p *Program, err error) {
	defer caught(&err)
	var out *C.jaxrs_program
	check(C.jaxrs_program_load(ctx.live(), unsafe.Pointer(unsafe.SliceData(file)), C.size_t(len(file)), &out))
	runtime.KeepAlive(ctx)
	return program(out), nil
}

// LoadProgramAt is LoadProgram for arguments of these types: a program that takes arrays of any size becomes one of these
// sizes.
func (ctx *Context) LoadProgramAt(file []byte, types ...Type) (p *Program, err error) {
	defer caught(&err)
	var pin runtime.Pinner
	defer pin.Unpin()
	list := avals(types, &pin)
	var out *C.jaxrs_program
	data := unsafe.Pointer(unsafe.SliceData(file))
	check(C.jaxrs_program_load_at(ctx.live(), data, C.size_t(len(file)), unsafe.SliceData(list), C.size_t(len(list)), &out))
	runtime.KeepAlive(ctx)
	return program(out), nil
}

// ExportJax is a file of jax.export, for jax.export.deserialize, which JAX can differentiate in reverse mode vjpOrder times.
func (p *Program) ExportJax(vjpOrder int) (file []byte, err error) {
	defer caught(&err)
	var bytes *C.jaxrs_bytes
	check(C.jaxrs_program_export_jax(p.handle, C.size_t(vjpOrder), &bytes))
	runtime.KeepAlive(p)
	return content(bytes), nil
}

// LoadProgramFile reads a program as LoadProgram does.
func (ctx *Context) LoadProgramFile(path string) (p *Program, err error) {
	defer caught(&err)
	var out *C.jaxrs_program
	check(C.jaxrs_program_load_file(ctx.live(), text(path), C.size_t(len(path)), &out))
	runtime.KeepAlive(path)
	runtime.KeepAlive(ctx)
	return program(out), nil
}

// Save is the program's file: it depends on neither machine nor language, and later versions read it.
func (p *Program) Save() (file []byte, err error) {
	defer caught(&err)
	var bytes *C.jaxrs_bytes
	check(C.jaxrs_program_save(p.handle, &bytes))
	runtime.KeepAlive(p)
	return content(bytes), nil
}

// content is a copy of bytes that the library gives away.
func content(bytes *C.jaxrs_bytes) []byte {
	defer C.jaxrs_bytes_release(bytes)
	return C.GoBytes(C.jaxrs_bytes_data(bytes), C.int(C.jaxrs_bytes_len(bytes)))
}

// SaveFile writes what Save gives.
func (p *Program) SaveFile(path string) (err error) {
	defer caught(&err)
	check(C.jaxrs_program_save_file(p.handle, text(path), C.size_t(len(path))))
	runtime.KeepAlive(path)
	runtime.KeepAlive(p)
	return nil
}

// Call runs the program in a place: the context, or a scope of a function that is traced. Arguments and results are flat.
func (p *Program) Call(place Place, arguments ...*Array) (out []*Array, err error) {
	defer caught(&err)
	var f *C.jaxrs_fn
	check(C.jaxrs_fn_from_program(p.handle, &f))
	runtime.KeepAlive(p)
	return newFn(f).call(place.where(), arguments), nil
}

// Dialects of programs.
const (
	Jaxpr  = C.JAXRS_TEXT_JAXPR
	Kernel = C.JAXRS_TEXT_KERNEL
	LLVM   = C.JAXRS_TEXT_LLVM
)

// Text is the program in a dialect.
func (p *Program) Text(dialect uint32) (text string, err error) {
	defer caught(&err)
	var bytes *C.jaxrs_bytes
	check(C.jaxrs_program_text(p.handle, C.uint32_t(dialect), &bytes))
	runtime.KeepAlive(p)
	return bytesText(bytes), nil
}

// String is the program as a jaxpr.
func (p *Program) String() string {
	text, err := p.Text(Jaxpr)
	if err != nil {
		return "invalid program: " + err.Error()
	}
	return text
}

// Executable is a compiled program.
type Executable struct {
	handle *C.jaxrs_exec
	_      alone
}

// Compile compiles the program, now.
func (p *Program) Compile() (e *Executable, err error) {
	defer caught(&err)
	var out *C.jaxrs_exec
	check(C.jaxrs_compile(p.handle, nil, &out))
	runtime.KeepAlive(p)
	return executable(out), nil
}

// executable takes over a handle.
func executable(handle *C.jaxrs_exec) *Executable {
	e := &Executable{handle: handle}
	runtime.AddCleanup(e, func(handle *C.jaxrs_exec) { C.jaxrs_exec_release(handle) }, handle)
	return e
}

// Save is the program with its machine code.
func (e *Executable) Save() (file []byte, err error) {
	defer caught(&err)
	var bytes *C.jaxrs_bytes
	check(C.jaxrs_exec_save(e.handle, &bytes))
	runtime.KeepAlive(e)
	return content(bytes), nil
}

// LoadExecutable is what Save gave, by this version of the library and for such a processor. It is run as it is: it has
// to come from where programs are trusted.
func (ctx *Context) LoadExecutable(file []byte) (e *Executable, err error) {
	defer caught(&err)
	var out *C.jaxrs_exec
	check(C.jaxrs_exec_load(ctx.live(), unsafe.Pointer(unsafe.SliceData(file)), C.size_t(len(file)), &out))
	runtime.KeepAlive(ctx)
	return executable(out), nil
}

// Call runs the compiled program.
func (e *Executable) Call(arguments ...*Array) (out []*Array, err error) {
	defer caught(&err)
	r, list := newResults(), handles(arguments)
	failed := C.jaxrs_exec_call(e.handle, first(list), C.size_t(len(list)), r.handle)
	runtime.KeepAlive(arguments)
	runtime.KeepAlive(e)
	return r.done(scopeOf(arguments...), failed), nil
}
