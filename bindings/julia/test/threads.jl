# Tasks and threads that trace at once, and handles that are released meanwhile.
using Base.Threads: @spawn, nthreads

@testset "there are several threads" begin
    @test nthreads() > 1
end

@testset "tasks trace at once" begin
    f(x) = begin
        for _ in 1:10
            yield()
            x = x .* 1
        end
        sum(sin.(x) .* x)
    end
    shared = jx.jit(jx.grad(f))
    x = JArray(Float32[0.5, 1])
    expected = Array(jx.grad(f)(x))
    tasks = map(1:8) do i
        @spawn all(1:3) do _
            own = jx.jit(jx.grad(x -> f(x) * i))
            near(shared(x), expected) && near(own(x), i .* expected; atol = 1e-4)
        end
    end
    @test all(fetch, tasks)
end

@testset "tasks inside of a traced function take part in it" begin
    f(x) = begin
        scope = jx.current_scope()
        parts = map(1:6) do i
            # A task with the scope of the function, and one without: its operations go where their operands are from.
            work() = (yield(); isodd(i) ? x * i : sin(x) * x)
            i % 3 == 0 ? (@spawn work()) : (@spawn jx.within(work, scope))
        end
        sum(jx.stack(map(fetch, parts)))
    end
    x = 0.3
    @test near(jx.jit(jx.grad(f))(x), 9 + 3 * (cos(x) * x + sin(x)))
end

@testset "handles are released while others trace" begin
    tasks = map(1:6) do i
        @spawn for k in 1:15
            if i % 3 == 0
                GC.gc(false)
            elseif i % 3 == 1
                a = JArray(Float32[1, 2, 3])
                a .+ 1
                finalize(a)
                finalize(a)
            else
                jx.item(jx.jit(x -> x * k)(2.0)) == 2k || error("another product")
            end
        end
    end
    @test (foreach(wait, tasks); true)
end

@testset "contexts stand beside one another" begin
    other = jx.Context(; num_threads = 1)
    before = jx.stats().traces
    y = jx.within(() -> jx.jit(x -> x * 3)(2.0), other)
    @test near(y, 6) && jx.stats(other).traces >= 1 && jx.stats().traces == before
end
