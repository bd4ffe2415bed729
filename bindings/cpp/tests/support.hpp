// What the tests share.
#pragma once
#include <doctest/doctest.h>

#include <jaxrs/jaxrs.hpp>

namespace jx = jaxrs;

/// A context for one test, after which everything of it is released.
struct Fixture {
    jx::Context context;

    jx::Stats before = context.stats();
    ~Fixture() {
        jx::Stats after = context.stats();
        CHECK(after.live_arrays == before.live_arrays);
        CHECK(after.live_tracers == before.live_tracers);
        CHECK(after.live_fns == before.live_fns);
        CHECK(after.live_errors == before.live_errors);
    }
};

inline jx::Array f32(std::initializer_list<float> values) { return jx::Array::from(values); }

inline bool near(const jx::Array& got, std::initializer_list<double> expected, double tolerance = 1e-5) {
    if (got.size() != expected.size()) return false;
    auto values = jx::convert_element_type(got, jx::DType::f64).to_vector<double>();
    auto next = expected.begin();
    for (double value : values) {
        double wanted = *next++;
        if (!(std::abs(value - wanted) <= tolerance * (1 + std::abs(wanted)))) return false;
    }
    return true;
}

/// The error that `f` throws.
template <class F>
jx::Error error_of(const F& f) {
    try {
        f();
    } catch (const jx::Error& error) {
        return error;
    }
    FAIL("nothing was thrown");
    return jx::Error(jx::Code::internal, "");
}

inline bool says(const char* text, const char* part) { return std::string_view(text).find(part) != std::string_view::npos; }
