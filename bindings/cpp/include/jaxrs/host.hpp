// Host functions: the caller's code that programs call while they run; printing and checks.
#pragma once
#include <jaxrs/control.hpp>
#include <jaxrs/program.hpp>

namespace jaxrs {

/// Memory that a host function reads or writes, row-major.
class HostBuffer {
public:
    explicit HostBuffer(const jaxrs_host_buffer& buffer) : buffer_(buffer) {}

    DType dtype() const { return static_cast<DType>(buffer_.dtype); }
    Span<const std::int64_t> shape() const { return {buffer_.shape, buffer_.ndim}; }
    template <class T>
    Span<T> as() const {
        if (dtype_of<T> != dtype()) throw Error(Code::dtype, "a host function asks for a buffer as another element type");
        return {static_cast<T*>(buffer_.data), buffer_.nbytes / sizeof(T)};
    }

private:
    jaxrs_host_buffer buffer_;
};

/// Code of the caller's, for programs to call: by the thread that runs the program, and by several threads at once.
/// What it throws comes out of the call that ran the program.
class HostFunction {
public:
    using Body = std::function<void(Span<const HostBuffer> arguments, Span<const HostBuffer> results)>;

    HostFunction(std::string_view name, Body body) {
        auto drop = [](void* userdata) { delete static_cast<Body*>(userdata); };
        detail::Engine& engine = detail::engine_here();
        jaxrs_host* out = nullptr;
        detail::check(jaxrs_host_new(engine.handle, name.data(), name.size(), run, new Body(std::move(body)), drop, &out));
        handle_ = std::shared_ptr<jaxrs_host>(out, jaxrs_host_release);
    }
    jaxrs_host* get() const { return handle_.get(); }

private:
    static jaxrs_error* run(void* userdata, const jaxrs_host_buffer* arguments, std::size_t n_arguments,
                            const jaxrs_host_buffer* results, std::size_t n_results) noexcept {
        try {
            std::vector<HostBuffer> in(arguments, arguments + n_arguments), out(results, results + n_results);
            (*static_cast<Body*>(userdata))(in, out);
            return nullptr;
        } catch (...) {
            return detail::caught();
        }
    }

    std::shared_ptr<jaxrs_host> handle_;
};

/// Calls a host function that computes its results and does nothing else. `vmap_method` is one of JAXRS_VMAP_*.
inline std::vector<Array> pure_callback(const HostFunction& f, Span<const Type> results, Arrays arguments,
                                        std::uint32_t vmap_method = JAXRS_VMAP_NONE) {
    detail::Flat all(std::vector<Array>(arguments.begin(), arguments.end()));
    std::vector<jaxrs_aval> avals = detail::avals(results);
    return all.done(jaxrs_pure_callback(all.scope(), f.get(), all.data(), all.size(), avals.data(), avals.size(), vmap_method,
                                        all.results()));
}

/// Calls a host function that does something, exactly as often as the program says.
inline std::vector<Array> io_callback(const HostFunction& f, Span<const Type> results, Arrays arguments, bool ordered = false) {
    detail::Flat all(std::vector<Array>(arguments.begin(), arguments.end()));
    std::vector<jaxrs_aval> avals = detail::avals(results);
    return all.done(jaxrs_io_callback(all.scope(), f.get(), all.data(), all.size(), avals.data(), avals.size(), ordered ? 1 : 0,
                                      all.results()));
}

/// Lets a host function look at values; it has no results.
inline void debug_callback(const HostFunction& f, Arrays arguments, bool ordered = false) {
    detail::Flat all(std::vector<Array>(arguments.begin(), arguments.end()));
    detail::check(jaxrs_debug_callback(all.scope(), f.get(), all.data(), all.size(), ordered ? 1 : 0));
}

/// Prints values to the log of the context; `{}` in the format is the next one.
template <class... A>
void debug_print(std::string_view format, const A&... values) {
    std::tuple<detail::Argument<A>...> in(values...);
    detail::Flat all(in);
    detail::check(jaxrs_debug_print(all.scope(), format.data(), format.size(), nullptr, 0, all.data(), all.size(), 0));
}

/// Checks that a truth value holds; the format and values say what is wrong where it does not.
template <class... A>
void check(const Array& pred, std::string_view format, const A&... values) {
    std::tuple<Array, detail::Argument<A>...> in(pred, values...);
    detail::Flat all(in);
    detail::check(jaxrs_check(all.scope(), all.data()[0], format.data(), format.size(), nullptr, 0, all.data() + 1,
                              all.size() - 1, 0));
}

/// What a function made by checkify found.
struct CheckError {
    Array code, values;
    JAXRS_TREE(CheckError, code, values)

    /// Which check failed first; empty if none did.
    std::string message() const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_check_message(detail::engine_here().handle, code.get(), values.get(), &bytes));
        return bytes ? detail::text(bytes) : std::string();
    }
    /// Throws an Error of code Code::check unless all checks held.
    void raise() const { detail::check(jaxrs_check_throw(detail::engine_here().handle, code.get(), values.get())); }
};

/// The function that gives (error, result). `checks` are JAXRS_CHECK_USER, _NAN, _INDEX, _DIV, or several of them.
template <class F>
auto checkify(F f, std::uint32_t checks = JAXRS_CHECK_USER) {
    return [f = std::move(f), checks](const auto&... arguments) {
        using In = std::tuple<detail::Argument<decltype(arguments)>...>;
        In in(arguments...);
        detail::Traced<F, In> traced(f, in);
        jaxrs_fn* out = nullptr;
        detail::check(jaxrs_checkify(traced.fn.get(), checks, &out));
        std::vector<Array> results = detail::Fn(out)(tree_leaves(in));
        std::size_t n = results.size() - 2;
        CheckError error{results[n], results[n + 1]};
        return std::pair(std::move(error), traced.record->with(Arrays(results.data(), n)));
    };
}

} // namespace jaxrs
