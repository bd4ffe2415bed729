// Functions for many examples, compiled functions, and functions with rules of their own.
#pragma once
#include <jaxrs/function.hpp>

namespace jaxrs {

struct VmapOptions {
    std::vector<std::int64_t> in_axes{};  ///< for each argument, where its examples lie, or `none`; 0 without a list
    std::vector<std::int64_t> out_axes{}; ///< for each array of the result; one entry stands for all
    std::int64_t axis_size = -1;          ///< needed where no argument is mapped
    std::string axis_name{};              ///< what collectives call the axis
};

struct JitOptions {
    std::vector<std::size_t> donate{}; ///< arguments whose memory results may take over
    bool inline_calls = false;         ///< calls inside of traced functions become their operations
    bool keep_unused = false;          ///< arguments that nothing needs stay
};

struct ShardMapOptions {
    std::string mesh;      ///< axes of the devices and their sizes: "a=2,b=3"
    std::string in_specs;  ///< for each array of the arguments, along which axes of the mesh it is cut: "a,*;b"
    std::string out_specs; ///< for each array of the result, along which axes of the mesh it is joined
    bool unchecked = false;
};

namespace detail {

/// A transform that needs to know the offsets of arguments.
template <class Options>
using Make = Fn (*)(const Fn&, const Options&, const std::uint32_t* offsets, std::size_t n_arguments);

/// `out` by reference: the call that sets it is another argument.
inline Fn made(jaxrs_error* error, jaxrs_fn* const& out) {
    check(error);
    return Fn(out);
}

template <jaxrs_error* (*transform)(jaxrs_fn*, const jaxrs_vmap_options*, jaxrs_fn**)>
Fn mapped(const Fn& f, const VmapOptions& given, const std::uint32_t* offsets, std::size_t n) {
    if (given.in_axes.size() > 1 && given.in_axes.size() != n) {
        throw Error(Code::invalid_argument, "vmap got " + std::to_string(given.in_axes.size()) + " in_axes for " +
                                                std::to_string(n) + " arguments");
    }
    std::vector<std::int64_t> axes;
    for (std::size_t i = 0; i < n && !given.in_axes.empty(); ++i) {
        axes.insert(axes.end(), offsets[i + 1] - offsets[i], given.in_axes[given.in_axes.size() == 1 ? 0 : i]);
    }
    jaxrs_vmap_options options = JAXRS_VMAP_OPTIONS_INIT;
    options.in_axes = axes.data(), options.n_in_axes = axes.size();
    options.out_axes = given.out_axes.data(), options.n_out_axes = given.out_axes.size();
    options.axis_size = given.axis_size;
    options.axis_name = given.axis_name.data(), options.axis_name_len = given.axis_name.size();
    jaxrs_fn* out = nullptr;
    return made(transform(f.get(), &options, &out), out);
}

inline Fn compiled(const Fn& f, const JitOptions& given, const std::uint32_t* offsets, std::size_t n) {
    std::vector<std::uint32_t> donate;
    for (std::size_t argument : given.donate) {
        if (argument >= n) throw Error(Code::invalid_argument, "jit has no argument " + std::to_string(argument) + " to donate");
        for (std::uint32_t leaf = offsets[argument]; leaf < offsets[argument + 1]; ++leaf) donate.push_back(leaf);
    }
    jaxrs_jit_options options = JAXRS_JIT_OPTIONS_INIT;
    options.flags = (given.inline_calls ? JAXRS_JIT_INLINE : 0) | (given.keep_unused ? JAXRS_JIT_KEEP_UNUSED : 0);
    options.donate = donate.data(), options.n_donate = donate.size();
    jaxrs_fn* out = nullptr;
    return made(jaxrs_jit(f.get(), &options, &out), out);
}

inline Fn sharded(const Fn& f, const ShardMapOptions& given, const std::uint32_t*, std::size_t) {
    jaxrs_shard_map_options options = JAXRS_SHARD_MAP_OPTIONS_INIT;
    options.flags = given.unchecked ? JAXRS_SHARD_MAP_UNCHECKED : 0;
    options.mesh = given.mesh.data(), options.mesh_len = given.mesh.size();
    options.in_specs = given.in_specs.data(), options.in_specs_len = given.in_specs.size();
    options.out_specs = given.out_specs.data(), options.out_specs_len = given.out_specs.size();
    jaxrs_fn* out = nullptr;
    return made(jaxrs_shard_map(f.get(), &options, &out), out);
}

inline Fn rematerialized(const Fn& f, const Nothing&, const std::uint32_t*, std::size_t) {
    jaxrs_fn* out = nullptr;
    return made(jaxrs_remat(f.get(), 0, &out), out);
}

inline Fn sequential(const Fn& f, const Nothing&, const std::uint32_t*, std::size_t) {
    jaxrs_fn* out = nullptr;
    return made(jaxrs_sequential_vmap(f.get(), &out), out);
}

/// What a transform keeps: functions by the structure and types of their arguments. Copies of it share them.
class Cache {
public:
    template <class Entry, class MakeEntry>
    std::shared_ptr<Entry> get(const std::string& key, MakeEntry make) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            auto found = entries_.find(key);
            if (found != entries_.end()) return std::static_pointer_cast<Entry>(found->second);
        }
        // Made outside the lock; where two threads do, the first one stays.
        std::shared_ptr<Entry> entry = make();
        std::lock_guard<std::mutex> lock(mutex_);
        return std::static_pointer_cast<Entry>(entries_.emplace(key, entry).first->second);
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<void>> entries_;
};

template <class T>
inline const char type_tag = 0;

/// A function that is transformed once for each structure and types of its arguments.
template <class F, class Options>
class Transformed {
public:
    Transformed(Make<Options> make, F f, Options options)
        : make_(make), f_(std::move(f)), options_(std::move(options)), cache_(std::make_shared<Cache>()) {}

