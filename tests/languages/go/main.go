// exchange save FILE: saves the gradient of x sin x. exchange load FILE...: prints what each saved one gives.
package main

import (
	"fmt"
	"log"
	"os"

	jx "jaxrs.example/go"
)

func exchange(ctx *jx.Context, how, path string) error {
	points, err := jx.From(ctx, []float32{0.5, 1.5, 2.5})
	if err != nil {
		return err
	}
	gradient := jx.Grad1(func(_ *jx.Scope, x *jx.Array) *jx.Array { return jx.Mul(x, jx.Sin(x)) })
	if how == "save" {
		program, err := jx.MakeJaxpr1(ctx.Scope, jx.Vmap1(gradient.At).At, points)
		if err != nil {
			return err
		}
		return program.SaveFile(path)
	}
	program, err := ctx.LoadProgramFile(path)
	if err != nil {
		return err
	}
	results, err := program.Call(ctx, points)
	if err == nil {
		fmt.Println(results[0])
	}
	return err
}

func main() {
	ctx, err := jx.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Close()
	for _, path := range os.Args[2:] {
		if err := exchange(ctx, os.Args[1], path); err != nil {
			log.Fatal(err)
		}
	}
}
