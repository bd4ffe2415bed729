# What functions of numbers are on arrays: `f.(x)` for any array, and `f(x)` where the array has no axes.

# Functions of Base with the operation that they are, element by element.
const UNARY = ((:-, "neg"), (:abs, "abs"), (:sign, "sign"), (:floor, "floor"), (:ceil, "ceil"), (:trunc, "trunc"), (:round, "round"),
    (:sqrt, "sqrt"), (:cbrt, "cbrt"), (:inv, "reciprocal"), (:exp, "exp"), (:exp2, "exp2"), (:expm1, "expm1"), (:log, "log"),
    (:log1p, "log1p"), (:log2, "log2"), (:log10, "log10"), (:sin, "sin"), (:cos, "cos"), (:tan, "tan"), (:asin, "asin"), (:acos, "acos"),
    (:atan, "atan"), (:sinh, "sinh"), (:cosh, "cosh"), (:tanh, "tanh"), (:asinh, "asinh"), (:acosh, "acosh"), (:atanh, "atanh"),
    (:sinc, "sinc"), (:deg2rad, "deg2rad"), (:rad2deg, "rad2deg"), (:!, "logical_not"), (:~, "not"), (:isnan, "isnan"), (:isinf, "isinf"),
    (:isfinite, "is_finite"), (:signbit, "signbit"), (:real, "real"), (:imag, "imag"), (:conj, "conj"), (:angle, "angle"),
    (:count_ones, "population_count"), (:leading_zeros, "clz"), (:zero, "zeros_like"), (:one, "ones_like"))
const BINARY = ((:+, "add"), (:-, "sub"), (:*, "mul"), (:/, "true_divide"), (:rem, "rem"), (:mod, "mod"), (:fld, "floor_divide"),
    (:max, "max"), (:min, "min"), (:atan, "atan2"), (:hypot, "hypot"), (:copysign, "copysign"), (:(==), "eq"), (:!=, "ne"), (:<, "lt"),
    (:<=, "le"), (:>, "gt"), (:>=, "ge"), (:&, "and"), (:|, "or"), (:xor, "xor"), (:gcd, "gcd"), (:lcm, "lcm"), (:<<, "shift_left"),
    (:>>>, "shift_right_logical"), (:>>, "shift_right_arithmetic"))

# Those that take more than one operation.
squared_magnitude(x) = eltype(operand(x)) <: Complex ? apply("real", apply("mul", x, apply("conj", x))) : apply("square", x)
as_float(x) = eltype(operand(x)) <: Union{AbstractFloat,Complex{<:AbstractFloat}} ? x : apply("true_divide", x, 1)
integer_power(x, y::Integer) = apply_with("integer_pow", Any[x], "y" => Int64(y))
power(x, y) = y isa Integer && !(y isa Bool) ? integer_power(x, y) : apply("pow", x, y)
quotient(x, y) =
    all(v -> eltype(operand(v)) <: Integer, (x, y)) ? apply("div", x, y) : apply("trunc", apply("true_divide", x, y))

const COMPOSED = ((:abs2, :squared_magnitude), (:float, :as_float), (:exp10, :(x -> apply("pow", 10, x))),
    (:sinpi, :(x -> apply("sin", apply("mul", pi, x)))), (:cospi, :(x -> apply("cos", apply("mul", pi, x)))),
    (:iszero, :(x -> apply("eq", x, 0))), (:isone, :(x -> apply("eq", x, 1))))
const COMPOSED_BINARY = ((:^, :power), (:div, :quotient))

"An array without axes: it is a number to functions of numbers."
const Scalar = JArray{<:Any,0}

"All elements of an array as one number: what functions that are broadcast, and that are not known here, are called with."
struct Each <: Number
    array::JArray
end

Each(x::Each) = x
Each(x::Number) = Each(weak_or_typed(x))
operand(x::Each) = x.array
unwrap(x::Each) = x.array
unwrap(@nospecialize(x)) = x
Base.promote_rule(::Type{Each}, ::Type{<:Number}) = Each

# Functions by what is done for them: the name of an operation, or a function of arrays.
const OF_ONE = IdDict{Any,Any}(identity => identity)
const OF_TWO = IdDict{Any,Any}()

perform(op::String, @nospecialize(arguments...)) = apply_one(op, Any[arguments...], NO_ATTRIBUTES)
perform(@nospecialize(f), @nospecialize(arguments...)) = f(arguments...)

# Methods for these would make much of what Base has compiled be compiled anew, as `!(x == y)` and the like stand everywhere in it;
# broadcasting, which finds them above, does without. `x > y` is `y < x`.
const LEFT_ALONE = (:!, :!=, :>, :>=)

for (f, op) in (UNARY..., COMPOSED...)
    @eval OF_ONE[$f] = $op
    f in LEFT_ALONE && continue
    @eval Base.$f(x::Each) = Each(perform($op, x.array))
    @eval Base.$f(@nospecialize(x::Scalar)) = perform($op, x)
