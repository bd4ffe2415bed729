# Arrays: handles of the library.

"""
    JArray(x)
    JArray{T}(x)

An array of the library: concrete, or a tracer while a function is traced. Immutable. `JArray(x)` copies an array of Julia, and makes
one without axes of a number. Sizes and axes are those of Julia; `Array(x)` copies the elements out.
"""
mutable struct JArray{T,N} <: AbstractArray{T,N}
    handle::Ptr{Cvoid}
end

const CODE_OF = IdDict{Any,UInt32}()
const TYPE_OF = Vector{Any}(undef, length(DTYPES))
const NAMES = Dict{String,UInt32}()
for (code, name, T) in DTYPES
    CODE_OF[T] = code
    TYPE_OF[code] = T
    NAMES[name] = code
end

dtype_code(T::Type) = get(() -> throw(JaxrsError(:dtype, "there is no element type $T")), CODE_OF, T)
dtype_code(name::Union{Symbol,AbstractString}) =
    get(() -> throw(JaxrsError(:dtype, "there is no element type $name")), NAMES, String(name))

# Types of arrays by element type and number of axes: making a type anew takes longer than most operations.
const MOST_AXES = 8
const ARRAY_TYPES = [JArray{T,N} for T in TYPE_OF, N in 0:MOST_AXES]

release(@nospecialize(x::JArray)) =
    (@c jaxrs_array_release(getfield(x, :handle)::Ptr{Cvoid})::Cvoid; setfield!(x, :handle, C_NULL); nothing)

Base.unsafe_convert(::Type{Ptr{Cvoid}}, @nospecialize(x::JArray)) = getfield(x, :handle)

# Bytes of arrays that were made since the last collection: Julia does not see the library's memory.
const UNSEEN = Threads.Atomic{Int}(0)
const COLLECTIONS = Threads.Atomic{Int}(0)
const COLLECT_AFTER = 256 << 20

"Takes over a reference."
function wrap(handle::Ptr{Cvoid})
    dtype = @c jaxrs_array_dtype(handle::Ptr{Cvoid})::UInt32
    n = Int(@c jaxrs_array_ndim(handle::Ptr{Cvoid})::Csize_t)
    T = n <= MOST_AXES ? ARRAY_TYPES[dtype, n + 1] : JArray{TYPE_OF[dtype],n}
    # One constructor for each type would have to be compiled for each.
    x = ccall(:jl_new_struct_uninit, Any, (Any,), T)
    setfield!(x, :handle, handle)
    finalizer(release, x)
    note_bytes(8 * (@c jaxrs_array_size(handle::Ptr{Cvoid})::UInt64) % Int)
    return x
end

function note_bytes(bytes::Int)
    if bytes > 4096 && Threads.atomic_add!(UNSEEN, bytes) > COLLECT_AFTER
        UNSEEN[] = 0
        # What has grown old is looked at less often.
        GC.gc(Threads.atomic_add!(COLLECTIONS, 1) % 4 == 3)
    end
end

retained(handle::Ptr{Cvoid}) = wrap(@c jaxrs_array_retain(handle::Ptr{Cvoid})::Ptr{Cvoid})

"Takes over the array that a call has put out."
done(e::Ptr{Cvoid}, out::Ref{Ptr{Cvoid}}) = (check_error(e); wrap(out[]))

function shape(@nospecialize(x::JArray))
    n = @c jaxrs_array_ndim(x::Ptr{Cvoid})::Csize_t
    sizes = @c jaxrs_array_shape(x::Ptr{Cvoid})::Ptr{Int64}
    return GC.@preserve x Int[unsafe_load(sizes, i) for i in 1:n]
end

