package jaxrs

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestSavedProgramsAreCalledAndCompiled(t *testing.T) {
	ctx := context(t)
	x := f32(ctx, 0, 1)
	p := ok[*Program](t)(MakeJaxpr1(ctx.Scope, func(_ *Scope, x *Array) *Array { return Add(Sin(x), x) }, x))
	file := ok[[]byte](t)(p.Save())
	q := ok[*Program](t)(ctx.LoadProgram(file))
	near(t, ok[[]*Array](t)(q.Call(ctx, x))[0], 0, 1.841471)
	near(t, ok[[]*Array](t)(ok[*Executable](t)(q.Compile()).Call(x))[0], 0, 1.841471)
	code := ok[[]byte](t)(ok[*Executable](t)(q.Compile()).Save())
	near(t, ok[[]*Array](t)(ok[*Executable](t)(ctx.LoadExecutable(code)).Call(x))[0], 0, 1.841471)
	if _, err := ctx.LoadExecutable(file); err == nil {
		t.Error("a program is taken for an executable")
	}
	path := filepath.Join(t.TempDir(), "program.jaxrs")
	if err := p.SaveFile(path); err != nil {
		t.Fatal(err)
	}
	if text := ok[*Program](t)(ctx.LoadProgramFile(path)).String(); text != p.String() {
		t.Errorf("got %s in place of %s", text, p)
	}
	if _, err := ctx.LoadProgramFile(path + "?"); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestFilesOfJaxExport(t *testing.T) {
	ctx := context(t)
	file := ok[[]byte](t)(os.ReadFile("../../core/stablehlo/testdata/any_size.jaxexport"))
	if _, err := ctx.LoadProgram(file); err == nil || !strings.Contains(err.Error(), "argument 0 is f32[?,4]") {
		t.Errorf("a program without sizes gives %v", err)
	}
	x := Reshape(f32(ctx, 1, 2, 3, 4), []int{1, 4})
	p := ok[*Program](t)(ctx.LoadProgramAt(file, TypeOf(x)))
	near(t, ok[[]*Array](t)(p.Call(ctx, x))[0], 1, 2, 3, 4)
	q := ok[*Program](t)(ctx.LoadProgram(ok[[]byte](t)(p.ExportJax(1))))
	near(t, ok[[]*Array](t)(q.Call(ctx, x))[0], 1, 2, 3, 4)
	if _, err := ctx.LoadProgramAt(file, TypeOf(f32(ctx, 1))); err == nil {
		t.Error("other types are taken")
	}
}

const kept = "../../tests/programs/"

// described is an array of cases.txt.
func described(t *testing.T, ctx *Context, words []string) (*Array, []float64) {
	rank := ok[int](t)(strconv.Atoi(words[1]))
	shape, n := make([]int, rank), 1
	for i := range shape {
		shape[i] = ok[int](t)(strconv.Atoi(words[2+i]))
		n *= shape[i]
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = ok[float64](t)(strconv.ParseFloat(words[2+rank+i], 64))
	}
	dtype := map[string]DType{"f32": F32, "i32": I32, "u32": U32}[words[0]]
	return ConvertElementType(Must(From(ctx, values, shape...)), dtype), values
}

func TestKeptProgramsGiveWhatTheyGave(t *testing.T) {
	ctx := context(t)
	file := ok[*os.File](t)(os.Open(kept + "cases.txt"))
	defer file.Close()
	var p *Program
	var inputs, outputs []*Array
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "program":
			p, inputs, outputs = ok[*Program](t)(ctx.LoadProgramFile(kept+words[1]+".jaxrs")), nil, nil
			n++
		case "in":
			input, _ := described(t, ctx, words[1:])
			inputs = append(inputs, input)
		case "out":
			if outputs == nil {
				outputs = ok[[]*Array](t)(p.Call(ctx, inputs...))
			}
			expected, wanted := described(t, ctx, words[1:])
			got := ok[[]float64](t)(Values[float64](ConvertElementType(outputs[0], F64)))
			if outputs[0].DType() != expected.DType() || len(got) != len(wanted) {
				t.Fatalf("%v: got %v", words, got)
			}
			for i := range got {
				if !(math.Abs(got[i]-wanted[i]) <= 1e-5*(1+math.Abs(wanted[i]))) {
					t.Errorf("%v: got %v", words, got)
				}
			}
			outputs = outputs[1:]
		case "refused":
			_, err := ctx.LoadProgramFile(kept + words[1] + ".jaxrs")
			if err == nil || !strings.Contains(err.Error(), "saved program") {
				t.Errorf("%s: %v", words[1], err)
			}
		}
	}
	if n != 5 {
		t.Errorf("%d programs", n)
	}
}
