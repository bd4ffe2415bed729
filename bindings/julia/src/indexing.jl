# Indices of Julia: from 1, each axis for itself, and linear ones in column-major order.

"One axis of an index as the library writes it, with the positions that it takes from an array, if any."
struct AxisIndex
    words::String
    positions::Union{Nothing,JArray}
end

axis_index(@nospecialize(x), axis, i::Integer) = AxisIndex(string(in_bounds(x, axis, i) - 1), nothing)
axis_index(x, axis, ::Colon) = AxisIndex(":", nothing)
function axis_index(x, axis, r::AbstractUnitRange{<:Integer})
    isempty(r) && return AxisIndex("0:0", nothing)
    return AxisIndex("$(in_bounds(x, axis, first(r)) - 1):$(in_bounds(x, axis, last(r)))", nothing)
end
function axis_index(x, axis, r::StepRange{<:Integer})
    isempty(r) && return AxisIndex("0:0", nothing)
    from, to = in_bounds(x, axis, first(r)) - 1, in_bounds(x, axis, last(r)) - 1
    step(r) > 0 && return AxisIndex("$from:$(to + 1):$(step(r))", nothing)
    return AxisIndex("$from:$(to == 0 ? "" : to - 1):$(step(r))", nothing)
end
axis_index(x, axis, i::AbstractArray{Bool}) = axis_index(x, axis, findall(Array(i)))
axis_index(x, axis, i::Array{Bool}) = axis_index(x, axis, findall(i))
axis_index(x, axis, i::AbstractArray{<:Integer}) = AxisIndex("@", apply("sub", i, 1))
function axis_index(x, axis, i::Array{<:Integer})
    foreach(k -> in_bounds(x, axis, k), i)
    return AxisIndex("@", JArray(i .- 1))
end
axis_index(x, axis, i) = throw(JaxrsError(:invalid_argument, "a $(typeof(i)) is no index of an array"))

in_bounds(@nospecialize(x), axis, i) = 1 <= i <= size(x, axis) ? Int(i) : throw(BoundsError(x, i))

"An index in the library's words, and its arrays of positions."
function translated(@nospecialize(x::JArray), @nospecialize(given::Tuple))
    n = ndims(x)
    indices = flat_index(given)
    all(i -> i == 1, indices[n+1:end]) || throw(BoundsError(x, given))
    length(indices) < n && throw(JaxrsError(:invalid_argument, "an array with $n axes needs $n indices, or a linear one, got $(length(indices))"))
    axes = AxisIndex[axis_index(x, k, indices[k]) for k in 1:n]
    arrays, numbers = count(a -> a.positions !== nothing, axes), count(i -> i isa Integer, indices[1:n])
    if arrays > 1 || arrays == 1 && numbers > 0
        # The library takes several arrays of positions, and numbers beside them, together; these are for one axis each.
        axes = outer(x, indices[1:n])
    end
    positions = Any[a.positions for a in axes if a.positions !== nothing]
    return join((a.words for a in axes), ", "), positions
end

flat_index(@nospecialize(given::Tuple)) = Any[i for entry in given for i in (entry isa CartesianIndex ? Tuple(entry) : (entry,))]

function outer(x, indices)
    positions = [i isa Integer ? i : i isa Colon ? (1:size(x, k)) : i isa AbstractArray{Bool} ? findall(Array(i)) : i
                 for (k, i) in enumerate(indices)]
    sizes = [i isa Integer ? 0 : ndims(i) for i in positions]
    return map(1:length(indices)) do k
        array = axis_index(x, k, positions[k] isa AbstractRange ? collect(positions[k]) : positions[k])
        array.positions === nothing && return AxisIndex("@", JArray(positions[k] - 1))
        behind = sum(sizes[k+1:end])
        last = ndims(array.positions)
        return AxisIndex("@", apply_with("expand_dims", Any[array.positions], "axes" => Int64[last:last+behind-1;]))
    end
end

is_linear(@nospecialize(x), @nospecialize(given)) = ndims(x) != 1 && length(given) == 1 && !(given[1] isa CartesianIndex)

function index_with(@nospecialize(x::JArray), @nospecialize(given::Tuple))
    isempty(given) && return ndims(x) == 0 ? x : throw(BoundsError(x, given))
    is_linear(x, given) && return given[1] isa Colon ? vec(x) : index_with(vec(x), (linear(x, given[1]),))
    words, positions = translated(x, given)
    isempty(words) && return x
    return apply_with("getitem", Any[x, positions...], "index" => words)
end

linear(x, i) = i
linear(x, mask::AbstractArray{Bool}) = (size(mask) == size(x) || throw(BoundsError(x, (mask,))); vec(Array(mask)))

Base.getindex(@nospecialize(x::JArray), @nospecialize(given...)) = index_with(x, given)
# More special than what Base has for all arrays.
Base.getindex(@nospecialize(x::JArray), i::Int) = index_with(x, (i,))
Base.getindex(@nospecialize(x::JArray), i::Int...) = index_with(x, i)
Base.view(x::JArray, given...) = index_with(x, given)
Base.maybeview(x::JArray, given...) = index_with(x, given)
Base.maybeview(x::JArray, given::Union{Number,Base.AbstractCartesianIndex}...) = index_with(x, given)
Base.iterate(@nospecialize(x::JArray), i::Int = 1) = i > length(x) ? nothing : (ndims(x) == 0 ? x : x[i], i + 1)

# ---- x.at[index].set(value) ----

"`x.at`, whose index is a [`Place`](@ref)."
struct At
    array::JArray
end

"""
`x.at[index]`: `.set(v)`, `.add(v)`, `.subtract(v)`, `.multiply(v)`, `.divide(v)`, `.power(v)`, `.min(v)` and `.max(v)` give the array
with other elements there, `.get()` what is there.
"""
struct Place
    array::JArray
    index::Tuple
end

Base.getproperty(x::JArray, name::Symbol) = name === :at ? At(x) : getfield(x, name)
Base.propertynames(::JArray) = (:at,)
Base.getindex(a::At, given...) = Place(getfield(a, :array), given)
Base.propertynames(::Place) = (UPDATES..., :get)

const UPDATES = (:set, :add, :subtract, :multiply, :divide, :power, :min, :max)

function Base.getproperty(place::Place, name::Symbol)
    x, index = getfield(place, :array), getfield(place, :index)
    name === :get && return () -> index_with(x, index)
    name in UPDATES || throw(JaxrsError(:invalid_argument, "x.at[index] has $(join(UPDATES, ", ")) and get, but no $name"))
    return (value; options...) -> updated(x, index, "at_$name", value, options)
end

function updated(@nospecialize(x::JArray), @nospecialize(index::Tuple), op::String, @nospecialize(value), @nospecialize(options))
    if is_linear(x, index)
        flat = index[1] isa Colon ? (1:length(x)) : linear(x, index[1])
        values = value isa AbstractArray ? vec(JArray(value)) : value
        return reshape(updated(vec(x), (flat,), op, values, options), size(x))
    end
    words, positions = translated(x, index)
    attributes = Pair{String,Any}["index" => words]
    for (name, option) in options
        push!(attributes, String(name) => option isa Bool ? Int64(option) : option)
    end
    return apply_one(op, Any[x, value, positions...], attributes)
end

# `Base.setindex` is what packages call for what cannot change.
Base.setindex(x::JArray, value, index...) = updated(x, index, "at_set", value, ())
