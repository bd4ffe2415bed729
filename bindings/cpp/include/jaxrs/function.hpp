// Functions of the caller's as functions of the library.
#pragma once
#include <functional>
#include <mutex>

#include <jaxrs/operators.hpp>
#include <jaxrs/tree.hpp>

namespace jaxrs {
namespace detail {

/// A function of the library.
class Fn {
public:
    Fn() = default;
    explicit Fn(jaxrs_fn* handle) : handle_(handle, jaxrs_fn_release) {}
    jaxrs_fn* get() const { return handle_.get(); }

    /// Calls it where this thread's operations go.
    std::vector<Array> operator()(Arrays arguments) const {
        std::vector<jaxrs_array*> raw = handles(arguments);
        Where where(raw.data(), raw.size());
        Results results;
        check(jaxrs_fn_call(get(), where.scope(), raw.data(), raw.size(), results.get()));
        return results.take();
    }

private:
    std::shared_ptr<jaxrs_fn> handle_;
};

/// Code of the caller's, called by the library with flat lists.
struct Callback {
    virtual ~Callback() = default;
    virtual void call(Arrays arguments, jaxrs_results* results) = 0;

    std::weak_ptr<Engine> engine;
};

inline jaxrs_error* run_callback(void* userdata, jaxrs_scope* scope, jaxrs_array* const* arguments, std::size_t n,
                                 jaxrs_results* results) noexcept {
    try {
        auto& callback = *static_cast<Callback*>(userdata);
        std::shared_ptr<Engine> engine = callback.engine.lock();
        if (!engine) throw Error(Code::invalid_argument, "a function is called after its context is gone");
        Enter enter(std::move(engine), scope);
        std::vector<Array> arrays(n);
        for (std::size_t i = 0; i < n; ++i) arrays[i] = Array::adopt(jaxrs_array_retain(arguments[i]));
        callback.call(arrays, results);
        return nullptr;
    } catch (...) {
        return caught();
    }
}

inline Fn make_fn(std::unique_ptr<Callback> callback, std::string_view name = "function") {
    Engine& engine = engine_here();
    callback->engine = engine.weak_from_this();
    auto drop = [](void* userdata) { delete static_cast<Callback*>(userdata); };
    jaxrs_fn* out = nullptr;
    check(jaxrs_fn_new(engine.handle, name.data(), name.size(), run_callback, callback.release(), drop, nullptr, &out));
    return Fn(out);
}

/// A tree whose structure is known once a function was traced.
template <class T>
class Record {
public:
    void set(const T& tree) {
        T like = cleared(tree);
        std::lock_guard<std::mutex> lock(mutex_);
        like_ = std::move(like);
    }
    T with(Arrays leaves) const {
        std::optional<T> tree = like();
        if (!tree) throw Error(Code::internal, "the function has not been traced");
        return tree_unflatten(*std::move(tree), leaves);
    }
    /// Empty before the function was traced.
    std::optional<T> like() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return like_;
    }

private:
    mutable std::mutex mutex_;
    std::optional<T> like_;
};

/// What a traced function is given for an argument: numbers become arrays.
template <class A>
using Argument = std::conditional_t<std::is_arithmetic_v<std::decay_t<A>>, Array, std::decay_t<A>>;

template <class F, class... A>
using Result = std::decay_t<std::invoke_result_t<F&, A&...>>;

template <class F, class In>
struct ResultOf;
template <class F, class... A>
struct ResultOf<F, std::tuple<A...>> {
    using type = Result<F, A...>;
};

/// `f` of a tuple of arguments.
template <class F, class In>
struct Body final : Callback {
    using Out = typename ResultOf<F, In>::type;
    static_assert(!std::is_void_v<Out>, "a traced function gives a tree of arrays");

    Body(F function, const In& arguments, std::shared_ptr<Record<Out>> out)
        : f(std::move(function)), like(cleared(arguments)), record(std::move(out)) {}

    void call(Arrays leaves, jaxrs_results* results) override {
        In arguments = tree_unflatten(like, leaves);
        Out out = std::apply(f, arguments);
        record->set(out);
        for (const Array& leaf : tree_leaves(out)) check(jaxrs_results_push(results, leaf.get()));
    }

    F f;
    In like;
    std::shared_ptr<Record<Out>> record;
};

/// `f` as a function of the library for arguments of one structure, and the structure of its results.
template <class F, class In>
struct Traced {
    using Out = typename ResultOf<F, In>::type;

    Traced(const F& f, const In& arguments) : record(std::make_shared<Record<Out>>()) {
        fn = make_fn(std::make_unique<Body<F, In>>(f, arguments, record));
    }

    std::shared_ptr<Record<Out>> record;
    Fn fn;
};

/// Where the leaves of each argument begin, and where the last ones end.
template <class... A>
std::array<std::uint32_t, sizeof...(A) + 1> offsets(const std::tuple<A...>& arguments) {
    std::array<std::uint32_t, sizeof...(A) + 1> out{};
    std::size_t i = 0;
    auto add = [&](const auto& argument) {
        Count count;
        visit(argument, count);
        out[i + 1] = out[i] + static_cast<std::uint32_t>(count.leaves);
        ++i;
    };
    std::apply([&](const auto&... argument) { (add(argument), ...); }, arguments);
    return out;
}

} // namespace detail
} // namespace jaxrs
