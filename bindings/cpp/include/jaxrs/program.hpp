// Programs: what functions are for arguments of given types, as text and compiled.
#pragma once
#include <jaxrs/function.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace jaxrs {

/// The type of an array.
struct Type {
    DType dtype = DType::f32;
    std::vector<std::int64_t> shape{};
    bool weak = false;
};

inline Type type_of(const Array& array) {
    return {array.dtype(), {array.shape().begin(), array.shape().end()}, array.is_weak()};
}

namespace detail {

/// The types as C has them; they borrow the shapes.
inline std::vector<jaxrs_aval> avals(Span<const Type> types) {
    std::vector<jaxrs_aval> avals;
    for (const Type& type : types) {
        avals.push_back({static_cast<jaxrs_dtype>(type.dtype), type.weak ? 1u : 0u, type.shape.size(), type.shape.data()});
    }
    return avals;
}

/// Bytes that the library gives away.
inline std::vector<std::byte> file(jaxrs_bytes* bytes) {
    std::unique_ptr<jaxrs_bytes, decltype(&jaxrs_bytes_release)> owned(bytes, jaxrs_bytes_release);
    auto first = static_cast<const std::byte*>(jaxrs_bytes_data(bytes));
    return {first, first + jaxrs_bytes_len(bytes)};
}

} // namespace detail

/// A compiled program.
class Executable {
public:
    explicit Executable(jaxrs_exec* handle) : handle_(handle, jaxrs_exec_release) {}

    /// What `save` gave, by this version of the library and for such a processor. It is run as it is: it has to come from
    /// where programs are trusted.
    static Executable load(Span<const std::byte> file) {
        jaxrs_exec* out = nullptr;
        detail::check(jaxrs_exec_load(detail::engine_here().handle, file.data(), file.size(), &out));
        return Executable(out);
    }
    /// The program with its machine code.
    std::vector<std::byte> save() const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_exec_save(handle_.get(), &bytes));
        return detail::file(bytes);
    }

    std::vector<Array> operator()(Arrays arguments) const {
        std::vector<jaxrs_array*> raw = detail::handles(arguments);
        detail::Results results;
        detail::check(jaxrs_exec_call(handle_.get(), raw.data(), raw.size(), results.get()));
        return results.take();
    }
    /// What one run computes and moves.
    jaxrs_cost cost() const {
        jaxrs_cost cost = JAXRS_COST_INIT;
        detail::check(jaxrs_exec_cost(handle_.get(), &cost));
        return cost;
    }
    /// The memory that one run takes.
    jaxrs_memory memory() const {
        jaxrs_memory memory = JAXRS_MEMORY_INIT;
        detail::check(jaxrs_exec_memory(handle_.get(), &memory));
        return memory;
    }

private:
    std::shared_ptr<jaxrs_exec> handle_;
};

/// A program: its arguments and results are flat.
class Program {
public:
    explicit Program(jaxrs_program* handle) : handle_(handle, jaxrs_program_release) {}

    /// A program that was saved, or that JAX exported: StableHLO as text or bytecode, or a file of jax.export.
    static Program load(Span<const std::byte> file) {
        jaxrs_program* out = nullptr;
        detail::check(jaxrs_program_load(detail::engine_here().handle, file.data(), file.size(), &out));
        return Program(out);
    }
    static Program load_file(std::string_view path) {
        jaxrs_program* out = nullptr;
        detail::check(jaxrs_program_load_file(detail::engine_here().handle, path.data(), path.size(), &out));
        return Program(out);
    }
    /// As `load`, for arguments of these types: a program that takes arrays of any size becomes one of these sizes.
    static Program load_at(Span<const std::byte> file, Span<const Type> types) {
        std::vector<jaxrs_aval> avals = detail::avals(types);
        jaxrs_program* out = nullptr;
        detail::check(jaxrs_program_load_at(detail::engine_here().handle, file.data(), file.size(), avals.data(), avals.size(), &out));
        return Program(out);
    }
    /// A file of jax.export, for jax.export.deserialize, which JAX can differentiate in reverse mode `vjp_order` times.
    std::vector<std::byte> export_jax(std::size_t vjp_order = 0) const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_program_export_jax(handle_.get(), vjp_order, &bytes));
        return detail::file(bytes);
    }
    /// The program's file: it depends on neither machine nor language, and later versions read it.
    std::vector<std::byte> save() const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_program_save(handle_.get(), &bytes));
        return detail::file(bytes);
    }
    void save_file(std::string_view path) const {
        detail::check(jaxrs_program_save_file(handle_.get(), path.data(), path.size()));
    }

    /// As text: JAXRS_TEXT_JAXPR, JAXRS_TEXT_KERNEL or JAXRS_TEXT_LLVM.
    std::string text(std::uint32_t dialect = JAXRS_TEXT_JAXPR) const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_program_text(handle_.get(), dialect, &bytes));
        return detail::text(bytes);
    }
    std::vector<Type> inputs() const { return types(jaxrs_program_n_inputs(handle_.get()), jaxrs_program_input); }
    std::vector<Type> outputs() const { return types(jaxrs_program_n_outputs(handle_.get()), jaxrs_program_output); }

    Executable compile() const {
        jaxrs_exec* out = nullptr;
        detail::check(jaxrs_compile(handle_.get(), nullptr, &out));
        return Executable(out);
    }
    /// Runs it where this thread's operations go.
    std::vector<Array> operator()(Arrays arguments) const {
        jaxrs_fn* out = nullptr;
        detail::check(jaxrs_fn_from_program(handle_.get(), &out));
        return detail::Fn(out)(arguments);
    }
    jaxrs_program* get() const { return handle_.get(); }

private:
    using Get = jaxrs_error* (*)(const jaxrs_program*, std::size_t, jaxrs_aval*);

    std::vector<Type> types(std::size_t n, Get read) const {
        std::vector<Type> types;
        for (std::size_t i = 0; i < n; ++i) {
            jaxrs_aval aval{};
            detail::check(read(handle_.get(), i, &aval));
            types.push_back({static_cast<DType>(aval.dtype), {aval.shape, aval.shape + aval.ndim}, aval.weak_type != 0});
        }
        return types;
    }

    std::shared_ptr<jaxrs_program> handle_;
};

/// The program that a function is for arguments of the types that it is given. Nothing is computed.
template <class F>
auto make_jaxpr(F f) {
    return [f = std::move(f)](const auto&... arguments) {
        using In = std::tuple<detail::Argument<decltype(arguments)>...>;
        In in(arguments...);
        detail::Traced<F, In> traced(f, in);
        std::vector<Type> types;
        for (const Array& leaf : tree_leaves(in)) types.push_back(type_of(leaf));
        std::vector<jaxrs_aval> avals = detail::avals(types);
        detail::engine_here();
        jaxrs_program* out = nullptr;
        detail::check(jaxrs_fn_trace(traced.fn.get(), detail::here.scope, avals.data(), avals.size(), &out));
        return Program(out);
    };
}

} // namespace jaxrs
