# Differential equations. Right-hand sides are functions, which may close over tracers.

"What a solver is given: the state, the times, further arguments, and the right-hand side as a function of the library."
function equation(f, y0, times, args::Tuple)
    given = Given((y0, args...), (;))
    # Arguments of the right-hand side are state, time and further ones.
    step, _ = traced(f, Given((y0, 0.0, args...), (;)).def)
    n = length(given.ranges[1])
    return given, operand(times), step, n
end

"""
    odeint(f, y0, times, arguments...; rtol = 1.4e-8, atol = 1.4e-8, mxstep = 0, hmax = 0, checkpointed = false)

Solves `y' = f(y, t, arguments...)` by adaptive steps of Dormand's and Prince's method: a tree like `y0` of its values at all times, along a
new first axis. Reverse mode solves the equation for the adjoint backwards; with `checkpointed` both modes go through the steps, of
which there are then at most `mxstep` to each time.
"""
function odeint(f, y0, times, arguments...; rtol = 1.4e-8, atol = 1.4e-8, mxstep::Integer = 0, hmax = 0, checkpointed::Bool = false)
    given, ts, step, n = equation(f, y0, times, arguments)
    flat = controlled(Any[given.leaves..., ts]) do scope, list, results
        @c jaxrs_odeint(scope::Ptr{Cvoid}, step::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, n::Csize_t, ts::Ptr{Cvoid},
            pointer(list, n + 1)::Ptr{Ptr{Cvoid}}, (length(list) - n - 1)::Csize_t, rtol::Float64, atol::Float64, mxstep::UInt64,
            hmax::Float64, checkpointed::UInt32, results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(argument_def(given, 1), flat)
end

"""
    rk4(f, y0, times, arguments...; substeps = 1, checkpointed = false)

As [`odeint`](@ref), by fixed steps of the classical Runge-Kutta method, `substeps` from each time to the next. With `checkpointed` reverse
mode keeps the states only.
"""
function rk4(f, y0, times, arguments...; substeps::Integer = 1, checkpointed::Bool = false)
    given, ts, step, n = equation(f, y0, times, arguments)
    flat = controlled(Any[given.leaves..., ts]) do scope, list, results
        @c jaxrs_rk4(scope::Ptr{Cvoid}, step::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, n::Csize_t, ts::Ptr{Cvoid},
            pointer(list, n + 1)::Ptr{Ptr{Cvoid}}, (length(list) - n - 1)::Csize_t, substeps::UInt64, checkpointed::UInt32,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(argument_def(given, 1), flat)
end