Base.size(x::JArray{T,N}) where {T,N} = NTuple{N,Int}(shape(x))::NTuple{N,Int}
Base.length(@nospecialize(x::JArray)) = Int(@c jaxrs_array_size(x::Ptr{Cvoid})::UInt64)
Base.IndexStyle(::Type{<:JArray}) = IndexCartesian()
dtype_of(@nospecialize(x::JArray)) = @c jaxrs_array_dtype(x::Ptr{Cvoid})::UInt32

"Whether the value is not known because a function is being traced."
is_tracer(@nospecialize(x::JArray)) = (@c jaxrs_array_is_tracer(x::Ptr{Cvoid})::UInt32) != 0

"Whether the element type gives way to that of others."
is_weak(@nospecialize(x::JArray)) = (@c jaxrs_array_is_weak(x::Ptr{Cvoid})::UInt32) != 0

"The only element, as a number of Julia."
item(@nospecialize(x::JArray)) =
    length(x) == 1 ? only_element(x) : throw(JaxrsError(:shape, "item needs one element, got an array of size $(size(x))"))

only_element(@nospecialize(x::JArray)) = first(Array(x))

# ---- out of and into Julia: its arrays are column-major, so that elements are walked with strides ----

function byte_strides(sizes, width)
    strides = Vector{Int64}(undef, length(sizes))
    step = width
    for (i, size) in enumerate(sizes)
        strides[i] = step
        step *= size
    end
    return strides
end

