// Fits a simulator to data: the damping and the drive of a pendulum, by gradient descent through the solver.
//
//	pendulum [states [steps]]
//
//	angle'' = -sin(angle) - damping angle' + drive cos(2/3 t)
//
// RK4 (a scan) from many initial states (a vmap) is differentiated as a whole.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"strconv"

	jx "jaxrs.example/go"
)

type model struct{ Damping, Drive *jx.Array }

type state struct{ Angle, Speed *jx.Array }

// moved is y + h k.
func moved(s *jx.Scope, y state, h float64, k state) state {
	return jx.TreeMap2(y, k, func(a, b *jx.Array) *jx.Array { return jx.Add(a, jx.Mul(s.Const(h), b)) })
}

func slope(s *jx.Scope, m model, y state, t *jx.Array) state {
	drive := jx.Mul(m.Drive, jx.Cos(jx.Mul(s.Const(2.0/3), t)))
	return state{y.Speed, jx.Sub(jx.Sub(drive, jx.Sin(y.Angle)), jx.Mul(m.Damping, y.Speed))}
}

// solver gives the state after all steps of Runge and Kutta. The steps close over the model.
func solver(steps int, dt float64) func(s *jx.Scope, m model, start state) state {
	return func(s *jx.Scope, m model, start state) state {
		step := jx.Checkpoint2(func(s *jx.Scope, y state, t *jx.Array) state {
			middle := jx.Add(t, s.Const(dt/2))
			k1 := slope(s, m, y, t)
			k2 := slope(s, m, moved(s, y, dt/2, k1), middle)
			k3 := slope(s, m, moved(s, y, dt/2, k2), middle)
			k4 := slope(s, m, moved(s, y, dt, k3), jx.Add(t, s.Const(dt)))
			return moved(s, y, dt/6, moved(s, moved(s, moved(s, k1, 2, k2), 2, k3), 1, k4))
		})
		times := jx.Mul(s.Arange(0, float64(steps), jx.WithDtype(jx.F32)), s.Const(dt))
		body := func(s *jx.Scope, y state, t *jx.Array) (state, jx.Nothing) { return step.At(s, y, t), jx.Nothing{} }
		end, _ := jx.Scan(s, body, start, times)
		return end
	}
}

func argument(i, other int) int {
	if len(os.Args) > i {
		if value, err := strconv.Atoi(os.Args[i]); err == nil {
			return value
		}
	}
	return other
}

func main() {
	states, steps := argument(1, 10000), argument(2, 2000)
	const rounds, trueDamping, trueDrive, noise, rate, momentum = 24, 0.25, 0.6, 0.05, 0.03, 0.5
	ctx := jx.Must(jx.New())
	defer ctx.Close()
	solveAll := jx.Vmap2(solver(steps, 5/float64(steps)), jx.VmapOptions{InAxes: []int{jx.None, 0}})
	descend := jx.Jit3(jx.ValueAndGrad3(func(s *jx.Scope, m model, starts, seen state) *jx.Array {
		ends := solveAll.At(s, m, starts)
		return jx.Mean(jx.Add(jx.Square(jx.Sub(ends.Angle, seen.Angle)), jx.Square(jx.Sub(ends.Speed, seen.Speed))))
	}).At)

	number := func(value float64) *jx.Array { return ctx.Full(nil, value, jx.WithDtype(jx.F32)) }
	uniform := func(seed int, bound float64) *jx.Array {
		return ctx.RandomUniform(ctx.RandomKey(seed), []int{states}, jx.WithDtype(jx.F32), jx.WithLow(-bound), jx.WithHigh(bound))
	}
	starts := state{uniform(1, 1.5), uniform(2, 1)}
	seen := jx.Must(jx.Jit2(solveAll.At).Call(model{number(trueDamping), number(trueDrive)}, starts))
	seen = moved(ctx.Scope, seen, noise, state{ctx.RandomNormal(ctx.RandomKey(3), []int{states}), ctx.RandomNormal(ctx.RandomKey(4), []int{states})})

	var p, velocity [2]float64
	for round := range rounds {
		out := jx.Must(descend.Call(model{number(p[0]), number(p[1])}, starts, seen))
		for k, slope := range []*jx.Array{out.Second.Damping, out.Second.Drive} {
			velocity[k] = momentum*velocity[k] - rate*jx.Must(slope.Item())
			p[k] += velocity[k]
		}
		if round%4 == 0 || round == rounds-1 {
			fmt.Printf("round %2d  error %.5f  damping %.4f  drive %.4f\n", round, jx.Must(out.First.Item()), p[0], p[1])
		}
	}
	if math.Abs(p[0]-trueDamping) > 0.01 || math.Abs(p[1]-trueDrive) > 0.01 {
		log.Fatal("pendulum: failed")
	}
	fmt.Printf("pendulum: ok damping=%.4f drive=%.4f\n", p[0], p[1])
}
