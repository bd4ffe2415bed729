package jaxrs

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// together runs f in n goroutines at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Add(1)
		go func() {
			defer all.Done()
			f(i)
		}()
	}
	all.Wait()
}

func TestGoroutinesTraceAtOnce(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		for range 10 {
			runtime.Gosched() // to another thread of the system
			x = Mul(x, s.Const(1))
		}
		return ReduceSum(Mul(Sin(x), x))
	}
	shared := Jit1(Grad1(f).At)
	x := f32(ctx, 0.5, 1)
	expected := ok[[]float32](t)(Values[float32](ok[*Array](t)(Grad1(f).Call(x))))
	together(16, func(i int) {
		for range 5 {
			own := Jit1(Grad1(func(s *Scope, x *Array) *Array { return Mul(f(s, x), s.Const(float64(i))) }).At)
			for factor, got := range map[float32]*Array{1: Must(shared.Call(x)), float32(i): Must(own.Call(x))} {
				for k, value := range Must(Values[float32](got)) {
					if math.Abs(float64(value-factor*expected[k])) > 1e-4 {
						t.Errorf("got %v, expected %v times %v", got, factor, expected)
					}
				}
			}
		}
	})
}

func TestGoroutinesInsideATracedFunctionTakePartInIt(t *testing.T) {
	ctx := context(t)
	f := func(s *Scope, x *Array) *Array {
		parts := make([]*Array, 8)
		together(len(parts), func(i int) {
			runtime.Gosched()
			if i%2 == 1 {
				parts[i] = Mul(x, s.Const(float64(i)))
			} else {
				parts[i] = Mul(Sin(x), x)
			}
		})
		return ReduceSum(Stack(parts))
	}
	x := 0.3
	near(t, ok[*Array](t)(Jit1(Grad1(f).At).Call(ctx.Const(x))), 16+4*(math.Cos(x)*x+math.Sin(x)))
}

func TestHandlesAreReleasedWhileOthersTrace(t *testing.T) {
	ctx := context(t)
	together(8, func(i int) {
		for k := range 40 {
			switch i % 4 {
			case 0:
				runtime.GC()
			case 1:
				a := f32(ctx, 1, 2, 3)
				Neg(a)
				a.Close()
				a.Close()
			default:
				f := Jit1(func(s *Scope, x *Array) *Array { return Mul(x, s.Const(float64(k))) })
				if got := Must(Must(f.Call(ctx.Const(2))).Item()); got != float64(2*k) {
					t.Errorf("got %v", got)
				}
			}
		}
	})
}

// resident are the kilobytes in use, as the system counts them.
func resident(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes
}

func TestMemoryIsFlatOverAMillionCalls(t *testing.T) {
	calls := 1000000
	if asked, err := strconv.Atoi(os.Getenv("JAXRS_CALLS")); err == nil {
		calls = asked
	}
	ctx := context(t)
	f := Jit1(func(s *Scope, x *Array) *Array { return Add(Mul(x, s.Const(2)), s.Const(1)) })
	half, short := ctx.Const(0.5), f32(ctx, 1, 2)
	x := f32(ctx, 1, 2, 3)
	round := func(n int) {
		for i := range n {
			switch {
			case i%100 == 0:
				Must(Grad1(func(_ *Scope, x *Array) *Array { return ReduceSum(Mul(x, x)) }).Call(x))
			case i%10 == 1:
				Catch(func() { Add(x, short) })
			case i%2 == 0:
				x = Must(f.Call(Mul(x, half)))
			default:
				x = Sin(x)
			}
		}
		runtime.GC()
	}
	round(calls / 5)
	before := resident(t)
	round(calls)
	grown := resident(t) - before
	if t.Logf("%d calls: from %d kB by %d kB", calls, before, grown); memoryIsCounted && grown > 16<<10 { // the collector's own slack
		t.Errorf("memory grew by %d kB", grown)
	}
}
