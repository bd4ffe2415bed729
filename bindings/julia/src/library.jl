# The library, and calls of its functions.

const LIBRARY = Ref{Ptr{Cvoid}}(C_NULL)
const ABI_VERSION = UInt32(1)

"Where the library is looked for: `JAXRS_LIBRARY`, or what the system finds under its name."
library_path() = get(ENV, "JAXRS_LIBRARY", Sys.isapple() ? "libjaxrs.dylib" : "libjaxrs.so.0.1")

"The address of a function of the library, which is loaded when the first one is needed."
function address(name::Symbol)
    if LIBRARY[] == C_NULL
        path = library_path()
        # Local: names of other libraries in the process neither hide ours nor are hidden.
        handle = dlopen(path, RTLD_LOCAL | RTLD_NOW | RTLD_NODELETE; throw_error = false)
        handle === nothing &&
            error("jaxrs is not found as $path: install it, and set JAXRS_LIBRARY to the path of the library")
        LIBRARY[] = handle
    end
    return dlsym(LIBRARY[], name)
end

"""
    @c name(argument::Type, ...)::Type

Calls a function of the library; its address is looked up once.
"""
macro c(call)
    signature, returns = call.args
    name, arguments = signature.args[1], signature.args[2:end]
    # A global for each place of a call: there are fewer places than ways to share one that survive precompilation.
    slot = gensym(name)
    Core.eval(__module__, :(const $slot = Ref{Ptr{Cvoid}}(C_NULL)))
    types = Expr(:tuple, (esc(x.args[2]) for x in arguments)...)
    values = (esc(x.args[1]) for x in arguments)
    found = esc(:($slot[] == C_NULL ? ($slot[] = $address($(QuoteNode(name)))) : $slot[]))
    return :(ccall($found, $(esc(returns)), $types, $(values...)))
end
