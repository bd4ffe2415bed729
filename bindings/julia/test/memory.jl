# Memory stays flat over a million calls, and everything is let go of.

resident() = parse(Int, match(r"VmRSS:\s+(\d+)", read("/proc/self/status", String))[1])

const CALLS = parse(Int, get(ENV, "JAXRS_CALLS", "1000000"))

function calls(n, f, x, short)
    # A closure for each gradient, as a loop that a user writes has.
    for i in 1:n
        if i % 100 == 0
            jx.grad(v -> sum(v .* v))(x)
        elseif i % 10 == 1
            failure(() -> x .+ short)
        elseif i % 2 == 0
            x = f(x .* 0.5)
        else
            x = sin.(x)
        end
    end
    foreach(_ -> (GC.gc(); jx.stats()), 1:3)
    return x
end

@testset "memory is flat over $CALLS calls" begin
    f, x, short = jx.jit(v -> v .* 2 .+ 1), JArray(Float32[1, 2, 3]), JArray(Float32[1, 2])
    calls(CALLS ÷ 5, f, x, short)
    before = resident()
    seconds = @elapsed calls(CALLS, f, x, short)
    grown = resident() - before
    println("$CALLS calls: from $before kB by $grown kB, $(round(1e6 * seconds / CALLS; digits = 1)) us each")
    @test grown < 48 << 10 # the collector's own slack
end

@testset "large arrays are collected before memory is full" begin
    before = resident()
    x = jx.zeros((1 << 20,); dtype = Float64)
    for _ in 1:400
        x = x .+ 1
    end
    @test resident() - before < 1 << 20
end

@testset "memory is shared, with axes in reverse" begin
    @test leaves_nothing() do
        data = rand(Float32, 40, 60)
        x = jx.unsafe_borrow_reversed(data)
        @test size(x) == (60, 40) && x == permutedims(data)
        wrapped = jx.unsafe_wrap_reversed(x)
        @test pointer(wrapped) == pointer(data) && wrapped == data
        y = jx.unsafe_wrap_reversed(x .* 2)
        GC.gc()
        @test y == 2 .* data
    end
    @test !any(object -> object isa Jaxrs.Engine.Borrowed, values(Jaxrs.Engine.HELD))
end

@testset "everything is let go of" begin
    @test leaves_nothing() do
        jx.jit(jx.vmap(jx.grad(x -> sin(x) * x)))(JArray(Float32[1, 2]))
        failure(() -> jx.jit(x -> error("mine"))(1.0))
        jx.vjp(x -> x .* 2, JArray([1.0, 2]))
        jx.jit(x -> jx.pure_callback(v -> v, x, x))(JArray([1.0]))
    end
    a = JArray([1.0])
    live = jx.stats().live_arrays
    finalize(a)
    @test jx.stats().live_arrays == live - 1
    @test isempty(Jaxrs.Engine.FAILURES)
end
