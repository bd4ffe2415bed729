// Errors: the library's, and exceptions of the caller's on their way through traces.
#include "support.hpp"

#include <stdexcept>

namespace {

struct Mine : std::runtime_error {
    explicit Mine(int n) : std::runtime_error("mine"), number(n) {}
    int number;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "errors say what was wrong") {
    jx::Error error = error_of([] { f32({1, 2}) + f32({1, 2, 3}); });
    CHECK(error.code() == jx::Code::shape);
    CHECK(says(error.what(), "got [2] and [3]"));
    CHECK(says(error.detail(), error.what()));
    CHECK(error_of([] { f32({1}).to_vector<double>(); }).code() == jx::Code::dtype);
    CHECK(error_of([] { f32({1, 2}).item(); }).code() == jx::Code::shape);
    CHECK(error_of([] { f32({1, 2})[2]; }).code() == jx::Code::shape);
    CHECK(error_of([] { jx::random::bits(jx::random::key(0), {2}, jx::DType::f32); }).code() != jx::Code::ok);
    CHECK(error_of([] { throw jx::Error(jx::Code::cancelled, "enough"); }).code() == jx::Code::cancelled);
}

TEST_CASE_FIXTURE(Fixture, "an exception comes back as the same object") {
    std::exception_ptr thrown;
    auto f = [&](const jx::Array& x) -> jx::Array {
        try {
            throw Mine(42);
        } catch (...) {
            thrown = std::current_exception();
            throw;
        }
        return x;
    };
    auto deep = jx::jit(jx::vmap(jx::grad([&](const jx::Array& x) { return jx::jit(f)(x) * 2; })));
    for (int i = 0; i < 3; ++i) {
        std::exception_ptr caught;
        try {
            deep(f32({1, 2}));
        } catch (const Mine& mine) {
            CHECK(mine.number == 42);
            caught = std::current_exception();
        }
        CHECK(caught == thrown);
        CHECK(near(jx::vmap([](const jx::Array& x) { return x * 2; })(f32({1, 2})), {2, 4})); // all is still usable
    }
    CHECK_THROWS_AS(jx::jit([](const jx::Array& x) -> jx::Array { return throw 7, x; })(1.0), int);
}

TEST_CASE_FIXTURE(Fixture, "errors of the library pass callbacks with their code") {
    auto f = [](const jx::Array& x) { return x + f32({1, 2, 3}); };
    CHECK(error_of([&] { jx::jit(jx::vmap(f))(jx::zeros({4, 2})); }).code() == jx::Code::shape);
    auto recovering = jx::jit([&](const jx::Array& x) {
        try {
            return f(x);
        } catch (const jx::Error&) {
            return x * 2;
        }
    });
    CHECK(near(recovering(f32({1, 2})), {2, 4}));
}

TEST_CASE_FIXTURE(Fixture, "tracers do not escape") {
    jx::Array kept;
    jx::jit([&](const jx::Array& x) { return kept = jx::sin(x); })(1.0);
    jx::Error error = error_of([&] { kept + 1; });
    CHECK(error.code() == jx::Code::tracer_escaped);
    CHECK(says(error.what(), "sin"));
    CHECK(kept.is_tracer());
    CHECK(kept.dtype() == jx::DType::f32);
}

TEST_CASE_FIXTURE(Fixture, "a tracer of an inner function is refused outside of it") {
    auto outer = jx::jit([](const jx::Array& x) {
        jx::Scope around = jx::Scope::current();
        jx::vmap([&](const jx::Array& y) {
            auto here = around.attach();
            return y + 1;
        })(x);
        return x;
    });
    CHECK(error_of([&] { outer(f32({1, 2})); }).code() == jx::Code::tracer_scope);
}

TEST_CASE_FIXTURE(Fixture, "tracers have no value to branch on") {
    auto f = jx::jit([](const jx::Array& x) { return x > 0 ? x : -x; });
    jx::Error error = error_of([&] { f(1.0); });
    CHECK(error.code() == jx::Code::concretization);
    CHECK(jx::grad([](const jx::Array& x) { return x > 0 ? x : -x; })(-2.0).item() == -1); // under grad it has
}

TEST_CASE("header and library have to fit") {
    jx::Error error = error_of([] { jx::Context context(jx::Context::Options{}, JAXRS_ABI_VERSION + (1u << 16)); });
    CHECK(error.code() == jx::Code::incompatible);
    CHECK(says(error.what(), "0.1"));
}

TEST_CASE("without a context, operations follow their operands") {
    jx::Array x;
    {
        jx::Context context;
        x = f32({1, 2});
    }
    CHECK(jx::detail::here.scope == nullptr);
    jx::Array y = jx::sin(x); // the engine lives as long as its arrays
    CHECK(y.shape(0) == 2);
    CHECK(error_of([] { jx::zeros({2}); }).code() == jx::Code::invalid_argument);
    CHECK(says(error_of([] { jx::Array(1.0); }).what(), "jaxrs::Context"));
    jx::Context other;
    CHECK(error_of([&] { x + f32({1, 2}); }).code() != jx::Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "checks become data or errors") {
    auto f = [](const jx::Array& x) {
        jx::check(jx::all(x > 0), "x has to be positive, got {}", x);
        return jx::log(x);
    };
    CHECK(error_of([&] { f(f32({-1})); }).code() == jx::Code::check);
    auto [good, y] = jx::jit(jx::checkify(f))(f32({1}));
    CHECK(good.message() == "");
    good.raise();
    auto [bad, z] = jx::jit(jx::checkify(f))(f32({-1}));
    CHECK(says(bad.message().c_str(), "positive"));
    CHECK(error_of([&] { bad.raise(); }).code() == jx::Code::check);
    CHECK(near(y, {0}));
    CHECK(z.size() == 1);
}
