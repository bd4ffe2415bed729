// Errors: exceptions that carry the library's error, and the way of a caller's exceptions through it.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <jaxrs/jaxrs.h>

namespace jaxrs {

/// What kind of error it is.
enum class Code : jaxrs_code {
    ok = JAXRS_OK,
    invalid_argument = JAXRS_ERR_INVALID_ARGUMENT,
    shape = JAXRS_ERR_SHAPE,
    dtype = JAXRS_ERR_DTYPE,
    tracer_escaped = JAXRS_ERR_TRACER_ESCAPED,
    tracer_scope = JAXRS_ERR_TRACER_SCOPE,
    concretization = JAXRS_ERR_CONCRETIZATION,
    callback = JAXRS_ERR_CALLBACK,
    unimplemented = JAXRS_ERR_UNIMPLEMENTED,
    out_of_memory = JAXRS_ERR_OUT_OF_MEMORY,
    compile = JAXRS_ERR_COMPILE,
    device = JAXRS_ERR_DEVICE,
    io = JAXRS_ERR_IO,
    incompatible = JAXRS_ERR_INCOMPATIBLE,
    cancelled = JAXRS_ERR_CANCELLED,
    forked = JAXRS_ERR_FORKED,
    would_deadlock = JAXRS_ERR_WOULD_DEADLOCK,
    internal = JAXRS_ERR_INTERNAL,
    check = JAXRS_ERR_CHECK,
};

/// What went wrong. Copies share the library's error.
class Error : public std::exception {
public:
    /// Takes over an error of the library.
    explicit Error(jaxrs_error* error) : error_(error, jaxrs_error_release) {}

    Error(Code code, std::string_view message)
        : Error(jaxrs_error_new(static_cast<jaxrs_code>(code), message.data(), message.size())) {}

    /// One sentence: operation, what was needed, what came.
    const char* what() const noexcept override { return jaxrs_error_message(error_.get(), nullptr); }

    Code code() const noexcept { return static_cast<Code>(jaxrs_error_code(error_.get())); }

    /// The message, the code, and the operations and traces that the error passed.
    const char* detail() const noexcept { return jaxrs_error_detail(error_.get(), nullptr); }

private:
    std::shared_ptr<jaxrs_error> error_;
};

namespace detail {

/// Its address says that an error carries a std::exception_ptr of this binding.
inline const char exception_tag = 0;

[[noreturn]] inline void raise(jaxrs_error* error) {
    if (void* payload = jaxrs_error_payload(error, &exception_tag)) {
        std::exception_ptr exception = *static_cast<std::exception_ptr*>(payload);
        jaxrs_error_release(error);
        std::rethrow_exception(std::move(exception));
    }
    throw Error(error);
}

/// Throws what a call of the library gave, unless that is NULL.
inline void check(jaxrs_error* error) {
    if (error) raise(error);
}

inline jaxrs_error* carrying(Code code, std::string_view message, std::exception_ptr exception) {
    auto drop = [](void* payload) { delete static_cast<std::exception_ptr*>(payload); };
    auto* payload = new std::exception_ptr(std::move(exception));
    return jaxrs_error_new_with_payload(static_cast<jaxrs_code>(code), message.data(), message.size(), &exception_tag,
                                        payload, drop);
}

/// The exception that is being handled, as an error that brings it to the caller of the library unchanged.
inline jaxrs_error* caught() noexcept {
    std::exception_ptr exception = std::current_exception();
    try {
        throw;
    } catch (const Error& error) {
        return carrying(error.code(), error.what(), exception);
    } catch (const std::exception& error) {
        return carrying(Code::callback, error.what(), exception);
    } catch (...) {
        return carrying(Code::callback, "an exception that is no std::exception", exception);
    }
}

} // namespace detail
} // namespace jaxrs
