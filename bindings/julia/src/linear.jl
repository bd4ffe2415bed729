# Products and equations, as LinearAlgebra has them. Transposing copies nothing by itself: the compiler fuses it.

Base.adjoint(x::JArray{<:Any,1}) = apply("conj", permutedims(x))
Base.adjoint(x::JArray{<:Any,2}) = apply("conj", apply("transpose", x))
Base.transpose(x::JArray{<:Any,1}) = permutedims(x)
Base.transpose(x::JArray{<:Any,2}) = apply("transpose", x)
Base.adjoint(x::JArray{<:Real,1}) = permutedims(x)
Base.adjoint(x::JArray{<:Real,2}) = apply("transpose", x)

const JMatrix = JArray{<:Any,2}
const JVector = JArray{<:Any,1}

function product(@nospecialize(x), @nospecialize(y))
    a, b = operand(x), operand(y)
    # A column by a row.
    ndims(a) == 1 && ndims(b) == 2 && (a = behind(a, 2))
    return apply("matmul", a, b)
end

# An array without axes is a number, also beside arrays.
for f in (:*, :/)
    @eval Base.$f(x::JArray, y::Scalar) = $f.(x, y)
    @eval Base.$f(x::AbstractArray, y::Scalar) = $f.(x, y)
end
Base.:*(x::Scalar, y::JArray) = x .* y
Base.:*(x::Scalar, y::AbstractArray) = x .* y

# For each kind of product Base has methods of its own, so that there is one here, too.
for X in (:AbstractMatrix, :AbstractVector), Y in (:AbstractMatrix, :AbstractVector)
    X === :AbstractVector && Y === :AbstractVector && continue
    JX, JY = (Symbol(:J, replace(String(K), "Abstract" => "")) for K in (X, Y))
    @eval Base.:*(x::$JX, y::$JY) = product(x, y)
    @eval Base.:*(x::$JX, y::$Y) = product(x, y)
    @eval Base.:*(x::$X, y::$JY) = product(x, y)
end

Base.:\(x::JMatrix, y::Union{JMatrix,JVector}) = apply("solve", x, y)
Base.:\(x::JMatrix, y::AbstractVecOrMat) = apply("solve", x, y)
Base.inv(x::JMatrix) = apply("inv", x)
LinearAlgebra.det(x::JMatrix) = apply("det", x)
LinearAlgebra.tr(x::JMatrix) = apply("trace", x)
LinearAlgebra.dot(x::JArray, y::JArray) = apply("vdot", vec(x), vec(y))
LinearAlgebra.dot(x::JArray, y::AbstractArray) = apply("vdot", vec(x), vec(y))
LinearAlgebra.dot(x::AbstractArray, y::JArray) = apply("vdot", vec(x), vec(y))
LinearAlgebra.norm(x::JArray) = apply("norm", x)
LinearAlgebra.diag(x::JMatrix) = apply("diag", x)
LinearAlgebra.kron(x::JArray, y::JArray) = apply("kron", x, y)

# Equality of whole arrays needs their elements.
Base.:(==)(x::JArray, y::JArray) = size(x) == size(y) && to_memory(x) == to_memory(y)
Base.:(==)(x::JArray, y::AbstractArray) = size(x) == size(y) && to_memory(x) == y
Base.:(==)(x::AbstractArray, y::JArray) = y == x
Base.isapprox(x::JArray, y::AbstractArray; options...) = isapprox(Array(x), Array(y); options...)
Base.isapprox(x::AbstractArray, y::JArray; options...) = isapprox(Array(x), Array(y); options...)
Base.isapprox(x::JArray, y::JArray; options...) = isapprox(Array(x), Array(y); options...)
Base.isapprox(x::Scalar, y::Number; options...) = isapprox(item(x), y; options...)
Base.hash(x::JArray, h::UInt) = hash(Array(x), h)
