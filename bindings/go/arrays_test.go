package jaxrs

import (
	"slices"
	"testing"
)

func roundTrip[T Element](t *testing.T, ctx *Context, values ...T) {
	a := ok[*Array](t)(From(ctx, values))
	if got := ok[[]T](t)(Values[T](a)); !slices.Equal(got, values) || a.DType() != DTypeOf[T]() {
		t.Errorf("%v became %v of %v", values, got, a.DType())
	}
}

func TestMemoryGoesInAndComesOut(t *testing.T) {
	ctx := context(t)
	roundTrip(t, ctx, true, false)
	roundTrip[int8](t, ctx, -1, 2)
	roundTrip[int16](t, ctx, -1, 2)
	roundTrip[int32](t, ctx, -1, 2)
	roundTrip[int64](t, ctx, -1, 1<<60)
	roundTrip[uint8](t, ctx, 1, 255)
	roundTrip[uint16](t, ctx, 1, 2)
	roundTrip[uint32](t, ctx, 1, 2)
	roundTrip[uint64](t, ctx, 1, 1<<63)
	roundTrip[float32](t, ctx, 1.5, -2)
	roundTrip(t, ctx, 1.5, -2)
	roundTrip[complex64](t, ctx, 1+2i)
	roundTrip(t, ctx, 1+2i)
	roundTrip[float64](t, ctx)
	a := ok[*Array](t)(From(ctx, []float64{1, 2, 3, 4, 5, 6}, 2, 3))
	if got := a.String(); got != "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]:f64[2,3]" {
		t.Error(got)
	}
	if !slices.Equal(a.Shape(), []int{2, 3}) || a.Size() != 6 || a.IsTracer() || a.IsWeak() {
		t.Error("another array")
	}
}

func TestBorrowedMemoryIsNotCopied(t *testing.T) {
	ctx := context(t)
	data := Aligned[float32](16)
	for i := range data {
		data[i] = float32(i)
	}
	a := ok[*Array](t)(Borrow(ctx, data, 4, 4))
	near(t, ReduceSum(a), 120)
	near(t, ReduceSum(ok[*Array](t)(Borrow(ctx, []float32{1, 2, 3}))), 6)
	if _, err := Borrow(ctx, data, 5, 5); err == nil {
		t.Error("25 elements of 16")
	}
}

func TestNumbersTakeTheElementTypeOfWhatTheyMeet(t *testing.T) {
	ctx := context(t)
	x, n := f32(ctx, 1, 2), Must(From(ctx, []int32{1, 2}))
	for _, c := range []struct {
		got  *Array
		want DType
	}{{Mul(x, ctx.ConstInt(2)), F32}, {Mul(x, ctx.Const(2)), F32}, {Mul(n, ctx.ConstInt(2)), I32}, {Mul(n, ctx.Const(2)), F32},
		{Mul(x, ctx.ConstComplex(2i)), C64}, {Mul(Must(From(ctx, []uint8{1})), ctx.ConstInt(1)), U8}} {
		if c.got.DType() != c.want {
			t.Errorf("got %v, expected %v", c.got.DType(), c.want)
		}
	}
}

func TestAttributesHaveDefaultsAndNames(t *testing.T) {
	ctx := context(t)
	x := Reshape(ctx.Arange(0, 6, WithDtype(F32)), []int{2, 3})
	near(t, ReduceSum(x), 15)
	near(t, ReduceSum(x, WithAxes(0)), 3, 5, 7)
	if got := ReduceSum(x, WithKeepdims(true), WithAxes(0, 1)).Shape(); !slices.Equal(got, []int{1, 1}) {
		t.Error(got)
	}
	near(t, Argmax(x), 5)
	near(t, Argmax(x, WithAxis(1)), 2, 2)
	near(t, Concatenate([]*Array{x, x}, WithAxis(1)), 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5)
	near(t, Einsum([]*Array{x, x}, "ij,kj->ik"), 5, 14, 14, 50)
	near(t, TopK(x, 2)[1], 2, 1, 2, 1)
	near(t, ctx.RandomNormal(ctx.RandomKey(0), []int{2}), 1.6226422, 2.0252647)
}
