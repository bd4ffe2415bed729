// Control flow in traced functions. Bodies may use arrays from around them.
#pragma once
#include <jaxrs/function.hpp>

namespace jaxrs {

struct ScanOptions {
    std::int64_t length = -1; ///< how many iterations, where nothing is scanned over
    bool reverse = false;
    std::uint32_t unroll = 0; ///< how many iterations become one; JAXRS_UNROLL_ALL for all
};

namespace detail {

/// Arguments of a call of the library, and where it happens.
class Flat {
public:
    template <class... T>
    explicit Flat(const T&... trees) : leaves_(tree_leaves(std::tie(trees...))), raw_(handles(leaves_)), where_(raw_.data(), raw_.size()) {}

    jaxrs_scope* scope() const { return where_.scope(); }
    jaxrs_array* const* data() const { return raw_.data(); }
    std::size_t size() const { return raw_.size(); }
    jaxrs_results* results() const { return results_.get(); }

    std::vector<Array> done(jaxrs_error* error) const {
        check(error);
        return results_.take();
    }

private:
    std::vector<Array> leaves_;
    std::vector<jaxrs_array*> raw_;
    Where where_;
    Results results_;
};

template <class T>
std::size_t count_leaves(const T& tree) {
    Count count;
    visit(tree, count);
    return count.leaves;
}

} // namespace detail

/// `on_true` or `on_false` of the arguments, by a scalar.
template <class T, class F, class... A>
auto cond(const Array& pred, const T& on_true, const F& on_false, const A&... arguments) {
    using In = std::tuple<detail::Argument<A>...>;
    In in(arguments...);
    detail::Traced<T, In> yes(on_true, in);
    detail::Traced<F, In> no(on_false, in);
    using Out = typename detail::Traced<T, In>::Out;
    static_assert(std::is_same_v<Out, typename detail::Traced<F, In>::Out>, "both branches give the same kind of tree");
    detail::Flat all(pred, in);
    std::vector<Array> out = all.done(jaxrs_cond(all.scope(), pred.get(), yes.fn.get(), no.fn.get(), all.data() + 1,
                                                 all.size() - 1, all.results()));
    // What runs at once runs one branch only.
    return yes.record->like() ? yes.record->with(out) : no.record->with(out);
}

/// One of several functions of the arguments, by an integer scalar, clamped.
template <class F, class... A>
auto switch_(const Array& index, const std::vector<F>& branches, const A&... arguments) {
    using In = std::tuple<detail::Argument<A>...>;
    In in(arguments...);
    std::vector<detail::Traced<F, In>> traced;
    std::vector<jaxrs_fn*> fns;
    for (const F& branch : branches) fns.push_back(traced.emplace_back(branch, in).fn.get());
    detail::Flat all(index, in);
    std::vector<Array> out = all.done(jaxrs_switch(all.scope(), index.get(), fns.data(), fns.size(), all.data() + 1,
                                                   all.size() - 1, all.results()));
    for (const auto& branch : traced) {
        if (branch.record->like()) return branch.record->with(out);
    }
    throw Error(Code::internal, "no branch has been traced");
}

/// Applies `body` to the state while `condition` of it holds.
template <class C, class F, class T>
T while_loop(const C& condition, const F& body, const T& init) {
    std::tuple<T> in(init);
    detail::Traced<C, std::tuple<T>> holds(condition, in);
    detail::Traced<F, std::tuple<T>> next(body, in);
    detail::Flat all(init);
    return tree_unflatten(init, all.done(jaxrs_while(all.scope(), holds.fn.get(), next.fn.get(), all.data(), all.size(),
                                                     all.results())));
}

/// Applies `body`, of i and the state, for i from `lower` up to, not including, `upper`.
template <class F, class T>
T fori_loop(const Array& lower, const Array& upper, const F& body, const T& init, std::uint32_t unroll = 0) {
    detail::Traced<F, std::tuple<Array, T>> next(body, {lower, init});
    detail::Flat all(lower, upper, init);
    return tree_unflatten(init, all.done(jaxrs_fori_loop(all.scope(), lower.get(), upper.get(), next.fn.get(),
                                                         all.data() + 2, all.size() - 2, unroll, all.results())));
}

/// Runs `body`, from (carry, x) to (carry, y), over the slices of `xs` along axis 0; gives the last carry and each y
/// stacked.
template <class F, class C, class X>
auto scan(const F& body, const C& init, const X& xs, ScanOptions options = {}) {
    using Carry = detail::Argument<C>;
    std::tuple<Carry, X> in(init, xs);
    detail::Traced<F, std::tuple<Carry, X>> step(body, in);
    detail::Flat all(std::get<0>(in), xs);
    std::size_t n = detail::count_leaves(std::get<0>(in));
    return step.record->with(all.done(jaxrs_scan(all.scope(), step.fn.get(), all.data(), n, all.data() + n, all.size() - n,
                                                 options.length, options.reverse ? JAXRS_SCAN_REVERSE : 0, options.unroll,
                                                 all.results())));
}

/// All prefixes of the elements of `xs` along an axis under an associative operation of two trees.
template <class F, class X>
X associative_scan(const F& combine, const X& xs, std::int64_t axis = 0, bool reverse = false) {
    detail::Traced<F, std::tuple<X, X>> pair(combine, {xs, xs});
    detail::Flat all(xs);
    return tree_unflatten(xs, all.done(jaxrs_associative_scan(all.scope(), pair.fn.get(), all.data(), all.size(), axis,
                                                              reverse ? JAXRS_SCAN_REVERSE : 0, all.results())));
}

/// `f` of each slice of `xs` along axis 0, stacked; `batch_size` slices at a time, or one after the other.
template <class F, class X>
auto map(const F& f, const X& xs, std::size_t batch_size = 0) {
    detail::Traced<F, std::tuple<X>> each(f, std::tuple<X>(xs));
    detail::Flat all(xs);
    return each.record->with(
        all.done(jaxrs_map(all.scope(), each.fn.get(), all.data(), all.size(), batch_size, all.results())));
}

/// Combines the elements of `operands` along dimensions, starting with `inits`; `computation` takes two trees of scalars.
template <class T, class F>
T reduce(const T& operands, const T& inits, const F& computation, Ints dimensions) {
    detail::Traced<F, std::tuple<T, T>> step(computation, {inits, inits});
    detail::Flat all(operands, inits);
    std::size_t n = all.size() / 2;
    return tree_unflatten(operands, all.done(jaxrs_reduce(all.scope(), step.fn.get(), all.data(), all.data() + n, n,
                                                          dimensions.data(), dimensions.size(), all.results())));
}

} // namespace jaxrs
