package jaxrs

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/cmplx"
	"os"
	"slices"
	"strconv"
	"testing"
)

// attributes are those of a row. What is not there has the default of the table.
type attributes map[string]json.RawMessage

func read[T any](raw json.RawMessage) T {
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err)
	}
	return value
}

func (a attributes) integer(name string) int  { return read[int](a[name]) }
func (a attributes) list(name string) []int   { return read[[]int](a[name]) }
func (a attributes) real(name string) float64 { return read[float64](a[name]) }
func (a attributes) text(name string) string  { return read[string](a[name]) }
func (a attributes) dtype(name string) DType  { return named[a.text(name)] }

// given are those of the optional attributes that the row has.
func (a attributes) given(known ...Attr) []Attr {
	var out []Attr
	for _, attr := range known {
		if _, ok := a[attr.name]; !ok {
			continue
		}
		switch attr.kind {
		case kindInt:
			attr.integer = int64(a.integer(attr.name))
		case kindBool:
			attr.integer = truth(read[bool](a[attr.name]))
		case kindDType:
			attr.integer = int64(a.dtype(attr.name))
		case kindReal:
			attr.real = a.real(attr.name)
		case kindList:
			attr.list = a.list(attr.name)
		case kindText:
			attr.text = a.text(attr.name)
		}
		out = append(out, attr)
	}
	return out
}

var named = map[string]DType{}

func init() {
	for dtype, name := range dtypeNames {
		named[name] = dtype
	}
}

type recorded struct {
	DType string            `json:"dtype"`
	Shape []int             `json:"shape"`
	Data  []json.RawMessage `json:"data"`
}

type row struct {
	Op              string     `json:"op"`
	Params          attributes `json:"params"`
	Inputs, Outputs []recorded
}

// number reads a number, a truth value, or a word for a number that is not finite.
func number(raw json.RawMessage) float64 {
	text := string(raw)
	switch text {
	case "true":
		return 1
	case "false":
		return 0
	}
	if text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func complexNumber(raw json.RawMessage) complex128 {
	if raw[0] != '[' {
		return complex(number(raw), 0)
	}
	parts := read[[]json.RawMessage](raw)
	return complex(number(parts[0]), number(parts[1]))
}

func whole(raw json.RawMessage) uint64 {
	if value, err := strconv.ParseUint(string(raw), 10, 64); err == nil {
		return value
	}
	if value, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return uint64(value)
	}
	return uint64(number(raw))
}

var sizes = map[DType]int{Bool: 1, I8: 1, I16: 2, I32: 4, I64: 8, U8: 1, U16: 2, U32: 4, U64: 8, F32: 4, F64: 8, C64: 8, C128: 16}

// bytes are those of the elements in memory.
func (r recorded) bytes() []byte {
	var out []byte
	order := binary.LittleEndian
	for _, raw := range r.Data {
		switch dtype := named[r.DType]; dtype {
		case F32:
			out = order.AppendUint32(out, math.Float32bits(float32(number(raw))))
		case F64:
			out = order.AppendUint64(out, math.Float64bits(number(raw)))
		case C64, C128:
			z := complexNumber(raw)
			for _, part := range []float64{real(z), imag(z)} {
				if dtype == C64 {
					out = order.AppendUint32(out, math.Float32bits(float32(part)))
				} else {
					out = order.AppendUint64(out, math.Float64bits(part))
				}
			}
		default:
			out = append(out, order.AppendUint64(nil, whole(raw))[:sizes[dtype]]...)
		}
	}
	return out
}

// elements reads floats and complex numbers.
func elements(dtype DType, data []byte) []complex128 {
	var out []complex128
	order := binary.LittleEndian
	for ; len(data) > 0; data = data[sizes[dtype]:] {
		switch dtype {
		case F32:
			out = append(out, complex(float64(math.Float32frombits(order.Uint32(data))), 0))
		case F64:
			out = append(out, complex(math.Float64frombits(order.Uint64(data)), 0))
		case C64:
			out = append(out, complex(float64(math.Float32frombits(order.Uint32(data))), float64(math.Float32frombits(order.Uint32(data[4:])))))
		case C128:
			out = append(out, complex(math.Float64frombits(order.Uint64(data)), math.Float64frombits(order.Uint64(data[8:]))))
		}
	}
	return out
}

func isClose(a, b complex128, tolerance float64) bool {
	parts := func(a, b float64) bool {
		return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tolerance*(1+min(math.Abs(b), math.MaxFloat64))
	}
	return parts(real(a), real(b)) && parts(imag(a), imag(b)) || cmplx.Abs(a-b) <= tolerance*(1+min(cmplx.Abs(b), math.MaxFloat64))
}

// difference is what is wrong with a result.
func difference(got *Array, expected recorded, tolerances map[string]float64) string {
	if got.DType() != named[expected.DType] || !slices.Equal(got.Shape(), expected.Shape) {
		return "another type: " + got.String()
	}
	a, b := Must(got.Bytes()), expected.bytes()
	tolerance, inexact := tolerances[expected.DType]
	if !inexact {
		if slices.Equal(a, b) {
			return ""
		}
		return "other elements: " + got.String()
	}
	x, y := elements(got.DType(), a), elements(got.DType(), b)
	for i := range x {
		if !isClose(x[i], y[i], tolerance) {
			return "element " + strconv.Itoa(i) + " of " + got.String()
		}
	}
	return ""
}

func TestOperationsAgreeWithJAX(t *testing.T) {
	ctx := context(t)
	// The values were recorded with 64-bit defaults.
	s := ok[*Scope](t)(ctx.WithDefaultFloat(F64))
	file, err := os.Open("../conformance/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	head := read[struct{ Tolerances map[string]float64 }](lines.Bytes())
	cases := 0
	for ; lines.Scan(); cases++ {
		r := read[row](lines.Bytes())
		err := Catch(func() {
			var in []*Array
			for _, input := range r.Inputs {
				in = append(in, Must(FromBytes(s, input.bytes(), named[input.DType], input.Shape)))
			}
			out := operations[r.Op](s, in, r.Params)
			if len(out) != len(r.Outputs) {
				fail(ErrInternal, "%d results instead of %d", len(out), len(r.Outputs))
			}
			for i := range out {
				if problem := difference(out[i], r.Outputs[i], head.Tolerances); problem != "" {
					fail(ErrInternal, "%s", problem)
				}
			}
		})
		if err != nil {
			t.Errorf("%.200s: %v", lines.Text(), err)
		}
	}
	if t.Logf("%d cases", cases); cases < 700 {
		t.Errorf("there are only %d cases", cases)
	}
}
