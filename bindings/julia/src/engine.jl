"What is written by hand: handles, tracing, trees, transforms, and what Base's functions mean on arrays."
module Engine

using Libdl, LinearAlgebra, Statistics

include("library.jl")

"The element type of keys of a generator, which is `:fry`, `:rbg`, ... as JAX prints it."
struct Key{generator} end

include("dtypes.jl")
include("errors.jl")
include("context.jl")
include("arrays.jl")
include("operation.jl")
include("elements.jl")
include("elementwise.jl")
include("indexing.jl")
include("reductions.jl")
include("linear.jl")
include("trees.jl")
include("functions.jl")
include("transforms.jl")
include("rules.jl")
include("control.jl")
include("ode.jl")
include("host.jl")
include("programs.jl")
include("sharing.jl")

# Addresses are those of this process, so that they are found when the package is loaded.
function __init__()
    TAG[] = pointer_from_objref(TAG_OBJECT)
    TRACE[] = @cfunction(trace_callback, Ptr{Cvoid}, (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{Cvoid}}, Csize_t, Ptr{Cvoid}))
    HOST[] = @cfunction(host_callback, Ptr{Cvoid}, (Ptr{Cvoid}, Ptr{HostBuffer}, Csize_t, Ptr{HostBuffer}, Csize_t))
    # Is never called, as drops are polled, but says that there is something to drop.
    DROP[] = @cfunction(dropped, Cvoid, (Ptr{Cvoid},))
end

# The paths that every program takes, so that the first gradient waits less for Julia's compiler.
precompile(apply_all, (String, Vector{Any}, Vector{Pair{String,Any}}))
precompile(run_operation, (Operation, Vector{Any}, Vector{Pair{Symbol,Any}}))
precompile(trace_callback, (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{Cvoid}}, Csize_t, Ptr{Cvoid}))
precompile(run_transformed, (Transformed, Given))
precompile(elementwise, (Any, Vector{Any}))
precompile(index_with, (JArray, Tuple))
precompile(default_scope, ())
precompile(from_memory, (Array, UInt32))
precompile(to_memory, (JArray,))

end
