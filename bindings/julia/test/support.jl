near(x, expected; atol = 1e-5) = isapprox(x isa JArray ? Array(x) : x, expected isa JArray ? Array(expected) : expected; atol = atol, rtol = 1e-5)
near(x::JArray, expected::Number; atol = 1e-5) = isapprox(jx.item(x), expected; atol = atol, rtol = 1e-5)

"The error that `f` gives."
function failure(f)
    try
        f()
    catch e
        return e
    end
    return nothing
end

"Whether nothing that `f` made is alive when the collector has run."
function leaves_nothing(f)
    live() = (foreach(_ -> GC.gc(), 1:3); s = jx.stats(); (s.live_arrays, s.live_tracers, s.live_fns, s.live_errors))
    before = live()
    f()
    after = live()
    before == after || println("alive: $before before, $after after")
    return before == after
end
