// Trains a neural network (64-256-128-10) on 1,797 real images of handwritten digits, with Adam.
//
//	train_digits digits.csv [epochs]
//
// One training step is one compiled function: loss, gradient and update.
package main

import (
	"encoding/csv"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"
	"time"

	jx "jaxrs.example/go"
)

const (
	images, pixels, classes = 1797, 64, 10
	training, batch         = 1437, 64
	stepsPerEpoch           = training / batch
)

type layer struct{ W, B *jx.Array }

type network []layer

func logits(n network, x *jx.Array) *jx.Array {
	for i, l := range n {
		x = jx.Add(jx.Matmul(x, l.W), l.B)
		if i+1 < len(n) {
			x = jx.Relu(x)
		}
	}
	return x
}

// loss is the mean cross-entropy.
func loss(_ *jx.Scope, n network, x, labels *jx.Array) *jx.Array {
	likelihoods := jx.LogSoftmax(logits(n, x), jx.WithAxes(1))
	return jx.Neg(jx.Mean(jx.ReduceSum(jx.Mul(likelihoods, labels), jx.WithAxes(1))))
}

// state is the network with Adam's two moments of its gradient.
type state struct{ Network, M, V network }

type examples struct{ T, X, Labels *jx.Array }

var gradient = jx.ValueAndGrad3(loss)

// step is one step of Adam, the number T from 1 on: the new state, and the loss.
func step(s *jx.Scope, st state, e examples) jx.Pair[state, *jx.Array] {
	out := gradient.At(s, st.Network, e.X, e.Labels)
	moved := func(beta float64) func(old, g *jx.Array) *jx.Array {
		return func(old, g *jx.Array) *jx.Array {
			return jx.Add(jx.Mul(old, s.Const(beta)), jx.Mul(g, s.Const(1-beta)))
		}
	}
	m := jx.TreeMap2(st.M, out.Second, moved(0.9))
	v := jx.TreeMap2(st.V, jx.TreeMap1(out.Second, func(g *jx.Array) *jx.Array { return jx.Square(g) }), moved(0.999))
	// 1 - beta^t, as both moments start at zero
	grown1 := jx.Sub(s.Const(1), jx.Pow(s.Const(0.9), e.T))
	grown2 := jx.Sub(s.Const(1), jx.Pow(s.Const(0.999), e.T))
	next := jx.TreeMap3(st.Network, m, v, func(p, m, v *jx.Array) *jx.Array {
		root := jx.Add(jx.Sqrt(jx.TrueDivide(v, grown2)), s.Const(1e-8))
		return jx.Sub(p, jx.Mul(jx.TrueDivide(jx.TrueDivide(m, grown1), root), s.Const(1e-3)))
	})
	return jx.MakePair(state{next, m, v}, out.First)
}

// initial has weights from a normal distribution (He et al. 2015), biases and moments zero.
func initial(ctx *jx.Context) state {
	sizes := []int{pixels, 256, 128, classes}
	var n network
	for i := range len(sizes) - 1 {
		w := ctx.RandomNormal(ctx.RandomKey(100+i), sizes[i:i+2])
		n = append(n, layer{jx.Mul(w, ctx.Const(math.Sqrt(2/float64(sizes[i])))), ctx.Zeros(sizes[i+1 : i+2])})
	}
	zeros := func(p *jx.Array) *jx.Array { return jx.ZerosLike(p) }
	return state{n, jx.TreeMap1(n, zeros), jx.TreeMap1(n, zeros)}
}

func readDigits(path string) (rows []float32, digits []int32, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	for _, record := range records {
		for i, field := range record {
			value, err := strconv.Atoi(field)
			if err != nil {
				return nil, nil, err
			}
			if i < pixels {
				rows = append(rows, float32(value)/16)
			} else {
				digits = append(digits, int32(value))
			}
		}
	}
	return rows, digits, err
}

func run(path string, epochs int) (reached float64) {
	ctx := jx.Must(jx.New())
	defer ctx.Close()
	rows, numbers, err := readDigits(path)
	if err != nil {
		log.Fatal(err)
	}
	x, digits := jx.Must(jx.From(ctx, rows, images, pixels)), jx.Must(jx.From(ctx, numbers))
	labels := jx.OneHot(digits, classes, jx.WithDtype(jx.F32))
	split := jx.SplitAt(ctx.RandomPermutation(ctx.RandomKey(0), images), []int{training})
	testX, testDigits := jx.Take(x, split[1], jx.WithAxis(0)), jx.Take(digits, split[1], jx.WithAxis(0))

	fastStep := jx.Jit2(step, jx.JitOptions{Donate: []int{0}}) // the old state gives its memory to the new one
	accuracy := jx.Jit3(func(_ *jx.Scope, n network, x, digits *jx.Array) *jx.Array {
		return jx.Mean(jx.Eq(jx.Argmax(logits(n, x), jx.WithAxis(1)), digits))
	})
	st := initial(ctx)
	number, spent := 0, time.Duration(0)
	for epoch := range epochs {
		order := jx.Take(split[0], ctx.RandomPermutation(ctx.RandomKey(1000+epoch), training))
		sum, start := 0.0, time.Now()
		for i := range stepsPerEpoch {
			number++
			chosen := jx.Slice(order, []int{i * batch}, []int{(i + 1) * batch})
			e := examples{ctx.Full(nil, float64(number), jx.WithDtype(jx.F32)), jx.Take(x, chosen, jx.WithAxis(0)), jx.Take(labels, chosen, jx.WithAxis(0))}
			out := jx.Must(fastStep.Call(st, e))
			st = out.First
			sum += jx.Must(out.Second.Item())
		}
		if epoch > 0 {
			spent += time.Since(start)
		}
		if epoch%3 != 2 && epoch != 0 && epoch+1 != epochs {
			continue
		}
		reached = jx.Must(jx.Must(accuracy.Call(st.Network, testX, testDigits)).Item())
		fmt.Printf("epoch %2d  loss %.4f  test accuracy %.4f\n", epoch+1, sum/stepsPerEpoch, reached)
	}
	fmt.Printf("%.3f ms a step\n", spent.Seconds()/float64(max(epochs-1, 1)*stepsPerEpoch)*1e3)
	return reached
}

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: train_digits digits.csv [epochs]")
	}
	epochs := 30
	if len(os.Args) > 2 {
		epochs, _ = strconv.Atoi(os.Args[2])
	}
	reached, needed := run(os.Args[1], epochs), 0.97
	if epochs < 30 {
		needed = 0.9
	}
	if reached < needed {
		log.Fatalf("train_digits: failed accuracy=%.4f", reached)
	}
	fmt.Printf("train_digits: ok accuracy=%.4f\n", reached)
}
