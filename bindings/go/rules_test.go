package jaxrs

import (
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
)

func TestCustomDerivativesAreUsed(t *testing.T) {
	ctx := context(t)
	f := CustomJvp1(func(_ *Scope, x *Array) *Array { return Sin(x) },
		func(s *Scope, x, dx *Array) (*Array, *Array) { return Sin(x), Mul(s.Const(3), dx) })
	near(t, ok[*Array](t)(f.Call(ctx.Const(0.5))), math.Sin(0.5))
	near(t, ok[*Array](t)(Grad1(f.At).Call(ctx.Const(0.5))), 3)
	near(t, ok[*Array](t)(Jit1(Grad1(f.At).At).Call(ctx.Const(0.5))), 3)

	g := CustomVjp1(func(_ *Scope, p params) *Array { return Mul(p.W, p.B) },
		func(_ *Scope, p params) (*Array, params) { return Mul(p.W, p.B), p },
		func(s *Scope, p params, ct *Array) params {
			return params{Mul(Mul(ct, p.B), s.Const(10)), Mul(Mul(ct, p.W), s.Const(100))}
		})
	p := params{ctx.Const(2), ctx.Const(3)}
	near(t, ok[*Array](t)(g.Call(p)), 6)
	gradient := ok[params](t)(Jit1(Grad1(g.At).At).Call(p))
	near(t, gradient.W, 30)
	near(t, gradient.B, 200)
}

// simulator squares, with state that the library knows nothing of.
type simulator struct{ runs atomic.Int64 }

func (s *simulator) run(in, out []HostBuffer) error {
	s.runs.Add(1)
	for i, x := range Elements[float32](in[0]) {
		Elements[float32](out[0])[i] = x * x
	}
	return nil
}