function from_memory(@nospecialize(data::Array), dtype::UInt32)
    sizes = Int64[size(data)...]
    out = Ref{Ptr{Cvoid}}(C_NULL)
    width = Base.elsize(data)
    strides = byte_strides(sizes, width)
    scope = current_scope()
    e = GC.@preserve data @c jaxrs_array_from_host(scope::Ptr{Cvoid}, Ptr{Cvoid}(pointer(data))::Ptr{Cvoid},
        (length(data) * width)::Csize_t, dtype::UInt32, sizes::Ptr{Int64}, length(sizes)::Csize_t, strides::Ptr{Int64},
        C_NULL::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
    return done(e, out)
end

JArray(x::JArray) = x
JArray(x::Number) = weak_or_typed(x)
function JArray(x::AbstractArray)
    data = plain(x)
    return from_memory(data, dtype_code(eltype(data)))
end
JArray{T}(x::JArray) where {T} = eltype(x) === T ? x : convert_element_type(x, T)
JArray{T}(x::Union{Number,AbstractArray}) where {T} = convert_element_type(JArray(x), T)
JArray{T,N}(x::AbstractArray) where {T,N} = JArray{T}(x)::JArray{T,N}

"An array of Julia of elements that the library has: numbers without a width of their own are floats."
function plain(@nospecialize(x::AbstractArray))
    T = eltype(x)
    haskey(CODE_OF, T) && return x isa Array ? x : collect(x)::Array
    T <: Real && isconcretetype(T) && return Array{Float64}(x)
    T <: Complex && isconcretetype(T) && return Array{ComplexF64}(x)
    any(v -> v isa JArray, x) && throw(JaxrsError(:dtype, "elements are arrays of the library; stack them: jx.stack"))
    narrowed = isempty(x) ? Float64[] : map(identity, promote(x...))
    isconcretetype(eltype(narrowed)) || throw(JaxrsError(:dtype, "there is no element type $T"))
    return plain(reshape(collect(narrowed), size(x)))
end

# Numbers of Julia that have no fixed width of their own give way to what they meet, as JAX's do.
weak_or_typed(x::Bool) = from_memory(fill(x), UInt32(1))
weak_or_typed(x::Int) = full(x, UInt32(0))
weak_or_typed(x::Union{Float64,AbstractIrrational,Rational,BigFloat}) = full(Float64(x), UInt32(0))
weak_or_typed(x::BigInt) = full(Int(x), UInt32(0))
weak_or_typed(x::Complex{<:Union{Int,Float64,Rational,BigFloat,BigInt}}) = full(ComplexF64(x), UInt32(0))
weak_or_typed(x::Number) = from_memory(fill(x), dtype_code(typeof(x)))

function full(value::Int, dtype::UInt32)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    scope = current_scope()
    return done(@c(jaxrs_array_full_i64(scope::Ptr{Cvoid}, value::Int64, dtype::UInt32, C_NULL::Ptr{Int64}, 0::Csize_t,
        out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}), out)
end

function full(value::Float64, dtype::UInt32)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    scope = current_scope()
    return done(@c(jaxrs_array_full_f64(scope::Ptr{Cvoid}, value::Float64, dtype::UInt32, C_NULL::Ptr{Int64}, 0::Csize_t,
        out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}), out)
end

function full(value::ComplexF64, dtype::UInt32)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    scope = current_scope()
    return done(@c(jaxrs_array_full_c128(scope::Ptr{Cvoid}, real(value)::Float64, imag(value)::Float64, dtype::UInt32,
        C_NULL::Ptr{Int64}, 0::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}), out)
end

"A copy of the elements."
function to_memory(@nospecialize(x::JArray))
    T, sizes = eltype(x), shape(x)
    T <: Key && throw(JaxrsError(:dtype, "keys have no elements of Julia; random_key_data gives their numbers"))
    data = Array{T}(undef, sizes...)
    strides = byte_strides(sizes, sizeof(T))
    check_error(GC.@preserve data @c jaxrs_array_to_host(x::Ptr{Cvoid}, Ptr{Cvoid}(pointer(data))::Ptr{Cvoid},
        (length(data) * sizeof(T))::Csize_t, strides::Ptr{Int64})::Ptr{Cvoid})
    return data
end

Base.Array(x::JArray{T,N}) where {T,N} = to_memory(x)::Array{T,N}
Base.Array{T}(x::JArray) where {T} = convert(Array{T}, to_memory(x))
Base.Array{T,N}(x::JArray{S,N}) where {T,S,N} = convert(Array{T,N}, to_memory(x))
Base.collect(x::JArray) = Array(x)
Base.convert(::Type{Array{T,N}}, x::JArray{S,N}) where {T,S,N} = Array{T,N}(x)
Base.copy(x::JArray) = x
Base.similar(::JArray, ::Type{T}, dims::Dims) where {T} = Array{T}(undef, dims)
Base.setindex!(::JArray, value, index...) =
    throw(JaxrsError(:invalid_argument, "arrays do not change: x.at[index].set(value) gives a new one"))

for T in (:Float64, :Float32, :Float16, :Int64, :Int32, :Bool, :ComplexF64, :ComplexF32)
    @eval Base.$T(x::JArray) = $T(item(x))
end

# ---- as text ----

"What the library writes for an array."
function Base.print(io::IO, @nospecialize(x::JArray))
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(@c jaxrs_array_print(x::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    print(io, bytes_text(out[]))
end

Base.show(io::IO, @nospecialize(x::JArray)) = print(io, x)
function Base.show(io::IO, ::MIME"text/plain", x::JArray)
    (is_tracer(x) || ndims(x) == 0 || eltype(x) <: Key) && return print(io, x)
    println(io, join(size(x), "×"), ndims(x) == 1 ? "-element " : " ", "JArray{", eltype(x), ",", ndims(x), "}:")
    Base.print_array(IOContext(io, :typeinfo => eltype(x), :compact => get(io, :compact, true)), Array(x))
end

function take_bytes(bytes::Ptr{Cvoid})
    data = @c jaxrs_bytes_data(bytes::Ptr{Cvoid})::Ptr{UInt8}
    n = @c jaxrs_bytes_len(bytes::Ptr{Cvoid})::Csize_t
    copied = copy(unsafe_wrap(Array, data, Int(n)))
    @c jaxrs_bytes_release(bytes::Ptr{Cvoid})::Cvoid
    return copied
end

bytes_text(bytes::Ptr{Cvoid}) = String(take_bytes(bytes))
