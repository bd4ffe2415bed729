# Functions of Julia that programs call while they run, and checks.

"The type of an array: `aval(Float64, 3)`, or that of an array."
struct Aval
    dtype::UInt32
    is_weak::Bool
    sizes::Vector{Int64}
end

aval(T::Type, sizes::Integer...) = Aval(dtype_code(T), false, Int64[sizes...])
aval(x) = (array = operand(x); Aval(dtype_of(array), is_weak(array), shape(array)))

# jaxrs_aval
struct RawAval
    dtype::UInt32
    weak_type::UInt32
    ndim::Csize_t
    shape::Ptr{Int64}
end

"Calls `f` with the types as the library has them."
function with_avals(f, avals::Vector{Aval})
    GC.@preserve avals begin
        raw = RawAval[RawAval(a.dtype, a.is_weak, length(a.sizes), pointer(a.sizes)) for a in avals]
        return f(raw)
    end
end

# jaxrs_host_buffer
struct HostBuffer
    struct_size::UInt32
    dtype::UInt32
    ndim::Csize_t
    shape::Ptr{Int64}
    data::Ptr{Cvoid}
    nbytes::Csize_t
end

"A function of the library that programs call."
mutable struct Host
    handle::Ptr{Cvoid}
    Host(handle::Ptr{Cvoid}) = finalizer(release, new(handle))
end

release(x::Host) = (@c jaxrs_host_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)
Base.unsafe_convert(::Type{Ptr{Cvoid}}, x::Host) = x.handle

"The memory of a buffer, whose axes are those of the array in reverse."
function memory(buffer::HostBuffer)
    sizes = ntuple(i -> Int(unsafe_load(buffer.shape, buffer.ndim - i + 1)), Int(buffer.ndim))
    return unsafe_wrap(Array, Ptr{TYPE_OF[buffer.dtype]}(buffer.data), sizes)
end

reversed(@nospecialize(data::AbstractArray)) = ndims(data) < 2 ? collect(data) : permutedims(data, ndims(data):-1:1)

function host_callback(userdata::Ptr{Cvoid}, args::Ptr{HostBuffer}, n::Csize_t, results::Ptr{HostBuffer}, n_results::Csize_t)
    callback = unsafe_pointer_to_objref(userdata)::Callback
    try
        out = callback.run(Any[reversed(memory(unsafe_load(args, i))) for i in 1:n])
        length(out) == n_results || throw(JaxrsError(:callback, "a host function gave $(length(out)) results instead of $n_results"))
        foreach(i -> fill_in(unsafe_load(results, i), out[i]), 1:Int(n_results))
        return C_NULL
    catch exception
        return error_with(exception, callback.context)
    end
end

function fill_in(buffer::HostBuffer, @nospecialize(value))
    to = memory(buffer)
    data = value isa AbstractArray ? reversed(value) : fill(value)
    size(data) == size(to) || throw(JaxrsError(:shape,
        "a host function gave an array of size $(reverse(size(data))) instead of $(reverse(size(to)))"))
    copyto!(to, data)
end

