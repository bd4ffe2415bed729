package jaxrs

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// context gives a context for one test, after which nothing of it is left.
func context(t testing.TB, options ...Options) *Context {
	t.Helper()
	ctx, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Cleanups run some time after a collection has found what is unreachable.
		for range 200 {
			runtime.GC()
			stats, err := ctx.Stats()
			if err != nil {
				t.Fatal(err)
			}
			if stats.LiveArrays+stats.LiveTracers+stats.LiveFns == 0 {
				ctx.Close()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		stats, _ := ctx.Stats()
		t.Errorf("left over: %+v", stats)
	})
	return ctx
}

func f32(ctx Place, values ...float32) *Array { return Must(From(ctx, values)) }

func item(t testing.TB, a *Array) float64 {
	t.Helper()
	value, err := a.Item()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func near(t testing.TB, got *Array, expected ...float64) {
	t.Helper()
	values, err := Values[float64](ConvertElementType(got, F64))
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(expected) {
		t.Fatalf("got %v, expected %v", got, expected)
	}
	for i, value := range values {
		if !(math.Abs(value-expected[i]) <= 1e-5*(1+math.Abs(expected[i]))) {
			t.Fatalf("got %v, expected %v", got, expected)
		}
	}
}

// ok gives the value, and ends the test where there is an error.
func ok[T any](t testing.TB) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
