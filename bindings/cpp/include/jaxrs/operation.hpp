// What every operation does around its call of the library.
#pragma once
#include <initializer_list>
#include <vector>

#include <jaxrs/array.hpp>

namespace jaxrs {

/// No axis.
inline constexpr std::int64_t none = JAXRS_AXIS_NONE;

namespace detail {

/// A list of results of the library.
class Results {
public:
    Results() { check(jaxrs_results_new(&handle_)); }
    ~Results() { jaxrs_results_release(handle_); }
    Results(const Results&) = delete;
    Results& operator=(const Results&) = delete;

    jaxrs_results* get() const { return handle_; }

    std::vector<Array> take() const {
        std::vector<Array> arrays(jaxrs_results_len(handle_));
        for (std::size_t i = 0; i < arrays.size(); ++i) arrays[i] = Array::adopt(jaxrs_results_get(handle_, i));
        return arrays;
    }

private:
    jaxrs_results* handle_ = nullptr;
};

inline std::vector<jaxrs_array*> handles(Arrays arrays) {
    std::vector<jaxrs_array*> handles;
    handles.reserve(arrays.size());
    for (const Array& array : arrays) handles.push_back(array.get());
    return handles;
}

/// The scope of the thread; where it has none, that of the operands.
class Where {
public:
    Where(jaxrs_array* const* operands, std::size_t n) : scope_(here.scope) {
        if (scope_) return;
        if (n == 0) engine_here();
        check(jaxrs_scope_infer(operands, n, &inferred_));
        scope_ = inferred_;
    }
    ~Where() {
        if (inferred_) jaxrs_scope_release(inferred_);
    }
    Where(const Where&) = delete;
    Where& operator=(const Where&) = delete;

    jaxrs_scope* scope() const { return scope_; }

private:
    jaxrs_scope* scope_;
    jaxrs_scope* inferred_ = nullptr;
};

/// One application of an operation.
class Operation {
public:
    Operation(std::initializer_list<jaxrs_array*> operands) : where_(operands.begin(), operands.size()) {}
    Operation(std::initializer_list<jaxrs_array*> operands, Arrays list)
        : list_(handles(list)), where_(operands.size() ? operands.begin() : list_.data(),
                                       operands.size() ? operands.size() : list_.size()) {}

    jaxrs_scope* scope() const { return where_.scope(); }
    jaxrs_array* const* list_data() const { return list_.data(); }
    std::size_t list_size() const { return list_.size(); }
    jaxrs_array** out() { return &out_; }

    jaxrs_results* results() {
        check(jaxrs_results_new(&results_));
        return results_;
    }
    Array done(jaxrs_error* error) const {
        if (error) raise(error);
        return Array::adopt(out_);
    }
    std::vector<Array> list(jaxrs_error* error) {
        std::vector<Array> arrays(jaxrs_results_len(results_));
        for (std::size_t i = 0; i < arrays.size(); ++i) arrays[i] = Array::adopt(jaxrs_results_get(results_, i));
        jaxrs_results_release(results_);
        if (error) raise(error);
        return arrays;
    }

private:
    std::vector<jaxrs_array*> list_;
    Where where_;
    jaxrs_array* out_ = nullptr;
    jaxrs_results* results_ = nullptr;
};

} // namespace detail
} // namespace jaxrs
