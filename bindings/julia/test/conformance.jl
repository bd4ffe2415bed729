# Every operation against values that JAX computed.

integer(x::Json.Number) = parse(Int, x.text)
integer(x::Bool) = Int(x)
real_number(x::Json.Number) = parse(Float64, x.text)
real_number(x::String) = Dict("inf" => Inf, "-inf" => -Inf, "nan" => NaN)[x]
real_number(x::Bool) = Float64(x)

element(::Type{Bool}, x) = x isa Bool ? x : !iszero(real_number(x))
element(T::Type{<:Integer}, x) = x isa Json.Number ? (T <: Unsigned ? parse(UInt64, x.text) : parse(Int64, x.text)) % T : T(x)
element(T::Type{<:AbstractFloat}, x) = T <: Float32 && x isa Json.Number ? parse(Float32, x.text) : T(real_number(x))
element(::Type{Complex{T}}, x) where {T} = x isa Vector ? Complex(element(T, x[1]), element(T, x[2])) : Complex(element(T, x))

"An array of Julia of recorded elements, which are in row-major order."
function recorded_array(r)
    T = Jaxrs.Engine.TYPE_OF[Jaxrs.Engine.dtype_code(r["dtype"])]
    sizes = Int[integer(x) for x in r["shape"]]
    data = T[element(T, x) for x in r["data"]]
    return length(sizes) == 1 ? data : Jaxrs.Engine.reversed(reshape(data, Tuple(reverse(sizes))))
end

close_parts(a, b, tolerance) = a == b || isnan(a) && isnan(b) || abs(a - b) <= tolerance * (1 + min(abs(b), floatmax(Float64)))
function close_elements(a, b, tolerance)
    x, y = ComplexF64(a), ComplexF64(b)
    return close_parts(real(x), real(y), tolerance) && close_parts(imag(x), imag(y), tolerance) ||
        abs(x - y) <= tolerance * (1 + min(abs(y), floatmax(Float64)))
end

"What is wrong with a result; nothing if it agrees."
function difference(got::JArray, recorded, tolerances)
    expected = recorded_array(recorded)
    (eltype(got) == eltype(expected) && size(got) == size(expected)) || return "another type: $got"
    data, name = Array(got), recorded["dtype"]
    if haskey(tolerances, name)
        tolerance = real_number(tolerances[name])
        all(close_elements(a, b, tolerance) for (a, b) in zip(data, expected)) || return "got $got, expected $expected"
    else
        data == expected || return "got $got, expected $expected"
    end
    return nothing
end

# Attributes as a user writes them: axes from 1.
user_axis(x) = x === nothing ? nothing : (k = integer(x); k < 0 ? k : k + 1)
function user_value(kind::Symbol, x)
    kind === :axis && return user_axis(x)
    kind === :axes && return Int[user_axis(v) for v in x]
    kind === :ints && return Int[integer(v) for v in x]
    kind === :int && return integer(x)
    kind === :real && return real_number(x)
    kind === :dtype && return x === nothing ? nothing : Symbol(x)
    return x
end

function run_case(row)
    name = row["op"] == "cond" ? :linalg_cond : Symbol(row["op"])
    op = getfield(Jaxrs, name)
    operands = Any[JArray(recorded_array(x)) for x in row["inputs"]]
    # Required attributes by place, the others by name.
    required = Any[user_value(a.kind, row["params"][String(a.name)]) for a in op.required]
    options = [a.name => user_value(a.kind, row["params"][String(a.name)]) for a in op.optional if haskey(row["params"], String(a.name))]
    given = op.is_variadic ? Any[operands[1:op.fixed]..., Tuple(operands[op.fixed+1:end])] : operands
    out = op(given..., required...; options...)
    return op.gives_list ? out : (out,)
end

function problem_of(row, tolerances)
    out = run_case(row)
    length(out) == length(row["outputs"]) || return "$(length(out)) results"
    problems = [difference(got, expected, tolerances) for (got, expected) in zip(out, row["outputs"])]
    return findfirst(!isnothing, problems) === nothing ? nothing : something(problems...)
end

@testset "operations agree with JAX" begin
    head, rows = Iterators.peel(eachline(joinpath(@__DIR__, "../../conformance/cases.jsonl")))
    tolerances = Json.read(head)["tolerances"]
    cases = 0
    # The values were recorded with 64-bit defaults.
    jx.with_default_float(Float64) do
        for line in rows
            row = Json.read(line)
            problem = try
                problem_of(row, tolerances)
            catch e
                sprint(showerror, e)
            end
            problem === nothing || println(first(line, 200), ": ", problem)
            @test problem === nothing
            cases += 1
        end
    end
    @test cases > 700
end