func TestASimulatorRunsInsideAProgram(t *testing.T) {
	ctx := context(t)
	var sim simulator
	host := ok[*HostFunction](t)(NewHostFunction(ctx, "square", sim.run))
	call := func(s *Scope, x *Array) *Array {
		return s.PureCallback(host, []Type{TypeOf(x)}, []*Array{x}, VmapSequential)[0]
	}
	f := CustomVjp1(call, func(s *Scope, x *Array) (*Array, *Array) { return call(s, x), x },
		func(s *Scope, x, ct *Array) *Array { return Mul(Mul(s.Const(2), x), ct) })
	sum := func(s *Scope, x *Array) *Array { return ReduceSum(f.At(s, x)) }
	x := f32(ctx, 1, 2, 3)
	near(t, ok[*Array](t)(Jit1(sum).Call(x)), 14)
	near(t, ok[*Array](t)(Jit1(Grad1(sum).At).Call(x)), 2, 4, 6)
	near(t, ok[*Array](t)(Vmap1(call).Call(x)), 1, 4, 9)
	if sim.runs.Load() < 3 {
		t.Errorf("%d runs", sim.runs.Load())
	}
	if _, err := Grad1(func(s *Scope, x *Array) *Array { return ReduceSum(call(s, x)) }).Call(x); !errors.Is(err, ErrUnimplemented) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsOfHostFunctionsComeOut(t *testing.T) {
	ctx := context(t)
	wanted := errors.New("no such cell")
	bad := ok[*HostFunction](t)(NewHostFunction(ctx, "bad", func(_, _ []HostBuffer) error { return wanted }))
	f := func(s *Scope, x *Array) *Array {
		return s.PureCallback(bad, []Type{TypeOf(x)}, []*Array{x}, VmapNone)[0]
	}
	if _, err := Jit1(f).Call(f32(ctx, 1)); err != wanted {
		t.Errorf("got %v", err)
	}
	wrong := ok[*HostFunction](t)(NewHostFunction(ctx, "wrong", func(in, _ []HostBuffer) error { Elements[float64](in[0]); return nil }))
	g := func(s *Scope, x *Array) *Array {
		return s.PureCallback(wrong, []Type{TypeOf(x)}, []*Array{x}, VmapNone)[0]
	}
	if _, err := Jit1(g).Call(f32(ctx, 1)); !errors.Is(err, ErrDType) {
		t.Errorf("got %v", err)
	}
}

func TestProgramsPrintToTheLog(t *testing.T) {
	var log strings.Builder
	ctx := context(t, Options{Log: func(_ uint32, message string) { log.WriteString(message) }})
	f := Jit1(func(s *Scope, x *Array) *Array { s.DebugPrint("x is {}", x); return x })
	item(t, ok[*Array](t)(f.Call(ctx.Const(2))))
	if log.String() != "x is 2.0" {
		t.Errorf("got %q", log.String())
	}
	seen := 0
	look := ok[*HostFunction](t)(NewHostFunction(ctx, "look", func(in, _ []HostBuffer) error { seen += int(Elements[float32](in[0])[0]); return nil }))
	g := Jit1(func(s *Scope, x *Array) *Array { s.IOCallback(look, nil, []*Array{x}, true); return x })
	item(t, ok[*Array](t)(g.Call(ctx.Const(6))))
	if seen != 6 {
		t.Errorf("saw %d", seen)
	}
}

func TestTheGradientOfAnODEAgreesWithDifferencesAndForwardMode(t *testing.T) {
	ctx := context(t)
	type state struct{ Prey, Hunters *Array }
	at := func(a *Array, i int) *Array { return Squeeze(Slice(a, []int{i}, []int{i + 1})) }
	// Lotka and Volterra, by RK4.
	solve := func(s *Scope, theta *Array) state {
		slope := func(y state) state {
			return state{Mul(y.Prey, Sub(at(theta, 0), Mul(at(theta, 1), y.Hunters))), Mul(y.Hunters, Sub(Mul(at(theta, 2), y.Prey), at(theta, 3)))}
		}
		moved := func(s *Scope, y state, h float64, k state) state {
			return TreeMap2(y, k, func(a, b *Array) *Array { return Add(a, Mul(b, s.Const(h))) })
		}
		const dt = 0.05
		step := func(s *Scope, y state, _ Nothing) (state, Nothing) {
			k1 := slope(y)
			k2 := slope(moved(s, y, dt/2, k1))
			k3 := slope(moved(s, y, dt/2, k2))
			k4 := slope(moved(s, y, dt, k3))
			sum := moved(s, moved(s, moved(s, k1, 2, k2), 2, k3), 1, k4)
			return moved(s, y, dt/6, sum), Nothing{}
		}
		start := state{s.Full(nil, 10, WithDtype(F64)), s.Full(nil, 5, WithDtype(F64))}
		end, _ := Scan(s, step, start, Nothing{}, ScanOptions{Length: 60})
		return end
	}
	f := func(s *Scope, theta *Array) *Array {
		end := solve(s, theta)
		return Add(Square(end.Prey), Square(end.Hunters))
	}
	fast := Jit1(f)
	theta := []float64{1.1, 0.4, 0.1, 0.4}
	of := func(theta []float64) float64 { return item(t, ok[*Array](t)(fast.Call(Must(From(ctx, theta))))) }
	x := Must(From(ctx, theta))
	reverse := ok[[]float64](t)(Values[float64](ok[*Array](t)(Jit1(Grad1(f).At).Call(x))))
	forward := ok[[]float64](t)(Values[float64](ok[*Array](t)(Jit1(Jacfwd1(f).At).Call(x))))
	for i := range theta {
		up, down := append([]float64{}, theta...), append([]float64{}, theta...)
		up[i], down[i] = up[i]+1e-5, down[i]-1e-5
		slope := (of(up) - of(down)) / 2e-5
		if math.Abs(reverse[i]-slope) > 1e-6*math.Abs(slope) || math.Abs(reverse[i]-forward[i]) > 1e-10*math.Abs(slope) {
			t.Errorf("reverse %v, forward %v, differences %v", reverse[i], forward[i], slope)
		}
	}
}
