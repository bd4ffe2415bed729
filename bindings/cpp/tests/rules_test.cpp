// Rules and code of the caller's: custom derivatives, host functions, a simulator with an adjoint of its own.
#include "support.hpp"

#include <atomic>
#include <cmath>

TEST_CASE_FIXTURE(Fixture, "custom derivatives are used") {
    auto f = jx::custom_jvp([](const jx::Array& x) { return jx::sin(x); },
                            [](const std::tuple<jx::Array>& x, const std::tuple<jx::Array>& dx) {
                                return std::pair(jx::sin(std::get<0>(x)), 3 * std::get<0>(dx));
                            });
    CHECK(f(0.5).item() == doctest::Approx(std::sin(0.5)));
    CHECK(jx::grad(f)(0.5).item() == 3);
    CHECK(jx::jit(jx::grad(f))(0.5).item() == 3);

    using Pair = std::pair<jx::Array, jx::Array>;
    auto g = jx::custom_vjp([](const jx::Array& x, const jx::Array& y) { return x * y; },
                            [](const jx::Array& x, const jx::Array& y) { return std::pair(x * y, Pair(x, y)); },
                            [](const Pair& residuals, const jx::Array& ct) {
                                return std::tuple(ct * residuals.second * 10, ct * residuals.first * 100);
                            });
    CHECK(g(2.0, 3.0).item() == 6);
    auto [dx, dy] = jx::grad<0, 1>(g)(2.0, 3.0);
    CHECK(dx.item() == 30);
    CHECK(dy.item() == 200);
    CHECK(near(jx::vmap(jx::jit(jx::grad(g)), {0, jx::none})(f32({1, 2}), 3.0), {30, 30}));
}

namespace {

/// x^2, with state that the library knows nothing of.
struct Simulator {
    std::atomic<int> runs{0};
    void run(jx::Span<const jx::HostBuffer> in, jx::Span<const jx::HostBuffer> out) {
        ++runs;
        auto x = in[0].as<float>();
        auto y = out[0].as<float>();
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = x[i] * x[i];
    }
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a simulator runs inside a program, with an adjoint") {
    Simulator simulator;
    jx::HostFunction host("square", [&](auto in, auto out) { simulator.run(in, out); });
    auto call = [&](const jx::Array& x) {
        return jx::pure_callback(host, {jx::type_of(x)}, {x}, JAXRS_VMAP_SEQUENTIAL)[0];
    };
    auto f = jx::custom_vjp(call, [&](const jx::Array& x) { return std::pair(call(x), x); },
                            [](const jx::Array& x, const jx::Array& ct) { return 2 * x * ct; });
    auto loss = [&](const jx::Array& x) { return jx::reduce_sum(f(x)); };
    CHECK(near(jx::jit(loss)(f32({1, 2, 3})), {14}));
    CHECK(near(jx::jit(jx::grad(loss))(f32({1, 2, 3})), {2, 4, 6}));
    CHECK(near(jx::jit(jx::vmap(f))(jx::reshape(f32({1, 2, 3, 4}), {2, 2})), {1, 4, 9, 16}));
    CHECK(simulator.runs >= 3);
    CHECK(error_of([&] { jx::grad([&](const jx::Array& x) { return jx::reduce_sum(call(x)); })(f32({1})); }).code() == jx::Code::unimplemented);
}

TEST_CASE_FIXTURE(Fixture, "exceptions of host functions come out") {
    jx::HostFunction host("bad", [](auto, auto) { throw std::out_of_range("no such cell"); });
    auto f = jx::jit([&](const jx::Array& x) { return jx::pure_callback(host, {jx::type_of(x)}, {x})[0]; });
    CHECK_THROWS_AS(f(f32({1})), std::out_of_range);
    jx::HostFunction wrong("wrong", [](auto in, auto) { (void)in[0].template as<double>(); });
    auto g = jx::jit([&](const jx::Array& x) { return jx::pure_callback(wrong, {jx::type_of(x)}, {x})[0]; });
    CHECK(error_of([&] { g(f32({1})); }).code() == jx::Code::dtype);
}

TEST_CASE("programs print to the log") {
    std::string log;
    jx::Context::Options options;
    options.log = [&](std::uint32_t, std::string_view text) { log += text; };
    jx::Context context(options);
    jx::jit([](const jx::Array& x) { return jx::debug_print("x is {}", x), x; })(2.0).item();
    CHECK(log == "x is 2.0");
    int seen = 0;
    jx::HostFunction look("look", [&](auto in, auto) { seen += static_cast<int>(in[0].template as<float>()[0]); });
    jx::jit([&](const jx::Array& x) { return jx::debug_callback(look, {x}), x; })(5.0).item();
    jx::jit([&](const jx::Array& x) { return jx::io_callback(look, {}, {x}, true), x; })(6.0).item();
    CHECK(seen == 11);
}

TEST_CASE_FIXTURE(Fixture, "the gradient of an ODE agrees with differences and forward mode") {
    // Lotka and Volterra, by RK4.
    auto solve = [](const jx::Array& theta) {
        auto slope = [&](const jx::Array& y) {
            jx::Array prey = y[0], hunters = y[1];
            return jx::stack({prey * (theta[0] - theta[1] * hunters), hunters * (theta[2] * prey - theta[3])});
        };
        double dt = 0.05;
        auto step = [&](const jx::Array& y, jx::Nothing) {
            jx::Array k1 = slope(y), k2 = slope(y + dt / 2 * k1), k3 = slope(y + dt / 2 * k2), k4 = slope(y + dt * k3);
            return std::pair(y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), jx::Nothing());
        };
        return jx::scan(step, jx::Array::from({10.0, 5.0}), jx::Nothing(), {60}).first;
    };
    auto loss = jx::jit([&](const jx::Array& theta) { return jx::reduce_sum(jx::square(solve(theta))); });
    jx::Array theta = jx::Array::from({1.1, 0.4, 0.1, 0.4});
    auto reverse = jx::jit(jx::grad(loss))(theta).to_vector<double>();
    auto forward = jx::jit(jx::jacfwd(loss))(theta).to_vector<double>();
    for (std::size_t i = 0; i < 4; ++i) {
        auto up = theta.to_vector<double>(), down = up;
        up[i] += 1e-5, down[i] -= 1e-5;
        double slope = (loss(jx::Array::from(up)) - loss(jx::Array::from(down))).item() / 2e-5;
        CHECK(reverse[i] == doctest::Approx(slope).epsilon(1e-6));
        CHECK(reverse[i] == doctest::Approx(forward[i]).epsilon(1e-10));
    }
}
