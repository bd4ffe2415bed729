package jaxrs

import (
	"math"
	"testing"
)

type params struct{ W, B *Array }

func loss(s *Scope, p params, x *Array) *Array {
	return Mean(Square(Add(Tanh(Mul(x, p.W)), p.B)))
}

func TestGradGivesATreeLikeTheArgument(t *testing.T) {
	ctx := context(t)
	p, x := params{f32(ctx, 0.5, -1), f32(ctx, 0.1, 0.2)}, f32(ctx, 1, 2)
	out := ok[Pair[*Array, params]](t)(ValueAndGrad2(loss).Call(p, x))
	for i := range 2 {
		step := Mul(OneHot(ctx.ConstInt(int64(i)), 2, WithDtype(F32)), ctx.Const(1e-3))
		up, down := loss(ctx.Scope, params{Add(p.W, step), p.B}, x), loss(ctx.Scope, params{Sub(p.W, step), p.B}, x)
		slope := (item(t, up) - item(t, down)) / 2e-3
		if got := ok[[]float32](t)(Values[float32](out.Second.W))[i]; math.Abs(float64(got)-slope) > 2e-3 {
			t.Errorf("slope %v, by differences %v", got, slope)
		}
	}
	if item(t, out.First) != item(t, loss(ctx.Scope, p, x)) {
		t.Error("another value")
	}
}

func TestTransformsNestAndCloseOverTracers(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x, y *Array) *Array {
		inner := func(_ *Scope, z *Array) *Array { return Mul(Sin(Mul(x, z)), y) } // a tracer from around it
		return Add(Grad1(Jit1(inner).At).At(s, x), ReduceSum(Vmap1(inner).At(s, f32(s, 1, 2, 3))))
	}
	expected := func(x, y float64) float64 {
		sum := x * math.Cos(x*x) * y
		for z := 1.0; z <= 3; z++ {
			sum += math.Sin(x*z) * y
		}
		return sum
	}
	slope := (expected(0.7+1e-5, 2) - expected(0.7-1e-5, 2)) / 2e-5
	near(t, ok[*Array](t)(Jit2(Grad2(f).At).Call(ctx.Const(0.7), ctx.Const(2))), slope)
	many := Vmap2(Jit2(Grad2(f).At).At, VmapOptions{InAxes: []int{0, None}})
	near(t, Slice(ok[*Array](t)(many.Call(f32(ctx, 0.7, 0.9), ctx.Const(2))), []int{0}, []int{1}), slope)
	third := Grad1(Grad1(Grad1(func(_ *Scope, x *Array) *Array { return Sin(x) }).At).At)
	near(t, ok[*Array](t)(third.Call(ctx.Const(0.3))), -math.Cos(0.3))
}

func TestPerturbationsAreNotConfused(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		inner := func(_ *Scope, y *Array) *Array { return Add(x, y) }
		return Mul(x, Grad1(inner).At(s, s.Const(1)))
	}
	near(t, ok[*Array](t)(Grad1(f).Call(ctx.Const(1))), 1)
	forward := func(s *Scope, x *Array) *Array {
		inner := func(_ *Scope, y *Array) *Array { return Add(x, y) }
		_, tangent := Jvp(s, inner, s.Const(1), s.Const(1))
		return Mul(x, tangent)
	}
	_, tangent := Jvp(ctx.Scope, forward, ctx.Const(1), ctx.Const(1))
	near(t, tangent, 1)
}

