# Transforms of functions over trees, in any nesting.

struct Layer{A}
    w::A
    b::A
    name::Symbol
end
(layer::Layer)(x) = tanh.(x .* layer.w .+ layer.b)

@testset "grad gives a tree like the argument" begin
    @test leaves_nothing() do
        loss(p, x) = mean((tanh.(x .* p.w) .+ p.b) .^ 2)
        p, x = (w = JArray(Float32[0.5, -1]), b = JArray(Float32[0.1, 0.2])), JArray(Float32[1, 2])
        value, g = jx.value_and_grad(loss)(p, x)
        for (i, step) in enumerate((Float32[1e-3, 0], Float32[0, 1e-3]))
            slope = (loss((w = p.w .+ step, b = p.b), x) - loss((w = p.w .- step, b = p.b), x)) / 2e-3
            @test abs(jx.item(g.w[i]) - jx.item(slope)) < 2e-3
        end
        @test near(value, loss(p, x))
        both, gx = jx.grad(loss; argnums = (1, 2))(p, x)
        @test both.b == g.b && size(gx) == (2,)
        aux(v) = (sum(v .* v), (twice = 2 .* v, note = "kept"))
        slope, rest = jx.grad(aux; has_aux = true)(JArray(Float32[1, 2]))
        @test near(slope, [2, 4]) && near(rest.twice, [2, 4]) && rest.note == "kept"
        (total, more), g2 = jx.value_and_grad(aux; has_aux = true)(JArray(Float32[1, 2]))
        @test near(total, 5) && near(more.twice, [2, 4]) && near(g2, [2, 4])
    end
end

@testset "trees are structs, dictionaries, vectors and tuples" begin
    layer = Layer(JArray(Float32[0.5]), JArray(Float32[0.25]), :first)
    g = jx.grad(l -> sum(l(JArray(Float32[2]))))(layer)
    @test g isa Layer && g.name === :first && near(g.w, [2 * (1 - tanh(1.25)^2)])
    tree = Dict(:a => [1.0, 2.0], :b => (JArray(3.0), nothing), "c" => [Layer(JArray(1.0), JArray(2.0), :x)])
    leaves, def = jx.tree_flatten(tree)
    @test length(leaves) == 4
    again = jx.tree_unflatten(def, leaves)
    @test again[:b][2] === nothing && again["c"][1].name === :x
    doubled = jx.jit(t -> jx.tree_map(x -> 2 .* x, t))(tree)
    @test near(doubled[:a], [2, 4]) && near(doubled["c"][1].b, 4)
    @test failure(() -> jx.tree_map(+, (1, 2), (1,))) isa JaxrsError
end

@testset "transforms nest and close over tracers" begin
    f(x, y) = begin
        inner(z) = sin(x * z) * y # a tracer from around it
        jx.grad(jx.jit(inner))(x) + sum(jx.vmap(inner)(JArray(Float32[1, 2, 3])))
    end
    expected(x, y) = x * cos(x * x) * y + sum(sin(x * z) * y for z in 1:3)
    slope = (expected(0.7 + 1e-5, 2) - expected(0.7 - 1e-5, 2)) / 2e-5
    @test near(jx.jit(jx.grad(f))(0.7, 2.0), slope)
    @test near(jx.vmap(jx.jit(jx.grad(f)); in_axes = (1, nothing))(JArray(Float32[0.7, 0.7]), 2.0), [slope, slope])
    @test near(jx.grad(jx.grad(jx.grad(sin)))(0.3), -cos(0.3))
    @test near(jx.vmap(x -> 2 .* x; in_axes = 2, out_axes = 2)(JArray([1.0 2; 3 4])), [2 4; 6 8])
    step = jx.jit() do x
        x + 1
    end
    @test near(step(2.0), 3)
end

@testset "perturbations are not confused" begin
    @test jx.item(jx.grad(x -> x * jx.grad(y -> x + y)(1.0))(1.0)) == 1
    @test jx.item(jx.jvp(x -> x * jx.jvp(y -> x + y, (1.0,), (1.0,))[2], (1.0,), (1.0,))[2]) == 1
end

@testset "derivatives agree" begin
    f(x) = sin.(x) .* sum(x)
    x = JArray(Float32[0.1, 0.2, 0.3])
    forward, reverse = jx.jacfwd(f)(x), jx.jacrev(f)(x)
    @test near(forward, reverse)
    y, pullback = jx.vjp(f, x)
    @test near(y, f(x)) && near(pullback(JArray(Float32[0, 1, 0]))[1], reverse[2, :])
    @test near(jx.linearize(f, x)[2](JArray(Float32[1, 0, 0])), forward[:, 1])
    @test near(jx.hessian(prod)(JArray(Float32[2, 3, 4])), [0 4 3; 4 0 2; 3 2 0])
    j = jx.jacrev(p -> (p.a .* 2, p.b))((a = JArray([1.0, 2]), b = JArray(3.0)))
    @test near(j[1].a, [2 0; 0 2]) && near(j[1].b, [0, 0]) && near(j[2].b, 1)
    h = jx.hessian(p -> p.a * p.b * p.b)((a = JArray(2.0), b = JArray(3.0)))
    @test near(h.a.b, 6) && near(h.b.b, 4) && near(h.a.a, 0)
    @test near(jx.grad(jx.checkpoint(x -> sum(sin.(sin.(x)))))(x), cos.(sin.(Array(x))) .* cos.(Array(x)))
end

