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
    # What a function holds is found after the library has let go of the function.
    live() = (foreach(_ -> (GC.gc(); jx.stats()), 1:12); s = jx.stats(); (s.live_arrays, s.live_tracers, s.live_fns, s.live_errors))
    before = live()
    f()
    after = live()
    # What tests before have made may end late.
    all(after .<= before) || println("alive: $before before, $after after")
    return all(after .<= before)
end