end
for (f, op) in (BINARY..., COMPOSED_BINARY...)
    @eval OF_TWO[$f] = $op
    f in LEFT_ALONE && continue
    for (X, Y) in ((:Each, :Each), (:Each, :Number), (:Number, :Each), (:Each, :Scalar), (:Scalar, :Each))
        @eval Base.$f(@nospecialize(x::$X), @nospecialize(y::$Y)) = Each(perform($op, unwrap(x), unwrap(y)))
    end
    for (X, Y) in ((:Scalar, :Scalar), (:Scalar, :Number), (:Number, :Scalar))
        @eval Base.$f(@nospecialize(x::$X), @nospecialize(y::$Y)) = perform($op, x, y)
    end
end

# More special than what Base has for all arrays, or all numbers.
for f in (:real, :conj, :float)
    @eval Base.$f(x::JArray{<:Real,0}) = perform(OF_ONE[$f], x)
end
Base.imag(x::JArray{<:Real,0}) = apply("imag", x)
Base.:^(x::Each, y::Integer) = Each(integer_power(x.array, y))
Base.:^(x::Scalar, y::Integer) = integer_power(x, y)
Base.literal_pow(::typeof(^), x::Union{Each,Scalar}, ::Val{p}) where {p} = x^p
Base.clamp(x::Each, low, high) = Each(apply("clip", x.array, unwrap(low), unwrap(high)))
Base.clamp(x::Scalar, low, high) = apply("clip", x, low, high)

# ---- broadcasting ----

struct Style <: Base.BroadcastStyle end

Base.BroadcastStyle(::Type{<:JArray}) = Style()
Base.BroadcastStyle(s::Style, ::Base.BroadcastStyle) = s
Base.BroadcastStyle(s::Style, ::Style) = s

const Fused = Base.Broadcast.Broadcasted{Style}

# Sizes are the library's to check.
Base.Broadcast.instantiate(bc::Fused) = bc
Base.Broadcast.broadcastable(x::Each) = x
Base.copy(@nospecialize(bc::Fused)) = filled_up(evaluate(bc, rank(bc)), bc)
Base.copyto!(to::AbstractArray, bc::Fused) = copyto!(to, Array(copy(bc)))
Base.copyto!(::JArray, ::Fused) =
    throw(JaxrsError(:invalid_argument, "arrays do not change: `x = f.(y)` gives a new one, `x .= f.(y)` would change one"))

rank(@nospecialize(bc::Base.Broadcast.Broadcasted)) = most_axes(Any[bc.args...])
most_axes(parts::Vector{Any}) = maximum(Int[rank(x) for x in parts])
rank(@nospecialize(x::AbstractArray)) = ndims(x)
rank(@nospecialize(x::Tuple)) = 1
rank(@nospecialize(x)) = 0

"What stands in a fused expression, with n axes: Julia puts axes of size 1 behind, the library before."
evaluate(@nospecialize(bc::Fused), n::Int) = elementwise(bc.f, Any[evaluate(x, n) for x in bc.args])
# Parts without arrays of the library are Julia's own.
evaluate(bc::Base.Broadcast.Broadcasted, n::Int) = evaluate(Base.Broadcast.materialize(bc), n)
evaluate(@nospecialize(x::AbstractArray), n::Int) = with_axes(JArray(x), n)
evaluate(x::Tuple, n::Int) = with_axes(JArray(collect(x)), n)
evaluate(x::Base.RefValue, n::Int) = x[]
evaluate(@nospecialize(x), n::Int) = x

function with_axes(@nospecialize(x::JArray), n::Int)
    k = ndims(x)
    return k == 0 || k == n ? x : apply_with("expand_dims", Any[x], "axes" => Int64[k:n-1;])
end

function elementwise(@nospecialize(f), arguments::Vector{Any})
    n = length(arguments)
    if n == 1 && haskey(OF_ONE, f)
        return perform(OF_ONE[f], arguments[1])
    elseif n == 2 && haskey(OF_TWO, f)
        return perform(OF_TWO[f], arguments[1], arguments[2])
    elseif f === Base.literal_pow
        return integer_power(arguments[2], val(arguments[3]))
    elseif n == 3 && f === ifelse
        return apply("where", arguments...)
    elseif n == 1 && f isa Type && haskey(CODE_OF, f)
        return convert_element_type(arguments[1], f)
    end
    return unwrap(f((x isa JArray ? Each(x) : x for x in arguments)...))
end

val(::Val{p}) where {p} = p

"The result with all axes, also where it does not depend on what it was broadcast over."
function filled_up(@nospecialize(x), @nospecialize(bc))
    x isa Union{JArray,Number} || throw(JaxrsError(:invalid_argument, "a function that is broadcast gave a $(typeof(x)), and no number"))
    array = operand(x)
    ndims(array) == rank(bc) && return array
    parts = Any[]
    leaves!(parts, bc, rank(bc))
    return apply_all("broadcast_arrays", Any[array, parts...], NO_ATTRIBUTES)[1]
end

leaves!(parts, @nospecialize(bc::Base.Broadcast.Broadcasted), n) = foreach(x -> leaves!(parts, x, n), Any[bc.args...])
leaves!(parts, @nospecialize(x::Union{AbstractArray,Tuple}), n) = push!(parts, evaluate(x, n))
leaves!(parts, @nospecialize(x), n) = nothing

# `map` is broadcasting over arrays of one size.
Base.map(f, x::JArray, more::JArray...) = broadcast(f, x, more...)
