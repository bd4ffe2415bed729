# Memory that Julia and the library share. Its axes are reversed on one side, as Julia's arrays are column-major.

"Memory of Julia's that the library reads."
mutable struct Borrowed
    data::Array
end

"""
    unsafe_borrow_reversed(data)

An array over the memory of an array of Julia, with its axes in reverse. Nobody may change `data` as long as the array, or a result that
shares its memory, is in use. Memory that is not aligned to 64 bytes, as that of small arrays, is copied.
"""
function unsafe_borrow_reversed(data::Array{T}) where {T}
    scope = current_scope()
    collect_drops(scope.context)
    sizes, dtype = Int64[reverse(size(data))...], dtype_code(T)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    address = hold(Borrowed(data))
    return done(@c(jaxrs_array_borrow_host(scope::Ptr{Cvoid}, Ptr{Cvoid}(pointer(data))::Ptr{Cvoid}, sizeof(data)::Csize_t,
        dtype::UInt32, sizes::Ptr{Int64}, length(sizes)::Csize_t, address::Ptr{Cvoid}, DROP[]::Ptr{Cvoid},
        out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}), out)
end

"""
    unsafe_wrap_reversed(x)

The library's memory of an array as an array of Julia, with its axes in reverse. It may not be written to.
"""
function unsafe_wrap_reversed(x::JArray{T,N}) where {T,N}
    data, bytes = Ref{Ptr{Cvoid}}(C_NULL), Ref{Csize_t}(0)
    check_error(@c jaxrs_array_host_view(x::Ptr{Cvoid}, data::Ptr{Ptr{Cvoid}}, bytes::Ptr{Csize_t})::Ptr{Cvoid})
    wrapped = unsafe_wrap(Array, Ptr{T}(data[]), reverse(size(x)))
    # The array lives as long as what looks at it: its finalizer, which does nothing, holds it.
    finalizer(_ -> (x; nothing), wrapped)
    return wrapped
end
