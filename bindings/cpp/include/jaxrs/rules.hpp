// Functions with derivatives of their own.
#pragma once
#include <jaxrs/function.hpp>

namespace jaxrs {
namespace detail {

template <class F, class Rule>
class CustomJvp {
public:
    CustomJvp(F f, Rule rule) : f_(std::move(f)), rule_(std::move(rule)) {}

    template <class... A>
    auto operator()(const A&... arguments) const {
        using In = std::tuple<Argument<A>...>;
        In in(arguments...);
        Traced<F, In> function(f_, in);
        Traced<Rule, std::tuple<In, In>> rule(rule_, {in, in});
        jaxrs_fn* out = nullptr;
        check(jaxrs_custom_jvp(function.fn.get(), rule.fn.get(), &out));
        std::vector<Array> results = Fn(out)(tree_leaves(in));
        // Under jvp the rule runs in the place of the function.
        if (function.record->like()) return function.record->with(results);
        auto like = rule.record->like();
        if (!like) throw Error(Code::internal, "neither the function nor its rule has been traced");
        return tree_unflatten(std::get<0>(*std::move(like)), results);
    }

private:
    F f_;
    Rule rule_;
};

/// (residuals..., cotangents...) to cotangents of the arguments.
template <class Bwd, class Forward>
struct Backward final : Callback {
    Backward(Bwd function, std::shared_ptr<Record<Forward>> forward) : f(std::move(function)), record(std::move(forward)) {}

    void call(Arrays leaves, jaxrs_results* results) override {
        std::optional<Forward> like = record->like();
        if (!like) throw Error(Code::internal, "the forward rule has not been traced");
        auto& [value, residuals] = *like;
        Count count;
        visit(residuals, count);
        auto res = tree_unflatten(residuals, Arrays(leaves.data(), count.leaves));
        auto ct = tree_unflatten(value, Arrays(leaves.data() + count.leaves, leaves.size() - count.leaves));
        for (const Array& leaf : tree_leaves(f(res, ct))) check(jaxrs_results_push(results, leaf.get()));
    }

    Bwd f;
    std::shared_ptr<Record<Forward>> record;
};

template <class F, class Fwd, class Bwd>
class CustomVjp {
public:
    CustomVjp(F f, Fwd fwd, Bwd bwd) : f_(std::move(f)), fwd_(std::move(fwd)), bwd_(std::move(bwd)) {}

    template <class... A>
    auto operator()(const A&... arguments) const {
        using In = std::tuple<Argument<A>...>;
        In in(arguments...);
        Traced<F, In> function(f_, in);
        Traced<Fwd, In> forward(fwd_, in);
        using Out = typename Traced<F, In>::Out;
        using Forward = typename Traced<Fwd, In>::Out;
        static_assert(std::is_same_v<std::tuple_element_t<0, Forward>, Out>, "the forward rule gives (value, residuals)");
        Fn backward = make_fn(std::make_unique<Backward<Bwd, Forward>>(bwd_, forward.record));
        jaxrs_fn* out = nullptr;
        check(jaxrs_custom_vjp(function.fn.get(), forward.fn.get(), backward.get(), leaves_of<Out>("custom_vjp"), &out));
        std::vector<Array> results = Fn(out)(tree_leaves(in));
        // Under reverse mode the forward rule runs in the place of the function.
        if (function.record->like()) return function.record->with(results);
        auto like = forward.record->like();
        if (!like) throw Error(Code::internal, "neither the function nor its forward rule has been traced");
        return tree_unflatten(std::get<0>(*std::move(like)), results);
    }

private:
    F f_;
    Fwd fwd_;
    Bwd bwd_;
};

} // namespace detail

/// `f` with a forward derivative of its own: `rule` takes a tuple of arguments and one of tangents, and gives
/// (value, tangent).
template <class F, class Rule>
auto custom_jvp(F f, Rule rule) { return detail::CustomJvp<F, Rule>(std::move(f), std::move(rule)); }

/// `f` with a reverse derivative of its own: `fwd` gives (value, residuals), and `bwd` takes residuals and cotangents of
/// the value to a tuple of cotangents of the arguments.
template <class F, class Fwd, class Bwd>
auto custom_vjp(F f, Fwd fwd, Bwd bwd) {
    return detail::CustomVjp<F, Fwd, Bwd>(std::move(f), std::move(fwd), std::move(bwd));
}

} // namespace jaxrs
