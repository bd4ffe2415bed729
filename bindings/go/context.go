// Package jaxrs differentiates, batches and compiles functions of arrays: JAX's semantics in Go.
//
// Operations are functions with JAX's names. Where they fail they panic with an [*Error]; calls of transformed
// functions, [Catch] and what moves data in and out give errors.
package jaxrs

// #cgo pkg-config: jaxrs
// #cgo LDFLAGS: -lpthread
// #include "shim.h"
import "C"

import (
	"math"
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// None is no axis.
const None = math.MinInt64

// Flags of contexts and scopes.
const (
	DebugNaNs               = C.JAXRS_DEBUG_NANS // a NaN is an error that names where it is from
	DebugInfs               = C.JAXRS_DEBUG_INFS
	DebugNoJit              = C.JAXRS_DEBUG_NO_JIT
	DebugLogCompiles        = C.JAXRS_DEBUG_LOG_COMPILES
	DebugExplainCacheMisses = C.JAXRS_DEBUG_EXPLAIN_CACHE_MISSES
)

// Options are settings of a context.
type Options struct {
	Flags      uint32                             // Debug...
	NumThreads int                                // 0 for as many as there are cores
	NumDevices int                                // how many devices pmap and shard_map may use
	LogLevel   int                                // the highest level that is wanted; 0 for all
	Log        func(level uint32, message string) // what programs print, from any goroutine

	abi uint32 // for tests of the check that header and library fit
}

// Context is an engine with its threads, caches and settings. As a scope it runs operations at once. It has to be closed.
type Context struct {
	*Scope
	context *C.jaxrs_context
	log     cgo.Handle
}

// New makes a context.
func New(options ...Options) (ctx *Context, err error) {
	defer caught(&err)
	given := Options{}
	if len(options) > 0 {
		given = options[0]
	}
	if given.abi == 0 {
		given.abi = C.JAXRS_ABI_VERSION
	}
	o := C.jaxrs_context_options{struct_size: C.uint32_t(unsafe.Sizeof(C.jaxrs_context_options{}))}
	o.flags, o.num_threads = C.uint32_t(given.Flags), C.uint32_t(given.NumThreads)
	o.num_devices, o.log_level = C.uint32_t(given.NumDevices), C.uint32_t(given.LogLevel)
	ctx = &Context{}
	if given.Log != nil {
		ctx.log = cgo.NewHandle(given.Log)
	}
	check(C.shim_context_create(C.uint32_t(given.abi), &o, C.uintptr_t(ctx.log), &ctx.context))
	ctx.Scope = owned(ctx, C.jaxrs_scope_retain(C.jaxrs_context_scope(ctx.context)), 0)
	return ctx, nil
}

// Close gives up the context. Its arrays and functions stay valid.
func (ctx *Context) Close() {
	if ctx.context == nil {
		return
	}
	ctx.collect()
	C.jaxrs_context_release(ctx.context)
	ctx.context = nil
	if ctx.log != 0 {
		ctx.log.Delete()
	}
}

// collect lets go of functions and memory that the library does not need any more.
func (ctx *Context) collect() {
	collectPayloads()
	var handles [16]C.uintptr_t
	for ctx.context != nil {
		n := int(C.shim_poll_drops(ctx.context, &handles[0], C.size_t(len(handles))))
		for _, handle := range handles[:n] {
			owned := cgo.Handle(handle)
			if pinner, ok := owned.Value().(*runtime.Pinner); ok {
				pinner.Unpin()
			}
			owned.Delete()
		}
		if n < len(handles) {
			return
		}
	}
}

// Stats are what a context has counted.
type Stats struct {
	BytesInUse, PeakBytes, LiveArrays, LiveTracers, LiveFns, LiveErrors, Traces, Compiles, CompileNanoseconds, CacheHits uint64
}

// Stats are counted without what has been dropped but not yet found by the garbage collector.
func (ctx *Context) Stats() (stats Stats, err error) {
	defer caught(&err)
	ctx.collect()
	out := C.jaxrs_stats{struct_size: C.uint32_t(unsafe.Sizeof(C.jaxrs_stats{}))}
	check(C.jaxrs_context_stats(ctx.context, &out))
	return Stats{uint64(out.bytes_in_use), uint64(out.peak_bytes), uint64(out.live_arrays), uint64(out.live_tracers),
		uint64(out.live_fns), uint64(out.live_errors), uint64(out.traces), uint64(out.compiles), uint64(out.compile_ns),
		uint64(out.cache_hits)}, nil
}

// Version is that of the library that is loaded.
func Version() string { return C.GoString(C.jaxrs_version_string()) }

// Scope is where operations go: they run at once, or are traced. A traced function is given its own.
type Scope struct {
	ctx   *Context
	scope *C.jaxrs_scope
	// Scopes on one chain were made one after the other, so that the deepest has the highest number; 0 is the root.
	depth uint64
}

// owned takes over a reference to a scope.
func owned(ctx *Context, scope *C.jaxrs_scope, depth uint64) *Scope {
	s := &Scope{ctx: ctx, scope: scope, depth: depth}
	runtime.AddCleanup(s, func(scope *C.jaxrs_scope) { C.jaxrs_scope_release(scope) }, scope)
	return s
}

var scopes atomic.Uint64

func (s *Scope) handle() *C.jaxrs_scope {
	if s == nil {
		return nil
	}
	return s.scope
}

func (s *Scope) with(config *C.jaxrs_scope_config) (out *Scope, err error) {
	defer caught(&err)
	config.struct_size = C.uint32_t(unsafe.Sizeof(*config))
	var scope *C.jaxrs_scope
	check(C.jaxrs_scope_with(s.scope, config, &scope))
	return owned(s.ctx, scope, s.depth), nil
}

// Named is the same scope with a name that errors show.
func (s *Scope) Named(name string) (*Scope, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	config := C.jaxrs_scope_config{set_mask: C.JAXRS_SCOPE_NAME, name: text(name), name_len: C.size_t(len(name))}
	if len(name) > 0 {
		pin.Pin(unsafe.StringData(name))
	}
	return s.with(&config)
}

// WithDefaultFloat is the same scope where numbers without a stated type have the width of dtype, F32 or F64.
func (s *Scope) WithDefaultFloat(dtype DType) (*Scope, error) {
	return s.with(&C.jaxrs_scope_config{set_mask: C.JAXRS_SCOPE_DEFAULT_FLOAT, default_float: C.uint32_t(dtype)})
}

// WithDebugFlags is the same scope with other flags, Debug...
func (s *Scope) WithDebugFlags(flags uint32) (*Scope, error) {
	return s.with(&C.jaxrs_scope_config{set_mask: C.JAXRS_SCOPE_DEBUG, debug_flags: C.uint32_t(flags)})
}

// Const is a number that takes the element type of what it meets.
func (s *Scope) Const(value float64) *Array {
	var out *C.jaxrs_array
	err := C.jaxrs_array_full_f64(s.handle(), C.double(value), 0, nil, 0, &out)
	return s.done(out, err)
}

// ConstInt is a whole number that takes the element type of what it meets.
func (s *Scope) ConstInt(value int64) *Array {
	var out *C.jaxrs_array
	err := C.jaxrs_array_full_i64(s.handle(), C.int64_t(value), 0, nil, 0, &out)
	return s.done(out, err)
}

// ConstComplex is a complex number that takes the width of what it meets.
func (s *Scope) ConstComplex(value complex128) *Array {
	var out *C.jaxrs_array
	err := C.jaxrs_array_full_c128(s.handle(), C.double(real(value)), C.double(imag(value)), 0, nil, 0, &out)
	return s.done(out, err)
}

// scopeOf is the deepest scope of arrays: that of the innermost function that they were made in.
func scopeOf(arrays ...*Array) *Scope {
	var deepest *Scope
	for _, a := range arrays {
		if a != nil && (deepest == nil || a.scope.depth > deepest.depth) {
			deepest = a.scope
		}
	}
	if deepest == nil {
		fail(ErrInvalidArgument, "the operands are nil, so that there is no scope")
	}
	return deepest
}
