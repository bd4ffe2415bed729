# Transforms: from functions to functions, of trees.

# jaxrs_diff_options
struct DiffOptions
    struct_size::UInt32
    flags::UInt32
    argnums::Ptr{UInt32}
    n_argnums::Csize_t
    n_aux::Csize_t
end

const AUX_REST = typemax(Csize_t)

# The transforms that take these options.
const DIFFERENTIATE = Dict{Symbol,Any}()
for name in (:grad, :value_and_grad, :jacfwd, :jacrev, :hessian)
    @eval DIFFERENTIATE[$(QuoteNode(name))] = (fn, options, out) ->
        @c $(Symbol(:jaxrs_, name))(fn::Ptr{Cvoid}, options::Ptr{DiffOptions}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
end

function differentiated(name::Symbol, @nospecialize(f), argnums, has_aux::Bool, flags::Integer, finish)
    transform = (fn, given) -> begin
        leaves = UInt32[i - 1 for k in argnums for i in argument_range(given, k, name)]
        GC.@preserve leaves made() do out
            options = Ref(DiffOptions(sizeof(DiffOptions), flags, pointer(leaves), length(leaves), has_aux ? AUX_REST : 0))
            DIFFERENTIATE[name](fn, options, out)
        end
    end
    return Transformed(String(name), f, transform, finish)
end

"A tree like the arguments that are differentiated with respect to: one tree for a number, a tuple of trees for several."
function like_arguments(given::Given, argnums, flat)
    next = Ref(1)
    trees = map(i -> unflatten!(argument_def(given, i), flat, next), Tuple(argnums))
    return argnums isa Integer ? trees[1] : trees
end

width(given::Given, argnums) = mapreduce(i -> length(given.ranges[i]), +, argnums; init = 0)

const Argnums = Union{Integer,Tuple{Vararg{Integer}},AbstractVector{<:Integer}}

flags_of(holomorphic::Bool, allow_int::Bool) = UInt32(holomorphic) | UInt32(allow_int) << 1

"""
    grad(f; argnums = 1, has_aux = false, holomorphic = false, allow_int = false)

The gradient of a function with one real scalar result: a tree like argument `argnums`, a tuple of them for a tuple of numbers. With
`has_aux`, `f` gives `(value, rest)`, and the result is `(gradient, rest)`.
"""
function grad(f; argnums::Argnums = 1, has_aux::Bool = false, holomorphic::Bool = false, allow_int::Bool = false)
    return differentiated(:grad, f, argnums, has_aux, flags_of(holomorphic, allow_int), (flat, record, given) -> begin
        n = width(given, argnums)
        gradient = like_arguments(given, argnums, flat[1:n])
        has_aux ? (gradient, tree_unflatten(known(record).children[2], flat[n+1:end])) : gradient
    end)
end

"""
    value_and_grad(f; argnums = 1, has_aux = false, holomorphic = false, allow_int = false)

As [`grad`](@ref): gives `(value, gradient)`, with `has_aux` `((value, rest), gradient)`.
"""
function value_and_grad(f; argnums::Argnums = 1, has_aux::Bool = false, holomorphic::Bool = false, allow_int::Bool = false)
    return differentiated(:value_and_grad, f, argnums, has_aux, flags_of(holomorphic, allow_int), (flat, record, given) -> begin
        n = length(flat) - width(given, argnums)
        (tree_unflatten(known(record), flat[1:n]), like_arguments(given, argnums, flat[n+1:end]))
    end)
end

"A tree like the result of f, with one tree like the arguments in the place of each leaf."
function jacobian_tree(flat, record, given, argnums)
    n = width(given, argnums)
    parts = [like_arguments(given, argnums, flat[i+1:i+n]) for i in 0:n:length(flat)-n]
    return unflatten!(known(record), parts, Ref(1))
end

jacobian(name, f, argnums, holomorphic) = differentiated(name, f, argnums, false, flags_of(holomorphic, false),
    (flat, record, given) -> jacobian_tree(flat, record, given, argnums))

"""
    jacfwd(f; argnums = 1, holomorphic = false)

The Jacobian by forward mode: a tree like the result of `f`, with a tree like the argument in the place of each array. Their sizes are
those of the result, followed by those of the argument.
"""
jacfwd(f; argnums::Argnums = 1, holomorphic::Bool = false) = jacobian(:jacfwd, f, argnums, holomorphic)

"As [`jacfwd`](@ref), by reverse mode."
jacrev(f; argnums::Argnums = 1, holomorphic::Bool = false) = jacobian(:jacrev, f, argnums, holomorphic)

"""
    hessian(f; argnums = 1)

Second derivatives, forward mode over reverse mode: trees as of [`jacfwd`](@ref), one level deeper.
"""
function hessian(f; argnums::Argnums = 1)
    return differentiated(:hessian, f, argnums, false, 0, (flat, record, given) -> begin
        n = width(given, argnums)
        rows = [like_arguments(given, argnums, flat[i+1:i+n]) for i in 0:n:length(flat)-n]
        parts = [like_arguments(given, argnums, rows[i+1:i+n]) for i in 0:n:length(rows)-n]
        unflatten!(known(record), parts, Ref(1))
    end)
end

# jaxrs_jit_options
struct JitOptions
    struct_size::UInt32
    flags::UInt32
    donate::Ptr{UInt32}
    n_donate::Csize_t
    device::Ptr{Cvoid}
    compiler_options::Ptr{UInt8}
    compiler_options_len::Csize_t
end

"""
    jit(f; donate = (), inline = false, keep_unused = false)

`f`, traced and compiled once for each combination of argument types. What `f` captures is constant to it. Memory of arguments in
`donate` may be taken over by results.
"""
function jit(f; donate = (), inline::Bool = false, keep_unused::Bool = false)
    return Transformed("jit", f, (fn, given) -> begin
        leaves = UInt32[i - 1 for k in donate for i in argument_range(given, k, "jit")]
        GC.@preserve leaves made() do out
            options = Ref(JitOptions(sizeof(JitOptions), UInt32(inline) | UInt32(keep_unused) << 1, pointer(leaves), length(leaves),
                C_NULL, C_NULL, 0))
            @c jaxrs_jit(fn::Ptr{Cvoid}, options::Ptr{JitOptions}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
        end
    end)
end
jit(; options...) = f -> jit(f; options...)

# jaxrs_vmap_options
struct VmapOptions
    struct_size::UInt32
    flags::UInt32
    in_axes::Ptr{Int64}
    n_in_axes::Csize_t
    out_axes::Ptr{Int64}
    n_out_axes::Csize_t
    axis_size::Int64
    axis_name::Ptr{UInt8}
    axis_name_len::Csize_t
    spmd_axis_name::Ptr{UInt8}
    spmd_axis_name_len::Csize_t
end

map_axis(::Nothing) = typemin(Int64)
map_axis(axis::Integer) = axis_number("vmap", axis)

const Axes = Union{Nothing,Integer,Tuple}

"""
    vmap(f; in_axes = 1, out_axes = 1, axis_size = nothing, axis_name = nothing)

The function for many examples at once. `in_axes` says along which axis of each argument examples lie, `nothing` that all share it;
`out_axes` the same of each array of the result.
"""
vmap(f; options...) = mapped("vmap", f, (fn, options, out) ->
    @c(jaxrs_vmap(fn::Ptr{Cvoid}, options::Ptr{VmapOptions}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}); options...)

"The function, compiled, on one device for each slice of its arguments; options are those of [`vmap`](@ref)."
pmap(f; options...) = mapped("pmap", f, (fn, options, out) ->
    @c(jaxrs_pmap(fn::Ptr{Cvoid}, options::Ptr{VmapOptions}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}); options...)

function mapped(name, @nospecialize(f), transform; in_axes::Axes = 1, out_axes::Axes = 1, axis_size = nothing, axis_name = nothing)
    outs = Int64[map_axis(x) for x in (out_axes isa Tuple ? out_axes : (out_axes,))]
    text = axis_name === nothing ? "" : String(axis_name)
    return Transformed(name, f, (fn, given) -> begin
        ins = leaf_axes(name, given, in_axes)
        GC.@preserve ins outs text made() do out
            options = Ref(VmapOptions(sizeof(VmapOptions), 0, pointer(ins), length(ins), pointer(outs), length(outs),
                something(axis_size, 0), isempty(text) ? C_NULL : pointer(text), sizeof(text), C_NULL, 0))
            transform(fn, options, out)
        end
    end)
end

function leaf_axes(name, given::Given, in_axes)
    n = length(given.ranges)
    axes = in_axes isa Tuple ? in_axes : ntuple(_ -> in_axes, n)
    length(axes) == n || throw(JaxrsError(:invalid_argument, "$name got $(length(axes)) in_axes for $n arguments"))
    ins = Int64[map_axis(axes[k]) for k in 1:n for _ in given.ranges[k]]
    # Named arguments are shared.
    return append!(ins, fill(map_axis(nothing), length(given.leaves) - length(ins)))
end

"""
    checkpoint(f; policy = "")

The same function, of which reverse mode keeps the arguments and what `policy`, one of JAX's checkpoint_policies, lets it keep.
"""
checkpoint(f; policy::AbstractString = "") = Transformed("checkpoint", f, (fn, given) -> made() do out
    @c jaxrs_checkpoint(fn::Ptr{Cvoid}, String(policy)::Ptr{UInt8}, sizeof(policy)::Csize_t, 0::UInt32, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
end)

# Functions that a do-block gives come first, also where options do.
for name in (:grad, :value_and_grad, :jacfwd, :jacrev, :hessian, :vmap, :pmap, :checkpoint)
    @eval $name(; options...) = f -> $name(f; options...)
end

"""
    jvp(f, primals, tangents)

`(value, tangent)` of `f` at a tuple of arguments along a tuple of tangents.
"""
function jvp(f, primals::Tuple, tangents::Tuple)
    given, moved = Given(primals, (;)), Given(tangents, (;))
    fn, record = traced(f, given.def)
    both = made(out -> @c jaxrs_jvp(fn::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    flat = call(both, Any[given.leaves..., moved.leaves...])
    n = div(length(flat), 2)
    return tree_unflatten(known(record), flat[1:n]), tree_unflatten(known(record), flat[n+1:end])
end

function evaluated(f, given::Given, with)
    fn, record = traced(f, given.def)
    arrays = given.leaves
    scope, list, second = scope_of(arrays), handles(arrays), Ref{Ptr{Cvoid}}(C_NULL)
    flat = collected() do results
        GC.@preserve arrays with(fn, scope, list, results, second)
    end
    return tree_unflatten(known(record), flat), Fn(second[]), record
end

flat_arrays(tree) = (leaves = tree_leaves(tree); map!(operand, leaves, leaves))

"""
    vjp(f, arguments...)

`(value, pullback)`: the pullback takes a cotangent of the value to a tuple of cotangents of the arguments.
"""
function vjp(f, positional...)
    given = Given(positional, (;))
    value, pullback, _ = evaluated(f, given, (fn, scope, list, results, out) -> @c(jaxrs_vjp(fn::Ptr{Cvoid}, scope::Ptr{Cvoid},
        list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, results::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}))
    def = given.def
    return value, ct -> tree_unflatten(def, call(pullback, flat_arrays(ct)))[1]
end

"""
    linearize(f, arguments...)

`(value, pushforward)`: the pushforward takes tangents of the arguments to the tangent of the value.
"""
function linearize(f, positional...)
    given = Given(positional, (;))
    value, push, record = evaluated(f, given, (fn, scope, list, results, out) -> @c(jaxrs_linearize(fn::Ptr{Cvoid}, scope::Ptr{Cvoid},
        list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, results::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}))
    return value, (tangents...) -> tree_unflatten(known(record), call(push, flat_arrays(tangents)))
end
