# Calls of operations: one path for all of them, by name, so that little has to be compiled.

"As an operand: an array as it is, and numbers and arrays of Julia as arrays."
operand(@nospecialize(x::JArray)) = x
operand(@nospecialize(x::Number)) = weak_or_typed(x)
operand(@nospecialize(x::AbstractArray)) = JArray(x)
operand(@nospecialize(x)) = throw(JaxrsError(:invalid_argument, "an operand has to be an array or a number, got a $(typeof(x))"))

handles(arrays::Vector{Any}) = Ptr{Cvoid}[getfield(x, :handle) for x in arrays]

"The scope of operations on arrays: the task's own, or that which tracers among them are from."
function scope_of(arrays::Vector{Any})
    scope = own_scope()
    scope === nothing || return scope
    any(is_tracer, arrays) || return default_scope()
    list = handles(arrays)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(GC.@preserve arrays @c jaxrs_scope_infer(list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Scope(out[], default_context())
end

"A list of the library's, for what a call appends."
function collected(@nospecialize(f))
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(@c jaxrs_results_new(out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    results = out[]
    try
        check_error(f(results)::Ptr{Cvoid})
        n = @c jaxrs_results_len(results::Ptr{Cvoid})::Csize_t
        return Any[wrap(@c jaxrs_results_get(results::Ptr{Cvoid}, (i - 1)::Csize_t)::Ptr{Cvoid}) for i in 1:n]
    finally
        @c jaxrs_results_release(results::Ptr{Cvoid})::Cvoid
    end
end

set!(attrs, name::String, value::Union{Bool,Integer}) =
    check_error(@c jaxrs_attrs_i64(attrs::Ptr{Cvoid}, name::Ptr{UInt8}, sizeof(name)::Csize_t, value::Int64)::Ptr{Cvoid})
set!(attrs, name::String, value::Float64) =
    check_error(@c jaxrs_attrs_f64(attrs::Ptr{Cvoid}, name::Ptr{UInt8}, sizeof(name)::Csize_t, value::Float64)::Ptr{Cvoid})
set!(attrs, name::String, value::Vector{Int64}) = check_error(@c jaxrs_attrs_i64s(attrs::Ptr{Cvoid}, name::Ptr{UInt8},
    sizeof(name)::Csize_t, value::Ptr{Int64}, length(value)::Csize_t)::Ptr{Cvoid})
set!(attrs, name::String, value::String) = check_error(@c jaxrs_attrs_str(attrs::Ptr{Cvoid}, name::Ptr{UInt8},
    sizeof(name)::Csize_t, value::Ptr{UInt8}, sizeof(value)::Csize_t)::Ptr{Cvoid})

"Runs an operation of the table with attributes as the library has them; gives all results."
function apply_all(name::String, arrays::Vector{Any}, attributes::Vector{Pair{String,Any}})
    attrs = C_NULL
    if !isempty(attributes)
        out = Ref{Ptr{Cvoid}}(C_NULL)
        check_error(@c jaxrs_attrs_new(out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
        attrs = out[]
    end
    try
        for (key, value) in attributes
            set!(attrs, key, value)
        end
        scope, list = scope_of(arrays), handles(arrays)
        return collected() do results
            GC.@preserve arrays @c jaxrs_apply(scope::Ptr{Cvoid}, name::Ptr{UInt8}, sizeof(name)::Csize_t, list::Ptr{Ptr{Cvoid}},
                length(list)::Csize_t, attrs::Ptr{Cvoid}, results::Ptr{Cvoid})::Ptr{Cvoid}
        end
    finally
        @c jaxrs_attrs_release(attrs::Ptr{Cvoid})::Cvoid
    end
end

const NO_ATTRIBUTES = Pair{String,Any}[]

"The result of an operation with one."
apply(name::String, @nospecialize(operands...)) = apply_one(name, Any[operands...], NO_ATTRIBUTES)
apply_with(name::String, operands::Vector{Any}, @nospecialize(attributes...)) = apply_one(name, operands, Pair{String,Any}[attributes...])

function apply_one(name::String, operands::Vector{Any}, attributes::Vector{Pair{String,Any}})
    arrays = map!(operand, Vector{Any}(undef, length(operands)), operands)
    return apply_all(name, arrays, attributes)[1]
end

# ---- operations as functions ----

"How an attribute is written in Julia, and what it is for the library."
struct Attribute
    name::Symbol
    kind::Symbol
end

"""
An operation of the table: called with its operands, attributes without a default in order, and the others as keywords. Each is
documented under its name.
"""
struct Operation
    name::String
    fixed::Int
    is_variadic::Bool
    gives_list::Bool
    required::Vector{Attribute}
    optional::Vector{Attribute}
    Operation(name, fixed, is_variadic, gives_list, required, optional) =
        new(name, fixed, is_variadic, gives_list, attributes_of(required), attributes_of(optional))
end

attributes_of(words::String) = [Attribute(Symbol.(split(word, ':'))...) for word in split(words)]

Base.show(io::IO, op::Operation) = print(io, "Jaxrs.", op.name)
Base.Broadcast.broadcastable(op::Operation) = Ref(op)

(op::Operation)(@nospecialize(given...); options...) = run_operation(op, Any[given...], Pair{Symbol,Any}[options...])

function run_operation(op::Operation, given::Vector{Any}, options::Vector{Pair{Symbol,Any}})
    positional = filter(x -> !any(option -> first(option) == x.name, options), op.required)
    operands, rest = split_operands(op, given, length(positional))
    attributes = Pair{String,Any}[]
    for (attribute, value) in zip(positional, rest)
        push_attribute!(attributes, op, attribute, value)
    end
    for (name, value) in options
        attribute = find_attribute(op, name)
        value === nothing && attribute.kind !== :axis && continue # the default
        push_attribute!(attributes, op, attribute, value)
    end
    out = apply_all(op.name, map!(operand, operands, operands), attributes)
    return op.gives_list ? (out...,) : out[1]
end

function split_operands(op::Operation, given::Vector{Any}, positional::Int)
    n = length(given)
    needed = op.fixed + positional
    if !op.is_variadic
        n == needed || throw(ArgumentError("$(op.name) takes $(usage(op, positional)), got $n arguments"))
        return given[1:op.fixed], given[op.fixed+1:end]
    end
    n >= needed || throw(ArgumentError("$(op.name) takes $(usage(op, positional)), got $n arguments"))
    operands = given[1:op.fixed]
    list = given[op.fixed+1:n-positional]
    append!(operands, length(list) == 1 && is_list(list[1]) ? Any[list[1]...] : list)
    return operands, given[n-positional+1:end]
end

is_list(@nospecialize(x)) = x isa Tuple || x isa Vector && !(eltype(x) <: Number)

usage(op::Operation, positional::Int) = string(op.fixed, op.is_variadic ? " or more" : "", " operands",
    positional > 0 ? string(" and ", join((x.name for x in op.required[end-positional+1:end]), ", ")) : "")

function find_attribute(op::Operation, name::Symbol)
    for list in (op.required, op.optional), attribute in list
        attribute.name == name && return attribute
    end
    known = join((x.name for list in (op.required, op.optional) for x in list), ", ")
    throw(ArgumentError("$(op.name) has no attribute $name; it has $(isempty(known) ? "none" : known)"))
end

push_attribute!(attributes, op::Operation, attribute::Attribute, @nospecialize(value)) =
    push!(attributes, String(attribute.name) => attribute_value(op, attribute, value))

function attribute_value(op::Operation, attribute::Attribute, @nospecialize(value))
    kind = attribute.kind
    kind === :axis && return value === nothing ? typemin(Int64) : axis_number(op.name, value)
    kind === :axes && return Int64[axis_number(op.name, x) for x in list_of(value)]
    kind === :ints && return Int64[x for x in list_of(value)]
    kind === :int && return Int64(value)
    kind === :bool && return Int64(value::Bool)
    kind === :real && return Float64(value)
    kind === :text && return String(value)
    return Int64(value isa Integer ? value : dtype_code(value))
end

list_of(value::Integer) = (value,)
list_of(value) = value

"As the library counts axes: from 0."
function axis_number(name::String, axis)
    axis == 0 && throw(JaxrsError(:invalid_argument, "$name got axis 0, but axes are counted from 1"))
    return Int64(axis > 0 ? axis - 1 : axis)
end

convert_element_type(x, T::Type) = apply_with("convert_element_type", Any[x], "new_dtype" => Int64(dtype_code(T)))