func TestDerivativesAgree(t *testing.T) {
	ctx := context(t)
	f := func(_ *Scope, x *Array) *Array { return Mul(Sin(x), ReduceSum(x)) }
	x := f32(ctx, 0.1, 0.2, 0.3)
	forward, reverse := ok[*Array](t)(Jacfwd1(f).Call(x)), ok[*Array](t)(Jacrev1(f).Call(x))
	near(t, Sub(forward, reverse), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	y, pullback := Vjp(ctx.Scope, f, x)
	near(t, Sub(y, f(nil, x)), 0, 0, 0)
	near(t, Sub(pullback(f32(ctx, 0, 1, 0)), Take(reverse, ctx.ConstInt(1), WithAxis(0))), 0, 0, 0)
	_, pushforward := Linearize(ctx.Scope, f, x)
	near(t, Sub(pushforward(f32(ctx, 1, 0, 0)), Take(Transpose(forward), ctx.ConstInt(0), WithAxis(0))), 0, 0, 0)
	product := func(_ *Scope, v *Array) *Array { return ReduceProd(v) }
	near(t, ok[*Array](t)(Hessian1(product).Call(f32(ctx, 2, 3, 4))), 0, 4, 3, 4, 0, 2, 3, 2, 0)
}

type nested struct {
	Layers []params
	Named  map[string]*Array
	More   *params
	Count  int
	hidden int
}

func TestTreesHoldStructsSlicesMapsAndConstants(t *testing.T) {
	ctx := context(t)
	traces := 0
	f := Jit1(func(_ *Scope, n nested) nested {
		traces++
		double := func(a *Array) *Array { return Mul(a, Add(a, a)) }
		out := TreeMap1(n, double)
		if n.More != nil {
			out.Named["more"] = n.More.W
		}
		out.hidden = 7
		return out
	})
	n := nested{Layers: []params{{f32(ctx, 1), f32(ctx, 2)}}, Named: map[string]*Array{"a": f32(ctx, 3)}}
	out := ok[nested](t)(f.Call(n))
	near(t, out.Layers[0].B, 8)
	near(t, out.Named["a"], 18)
	if len(n.Named) != 1 || n.Named["a"].IsTracer() {
		t.Error("the argument was changed")
	}
	ok[nested](t)(f.Call(n))
	n.More = &params{f32(ctx, 4), f32(ctx, 5)}
	near(t, ok[nested](t)(f.Call(n)).Named["more"], 4)
	n.Count = 1
	ok[nested](t)(f.Call(n))
	if traces != 3 {
		t.Errorf("%d traces", traces)
	}
	if got := len(TreeLeaves(n)); got != 5 {
		t.Errorf("%d leaves", got)
	}
	if err := Catch(func() { TreeUnflatten(n, nil) }); !IsError(err, ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}

func TestJitTracesOnceForEachType(t *testing.T) {
	ctx := context(t)
	traces := 0
	f := Jit1(func(s *Scope, x *Array) *Array { traces++; return Mul(x, s.Const(2)) })
	for range 3 {
		ok[*Array](t)(f.Call(f32(ctx, 1, 2)))
	}
	if traces != 1 {
		t.Errorf("%d traces", traces)
	}
	ok[*Array](t)(f.Call(f32(ctx, 1, 2, 3)))
	ok[*Array](t)(f.Call(Must(From(ctx, []int32{1}))))
	if traces != 3 {
		t.Errorf("%d traces", traces)
	}
}

func TestDonatedMemoryIsGone(t *testing.T) {
	ctx := context(t)
	f := Jit1(func(s *Scope, p params) params {
		return TreeMap1(p, func(a *Array) *Array { return Add(a, s.Const(1)) })
	}, JitOptions{Donate: []int{0}})
	p := params{f32(ctx, 1, 2), f32(ctx, 3, 4)}
	near(t, ok[params](t)(f.Call(p)).B, 4, 5)
	if err := Catch(func() { Neg(p.W) }); err == nil {
		t.Error("the donated array is still there")
	}
}

func TestControlFlowIsTracedAndDifferentiated(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		last, all := Scan(s, func(_ *Scope, c, y *Array) (*Array, *Array) { return Add(Mul(c, x), y), c }, s.Const(1), f32(s, 1, 2, 3))
		branch := Cond(s, Gt(x, s.Const(0)), func(s *Scope, v *Array) *Array { return Mul(v, s.Const(2)) },
			func(_ *Scope, v *Array) *Array { return Neg(v) }, last)
		looped := ForI(s, s.ConstInt(0), s.ConstInt(3), func(_ *Scope, _, v *Array) *Array { return Mul(v, x) }, branch)
		return Add(looped, Mul(ReduceSum(all), s.Const(0)))
	}
	expected := func(x float64) float64 { return 2 * (((x+1)*x+2)*x + 3) * x * x * x }
	slope := (expected(0.9+1e-5) - expected(0.9-1e-5)) / 2e-5
	x := ctx.Const(0.9)
	near(t, f(ctx.Scope, x), expected(0.9))
	near(t, ok[*Array](t)(Jit1(f).Call(x)), expected(0.9))
	near(t, ok[*Array](t)(Grad1(f).Call(x)), slope)
	near(t, ok[*Array](t)(Jit1(Grad1(f).At).Call(x)), slope)

	s := ctx.Scope
	halve := func(s *Scope, x *Array) *Array { return Mul(x, s.Const(0.5)) }
	above := func(s *Scope, x *Array) *Array { return Gt(x, s.Const(1)) }
	near(t, While(s, above, halve, s.Full(nil, 40, WithDtype(F32))), 0.625)
	branches := []func(*Scope, *Array) *Array{halve, func(s *Scope, x *Array) *Array { return Add(x, s.Const(1)) }}
	near(t, Switch(s, s.ConstInt(1), branches, s.Const(2)), 3)
	near(t, AssociativeScan(s, func(_ *Scope, a, b *Array) *Array { return Mul(a, b) }, f32(s, 1, 2, 3), 0, false), 1, 2, 6)
	near(t, Map(s, halve, f32(s, 2, 4), 0), 1, 2)
	_, counted := Scan(s, func(s *Scope, c *Array, _ Nothing) (*Array, *Array) { return Add(c, s.Const(1)), c }, s.Const(0), Nothing{}, ScanOptions{Length: 3})
	near(t, counted, 0, 1, 2)
}

func TestCollectivesRunOverNamedAxes(t *testing.T) {
	ctx := context(t)
	f := Vmap1(func(_ *Scope, x *Array) *Array { return TrueDivide(x, Psum(x, "i")) }, VmapOptions{AxisName: "i"})
	near(t, ok[*Array](t)(f.Call(f32(ctx, 1, 3))), 0.25, 0.75)
}

func TestProgramsPrintCompileAndRun(t *testing.T) {
	ctx := context(t)
	x := f32(ctx, 0, 1)
	program := ok[*Program](t)(MakeJaxpr1(ctx.Scope, func(_ *Scope, x *Array) *Array { return Add(Sin(x), x) }, x))
	if got := program.String(); got != "{ lambda ; a:f32[2]. let b:f32[2] = sin a; c:f32[2] = add b a in (c,) }" {
		t.Error(got)
	}
	compiled := ok[*Executable](t)(program.Compile())
	near(t, ok[[]*Array](t)(compiled.Call(x))[0], 0, 1.841471)
}

func TestRematKeepsValues(t *testing.T) {
	ctx := context(t)
	f := func(_ *Scope, x *Array) *Array { return Sin(Sin(x)) }
	x := ctx.Const(0.4)
	near(t, Sub(ok[*Array](t)(Grad1(Checkpoint1(f).At).Call(x)), ok[*Array](t)(Grad1(f).Call(x))), 0)
}
