package jaxrs

// #include "shim.h"
import "C"

import (
	"fmt"
	"reflect"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// alone is in structs that hold nothing else that Go sees: such small ones share memory, and cleanups wait for all of it.
type alone *byte

// fn is a function of the library.
type fn struct {
	handle *C.jaxrs_fn
	_      alone
}

func newFn(handle *C.jaxrs_fn) *fn {
	f := &fn{handle: handle}
	runtime.AddCleanup(f, func(handle *C.jaxrs_fn) { C.jaxrs_fn_release(handle) }, handle)
	return f
}

// call calls it in a scope.
func (f *fn) call(s *Scope, arguments []*Array) []*Array {
	out := newResults()
	list := handles(arguments)
	err := C.jaxrs_fn_call(f.handle, s.handle(), first(list), C.size_t(len(list)), out.handle)
	runtime.KeepAlive(arguments)
	runtime.KeepAlive(f)
	return out.done(s, err)
}

// body is code of the caller's of flat lists.
type body struct {
	ctx *Context
	run func(s *Scope, arguments []*Array) []*Array
}

// makeFn is a function of the library that calls run.
func (ctx *Context) makeFn(run func(s *Scope, arguments []*Array) []*Array) *fn {
	ctx.collect()
	const name = "function"
	var out *C.jaxrs_fn
	check(C.shim_fn_new(ctx.live(), text(name), C.size_t(len(name)), C.uintptr_t(cgo.NewHandle(&body{ctx, run})), &out))
	return newFn(out)
}

//export jaxrsGoTrace
func jaxrsGoTrace(handle C.uintptr_t, scope *C.jaxrs_scope, args **C.jaxrs_array, n C.size_t, out *C.jaxrs_results) (failed *C.jaxrs_error) {
	finished := false
	defer func() {
		if value := recover(); value != nil {
			failed = carrying(value)
		} else if !finished { // runtime.Goexit, such as by t.FailNow
			failed = carrying(&Error{code: ErrCancelled, message: "the goroutine ended in a traced function"})
		}
	}()
	b := cgo.Handle(handle).Value().(*body)
	s := owned(b.ctx, C.jaxrs_scope_retain(scope), scopes.Add(1))
	arguments := make([]*Array, int(n))
	for i, a := range unsafe.Slice(args, int(n)) {
		arguments[i] = s.wrap(C.jaxrs_array_retain(a))
	}
	for _, a := range b.run(s, arguments) {
		if a == nil {
			fail(ErrInvalidArgument, "a traced function gave a tree with a nil array")
		}
		check(C.jaxrs_results_push(out, a.handle))
		runtime.KeepAlive(a)
	}
	runtime.KeepAlive(arguments)
	finished = true
	return nil
}

// traced is a function of the caller's for arguments of one structure, and the structure of its results.
type traced struct {
	fn  *fn
	out *atomic.Pointer[any] // a tree without arrays; nil until the function was traced
}

func (t *traced) result() any {
	if out := t.out.Load(); out != nil {
		return *out
	}
	fail(ErrInternal, "the function has not been traced")
	return nil
}

// trace makes a function of f for arguments like these.
func (ctx *Context) trace(f func(s *Scope, arguments []any) any, arguments []any) *traced {
	// The library keeps the body, so that the body may not keep the function: that would be a circle.
	t, out := &traced{}, new(atomic.Pointer[any])
	t.out = out
	like := make([]any, len(arguments))
	counts := make([]int, len(arguments))
	for i, argument := range arguments {
		like[i], counts[i] = cleared(argument), len(leavesOf(argument))
	}
	t.fn = ctx.makeFn(func(s *Scope, leaves []*Array) []*Array {
		given := make([]any, len(like))
		for i := range like {
			given[i] = filled(like[i], leaves[:counts[i]])
			leaves = leaves[counts[i]:]
		}
		result := f(s, given)
		structure := cleared(result)
		out.Store(&structure)
		return leavesOf(result)
	})
	return t
}

// transformed is a function that a transform is applied to, once for each structure and types of its arguments.
type transformed struct {
	f         func(s *Scope, arguments []any) any
	transform func(f *fn, offsets []int) *fn
	cache     sync.Map // of key to *entry
}

type entry struct {
	traced *traced
	fn     *fn
}

// offsets are where the leaves of each argument begin, and where the last ones end.
func offsets(arguments []any) []int {
	out := make([]int, 1, len(arguments)+1)
	for i, argument := range arguments {
		out = append(out, out[i]+len(leavesOf(argument)))
	}
	return out
}

// run gives the flat results, and the function that was traced.
func (t *transformed) run(s *Scope, arguments ...any) ([]*Array, *traced) {
	leaves := leavesOf(arguments...)
	if s == nil {
		s = scopeOf(leaves...)
	}
	key := structure(s.ctx, arguments, leaves)
	found, ok := t.cache.Load(key)
	if !ok {
		made := &entry{traced: s.ctx.trace(t.f, arguments)}
		made.fn = t.transform(made.traced.fn, offsets(arguments))
		found, _ = t.cache.LoadOrStore(key, made)
	}
	e := found.(*entry)
	return e.fn.call(s, leaves), e.traced
}

// structure describes trees with the types of their arrays.
func structure(ctx *Context, trees []any, leaves []*Array) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%p;", ctx)
	for _, tree := range trees {
		fmt.Fprintf(&key, "%T;", tree)
		rebuilt(reflect.ValueOf(tree), func(a *Array) *Array { return a }, &key)
	}
	for _, a := range leaves {
		if a == nil {
			fail(ErrInvalidArgument, "a tree has a nil array")
		}
		fmt.Fprintf(&key, "%d%t%v;", a.DType(), a.IsWeak(), a.Shape())
	}
	return key.String()
}
