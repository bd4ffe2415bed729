# exchange save FILE: saves the gradient of x sin x. exchange load FILE...: prints what each saved one gives.
using Jaxrs
const jx = Jaxrs

points = JArray(Float32[0.5, 1.5, 2.5])
for path in ARGS[2:end]
    if ARGS[1] == "save"
        jx.save(path, jx.make_jaxpr(jx.vmap(jx.grad(x -> x * sin(x))))(points))
    else
        println(jx.load(path)(points)[1])
    end
end
