# Functions of the library, made of functions of Julia.

"A function of the library."
mutable struct Fn
    handle::Ptr{Cvoid}
    Fn(handle::Ptr{Cvoid}) = finalizer(release, new(handle))
end

release(x::Fn) = (@c jaxrs_fn_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)
Base.unsafe_convert(::Type{Ptr{Cvoid}}, x::Fn) = x.handle

"What the library calls: `run` takes and gives flat lists of arrays."
mutable struct Callback
    run::Any
    context::Context
end

const TRACE = Ref{Ptr{Cvoid}}(C_NULL)
const HOST = Ref{Ptr{Cvoid}}(C_NULL)
const DROP = Ref{Ptr{Cvoid}}(C_NULL)

dropped(::Ptr{Cvoid}) = nothing

# No exception may pass through frames of the library: each becomes an error that carries it.
function trace_callback(userdata::Ptr{Cvoid}, scope::Ptr{Cvoid}, args::Ptr{Ptr{Cvoid}}, n::Csize_t, results::Ptr{Cvoid})
    callback = unsafe_pointer_to_objref(userdata)::Callback
    try
        inner = Scope((@c jaxrs_scope_retain(scope::Ptr{Cvoid})::Ptr{Cvoid}), callback.context)
        arrays = Any[retained(unsafe_load(args, i)) for i in 1:n]
        for x in within(() -> callback.run(arrays), inner)
            e = @c jaxrs_results_push(results::Ptr{Cvoid}, x::Ptr{Cvoid})::Ptr{Cvoid}
            e == C_NULL || return e
        end
        return C_NULL
    catch exception
        return error_with(exception, callback.context)
    end
end

"A function of flat lists."
function new_fn(@nospecialize(run), name::String, context::Context = current_scope().context)
    collect_drops(context)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    address = hold(Callback(run, context))
    check_error(@c jaxrs_fn_new(context::Ptr{Cvoid}, name::Ptr{UInt8}, sizeof(name)::Csize_t, TRACE[]::Ptr{Cvoid},
        address::Ptr{Cvoid}, DROP[]::Ptr{Cvoid}, C_NULL::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Fn(out[])
end

function call(fn::Fn, arrays::Vector{Any})
    scope, list = scope_of(arrays), handles(arrays)
    return collected() do results
        GC.@preserve arrays @c jaxrs_fn_call(fn::Ptr{Cvoid}, scope::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end
end

"What a function gives, once it was traced."
mutable struct Record
    out::Union{Nothing,TreeDef}
end

known(record::Record) = something(record.out, nothing) === nothing ?
    throw(JaxrsError(:internal, "the function has not been traced")) : record.out

"`f` for arguments of one structure."
function traced(@nospecialize(f), defs::TreeDef)
    record = Record(nothing)
    fn = new_fn(name_of(f)) do arrays
        positional, named = tree_unflatten(defs, arrays)
        leaves = Any[]
        record.out = flatten!(leaves, f(positional...; named...))
        return map!(operand, leaves, leaves)
    end
    return fn, record
end

"What errors call a function."
function name_of(@nospecialize(f))
    f isa Transformed && return "$(f.name)($(name_of(f.f)))"
    found = match(r"^#*([A-Za-z_]\w*)", string(nameof(typeof(f))))
    return found === nothing ? "function" : String(found[1])
end

arguments(positional...; named...) = (positional, (; named...))

"The leaves of arguments as arrays, their structure, and where those of each argument are."
struct Given
    leaves::Vector{Any}
    def::TreeDef
    ranges::Vector{UnitRange{Int}}
end

function Given(@nospecialize(positional::Tuple), @nospecialize(named::NamedTuple))
    leaves, def = tree_flatten((positional, named))
    ranges, last = UnitRange{Int}[], 0
    for child in def.children[1].children
        n = count_leaves(child)
        push!(ranges, last+1:last+n)
        last += n
    end
    return Given(map!(operand, leaves, leaves), def, ranges)
end

argument_def(given::Given, i::Int) = given.def.children[1].children[i]

function argument_range(given::Given, i::Integer, name)
    1 <= i <= length(given.ranges) ||
        throw(JaxrsError(:invalid_argument, "$name is told of argument $i, but there are $(length(given.ranges))"))
    return given.ranges[i]
end

"""
A function that a transform makes of another, once for each structure and types of its arguments.

`transform` makes a function of the library of one and of what is given; `finish` makes the result of flat results.
"""
struct Transformed
    name::String
    f::Any
    transform::Any
    finish::Any
    entries::Dict{Any,Tuple{Fn,Fn,Record}}
    lock::ReentrantLock
end

Transformed(name, @nospecialize(f), transform, finish = (flat, record, given) -> tree_unflatten(known(record), flat)) =
    Transformed(name, f, transform, finish, Dict{Any,Tuple{Fn,Fn,Record}}(), ReentrantLock())

Base.show(io::IO, t::Transformed) = print(io, t.name, '(', t.f, ')')

type_key(@nospecialize(x::JArray)) = (dtype_of(x), is_weak(x), shape(x))

function entry(t::Transformed, given::Given)
    key = (given.def, map(type_key, given.leaves), objectid(current_scope().context))
    # Nothing is traced with the lock held.
    found = lock(() -> get(t.entries, key, nothing), t.lock)
    found === nothing || return found
    fn, record = traced(t.f, given.def)
    made = (t.transform(fn, given)::Fn, fn, record)
    return lock(() -> get!(t.entries, key, made), t.lock)
end

(t::Transformed)(@nospecialize(positional...); named...) = run_transformed(t, Given(positional, (; named...)))

function run_transformed(t::Transformed, given::Given)
    fn, _, record = entry(t, given)
    return t.finish(call(fn, given.leaves), record, given)
end

"What a transform of the library puts out."
function made(@nospecialize(f))
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(f(out)::Ptr{Cvoid})
    return Fn(out[])
end
