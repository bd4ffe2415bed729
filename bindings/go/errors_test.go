package jaxrs

import (
	"errors"
	"strings"
	"testing"
)

func TestErrorsSayWhatWasWrong(t *testing.T) {
	ctx := context(t)
	err := Catch(func() { Add(f32(ctx, 1, 2), f32(ctx, 1, 2, 3)) })
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrShape) || errors.Is(err, ErrDType) || e.Code() != ErrShape {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(e.Error(), "got [2] and [3]") || !strings.Contains(e.Detail(), e.Error()) {
		t.Errorf("got %q and %q", e.Error(), e.Detail())
	}
	if !strings.Contains(e.Stack(), "TestErrorsSayWhatWasWrong") {
		t.Errorf("the stack does not lead here: %s", e.Stack())
	}
	if _, err := Values[float64](f32(ctx, 1)); !errors.Is(err, ErrDType) {
		t.Errorf("got %v", err)
	}
	if _, err := f32(ctx, 1, 2).Item(); !errors.Is(err, ErrShape) {
		t.Errorf("got %v", err)
	}
	if _, err := From(ctx, []float32{1, 2}, 3); err == nil {
		t.Error("three elements of two")
	}
	if err := Catch(func() { ReduceSum(f32(ctx, 1), WithMode("fill")) }); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
	if err := Catch(func() { Neg(nil) }); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
	if err := Catch(func() { Add(f32(ctx, 1), nil) }); err == nil || !strings.Contains(err.Error(), "y is NULL") {
		t.Errorf("got %v", err)
	}
}

type mine struct{ number int }

func (m *mine) Error() string { return "mine" }

func TestPanicsAndErrorsComeBackAsTheSameObject(t *testing.T) {
	ctx := context(t)
	thrown := any(&mine{42})
	f := func(_ *Scope, x *Array) *Array { panic(thrown) }
	deep := Jit1(Vmap1(Grad1(func(s *Scope, x *Array) *Array { return Jit1(f).At(s, x) }).At).At)
	for range 3 {
		_, err := deep.Call(f32(ctx, 1, 2))
		var m *mine
		if !errors.As(err, &m) || err != thrown {
			t.Fatalf("got %v", err)
		}
	}
	thrown = struct{ text string }{"not an error"}
	func() {
		defer func() {
			if got := recover(); got != thrown {
				t.Errorf("got %v", got)
			}
		}()
		deep.Call(f32(ctx, 1, 2))
		t.Error("no panic")
	}()
	var none []int
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		Jit1(func(_ *Scope, x *Array) *Array { none[3] = 1; return x }).Call(f32(ctx, 1))
	}()
	near(t, Neg(f32(ctx, 1)), -1) // all is still usable
}

func TestErrorsOfTheLibraryPassCallbacksWithTheirCode(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array { return Add(x, f32(s, 1, 2, 3)) }
	if _, err := Jit1(Vmap1(f).At).Call(ctx.Zeros([]int{4, 2})); !errors.Is(err, ErrShape) {
		t.Errorf("got %v", err)
	}
	recovering := Jit1(func(s *Scope, x *Array) (out *Array) {
		if err := Catch(func() { out = f(s, x) }); err != nil {
			out = Neg(x)
		}
		return out
	})
	near(t, ok[*Array](t)(recovering.Call(f32(ctx, 1, 2))), -1, -2)
}

func TestTracersDoNotEscape(t *testing.T) {
	ctx := context(t)
	var kept *Array
	ok[*Array](t)(Jit1(func(_ *Scope, x *Array) *Array { kept = Sin(x); return kept }).Call(ctx.Const(1)))
	err := Catch(func() { Neg(kept) })
	if !errors.Is(err, ErrTracerEscaped) || !strings.Contains(err.Error(), "finished") {
		t.Errorf("got %v", err)
	}
	if !kept.IsTracer() || kept.DType() != F32 {
		t.Error("the tracer is not one any more")
	}
}

func TestScopesAreNotMixed(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		Vmap1(func(_ *Scope, y *Array) *Array { return s.Neg(y) }).At(s, x)
		return x
	}
	if _, err := Jit1(f).Call(f32(ctx, 1, 2)); !errors.Is(err, ErrTracerScope) {
		t.Errorf("got %v", err)
	}
}

func TestTracersHaveNoValue(t *testing.T) {
	ctx := context(t)
	f := func(_ *Scope, x *Array) *Array {
		if Must(Gt(x, x.scope.Const(0)).Item()) != 0 {
			return x
		}
		return Neg(x)
	}
	if _, err := Jit1(f).Call(ctx.Const(1)); !errors.Is(err, ErrConcretization) {
		t.Errorf("got %v", err)
	}
	near(t, ok[*Array](t)(Grad1(f).Call(ctx.Const(-2))), -1) // under grad it has
}

func TestHeaderAndLibraryHaveToFit(t *testing.T) {
	_, err := New(Options{abi: 1 << 16})
	if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "0.1") {
		t.Errorf("got %v", err)
	}
}

func TestContextsExistSideBySide(t *testing.T) {
	one, two := context(t), context(t)
	if err := Catch(func() { Add(f32(one, 1), f32(two, 1)) }); err == nil {
		t.Error("arrays of two contexts were added")
	}
	three := ok[*Context](t)(New())
	x := f32(three, 1)
	three.Close()
	near(t, Neg(x), -1) // arrays keep what they need
	if err := Catch(func() { Jit1(func(_ *Scope, x *Array) *Array { return x }).At(nil, x) }); err == nil {
		t.Error("a function was made in a closed context")
	}
}

func TestChecksBecomeErrors(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		s.Check(All(Gt(x, s.Const(0))), "x has to be positive, got {}", x)
		return Log(x)
	}
	if err := Catch(func() { f(ctx.Scope, f32(ctx, -1)) }); !errors.Is(err, ErrCheck) {
		t.Errorf("got %v", err)
	}
	checked := Jit1(Checkify1(f, CheckUser).At)
	if err := ok[Pair[Checked, *Array]](t)(checked.Call(f32(ctx, 1))).First.Err(); err != nil {
		t.Error(err)
	}
	if err := ok[Pair[Checked, *Array]](t)(checked.Call(f32(ctx, -1))).First.Err(); !errors.Is(err, ErrCheck) || !strings.Contains(err.Error(), "positive") {
		t.Errorf("got %v", err)
	}
}