@testset "jit traces once for each structure and type" begin
    traces = 0
    f = jx.jit(tree -> (traces += 1; jx.tree_map(x -> 2 .* x, tree)))
    for _ in 1:3
        @test near(f((a = JArray([1.0]), list = [JArray([2.0]), 3]))[:list][2], 6)
    end
    @test traces == 1
    f((a = JArray([1.0]), list = [JArray([2.0])]))
    f((a = JArray([1.0, 2]), list = [JArray([2.0])]))
    @test traces == 3
    gone = JArray(Float32[1, 2])
    jx.jit(x -> x .+ 1; donate = 1)(gone)
    @test occursin("donated", failure(() -> -gone).message)
    scaled = jx.jit((x; by) -> x .* by)
    @test near(scaled(JArray([1.0, 2]); by = 3), [3, 6])
end

@testset "control flow is traced and differentiated" begin
    @test leaves_nothing() do
        f(x) = begin
            last, all = jx.scan((c, y) -> (c * x + y, c), 1.0, JArray(Float32[1, 2, 3]))
            branch = jx.cond(x > 0, v -> 2v, v -> -v, last)
            jx.fori_loop((i, s) -> s * x, 1:3, branch) + 0 * sum(all)
        end
        expected(x) = 2 * (((x + 1) * x + 2) * x + 3) * x^3
        slope = (expected(0.9 + 1e-5) - expected(0.9 - 1e-5)) / 2e-5
        @test near(jx.jit(f)(0.9), expected(0.9)) && near(jx.grad(f)(0.9), slope) && near(jx.jit(jx.grad(f))(0.9), slope)
        @test near(jx.while_loop(x -> x > 1, x -> 0.5x, JArray(40.0)), 0.625)
        @test near(jx.switch(2, [x -> x, x -> x + 1], 2.0), 3)
        @test near(jx.associative_scan((a, b) -> a .* b, JArray(Float32[1, 2, 3])), [1, 2, 6])
        @test near(jx.map_slices(x -> 2x, JArray(Float32[1, 2])), [2, 4])
        @test near(jx.scan((c, _) -> (c + 1, c), 0, nothing; length = 3)[2], [0, 1, 2])
        total = jx.fori_loop(0, 4, JArray(0.0)) do i, s
            s + i
        end
        @test near(total, 6)
    end
end

@testset "the gradient of an ODE agrees with differences and forward mode" begin
    slope(y, θ) = (y[1] * (θ[1] - θ[2] * y[2]), y[2] * (θ[3] * y[1] - θ[4])) # Lotka and Volterra
    moved(y, h, k) = map((a, b) -> a + h * b, y, k)
    solve(θ) = begin # by RK4
        dt = 0.05
        step(y, _) = begin
            k1 = slope(y, θ)
            k2 = slope(moved(y, dt / 2, k1), θ)
            k3 = slope(moved(y, dt / 2, k2), θ)
            k4 = slope(moved(y, dt, k3), θ)
            moved(y, dt / 6, moved(moved(moved(k1, 2, k2), 2, k3), 1, k4)), nothing
        end
        first(jx.scan(step, (JArray(fill(10.0)), JArray(fill(5.0))); length = 60))
    end
    f = jx.jit(θ -> sum(y -> y^2, solve(θ)))
    θ = [1.1, 0.4, 0.1, 0.4]
    reverse, forward = Array(jx.jit(jx.grad(f))(JArray(θ))), Array(jx.jit(jx.jacfwd(f))(JArray(θ)))
    for i in 1:4
        at(h) = jx.item(f(JArray([k == i ? v + h : v for (k, v) in enumerate(θ)])))
        difference = (at(1e-5) - at(-1e-5)) / 2e-5
        @test abs(reverse[i] - difference) <= 1e-6 * abs(difference)
        @test abs(reverse[i] - forward[i]) <= 1e-10 * abs(difference)
    end
end

@testset "solvers of differential equations are differentiated" begin
    decay(y, t, rate) = (x = -rate * y.x,)
    times = [0.0, 0.5, 1.0]
    for solve in (jx.odeint, (arguments...) -> jx.rk4(arguments...; substeps = 20))
        final(rate) = solve(decay, (x = JArray(fill(2.0)),), times, rate).x
        @test near(final(1.5), 2 .* exp.(-1.5 .* times))
        @test near(jx.jit(jx.grad(rate -> final(rate)[3]))(JArray(fill(1.5))), -2exp(-1.5))
    end
end

@testset "settings of a scope count in it" begin
    x = JArray(Float32[-1])
    @test isnan(jx.item(sqrt.(x)))
    @test failure(() -> jx.debug_nans(() -> sqrt.(x))).code === :check
    named(x) = jx.named_scope(() -> sin(x), "outside")
    @test occursin("outside", jx.program_text(jx.make_jaxpr(named)(1.0), :name_stacks))
    two = jx.Context(; num_devices = 2)
    @test jx.within(() -> near(jx.pmap(v -> jx.psum(v, "i"); axis_name = "i")(JArray(Float32[1, 2])), [3, 3]), two)
end

@testset "programs print when they run" begin
    path = tempname()
    open(path, "w") do file
        redirect_stdout(file) do
            f = jx.jit(x -> (jx.debug_print("x = {}, and {} again", x, 2x); x + 1))
            f(3.0)
            f(4.0)
        end
    end
    @test read(path, String) == "x = 3.0, and 6.0 again\nx = 4.0, and 8.0 again\n"
end
