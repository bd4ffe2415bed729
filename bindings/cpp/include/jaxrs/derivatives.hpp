// Derivatives: from functions to functions, of trees.
#pragma once
#include <jaxrs/function.hpp>

namespace jaxrs {

/// Says that a function gives a pair: its value, and something that is only passed on.
struct HasAux {};
inline constexpr HasAux has_aux{};

namespace detail {

using DiffTransform = jaxrs_error* (*)(jaxrs_fn*, const jaxrs_diff_options*, jaxrs_fn**);

/// The leaves of the arguments `I`.
template <std::size_t... I, class In>
std::vector<std::uint32_t> leaf_numbers(const In& in) {
    auto offset = offsets(in);
    std::vector<std::uint32_t> numbers;
    auto add = [&](std::size_t i) {
        for (std::uint32_t leaf = offset[i]; leaf < offset[i + 1]; ++leaf) numbers.push_back(leaf);
    };
    (add(I), ...);
    return numbers;
}

inline Fn differentiated(DiffTransform transform, const Fn& f, const std::vector<std::uint32_t>& leaves, std::size_t n_aux) {
    jaxrs_diff_options options = JAXRS_DIFF_OPTIONS_INIT;
    options.argnums = leaves.data(), options.n_argnums = leaves.size(), options.n_aux = n_aux;
    jaxrs_fn* out = nullptr;
    check(transform(f.get(), &options, &out));
    return Fn(out);
}

/// Trees like the arguments `I`, of which there may be one.
template <std::size_t... I, class In>
auto like_arguments(const In& in, const std::vector<Array>& leaves, std::size_t from) {
    std::tuple<std::tuple_element_t<I, In>...> like{std::get<I>(in)...};
    like = tree_unflatten(std::move(like), Arrays(leaves.data() + from, leaves.size() - from));
    if constexpr (sizeof...(I) == 1) return std::get<0>(std::move(like));
    else return like;
}

template <class T>
struct SecondOf;
template <class A, class B>
struct SecondOf<std::pair<A, B>> { using type = B; };
template <class A, class B>
struct SecondOf<std::tuple<A, B>> { using type = B; };

template <bool with_value, bool aux, class F, std::size_t... I>
class Gradient {
public:
    explicit Gradient(F f) : f_(std::move(f)) {}

    template <class... A>
    auto operator()(const A&... arguments) const {
        using In = std::tuple<Argument<A>...>;
        In in(arguments...);
        Traced<F, In> traced(f_, in);
        using Out = typename Traced<F, In>::Out;
        std::size_t n_aux = 0;
        if constexpr (aux) n_aux = leaves_of<typename SecondOf<Out>::type>("has_aux");
        Fn fn = differentiated(with_value ? jaxrs_value_and_grad : jaxrs_grad, traced.fn, leaf_numbers<I...>(in), n_aux);
        std::vector<Array> results = fn(tree_leaves(in));
        if constexpr (with_value) {
            auto gradient = like_arguments<I...>(in, results, 1 + n_aux);
            return std::tuple<Out, decltype(gradient)>(traced.record->with(Arrays(results.data(), 1 + n_aux)), gradient);
        } else if constexpr (aux) {
            // Gradients first, then what is passed on.
            std::size_t n = results.size() - n_aux;
            std::vector<Array> gradients(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(n));
            auto gradient = like_arguments<I...>(in, gradients, 0);
            std::vector<Array> out{Array()};
            out.insert(out.end(), results.begin() + static_cast<std::ptrdiff_t>(n), results.end());
            auto second = std::get<1>(traced.record->with(out));
            return std::tuple<decltype(gradient), decltype(second)>(gradient, second);
        } else {
            return like_arguments<I...>(in, results, 0);
        }
    }

private:
    F f_;
};

/// Jacobians of a function whose result is one array, and Hessians.
template <class F, std::size_t I>
class Jacobian {
public:
    Jacobian(DiffTransform transform, F f) : transform_(transform), f_(std::move(f)) {}

