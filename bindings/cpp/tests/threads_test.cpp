// Many threads at once: tracing, and releasing while others trace.
#include "support.hpp"

#include <atomic>
#include <thread>

namespace {

template <class F>
void in_threads(int n, const F& f) {
    std::vector<std::thread> threads;
    for (int i = 0; i < n; ++i) threads.emplace_back(f, i);
    for (std::thread& thread : threads) thread.join();
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "threads trace at once") {
    auto f = [](const jx::Array& x) { return jx::reduce_sum(jx::sin(x) * x); };
    auto shared = jx::jit(jx::grad(f));
    jx::Array x = f32({0.5f, 1});
    jx::Array expected = jx::grad(f)(x);
    std::atomic<int> right{0};
    in_threads(8, [&](int i) {
        auto here = context.use();
        for (int k = 0; k < 10; ++k) {
            jx::Array own = jx::jit(jx::grad([&](const jx::Array& v) { return f(v) * i; }))(x);
            right += bool(jx::all(jx::abs(shared(x) - expected) < 1e-6)) && bool(jx::all(jx::abs(own - expected * i) < 1e-4));
        }
    });
    CHECK(right == 80);
}

TEST_CASE_FIXTURE(Fixture, "threads inside a traced function take part in it") {
    auto f = [](const jx::Array& x) {
        jx::Scope scope = jx::Scope::current();
        std::vector<jx::Array> parts(4);
        in_threads(4, [&](int i) {
            if (i % 2) {
                auto here = scope.attach();
                parts[static_cast<std::size_t>(i)] = x * (i + 1); // the number is made in the scope
            } else {
                parts[static_cast<std::size_t>(i)] = jx::sin(x) * x; // goes where its operands are from
            }
        });
        return parts[0] + parts[1] + parts[2] + parts[3];
    };
    double x = 0.3, slope = 6 + 2 * (std::cos(x) * x + std::sin(x));
    CHECK(jx::jit(jx::grad(f))(x).item() == doctest::Approx(slope));
}

TEST_CASE_FIXTURE(Fixture, "handles are released while others trace") {
    std::vector<jx::Array> made;
    for (int i = 0; i < 400; ++i) made.push_back(jx::Array(i) + 1);
    std::atomic<std::size_t> next{0};
    std::atomic<int> right{0};
    in_threads(4, [&](int i) {
        auto here = context.use();
        if (i % 2) {
            for (std::size_t k; (k = next++) < made.size();) made[k] = jx::Array();
        } else {
            for (int k = 0; k < 40; ++k) right += jx::jit([&](const jx::Array& v) { return v * k; })(2.0).item() == 2 * k;
        }
    });
    CHECK(right == 80);
}

TEST_CASE("contexts exist side by side, and outlive neither arrays nor functions") {
    jx::Context one;
    jx::Array a = f32({1});
    {
        jx::Context two;
        CHECK(error_of([&] { a + f32({1}); }).code() != jx::Code::ok);
        auto here = one.use();
        CHECK(near(a + f32({1}), {2}));
    }
    CHECK(near(a + 1, {2}));
}
