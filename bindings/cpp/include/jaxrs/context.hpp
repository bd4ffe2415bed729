// Contexts, and which of them the operations of a thread belong to.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <jaxrs/dtypes.hpp>
#include <jaxrs/error.hpp>

namespace jaxrs {
namespace detail {

/// The library's context. Functions keep a weak reference: the context keeps them, as compiled functions.
struct Engine : std::enable_shared_from_this<Engine> {
    explicit Engine(jaxrs_context* context) : handle(context) {}
    ~Engine() { jaxrs_context_release(handle); }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    static std::uint64_t next() {
        static std::atomic<std::uint64_t> count{0};
        return ++count;
    }

    jaxrs_context* handle;
    std::uint64_t id = next(); ///< no two have the same, though they may have the same address
};

/// Where the operations of this thread go. Both are borrowed from whoever set them.
struct Place {
    Engine* engine = nullptr;
    jaxrs_scope* scope = nullptr;
};

inline thread_local Place here;

/// Sets the place for as long as it lives.
class Enter {
public:
    /// `scope` is that of the context or of a running callback, or `owner` keeps it.
    Enter(std::shared_ptr<Engine> engine, jaxrs_scope* scope, std::shared_ptr<jaxrs_scope> owner = nullptr)
        : engine_(std::move(engine)), owner_(std::move(owner)), before_(here) {
        here = {engine_.get(), scope};
    }
    ~Enter() { here = before_; }
    Enter(const Enter&) = delete;
    Enter& operator=(const Enter&) = delete;

private:
    std::shared_ptr<Engine> engine_;
    std::shared_ptr<jaxrs_scope> owner_;
    Place before_;
};

inline Engine& engine_here() {
    if (!here.engine) throw Error(Code::invalid_argument, "no jaxrs::Context is in use on this thread");
    return *here.engine;
}

} // namespace detail

/// Where operations go: they run at once, or are traced. A thread of the caller's inside a traced function attaches
/// the scope of the function; without one, operations go where their operands are from.
class Scope {
public:
    /// The scope of this thread.
    static Scope current() {
        auto& engine = detail::engine_here();
        return Scope(engine.shared_from_this(), jaxrs_scope_retain(detail::here.scope));
    }

    /// Makes it the scope of this thread, for as long as the result lives.
    [[nodiscard]] detail::Enter attach() const { return {engine_, scope_.get(), scope_}; }

    /// The same with a name that errors show.
    Scope named(std::string_view name) const {
        jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
        config.set_mask = JAXRS_SCOPE_NAME;
        config.name = name.data(), config.name_len = name.size();
        return with(config);
    }

    /// The same where numbers without a stated type have the width of `dtype`, f32 or f64.
    Scope with_default_float(DType dtype) const {
        jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
        config.set_mask = JAXRS_SCOPE_DEFAULT_FLOAT;
        config.default_float = static_cast<jaxrs_dtype>(dtype);
        return with(config);
    }

    /// The same with other flags, JAXRS_DEBUG_*.
    Scope with_debug_flags(std::uint32_t flags) const {
        jaxrs_scope_config config = JAXRS_SCOPE_CONFIG_INIT;
        config.set_mask = JAXRS_SCOPE_DEBUG;
        config.debug_flags = flags;
        return with(config);
    }

    jaxrs_scope* get() const { return scope_.get(); }

private:
    friend class Context;

    Scope(std::shared_ptr<detail::Engine> engine, jaxrs_scope* scope)
        : engine_(std::move(engine)), scope_(scope, jaxrs_scope_release) {}

    Scope with(const jaxrs_scope_config& config) const {
        jaxrs_scope* out = nullptr;
        detail::check(jaxrs_scope_with(scope_.get(), &config, &out));
        return Scope(engine_, out);
    }

    std::shared_ptr<detail::Engine> engine_;
    std::shared_ptr<jaxrs_scope> scope_;
};

/// What a context has counted.
using Stats = jaxrs_stats;

/// An engine with its threads, caches and settings. It is in use on the thread that makes it; others call use().
class Context {
public:
    /// Is told what programs print and the library says, from any thread.
    using Log = std::function<void(std::uint32_t level, std::string_view message)>;

    struct Options {
        std::uint32_t flags = 0;       ///< JAXRS_DEBUG_*
        std::uint32_t num_threads = 0; ///< 0 for as many as there are cores
        std::uint32_t num_devices = 0; ///< how many devices pmap and shard_map may use
        std::uint32_t log_level = 0;   ///< the highest level that is wanted; 0 for all
        Log log = nullptr;
    };

    Context() : Context(Options{}) {}
    explicit Context(const Options& options) : Context(options, JAXRS_ABI_VERSION) {}
    /// For tests of the check that header and library fit.
    Context(const Options& options, std::uint32_t abi_version) : engine_(make(options, abi_version)), before_(detail::here) {
        detail::here = {engine_.get(), jaxrs_context_scope(engine_->handle)};
    }
    ~Context() {
        if (detail::here.engine == engine_.get()) detail::here = before_;
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Has the operations of this thread run here, for as long as the result lives.
    [[nodiscard]] detail::Enter use() const { return {engine_, jaxrs_context_scope(engine_->handle)}; }

    /// The scope in which operations run at once.
    Scope scope() const { return Scope(engine_, jaxrs_scope_retain(jaxrs_context_scope(engine_->handle))); }

    Stats stats() const {
        Stats stats = JAXRS_STATS_INIT;
        detail::check(jaxrs_context_stats(engine_->handle, &stats));
        return stats;
    }

    jaxrs_context* get() const { return engine_->handle; }

private:
    static std::shared_ptr<detail::Engine> make(const Options& options, std::uint32_t abi_version) {
        jaxrs_context_options given = JAXRS_CONTEXT_OPTIONS_INIT;
        given.flags = options.flags, given.num_threads = options.num_threads;
        given.num_devices = options.num_devices, given.log_level = options.log_level;
        if (options.log) {
            given.log_userdata = new Log(options.log);
            given.log = [](void* log, std::uint32_t level, const char* text, std::size_t size) {
                (*static_cast<Log*>(log))(level, {text, size});
            };
            given.log_drop = [](void* log) { delete static_cast<Log*>(log); };
        }
        jaxrs_context* context = nullptr;
        detail::check(jaxrs_context_create(abi_version, &given, &context));
        return std::make_shared<detail::Engine>(context);
    }

    std::shared_ptr<detail::Engine> engine_;
    detail::Place before_;
};

/// The version of the library that is loaded.
inline const char* version() { return jaxrs_version_string(); }

} // namespace jaxrs
