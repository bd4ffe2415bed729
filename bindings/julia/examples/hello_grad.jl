# f(x) = x sin x: its derivatives, and all of it for many x at once.
using Jaxrs
const jx = Jaxrs

f(x) = x * sin(x)
show_program(name, f, x) = println("$name: $(jx.make_jaxpr(f)(x))\n  = $(f(x))")

show_program("f", f, JArray(1.0f0))
show_program("grad f", jx.grad(f), JArray(1.0f0))
show_program("grad grad f", jx.grad(jx.grad(f)), JArray(1.0f0))
show_program("vmap grad grad f", jx.vmap(jx.grad(jx.grad(f))), JArray(Float32[0, 1, 2]))
println("hello_grad: ok functions=4")
