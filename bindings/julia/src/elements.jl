# Element types that Julia does not have. The library converts them, so that there is one rounding.

const Narrow = Union{BFloat16,Float4_e2m1fn,Float6_e2m3fn,Float6_e3m2fn,Float8_e3m4,Float8_e4m3,Float8_e4m3b11fnuz,Float8_e4m3fn,
    Float8_e4m3fnuz,Float8_e5m2,Float8_e5m2fnuz,Float8_e8m0fnu}
const Small = Union{Int2,Int4,UInt2,UInt4}
const Bits = Union{Narrow,Small}

converted(x::Number, T::Type) = item(convert_element_type(JArray(x), T))

for T in (:Float64, :Float32, :Float16)
    @eval Base.$T(x::Narrow) = converted(x, $T)
end
Base.Int(x::Small) = converted(x, Int)
for T in (:Float64, :Float32, :Float16, :Int8, :Int16, :Int32, :UInt8, :UInt16, :UInt32, :UInt64)
    @eval Base.$T(x::Small) = $T(Int(x))
end
for T in Base.uniontypes(Bits)
    @eval (::Type{$T})(x::Union{Bool,Int,Float64,Float32,Float16}) = converted(x, $T)
    @eval (::Type{$T})(x::$T) = x
    # Numbers of Julia with a width of their own are wider than any of these.
    @eval Base.promote_rule(::Type{$T}, ::Type{S}) where {S<:Union{Float16,Float32,Float64}} = S
end
for T in Base.uniontypes(Small)
    @eval Base.promote_rule(::Type{$T}, ::Type{S}) where {S<:Union{Int8,Int16,Int32,Int64}} = S
end
Base.show(io::IO, x::Narrow) = print(io, typeof(x), '(', Float64(x), ')')
Base.show(io::IO, x::Small) = print(io, typeof(x), '(', Int(x), ')')
Base.:(==)(x::T, y::T) where {T<:Narrow} = Float64(x) == Float64(y)
Base.:(<)(x::T, y::T) where {T<:Narrow} = Float64(x) < Float64(y)
Base.isnan(x::Narrow) = isnan(Float64(x))
