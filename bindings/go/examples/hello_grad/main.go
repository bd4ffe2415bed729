// f(x) = x sin x: its derivatives, and all of it for many x at once.
package main

import (
	"fmt"
	"log"

	jx "jaxrs.example/go"
)

func f(_ *jx.Scope, x *jx.Array) *jx.Array { return jx.Mul(x, jx.Sin(x)) }

func show(name string, f func(s *jx.Scope, x *jx.Array) *jx.Array, s *jx.Scope, x *jx.Array) {
	program, err := jx.MakeJaxpr1(s, f, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %v\n  = %v\n", name, program, f(s, x))
}

func main() {
	ctx, err := jx.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Close()
	one := ctx.Full(nil, 1, jx.WithDtype(jx.F32))
	points := jx.Must(jx.From(ctx, []float32{0, 1, 2}))
	second := jx.Grad1(jx.Grad1(f).At)
	show("f", f, ctx.Scope, one)
	show("grad f", jx.Grad1(f).At, ctx.Scope, one)
	show("grad grad f", second.At, ctx.Scope, one)
	show("vmap grad grad f", jx.Vmap1(second.At).At, ctx.Scope, points)
	fmt.Println("hello_grad: ok functions=4")
}