    template <class... A>
    auto operator()(const A&... arguments) const {
        using In = std::tuple<Argument<A>...>;
        In in(arguments...);
        Describe describe;
        describe.number(engine_here().id);
        describe.number(reinterpret_cast<std::uintptr_t>(&type_tag<In>));
        visit(in, describe);
        auto entry = cache_->get<Entry<In>>(describe.key, [&] { return std::make_shared<Entry<In>>(*this, in); });
        return entry->traced.record->with(entry->fn(tree_leaves(in)));
    }

private:
    template <class In>
    struct Entry {
        Entry(const Transformed& self, const In& in)
            : traced(self.f_, in), fn(self.make_(traced.fn, self.options_, offsets(in).data(), std::tuple_size_v<In>)) {}
        Traced<F, In> traced;
        Fn fn;
    };

    Make<Options> make_;
    F f_;
    Options options_;
    std::shared_ptr<Cache> cache_;
};

} // namespace detail

/// The function, traced and compiled once for each combination of argument types. Constants in its arguments and what
/// it captures are constants to it.
template <class F>
auto jit(F f, JitOptions options = {}) {
    return detail::Transformed<F, JitOptions>(detail::compiled, std::move(f), std::move(options));
}

/// The function for many examples at once.
template <class F>
auto vmap(F f, VmapOptions options = {}) {
    return detail::Transformed<F, VmapOptions>(detail::mapped<jaxrs_vmap>, std::move(f), std::move(options));
}
template <class F>
auto vmap(F f, std::initializer_list<std::int64_t> in_axes) {
    VmapOptions options;
    options.in_axes = in_axes;
    return vmap(std::move(f), std::move(options));
}

/// The function, compiled, on one device for each slice of its arguments.
template <class F>
auto pmap(F f, VmapOptions options = {}) {
    return detail::Transformed<F, VmapOptions>(detail::mapped<jaxrs_pmap>, std::move(f), std::move(options));
}

/// The function of whole arrays whose shards `f` takes and gives.
template <class F>
auto shard_map(F f, ShardMapOptions options) {
    return detail::Transformed<F, ShardMapOptions>(detail::sharded, std::move(f), std::move(options));
}

/// The same function, of which reverse mode keeps the arguments only and computes again what it needs.
template <class F>
auto checkpoint(F f) { return detail::Transformed<F, Nothing>(detail::rematerialized, std::move(f), {}); }

/// The same function, which vmap runs on one example after the other.
template <class F>
auto sequential_vmap(F f) { return detail::Transformed<F, Nothing>(detail::sequential, std::move(f), {}); }

} // namespace jaxrs
