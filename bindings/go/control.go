package jaxrs

// #include "shim.h"
import "C"

import "runtime"

// Nothing is a tree without arrays.
type Nothing struct{}

// Cond is onTrue or onFalse of a, by a scalar.
func Cond[A, R any](s *Scope, pred *Array, onTrue, onFalse func(s *Scope, a A) R, a A) R {
	yes, no := s.ctx.trace(flat1(onTrue), []any{a}), s.ctx.trace(flat1(onFalse), []any{a})
	leaves := leavesOf(a)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_cond(s.handle(), pred.ptr(), yes.fn.handle, no.fn.handle, first(list), C.size_t(len(list)), out.handle)
	runtime.KeepAlive(pred)
	runtime.KeepAlive(leaves)
	results := out.done(s, err)
	if yes.out.Load() == nil { // what runs at once runs one branch only
		return filled(no.result().(R), results)
	}
	runtime.KeepAlive(no)
	return filled(yes.result().(R), results)
}

// Switch is one of several functions of a, by an integer scalar, clamped.
func Switch[A, R any](s *Scope, index *Array, branches []func(s *Scope, a A) R, a A) R {
	all := make([]*traced, len(branches))
	fns := make([]*C.jaxrs_fn, len(branches))
	for i, branch := range branches {
		all[i] = s.ctx.trace(flat1(branch), []any{a})
		fns[i] = all[i].fn.handle
	}
	if len(fns) == 0 {
		fail(ErrInvalidArgument, "Switch needs a branch")
	}
	leaves := leavesOf(a)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_switch(s.handle(), index.ptr(), &fns[0], C.size_t(len(fns)), first(list), C.size_t(len(list)), out.handle)
	runtime.KeepAlive(index)
	runtime.KeepAlive(leaves)
	runtime.KeepAlive(all)
	results := out.done(s, err)
	for _, branch := range all {
		if branch.out.Load() != nil {
			return filled(branch.result().(R), results)
		}
	}
	panic(&Error{code: ErrInternal, message: "no branch has been traced"})
}

// While applies body to the state while condition of it holds.
func While[T any](s *Scope, condition func(s *Scope, state T) *Array, body func(s *Scope, state T) T, init T) T {
	holds, next := s.ctx.trace(flat1(condition), []any{init}), s.ctx.trace(flat1(body), []any{init})
	leaves := leavesOf(init)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_while(s.handle(), holds.fn.handle, next.fn.handle, first(list), C.size_t(len(list)), out.handle)
	runtime.KeepAlive(leaves)
	runtime.KeepAlive(holds)
	runtime.KeepAlive(next)
	return filled(init, out.done(s, err))
}

// ForI applies body, of i and the state, for i from lower up to, not including, upper.
func ForI[T any](s *Scope, lower, upper *Array, body func(s *Scope, i *Array, state T) T, init T) T {
	next := s.ctx.trace(flat2(body), []any{lower, init})
	leaves := leavesOf(init)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_fori_loop(s.handle(), lower.ptr(), upper.ptr(), next.fn.handle, first(list), C.size_t(len(list)), 0, out.handle)
	runtime.KeepAlive(lower)
	runtime.KeepAlive(upper)
	runtime.KeepAlive(leaves)
	runtime.KeepAlive(next)
	return filled(init, out.done(s, err))
}

// ScanOptions are settings of a scan.
type ScanOptions struct {
	Length  int // how many iterations, where nothing is scanned over
	Reverse bool
	Unroll  int // how many iterations become one
}

// Scan runs body, from (carry, x) to (carry, y), over the slices of xs along axis 0; it gives the last carry and each y
// stacked.
func Scan[C_, X, Y any](s *Scope, body func(s *Scope, carry C_, x X) (C_, Y), init C_, xs X, options ...ScanOptions) (C_, Y) {
	step := s.ctx.trace(flat2(func(s *Scope, carry C_, x X) Pair[C_, Y] { return MakePair(body(s, carry, x)) }), []any{init, xs})
	o := ScanOptions{}
	if len(options) > 0 {
		o = options[0]
	}
	length := o.Length
	carry, slices := leavesOf(init), leavesOf(xs)
	if len(slices) > 0 {
		length = -1
	}
	out, carryList, sliceList := newResults(), handles(carry), handles(slices)
	err := C.jaxrs_scan(s.handle(), step.fn.handle, first(carryList), C.size_t(len(carryList)), first(sliceList), C.size_t(len(sliceList)),
		C.int64_t(length), C.uint32_t(truth(o.Reverse))*C.JAXRS_SCAN_REVERSE, C.uint32_t(o.Unroll), out.handle)
	runtime.KeepAlive(carry)
	runtime.KeepAlive(slices)
	results := out.done(s, err)
	pair := filled(step.result().(Pair[C_, Y]), results)
	return pair.First, pair.Second
}

// AssociativeScan are all prefixes of the elements of xs along an axis under an associative operation of two trees.
func AssociativeScan[X any](s *Scope, combine func(s *Scope, a, b X) X, xs X, axis int, reverse bool) X {
	pair := s.ctx.trace(flat2(combine), []any{xs, xs})
	leaves := leavesOf(xs)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_associative_scan(s.handle(), pair.fn.handle, first(list), C.size_t(len(list)), C.int64_t(axis),
		C.uint32_t(truth(reverse))*C.JAXRS_SCAN_REVERSE, out.handle)
	runtime.KeepAlive(leaves)
	runtime.KeepAlive(pair)
	return filled(xs, out.done(s, err))
}

// Map is f of each slice of xs along axis 0, stacked; batchSize slices at a time, or (0) one after the other.
func Map[X, Y any](s *Scope, f func(s *Scope, x X) Y, xs X, batchSize int) Y {
	each := s.ctx.trace(flat1(f), []any{xs})
	leaves := leavesOf(xs)
	out, list := newResults(), handles(leaves)
	err := C.jaxrs_map(s.handle(), each.fn.handle, first(list), C.size_t(len(list)), C.size_t(batchSize), out.handle)
	runtime.KeepAlive(leaves)
	results := out.done(s, err)
	return filled(each.result().(Y), results)
}