"A host function of trees; `like` is the structure of its result."
function host_fn(f, given::Given, like::TreeDef)
    context, arguments = current_scope().context, given.def
    collect_drops(context)
    run = arrays -> begin
        out, def = tree_flatten(f(unflatten_host(arguments, arrays)...))
        def == like || throw(JaxrsError(:callback, "a host function gave another tree than it was declared to give"))
        out
    end
    out = Ref{Ptr{Cvoid}}(C_NULL)
    name, address = name_of(f), hold(Callback(run, context))
    check_error(@c jaxrs_host_new(context::Ptr{Cvoid}, name::Ptr{UInt8}, sizeof(name)::Csize_t, HOST[]::Ptr{Cvoid}, address::Ptr{Cvoid},
        DROP[]::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Host(out[])
end

# Arrays without axes are numbers to functions of the host.
unflatten_host(def, arrays) = tree_unflatten(def, Any[ndims(x) == 0 ? x[] : x for x in arrays])[1]

"The types in a tree of them, and its structure."
function result_types(tree)
    # Types are no leaves: numbers stand for them.
    types = Aval[]
    numbered = number_types!(types, tree)
    return types, tree_flatten(numbered)[2]
end

number_types!(types, x::Aval) = (push!(types, x); 0)
number_types!(types, x::Union{Tuple,NamedTuple,AbstractVector}) = map(part -> number_types!(types, part), x)
number_types!(types, x::AbstractDict) = Dict(k => number_types!(types, x[k]) for k in sort!(collect(Any, keys(x)); by = repr))
number_types!(types, x::Nothing) = nothing
# Also arrays may stand for their types.
number_types!(types, x::Union{Number,JArray}) = number_types!(types, aval(x))
number_types!(types, x) = throw(JaxrsError(:invalid_argument, "types of results are made by aval, got a $(typeof(x))"))

const VMAP_METHODS = Dict(:none => 0, :sequential => 1, :sequential_unrolled => 2, :expand_dims => 3, :broadcast_all => 4,
    :legacy_vectorized => 5)

"""
    pure_callback(f, result, arguments...; vmap_method = :none, derivative = nothing)

Calls `f`, which computes and does nothing else, when the program runs: with arrays of Julia, for arrays of Julia of the types in the
tree `result`. With `derivative`, `derivative(cotangent, arguments...)` is called for the tuple of cotangents of the arguments.
"""
function pure_callback(f, result, positional...; vmap_method::Symbol = :none, derivative = nothing)
    method = UInt32(VMAP_METHODS[vmap_method])
    derivative === nothing && return called_back(f, result, positional, method)
    direct(args...) = called_back(f, result, args, method)
    forward(args...) = (direct(args...), args)
    backward(args, ct) = called_back(derivative, args, (ct, args...), method)
    return custom_vjp(direct, forward, backward)(positional...)
end

function called_back(f, result, positional::Tuple, method::UInt32)
    given = Given(positional, (;))
    avals, like = result_types(result)
    host = host_fn(f, given, like)
    flat = controlled(given.leaves) do scope, list, results
        with_avals(avals) do raw
            @c jaxrs_pure_callback(scope::Ptr{Cvoid}, host::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, raw::Ptr{RawAval},
                length(raw)::Csize_t, method::UInt32, results::Ptr{Cvoid})::Ptr{Cvoid}
        end
    end
    return tree_unflatten(like, flat)
end

"""
    io_callback(f, result, arguments...; ordered = false)

Calls `f`, which does something, exactly as often as the program says; otherwise as [`pure_callback`](@ref).
"""
function io_callback(f, result, positional...; ordered::Bool = false)
    given = Given(positional, (;))
    avals, like = result_types(result)
    host = host_fn(f, given, like)
    flat = controlled(given.leaves) do scope, list, results
        with_avals(avals) do raw
            @c jaxrs_io_callback(scope::Ptr{Cvoid}, host::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, raw::Ptr{RawAval},
                length(raw)::Csize_t, ordered::UInt32, results::Ptr{Cvoid})::Ptr{Cvoid}
        end
    end
    return tree_unflatten(like, flat)
end

"""
    debug_callback(f, arguments...; ordered = false)

Lets `f` look at values when the program runs. Transforms pass it by.
"""
function debug_callback(f, positional...; ordered::Bool = false)
    given = Given(positional, (;))
    host = host_fn((x...) -> (f(x...); ()), given, NodeDef(Tuple, nothing, TreeDef[]))
    arrays = given.leaves
    scope, list = scope_of(arrays), handles(arrays)
    check_error(GC.@preserve arrays @c jaxrs_debug_callback(scope::Ptr{Cvoid}, host::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}},
        length(list)::Csize_t, ordered::UInt32)::Ptr{Cvoid})
end

"""
    debug_print(format, values...; ordered = false)

Prints when the program runs: each `{}` of the format stands for the next value.
"""
debug_print(format::AbstractString, values...; ordered::Bool = false) =
    debug_callback((x...) -> println(filled(format, x)), values...; ordered = ordered)

filled(format, values) = foldl((text, value) -> replace(text, "{}" => string(value); count = 1), values; init = format)

# ---- checks ----

const CHECKS = Dict(:user => 1, :nan => 2, :index => 4, :div => 8)

"""
    check(pred, format, values...)

Checks that a truth value holds; format and values say what is wrong where it does not.
"""
function check(pred, format::AbstractString, values...)
    arrays = Any[operand(x) for x in (pred, values...)]
    scope, list, fmt = scope_of(arrays), handles(arrays), String(format)
    check_error(GC.@preserve arrays @c jaxrs_check(scope::Ptr{Cvoid}, list[1]::Ptr{Cvoid}, fmt::Ptr{UInt8}, sizeof(fmt)::Csize_t,
        C_NULL::Ptr{UInt8}, 0::Csize_t, pointer(list, 2)::Ptr{Ptr{Cvoid}}, (length(list) - 1)::Csize_t, 0::UInt32)::Ptr{Cvoid})
end

"""
    checkify(f; checks = (:user,))

The function that gives `(error, result)`: the first check that failed, of `:user`, `:nan`, `:index` and `:div`, as data.
"""
function checkify(f; checks = (:user,))
    flags = mapreduce(name -> UInt32(CHECKS[name]), |, checks; init = UInt32(0))
    return Transformed("checkify", f, (fn, given) -> made(out -> @c jaxrs_checkify(fn::Ptr{Cvoid}, flags::UInt32,
            out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}),
        (flat, record, given) -> (CheckError(flat[end-1], flat[end]), tree_unflatten(known(record), flat[1:end-2])))
end

"What an error of a function made by [`checkify`](@ref) says; `nothing` if there is none."
function message(e::CheckError)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    context, code, values = current_scope().context, e.code, e.values
    check_error(@c jaxrs_check_message(context::Ptr{Cvoid}, code::Ptr{Cvoid}, values::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return out[] == C_NULL ? nothing : bytes_text(out[])
end

"Throws an error of a function made by [`checkify`](@ref), if there is one."
throw_error(e::CheckError) = (text = message(e); text === nothing ? nothing : throw(JaxrsError(:check, text)))
