# Errors of the library, and exceptions of callbacks on their way through it.

const CODES = (:ok, :invalid_argument, :shape, :dtype, :tracer_escaped, :tracer_scope, :concretization, :callback, :unimplemented,
    :out_of_memory, :compile, :device, :io, :incompatible, :cancelled, :forked, :would_deadlock, :internal, :check)

"""
What went wrong in the library: `code` says of what kind it is (`:shape`, `:dtype`, `:tracer_escaped`, `:concretization`, ...),
`message` is one sentence, and `detail` also has what the error passed on its way.
"""
struct JaxrsError <: Exception
    code::Symbol
    message::String
    detail::String
end

JaxrsError(code::Symbol, message::AbstractString) = JaxrsError(code, message, message)

Base.showerror(io::IO, e::JaxrsError) = print(io, "JaxrsError(", repr(e.code), "): ", e.message)

"What a callback threw, as long as an error of the library carries it."
mutable struct Failure
    captured::CapturedException
    key::Ptr{Cvoid}
end

@static if isdefined(Base, :current_exceptions)
    exceptions() = [entry.exception for entry in Base.current_exceptions()]
else
    exceptions() = [exception for (exception, _) in Base.catch_stack()]
end

"The exception that is being handled, with where it was thrown first, also where calls of the library lie between."
function captured(@nospecialize(exception))
    for cause in reverse(exceptions())
        cause isa CapturedException && cause.ex === exception && return cause
    end
    return CapturedException(exception, catch_backtrace())
end

# Objects that the library holds: functions and failures, by their addresses. Finalizers never take the lock.
const HELD = Dict{Ptr{Cvoid},Any}()
const FAILURES = Dict{Ptr{Cvoid},Failure}()
const HELD_LOCK = Threads.SpinLock()

hold(object) = lock(HELD_LOCK) do
    address = pointer_from_objref(object)
    HELD[address] = object
    return address
end

function let_go(address::Ptr{Cvoid})
    lock(HELD_LOCK) do
        object = pop!(HELD, address, nothing)
        object isa Failure && delete!(FAILURES, object.key)
    end
end

text(pointer::Ptr{UInt8}) = unsafe_string(pointer)

"Throws what an error of the library stands for; nothing for NULL."
check_error(e::Ptr{Cvoid}) = e == C_NULL ? nothing : raise(e)

@noinline function raise(e::Ptr{Cvoid})
    payload = @c jaxrs_error_payload(e::Ptr{Cvoid}, TAG[]::Ptr{Cvoid})::Ptr{Cvoid}
    failure = lock(() -> get(FAILURES, payload, nothing), HELD_LOCK)
    exception = failure === nothing ? read_error(e) : failure.captured.ex
    @c jaxrs_error_release(e::Ptr{Cvoid})::Cvoid
    failure === nothing && throw(exception)
    # The same object, on top of where it was thrown first, so that both backtraces are shown.
    try
        throw(failure.captured)
    catch
        throw(exception)
    end
end

function read_error(e::Ptr{Cvoid})
    code = @c jaxrs_error_code(e::Ptr{Cvoid})::UInt32
    message = text(@c jaxrs_error_message(e::Ptr{Cvoid}, C_NULL::Ptr{Csize_t})::Ptr{UInt8})
    detail = text(@c jaxrs_error_detail(e::Ptr{Cvoid}, C_NULL::Ptr{Csize_t})::Ptr{UInt8})
    return JaxrsError(code < length(CODES) ? CODES[code+1] : :internal, message, detail)
end

# An address that nobody else uses.
const TAG_OBJECT = Ref(0)
const TAG = Ref{Ptr{Cvoid}}(C_NULL)

"An error of the library that carries an exception. It holds a function of the library, whose end tells that of the error."
function error_with(@nospecialize(exception), context)
    failure = Failure(captured(exception), C_NULL)
    message = sprint(showerror, exception)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    address = hold(failure)
    problem = @c jaxrs_fn_new(context::Ptr{Cvoid}, "failure"::Ptr{UInt8}, 7::Csize_t, TRACE[]::Ptr{Cvoid}, address::Ptr{Cvoid},
        DROP[]::Ptr{Cvoid}, C_NULL::Ptr{Cvoid}, out::Ptr{Ptr{Cvoid}})::Ptr{Cvoid}
    problem == C_NULL || return problem
    failure.key = out[]
    lock(() -> FAILURES[failure.key] = failure, HELD_LOCK)
    return @c jaxrs_error_new_with_payload(7::UInt32, message::Ptr{UInt8}, sizeof(message)::Csize_t, TAG[]::Ptr{Cvoid},
        failure.key::Ptr{Cvoid}, address_of_release()::Ptr{Cvoid})::Ptr{Cvoid}
end

address_of_release() = address(:jaxrs_fn_release)
