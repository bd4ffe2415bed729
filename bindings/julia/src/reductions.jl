# Base's functions of whole arrays, with Julia's meaning: axes that are reduced stay with size 1 where they are named.

axes_of(::Colon) = Int64[]
axes_of(dims) = Int64[axis_number("dims", d) for d in list_of(dims)]

function reduced(op::String, @nospecialize(x), @nospecialize(dims), @nospecialize(more...))
    dims isa Colon || isempty(dims) || return apply_with(op, Any[x], "axes" => axes_of(dims), "keepdims" => Int64(1), more...)
    return dims isa Colon ? apply_with(op, Any[x], more...) : x
end

for (f, op) in ((:sum, "reduce_sum"), (:prod, "reduce_prod"), (:maximum, "reduce_max"), (:minimum, "reduce_min"), (:any, "any"), (:all, "all"))
    @eval Base.$f(x::JArray; dims = :) = reduced($op, x, dims)
    @eval Base.$f(f::Function, x::JArray; dims = :) = reduced($op, f.(x), dims)
end
Base.sum(f, x::JArray; dims = :) = reduced("reduce_sum", f.(x), dims)
Base.count(x::JArray{Bool}; dims = :) = sum(x; dims = dims)
Base.count(f, x::JArray; dims = :) = sum(f.(x); dims = dims)

const REDUCTIONS = IdDict{Any,String}((+) => "reduce_sum", (*) => "reduce_prod", max => "reduce_max", min => "reduce_min",
    (&) => "reduce_and", (|) => "reduce_or", xor => "reduce_xor")

Base.reduce(op, x::JArray; dims = :) = reduced(reduction(op), x, dims)
Base.mapreduce(f, op, x::JArray; dims = :) = reduced(reduction(op), f.(x), dims)
reduction(@nospecialize(op)) = get(REDUCTIONS, op) do
    throw(JaxrsError(:unimplemented, "reduce knows +, *, max, min, &, | and xor, got $op"))
end

Statistics.mean(x::JArray; dims = :) = reduced("mean", x, dims)
Statistics.mean(f, x::JArray; dims = :) = reduced("mean", f.(x), dims)
Statistics.var(x::JArray; dims = :, corrected::Bool = true) = reduced("var", x, dims, "ddof" => Float64(corrected))
Statistics.std(x::JArray; dims = :, corrected::Bool = true) = reduced("std", x, dims, "ddof" => Float64(corrected))
Statistics.median(x::JArray; dims = :) = reduced("median", x, dims)

along(op::String, @nospecialize(x), dims::Integer, @nospecialize(more...)) = apply_with(op, Any[x], "axis" => axis_number("dims", dims), more...)

Base.cumsum(x::JArray; dims::Integer) = along("cumsum", x, dims)
Base.cumsum(x::JArray{<:Any,1}) = along("cumsum", x, 1)
Base.cumprod(x::JArray; dims::Integer) = along("cumprod", x, dims)
Base.cumprod(x::JArray{<:Any,1}) = along("cumprod", x, 1)
Base.sort(x::JArray; dims::Integer, rev::Bool = false) = along("sort", x, dims, "descending" => Int64(rev))
Base.sort(x::JArray{<:Any,1}; rev::Bool = false) = along("sort", x, 1, "descending" => Int64(rev))
Base.sortperm(x::JArray{<:Any,1}; rev::Bool = false) = apply("add", along("argsort", x, 1, "descending" => Int64(rev)), 1)
Base.argmax(x::JArray{<:Any,1}) = apply("add", apply("argmax", x), 1)
Base.argmin(x::JArray{<:Any,1}) = apply("add", apply("argmin", x), 1)
Base.diff(x::JArray{<:Any,1}) = along("diff", x, 1)
Base.diff(x::JArray; dims::Integer) = along("diff", x, dims)

# ---- arrangement: Julia's order of elements is the transposed one ----

Base.permutedims(x::JArray, order) = apply_with("transpose", Any[x], "axes" => axes_of(order))
Base.permutedims(x::JArray{<:Any,2}) = apply("transpose", x)
Base.permutedims(x::JArray{<:Any,1}) = apply_with("expand_dims", Any[x], "axes" => Int64[0])

function column_major(@nospecialize(x::JArray), @nospecialize(sizes))
    flipped = ndims(x) > 1 ? apply("transpose", x) : x
    out = apply_with("reshape", Any[flipped], "shape" => Int64[reverse(sizes)...])
    return length(sizes) > 1 ? apply("transpose", out) : out
end

"The sizes with the one that is left open."
function settled_sizes(@nospecialize(x::JArray), @nospecialize(dims))
    open = findall(d -> d isa Colon, dims)
    known = reduce(*, (d for d in dims if !(d isa Colon)); init = 1)
    length(open) > 1 && throw(DimensionMismatch("reshape leaves open one size at most, got $dims"))
    sizes = Int64[d isa Colon ? div(length(x), max(known, 1)) : d for d in dims]
    prod(sizes) == length(x) || throw(DimensionMismatch("reshape of $(length(x)) elements to $dims"))
    return sizes
end

Base.reshape(x::JArray, dims::Tuple{Vararg{Union{Int,Colon}}}) = column_major(x, settled_sizes(x, dims))
Base.reshape(x::JArray, dims::Dims) = column_major(x, settled_sizes(x, dims))
Base.reshape(x::JArray, dims::Union{Int,Colon}...) = column_major(x, settled_sizes(x, dims))
Base.reshape(x::JArray, dims::Int...) = column_major(x, settled_sizes(x, dims))
Base.reshape(x::JArray{<:Any,1}, ::Colon) = x
Base.vec(x::JArray) = ndims(x) == 1 ? x : column_major(x, [length(x)])
Base.dropdims(x::JArray; dims) = apply_with("squeeze", Any[x], "axes" => axes_of(dims))
Base.reverse(x::JArray{<:Any,1}) = apply("flip", x)
Base.reverse(x::JArray; dims = :) = apply_with("flip", Any[x], "axes" => axes_of(dims))
Base.circshift(x::JArray{<:Any,1}, shift::Integer) = along("roll", x, 1, "shift" => Int64(shift))

joined(@nospecialize(arrays), axis::Int) = apply_with("concatenate", Any[behind(JArray(x), axis + 1) for x in arrays], "axis" => Int64(axis))
behind(@nospecialize(x::JArray), n::Int) = ndims(x) >= n ? x : apply_with("expand_dims", Any[x], "axes" => Int64[ndims(x):n-1;])

const JVecOrMat{T} = Union{JArray{T,1},JArray{T,2}}

# As many methods as Base has, so that each is more special than one of its.
for (f, axis) in ((:vcat, 0), (:hcat, 1))
    for (X, Y) in ((:(JArray{T,1}), :(AbstractVector{T})), (:(JVecOrMat{T}), :(AbstractVecOrMat{T})))
        @eval Base.$f(x::$X, more::$Y...) where {T} = joined((x, more...), $axis)
    end
    for (X, Y) in ((:(JArray{<:Any,1}), :AbstractVector), (:JVecOrMat, :AbstractVecOrMat), (:JArray, :(Union{AbstractArray,Number})))
        @eval Base.$f(x::$X, more::$Y...) = joined((x, more...), $axis)
    end
    @eval Base.$f(x::JArray, y::AbstractArray) = joined((x, y), $axis)
    @eval Base.$f(x::JArray, y::AbstractArray, more::AbstractArray...) = joined((x, y, more...), $axis)
end
Base.cat(x::JArray, more::Union{AbstractArray,Number}...; dims::Integer) = joined((x, more...), dims - 1)
