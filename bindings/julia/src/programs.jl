# Programs: what functions are for arguments of given types.

"What a function is for arguments of given types: it prints as a jaxpr, and can be called, compiled and saved."
mutable struct Program
    handle::Ptr{Cvoid}
    Program(handle::Ptr{Cvoid}) = finalizer(release, new(handle))
end

release(x::Program) = (@c jaxrs_program_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)
Base.unsafe_convert(::Type{Ptr{Cvoid}}, x::Program) = x.handle

"The program of a function of the library for such arguments. Nothing is computed."
function program_of(fn::Fn, arrays::Vector{Any})
    out = Ref{Ptr{Cvoid}}(C_NULL)
    scope = scope_of(arrays)
    with_avals(Aval[aval(x) for x in arrays]) do raw
        check_error(@c jaxrs_fn_trace(fn::Ptr{Cvoid}, scope::Ptr{Cvoid}, raw::Ptr{RawAval}, length(raw)::Csize_t,
            out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    end
    return Program(out[])
end

"""
    trace(f, arguments...)

The program that a function is for such arguments, of flat lists of arrays. Nothing is computed.
"""
function trace(f, positional...)
    given = Given(positional, (;))
    return program_of(traced(f, given.def)[1], given.leaves)
end

const DIALECTS = Dict(:jaxpr => 1, :stablehlo => 2, :llvm => 3, :kernel => 5, :name_stacks => 6, :graph => 7)

"""
    program_text(program, dialect = :jaxpr)

A program as text: `:jaxpr`, `:name_stacks`, `:stablehlo`, `:kernel`, `:llvm` or `:graph`.
"""
function program_text(program::Program, dialect::Symbol = :jaxpr)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    number = UInt32(DIALECTS[dialect])
    check_error(@c jaxrs_program_text(program::Ptr{Cvoid}, number::UInt32, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return bytes_text(out[])
end

Base.show(io::IO, program::Program) = print(io, program_text(program))

"""
    make_jaxpr(f)(arguments...)

The program that a function is for such arguments.
"""
make_jaxpr(f) = (positional...) -> trace(f, positional...)

"Calls a program with arrays; gives a tuple of arrays."
function (program::Program)(positional...)
    fn = made(out -> @c jaxrs_fn_from_program(program::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return (call(fn, Given(positional, (;)).leaves)...,)
end

"A compiled program: called with arrays of exactly the types that it was compiled for, it gives a tuple of arrays."
mutable struct Executable
    handle::Ptr{Cvoid}
    Executable(handle::Ptr{Cvoid}) = finalizer(release, new(handle))
end

release(x::Executable) = (@c jaxrs_exec_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)
Base.unsafe_convert(::Type{Ptr{Cvoid}}, x::Executable) = x.handle

"Compiles a program, now."
function compile(program::Program)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(@c jaxrs_compile(program::Ptr{Cvoid}, C_NULL::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Executable(out[])
end

function (executable::Executable)(positional...)
    arrays = Given(positional, (;)).leaves
    list = handles(arrays)
    return (collected() do results
        GC.@preserve arrays @c jaxrs_exec_call(executable::Ptr{Cvoid}, list::Ptr{Ptr{Cvoid}}, length(list)::Csize_t,
            results::Ptr{Cvoid})::Ptr{Cvoid}
    end...,)
end

"""
    save(path, program; format = :jaxrs, vjp_order = 0)
    save(program; format = :jaxrs, vjp_order = 0)
    save(path, executable)
    save(executable)

Writes a program, with the values of its constants, to a file, or gives the bytes of one: it depends on neither machine nor language,
and later versions of the library read it. With the format `:stablehlo` it is one for JAX, XLA and others, with `:jax_export` one for
`jax.export.deserialize`, which JAX can differentiate in reverse mode `vjp_order` times. What [`compile`](@ref) gives
is saved with its machine code, for this version of the library and this kind of processor only.
"""
save(path::AbstractString, program::Union{Program,Executable}; format...) = (write(path, save(program; format...)); nothing)
function save(program::Program; format::Symbol = :jaxrs, vjp_order::Integer = 0)
    format in (:jaxrs, :stablehlo, :jax_export) ||
        throw(JaxrsError(:invalid_argument, "a program is saved as :jaxrs, :stablehlo or :jax_export, not as $format"))
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(format === :jaxrs ? (@c jaxrs_program_save(program::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}) :
        format === :stablehlo ? (@c jaxrs_program_export(program::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}) :
        (@c jaxrs_program_export_jax(program::Ptr{Cvoid}, vjp_order::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}))
    return take_bytes(out[])
end

function save(executable::Executable)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check_error(@c jaxrs_exec_save(executable::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return take_bytes(out[])
end

"""
    load(path, arguments...)
    load(bytes, arguments...)

Reads a program that was saved, or that JAX or another front end exported: StableHLO, or a file of `jax.export`. One that takes arrays
of any size becomes one for such arguments, which are arrays or types (`aval(Float32, 3)`).
"""
load(path::AbstractString, arguments...) = load(read(path), arguments...)
function load(bytes::Vector{UInt8}, arguments...)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    context = current_scope().context
    isempty(arguments) || return with_avals(Aval[x isa Aval ? x : aval(x) for x in arguments]) do raw
        check_error(@c jaxrs_program_load_at(context::Ptr{Cvoid}, bytes::Ptr{UInt8}, length(bytes)::Csize_t, raw::Ptr{RawAval},
            length(raw)::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
        return Program(out[])
    end
    check_error(@c jaxrs_program_load(context::Ptr{Cvoid}, bytes::Ptr{UInt8}, length(bytes)::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Program(out[])
end

"""
    load_executable(path)
    load_executable(bytes)

Reads a compiled program that was saved, without compiling it again. It is run as it is: it has to come from where programs are trusted.
"""
load_executable(path::AbstractString) = load_executable(read(path))
function load_executable(bytes::Vector{UInt8})
    out = Ref{Ptr{Cvoid}}(C_NULL)
    context = current_scope().context
    check_error(@c jaxrs_exec_load(context::Ptr{Cvoid}, bytes::Ptr{UInt8}, length(bytes)::Csize_t, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    return Executable(out[])
end
