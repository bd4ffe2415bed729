# Control flow: bodies are functions, which may close over tracers.

"`f` of a tuple of trees as a function of the library."
body_of(f, trees::Tuple) = traced(f, Given(trees, (;)).def)

function controlled(@nospecialize(f), arrays::Vector{Any})
    scope, list = scope_of(arrays), handles(arrays)
    return collected(results -> GC.@preserve arrays f(scope, list, results))
end

"""
    cond(pred, on_true, on_false, arguments...)

`on_true` or `on_false` of the arguments, by a scalar.
"""
function cond(pred, on_true, on_false, positional...)
    given = Given(positional, (;))
    (yes, yes_record), (no, no_record) = traced(on_true, given.def), traced(on_false, given.def)
    flag = operand(pred)
    flat = controlled(Any[flag, given.leaves...]) do scope, list, results
        @c jaxrs_cond(scope::Ptr{Cvoid}, flag::Ptr{Cvoid}, yes::Ptr{Cvoid}, no::Ptr{Cvoid}, pointer(list, 2)::Ptr{Ptr{Cvoid}},
            (length(list) - 1)::Csize_t, results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    # What runs at once runs one branch only.
    return tree_unflatten(something(yes_record.out, no_record.out), flat)
end

"""
    switch(index, branches, arguments...)

One of several functions of the arguments, by an integer scalar from 1 on, clamped.
"""
function switch(index, branches, positional...)
    given = Given(positional, (;))
    pairs = [traced(branch, given.def) for branch in branches]
    fns = Fn[first(pair) for pair in pairs]
    number = apply("sub", index, 1)
    flat = controlled(Any[number, given.leaves...]) do scope, list, results
        handles_of = Ptr{Cvoid}[fn.handle for fn in fns]
        GC.@preserve fns @c jaxrs_switch(scope::Ptr{Cvoid}, number::Ptr{Cvoid}, handles_of::Ptr{Ptr{Cvoid}}, length(fns)::Csize_t,
            pointer(list, 2)::Ptr{Ptr{Cvoid}}, (length(list) - 1)::Csize_t, results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(something((record.out for (_, record) in pairs)...), flat)
end

"""
    while_loop(condition, body, init)

Applies `body` to the state while `condition` of it holds.
"""
function while_loop(condition, body, init)
    given = Given((init,), (;))
    (test, _), (step, _) = traced(condition, given.def), traced(body, given.def)
    flat = controlled(given.leaves) do scope, list, results
        @c jaxrs_while(scope::Ptr{Cvoid}, test::Ptr{Cvoid}, step::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(argument_def(given, 1), flat)
end

const UNROLL_ALL = typemax(UInt32)
unroll_of(unroll::Bool) = unroll ? UNROLL_ALL : UInt32(0)
unroll_of(unroll::Integer) = UInt32(unroll)

"""
    fori_loop(body, range, init; unroll = 0)
    fori_loop(body, lower, upper, init; unroll = 0)

Applies `body`, of i and the state, for each i of a range; or from `lower` up to, not including, `upper`, which may be traced. `unroll`
says how many iterations may become one, all if it is `true`.
"""
fori_loop(body, range::AbstractUnitRange{<:Integer}, init; unroll = 0) =
    fori_loop(body, first(range), last(range) + 1, init; unroll = unroll)

function fori_loop(body, lower, upper, init; unroll = 0)
    from, to = operand(lower), operand(upper)
    given = Given((init,), (;))
    step, _ = traced(body, Given((0, init), (;)).def)
    flat = controlled(Any[from, to, given.leaves...]) do scope, list, results
        @c jaxrs_fori_loop(scope::Ptr{Cvoid}, from::Ptr{Cvoid}, to::Ptr{Cvoid}, step::Ptr{Cvoid}, pointer(list, 3)::Ptr{Ptr{Cvoid}},
            (length(list) - 2)::Csize_t, unroll_of(unroll)::UInt32, results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(argument_def(given, 1), flat)
end

"""
    scan(body, init, xs = nothing; length = nothing, reverse = false, unroll = 0)

Runs `body`, from `(carry, x)` to `(carry, y)`, over the slices of `xs` along the first axis; gives `(last carry, ys stacked)`.
"""
function scan(body, init, xs = nothing; length = nothing, reverse::Bool = false, unroll = 0)
    given = Given((init, xs), (;))
    step, record = traced(body, given.def)
    n = Base.length(given.ranges[1])
    flat = controlled(given.leaves) do scope, list, results
        @c jaxrs_scan(scope::Ptr{Cvoid}, step::Ptr{Cvoid}, pointer(list)::Ptr{Ptr{Cvoid}}, n::Csize_t, pointer(list, n + 1)::Ptr{Ptr{Cvoid}},
            (Base.length(list) - n)::Csize_t, something(length, -1)::Int64, reverse::UInt32, unroll_of(unroll)::UInt32,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(known(record), flat)
end

"""
    associative_scan(combine, xs; dims = 1, reverse = false)

All prefixes of the elements of `xs` along an axis under an associative operation of two trees.
"""
function associative_scan(combine, xs; dims::Integer = 1, reverse::Bool = false)
    given = Given((xs,), (;))
    both, _ = traced(combine, Given((xs, xs), (;)).def)
    axis = axis_number("associative_scan", dims)
    flat = controlled(given.leaves) do scope, list, results
        @c jaxrs_associative_scan(scope::Ptr{Cvoid}, both::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, axis::Int64,
            reverse::UInt32, results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(argument_def(given, 1), flat)
end

"""
    map_slices(f, xs; batch_size = 0)

`f` of each slice of `xs` along the first axis, stacked: JAX's `lax.map`. `batch_size` slices at a time, or one after the other.
"""
function map_slices(f, xs; batch_size::Integer = 0)
    given = Given((xs,), (;))
    each, record = traced(f, given.def)
    flat = controlled(given.leaves) do scope, list, results
        @c jaxrs_map(scope::Ptr{Cvoid}, each::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, batch_size::Csize_t,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end
    return tree_unflatten(known(record), flat)
end