    template <class... A>
    auto operator()(const A&... arguments) const {
        using In = std::tuple<Argument<A>...>;
        In in(arguments...);
        Traced<F, In> traced(f_, in);
        static_assert(std::is_same_v<typename Traced<F, In>::Out, Array>, "the function gives one array");
        if (transform_ == jaxrs_hessian && leaf_numbers<I>(in).size() != 1) {
            throw Error(Code::invalid_argument, "hessian needs an argument that is one array");
        }
        Fn fn = differentiated(transform_, traced.fn, leaf_numbers<I>(in), 0);
        return like_arguments<I>(in, fn(tree_leaves(in)), 0);
    }

private:
    DiffTransform transform_;
    F f_;
};

} // namespace detail

/// The gradient of a function with one real scalar result, by the arguments `I` (the first): a tree like the argument,
/// or a tuple of them.
template <std::size_t... I, class F>
auto grad(F f) {
    if constexpr (sizeof...(I) == 0) return detail::Gradient<false, false, F, 0>(std::move(f));
    else return detail::Gradient<false, false, F, I...>(std::move(f));
}

/// (gradient, what is passed on), of a function that gives a pair.
template <std::size_t... I, class F>
auto grad(F f, HasAux) {
    if constexpr (sizeof...(I) == 0) return detail::Gradient<false, true, F, 0>(std::move(f));
    else return detail::Gradient<false, true, F, I...>(std::move(f));
}

/// (value, gradient), as grad.
template <std::size_t... I, class F>
auto value_and_grad(F f) {
    if constexpr (sizeof...(I) == 0) return detail::Gradient<true, false, F, 0>(std::move(f));
    else return detail::Gradient<true, false, F, I...>(std::move(f));
}

/// ((value, what is passed on), gradient), of a function that gives a pair.
template <std::size_t... I, class F>
auto value_and_grad(F f, HasAux) {
    if constexpr (sizeof...(I) == 0) return detail::Gradient<true, true, F, 0>(std::move(f));
    else return detail::Gradient<true, true, F, I...>(std::move(f));
}

/// The Jacobian of a function that gives one array, by forward mode: a tree like argument `I` whose arrays have the
/// axes of the result, then their own.
template <std::size_t I = 0, class F>
auto jacfwd(F f) { return detail::Jacobian<F, I>(jaxrs_jacfwd, std::move(f)); }

/// As jacfwd, by reverse mode.
template <std::size_t I = 0, class F>
auto jacrev(F f) { return detail::Jacobian<F, I>(jaxrs_jacrev, std::move(f)); }

/// Second derivatives of a function of one array.
template <std::size_t I = 0, class F>
auto hessian(F f) { return detail::Jacobian<F, I>(jaxrs_hessian, std::move(f)); }

/// Value and tangent of `f` at `primals` along `tangents`, which are tuples of its arguments.
template <class F, class... A>
auto jvp(const F& f, const std::tuple<A...>& primals, const std::tuple<A...>& tangents) {
    using In = std::tuple<A...>;
    detail::Traced<F, In> traced(f, primals);
    jaxrs_fn* out = nullptr;
    detail::check(jaxrs_jvp(traced.fn.get(), &out));
    std::vector<Array> results = detail::Fn(out)(tree_leaves(std::pair(primals, tangents)));
    std::size_t n = results.size() / 2;
    return std::pair(traced.record->with(Arrays(results.data(), n)), traced.record->with(Arrays(results.data() + n, n)));
}

/// The value of `f` and its pullback, from cotangents like the value to a tuple of cotangents like the arguments.
template <class F, class... A>
auto vjp(const F& f, const A&... arguments) {
    using In = std::tuple<detail::Argument<A>...>;
    In in(arguments...);
    detail::Traced<F, In> traced(f, in);
    std::vector<Array> leaves = tree_leaves(in);
    std::vector<jaxrs_array*> raw = detail::handles(leaves);
    detail::Where where(raw.data(), raw.size());
    detail::Results results;
    jaxrs_fn* out = nullptr;
    detail::check(jaxrs_vjp(traced.fn.get(), where.scope(), raw.data(), raw.size(), results.get(), &out));
    using Out = typename detail::Traced<F, In>::Out;
    auto pullback = [fn = detail::Fn(out), like = detail::cleared(in)](const Out& cotangents) {
        return tree_unflatten(like, fn(tree_leaves(cotangents)));
    };
    return std::pair(traced.record->with(results.take()), std::move(pullback));
}

/// The value of `f` and its pushforward, from tangents of the arguments to tangents of the value.
template <class F, class... A>
auto linearize(const F& f, const A&... arguments) {
    using In = std::tuple<detail::Argument<A>...>;
    In in(arguments...);
    detail::Traced<F, In> traced(f, in);
    std::vector<Array> leaves = tree_leaves(in);
    std::vector<jaxrs_array*> raw = detail::handles(leaves);
    detail::Where where(raw.data(), raw.size());
    detail::Results results;
    jaxrs_fn* out = nullptr;
    detail::check(jaxrs_linearize(traced.fn.get(), where.scope(), raw.data(), raw.size(), results.get(), &out));
    auto pushforward = [fn = detail::Fn(out), record = traced.record](const detail::Argument<A>&... tangents) {
        return record->with(fn(tree_leaves(std::tie(tangents...))));
    };
    return std::pair(traced.record->with(results.take()), std::move(pushforward));
}

} // namespace jaxrs
