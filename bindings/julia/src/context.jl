# Contexts and scopes.

"""
    Context(; num_threads = 0, num_devices = 0, flags = 0, cache_dir = nothing)

An engine with its threads, caches and settings. There is a default one; `within(f, context)` runs `f` in another.
"""
mutable struct Context
    handle::Ptr{Cvoid}
    Context(handle::Ptr{Cvoid}) = finalizer(release, new(handle))
end

"Where operations go: they run at once, or are traced."
mutable struct Scope
    handle::Ptr{Cvoid}
    context::Context
    Scope(handle::Ptr{Cvoid}, context::Context) = finalizer(release, new(handle, context))
end

release(x::Context) = (@c jaxrs_context_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)
release(x::Scope) = (@c jaxrs_scope_release(x.handle::Ptr{Cvoid})::Cvoid; x.handle = C_NULL; nothing)

Base.unsafe_convert(::Type{Ptr{Cvoid}}, x::Union{Context,Scope}) = x.handle
Base.show(io::IO, ::Context) = print(io, "Context()")
Base.show(io::IO, ::Scope) = print(io, "Scope()")

# jaxrs_context_options
struct ContextOptions
    struct_size::UInt32
    flags::UInt32
    num_threads::UInt32
    log_level::UInt32
    log::Ptr{Cvoid}
    log_userdata::Ptr{Cvoid}
    log_drop::Ptr{Cvoid}
    soft_memory_limit::UInt64
    memory_pressure::Ptr{Cvoid}
    memory_pressure_userdata::Ptr{Cvoid}
    cache_dir::Ptr{UInt8}
    cache_dir_len::Csize_t
    num_devices::UInt32
end

# Destructors are polled: the library never runs code of Julia on a thread of its own.
const POLLED_DROPS = UInt32(1)

function Context(; num_threads = 0, num_devices = 0, flags = 0, cache_dir = nothing, abi_version = ABI_VERSION)
    folder = cache_dir === nothing ? "" : String(cache_dir)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    GC.@preserve folder begin
        options = Ref(ContextOptions(sizeof(ContextOptions), UInt32(flags) | POLLED_DROPS, num_threads, 0, C_NULL, C_NULL, C_NULL, 0,
            C_NULL, C_NULL, isempty(folder) ? C_NULL : pointer(folder), sizeof(folder), num_devices))
        e = @c jaxrs_context_create(abi_version::UInt32, options::Ptr{ContextOptions}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
        if e != C_NULL
            error = read_error(e)
            @c jaxrs_error_release(e::Ptr{Cvoid})::Cvoid
            throw(JaxrsError(error.code, "$(error.message) (loaded from $(dlpath(LIBRARY[])))", error.detail))
        end
    end
    return Context(out[])
end

const DEFAULT = Ref{Union{Nothing,Scope}}(nothing)
const DEFAULT_LOCK = ReentrantLock()

root_scope(context::Context) =
    Scope(@c(jaxrs_scope_retain(@c(jaxrs_context_scope(context::Ptr{Cvoid})::Ptr{Cvoid})::Ptr{Cvoid})::Ptr{Cvoid}), context)

function default_scope()
    scope = DEFAULT[]
    scope === nothing || return scope
    return lock(() -> something(DEFAULT[], init()), DEFAULT_LOCK)
end

"""
    init(; options...)

Makes the default context, with the options of [`Context`](@ref). It is made without options where there is none when it is needed.
"""
init(; options...) = DEFAULT[] = root_scope(Context(; options...))

default_context() = default_scope().context

# The current scope belongs to a task. From Julia 1.11 on tasks inherit it from the one that started them; before, operations of a
# task without a scope go where their operands are from.
@static if isdefined(Base, :ScopedValues)
    const CURRENT = Base.ScopedValues.ScopedValue{Union{Nothing,Scope}}(nothing)
    own_scope() = CURRENT[]
    within(f, scope::Scope) = Base.ScopedValues.with(f, CURRENT => scope)
else
    own_scope() = get(task_local_storage(), :jaxrs_scope, nothing)::Union{Nothing,Scope}
    within(f, scope::Scope) = task_local_storage(f, :jaxrs_scope, scope)
end

"""
    within(f, scope)
    within(f, context)

Runs `f` with a scope, or that of a context, as the current one: in a task that a traced function starts, with the one that
`current_scope()` gave in the function.
"""
within(f, context::Context) = within(f, root_scope(context))

"Where operations of this task go."
current_scope() = something(own_scope(), default_scope())

# jaxrs_scope_config
struct ScopeConfig
    struct_size::UInt32
    set_mask::UInt32
    device::Ptr{Cvoid}
    default_float::UInt32
    matmul_precision::UInt32
    prng_impl::UInt32
    name::Ptr{UInt8}
    name_len::Csize_t
    debug_flags::UInt32
    dtype_promotion::UInt32
    rank_promotion::UInt32
    threefry_partitionable::UInt32
end

function derived(scope::Scope; mask, default_float = 0, name = "", debug_flags = 0)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    GC.@preserve name begin
        config = Ref(ScopeConfig(sizeof(ScopeConfig), mask, C_NULL, default_float, 0, 0, pointer(name), sizeof(name), debug_flags, 0, 0, 0))
        check_error(@c jaxrs_scope_with(scope::Ptr{Cvoid}, config::Ptr{ScopeConfig}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid})
    end
    return Scope(out[], scope.context)
end

"""
    with_default_float(f, T)

Runs `f` where numbers without a stated type have the width of `T`, `Float32` (as otherwise) or `Float64`.
"""
with_default_float(f, T::Type) = within(f, derived(current_scope(); mask = 2, default_float = dtype_code(T)))

"Runs `f` where a NaN that an operation gives is an error that names it."
debug_nans(f) = within(f, derived(current_scope(); mask = 32, debug_flags = 2))

"Runs `f` where operations have a further name, which programs show with their name stacks."
named_scope(f, name) = within(f, derived(current_scope(); mask = 16, name = String(name)))

const STATS = (:bytes_in_use, :peak_bytes, :live_arrays, :live_tracers, :live_fns, :live_errors, :traces, :compiles, :compile_ns, :cache_hits)

"What a context has counted, without what has been dropped but not yet found by the garbage collector."
function stats(context::Context = default_context())
    collect_drops(context)
    out = Ref((UInt64(sizeof(UInt64) * (1 + length(STATS))), ntuple(_ -> UInt64(0), length(STATS))...))
    check_error(@c jaxrs_context_stats(context::Ptr{Cvoid}, out::Ptr{Cvoid})::Ptr{Cvoid})
    return NamedTuple{STATS}(Base.tail(out[]))
end

"Lets go of functions that the library does not need any more."
function collect_drops(context::Context)
    finished = Vector{Ptr{Cvoid}}(undef, 16)
    while true
        n = @c jaxrs_context_poll_drops(context::Ptr{Cvoid}, finished::Ptr{Ptr{Cvoid}}, 16::Csize_t)::Csize_t
        foreach(let_go, view(finished, 1:Int(n)))
        n < 16 && return
    end
end

"The version of the library that is loaded."
version() = text(@c jaxrs_version_string()::Ptr{UInt8})
