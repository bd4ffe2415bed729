# Functions with derivatives of their own.

"""
    custom_jvp(f, rule)

`f` with a forward derivative of its own: `rule(primals, tangents)`, of tuples, gives `(value, tangent)`.
"""
custom_jvp(f, rule) = (positional...) -> begin
    given = Given(positional, (;))
    fn, record = traced(f, given.def)
    # What the library keeps holds no arguments, which may be tracers.
    n, def = length(given.leaves), given.def
    rule_fn = new_fn(name_of(rule)) do arrays
        primals, tangents = tree_unflatten(def, arrays[1:n])[1], tree_unflatten(def, arrays[n+1:end])[1]
        value, tangent = rule(primals, tangents)
        leaves = Any[]
        record.out = flatten!(leaves, value)
        flatten!(leaves, tangent)
        return map!(operand, leaves, leaves)
    end
    both = made(out -> @c jaxrs_custom_jvp(fn::Ptr{Cvoid}, rule_fn::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    flat = call(both, given.leaves)
    return tree_unflatten(known(record), flat)
end

"""
    custom_vjp(f, fwd, bwd)

`f` with a reverse derivative of its own: `fwd` gives `(value, residuals)`, and `bwd(residuals, cotangent)` a tuple of cotangents of the
arguments.
"""
custom_vjp(f, fwd, bwd) = (positional...) -> begin
    given = Given(positional, (;))
    fn, record = traced(f, given.def)
    forward, forward_record = traced(fwd, given.def)
    backward = new_fn(name_of(bwd)) do arrays
        value, residuals = known(forward_record).children
        n = count_leaves(residuals)
        cotangents = bwd(tree_unflatten(residuals, arrays[1:n]), tree_unflatten(value, arrays[n+1:end]))
        return flat_arrays(cotangents)
    end
    # How many results there are is known once the function was traced; that computes nothing.
    program_of(fn, given.leaves)
    n = count_leaves(known(record))
    all = made(out -> @c jaxrs_custom_vjp(fn::Ptr{Cvoid}, forward::Ptr{Cvoid}, backward::Ptr{Cvoid}, n::Csize_t,
        out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return tree_unflatten(known(record), call(all, given.leaves))
end
