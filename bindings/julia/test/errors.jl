# Errors of the library and exceptions of the caller's; rules and host functions.

struct Mine <: Exception
    text::String
end

"A function whose name shows in backtraces."
deep_thrower(e) = throw(e)

@testset "errors say what was wrong" begin
    short, long = JArray(Float32[1, 2]), JArray(Float32[1, 2, 3])
    e = failure(() -> jx.add(short, long))
    @test e isa JaxrsError && e.code === :shape && occursin("got [2] and [3]", e.message) && occursin(e.message, e.detail)
    @test failure(() -> jx.item(short)).code === :shape
    @test failure(() -> jx.add(short, nothing)).code === :invalid_argument
    @test failure(() -> jx.neg(short, short)) isa ArgumentError
    @test failure(() -> jx.item(jx.zeros((); dtype = "no such type"))).code === :dtype
    gone = JArray(Float32[1])
    finalize(gone)
    @test failure(() -> -gone).code === :invalid_argument
end

@testset "an exception comes back as the same object, with its backtrace" begin
    @test leaves_nothing() do
        for thrown in (Mine("mine"), ErrorException("theirs"), 7, "text")
            deep = jx.jit(jx.vmap(jx.grad(x -> jx.jit(_ -> deep_thrower(thrown))(x) * 2)))
            caught, stack = nothing, nothing
            try
                deep(JArray(Float32[1, 2]))
            catch e
                caught, stack = e, Base.catch_stack()
            end
            @test caught === thrown
            cause = stack[end-1][1]
            @test cause isa CapturedException && cause.ex === thrown
            @test any(frame -> frame[1].func === :deep_thrower, cause.processed_bt)
        end
        @test near(-JArray(Float32[1]), [-1]) # all is still usable
    end
end

@testset "errors of the library pass callbacks" begin
    @test leaves_nothing() do
        f(x) = jx.add(x, JArray(Float32[1, 2, 3]))
        @test failure(() -> jx.jit(jx.vmap(f))(jx.zeros((4, 2)))).code === :shape
        recovering = jx.jit(x -> try
            f(x)
        catch
            2 .* x
        end)
        @test near(recovering(JArray(Float32[1, 2])), [2, 4])
    end
end

@testset "tracers neither escape nor have values" begin
    kept = nothing
    jx.jit(x -> (kept = sin(x)))(1.0)
    @test failure(() -> kept + 1).code === :tracer_escaped
    @test failure(() -> jx.jit(x -> jx.item(x > 0) ? x : -x)(1.0)).code === :concretization
    @test occursin("cond", failure(() -> jx.jit(x -> jx.item(x > 0) ? x : -x)(1.0)).detail)
    @test failure(() -> jx.jit(x -> x > 0 ? x : -x)(1.0)) isa TypeError # no way to choose by what is not known
    @test jx.item(jx.grad(x -> jx.item(x > 0) ? x : -x)(-2.0)) == -1 # under grad they have
    outer = jx.jit(x -> begin
        inner = nothing
        jx.vmap(y -> (inner = y))(x)
        x .+ inner
    end)
    @test failure(() -> outer(JArray(Float32[1, 2]))).code in (:tracer_escaped, :tracer_scope)
end

@testset "header and library have to fit" begin
    e = failure(() -> jx.Context(; abi_version = 1 << 16))
    @test e.code === :incompatible && occursin("0.1", e.message) && occursin("libjaxrs", e.message)
    code = "using Jaxrs; try; Jaxrs.version(); catch e; showerror(stdout, e); end"
    @test occursin("set JAXRS_LIBRARY", read(setenv(`$(Base.julia_cmd()) --startup-file=no -e $code`,
        merge(ENV, Dict("JAXRS_LIBRARY" => "/no/such/library.so"))), String))
end

@testset "custom derivatives are used" begin
    @test leaves_nothing() do
        f = jx.custom_jvp(sin, ((x,), (dx,)) -> (sin(x), 3dx))
        @test near(f(0.5), sin(0.5)) && near(jx.jit(jx.grad(f))(0.5), 3)
        g = jx.custom_vjp((x, y) -> x * y, (x, y) -> (x * y, (x = x, y = y)), (r, ct) -> (10 * ct * r.y, 100 * ct * r.x))
        @test near(g(2.0, 3.0), 6)
        dx, dy = jx.jit(jx.grad(g; argnums = (1, 2)))(2.0, 3.0)
        @test near(dx, 30) && near(dy, 200)
    end
end

@testset "a simulator runs inside a program, with an adjoint" begin
    @test leaves_nothing() do
        runs = 0
        simulate(x) = (runs += 1; x .^ 2)
        call(x) = jx.pure_callback(simulate, x, x; vmap_method = :sequential)
        simulated(x) = jx.pure_callback(simulate, jx.aval(Float32, 3), x; derivative = (ct, x) -> (2 .* x .* ct,))
        x = JArray(Float32[1, 2, 3])
        @test near(jx.jit(x -> sum(simulated(x)))(x), 14)
        @test near(jx.jit(jx.grad(x -> sum(simulated(x))))(x), [2, 4, 6])
        @test near(jx.vmap(call)(x), [1, 4, 9]) && runs >= 3
        @test failure(() -> jx.grad(x -> sum(call(x)))(x)).code === :unimplemented
        @test failure(() -> jx.jit(x -> jx.pure_callback(_ -> deep_thrower(Mine("no such cell")), x, x))(x)) === Mine("no such cell")
        @test failure(() -> jx.jit(x -> jx.pure_callback(_ -> Float32[1], x, x))(x)).code === :shape
        # Axes are those of Julia on both sides.
        m = reshape(Float32.(1:6), 2, 3)
        @test near(jx.pure_callback((a, k) -> (a', k), (jx.aval(Float32, 3, 2), jx.aval(Int32)), m, Int32(4))[1], m')
        seen = 0
        jx.jit(x -> (jx.io_callback(v -> (seen = v; ()), (), x; ordered = true); x))(6.0)
        @test seen == 6
        @test occursin("positive", failure(() -> jx.check(all(JArray([-1.0]) .> 0), "x has to be positive")).message)
        guarded = jx.jit(jx.checkify(x -> (jx.check(x > 0, "x is {}", x); sqrt(x))))
        e, y = guarded(4.0)
        @test jx.message(e) === nothing && near(y, 2)
        @test occursin("x is -1", jx.message(guarded(-1.0)[1]))
        @test failure(() -> jx.throw_error(guarded(-1.0)[1])).code === :check
    end
end
