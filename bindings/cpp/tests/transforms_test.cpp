// Transforms of functions over trees, in any nesting.
#include "support.hpp"

#include <cmath>

namespace {

struct Params {
    jx::Array w, b;
    JAXRS_TREE(Params, w, b)
};

jx::Array loss(const Params& p, const jx::Array& x) { return jx::mean(jx::square(jx::tanh(x * p.w) + p.b)); }

} // namespace

TEST_CASE_FIXTURE(Fixture, "grad gives a tree like the argument") {
    Params p{f32({0.5f, -1}), f32({0.1f, 0.2f})};
    jx::Array x = f32({1, 2});
    auto [value, g] = jx::value_and_grad(loss)(p, x);
    for (int leaf = 0; leaf < 2; ++leaf) {
        for (int i = 0; i < 2; ++i) {
            jx::Array step = jx::one_hot(jx::Array(i), 2, jx::DType::f32) * 1e-3;
            Params up = p, down = p;
            (leaf ? up.b : up.w) += step, (leaf ? down.b : down.w) -= step;
            double slope = (loss(up, x) - loss(down, x)).item() / 2e-3;
            CHECK((leaf ? g.b : g.w)[i].item() == doctest::Approx(slope).epsilon(2e-3));
        }
    }
    CHECK(value.item() == loss(p, x).item());
    auto [gp, gx] = jx::grad<0, 1>(loss)(p, x);
    CHECK(near(gp.w - g.w, {0, 0}));
    CHECK(gx.shape(0) == 2);
}

TEST_CASE_FIXTURE(Fixture, "auxiliary results pass") {
    auto f = [](const jx::Array& x) { return std::pair(jx::reduce_sum(x * x), Params{x + 1, x + 2}); };
    auto [g, aux] = jx::grad(f, jx::has_aux)(f32({1, 2}));
    CHECK(near(g, {2, 4}));
    CHECK(near(aux.b, {3, 4}));
    auto [both, g2] = jx::value_and_grad(f, jx::has_aux)(f32({1, 2}));
    CHECK(both.first.item() == 5);
    CHECK(near(both.second.w, {2, 3}));
    CHECK(near(g2, {2, 4}));
}

TEST_CASE_FIXTURE(Fixture, "grad, vmap and jit nest, and close over tracers") {
    auto f = [](const jx::Array& x, const jx::Array& y) {
        auto inner = [&](const jx::Array& z) { return jx::sin(x * z) * y; }; // a tracer from around it
        return jx::grad(jx::jit(inner))(x) + jx::reduce_sum(jx::vmap(inner)(f32({1, 2, 3})));
    };
    auto expected = [](double x, double y) {
        double sum = x * std::cos(x * x) * y;
        for (double z : {1, 2, 3}) sum += std::sin(x * z) * y;
        return sum;
    };
    double slope = (expected(0.7 + 1e-5, 2) - expected(0.7 - 1e-5, 2)) / 2e-5;
    CHECK(jx::jit(jx::grad(f))(0.7, 2.0).item() == doctest::Approx(slope).epsilon(1e-4));
    jx::Array many = jx::vmap(jx::jit(jx::grad(f)), {0, jx::none})(f32({0.7f, 0.9f}), 2.0);
    CHECK(many[0].item() == doctest::Approx(slope).epsilon(1e-4));
    auto third = jx::grad(jx::grad(jx::grad([](const jx::Array& x) { return jx::sin(x); })));
    CHECK(third(0.3).item() == doctest::Approx(-std::cos(0.3)));
}

TEST_CASE_FIXTURE(Fixture, "perturbations are not confused") {
    auto f = [](const jx::Array& x) {
        auto inner = [&](const jx::Array& y) { return x + y; };
        return x * jx::grad(inner)(1.0);
    };
    CHECK(jx::grad(f)(1.0).item() == 1);
    auto forward = [](const jx::Array& x) {
        auto inner = [&](const jx::Array& y) { return x + y; };
        return x * jx::jvp(inner, std::tuple(jx::Array(1.0)), std::tuple(jx::Array(1.0))).second;
    };
    CHECK(jx::jvp(forward, std::tuple(jx::Array(1.0)), std::tuple(jx::Array(1.0))).second.item() == 1);
}

TEST_CASE_FIXTURE(Fixture, "vjp, linearize, Jacobians and Hessians agree") {
    auto f = [](const jx::Array& x) { return jx::sin(x) * jx::reduce_sum(x); };
    jx::Array x = f32({0.1f, 0.2f, 0.3f});
    jx::Array forward = jx::jacfwd(f)(x), reverse = jx::jacrev(f)(x);
    CHECK(near(forward - reverse, {0, 0, 0, 0, 0, 0, 0, 0, 0}));
    auto [y, pullback] = jx::vjp(f, x);
    CHECK(near(y - f(x), {0, 0, 0}));
    auto [ct] = pullback(f32({0, 1, 0}));
    CHECK(near(ct - reverse[1], {0, 0, 0}));
    auto [y2, pushforward] = jx::linearize(f, x);
    CHECK(near(pushforward(f32({1, 0, 0})) - jx::transpose(forward)[0], {0, 0, 0}));
    jx::Array h = jx::hessian([](const jx::Array& v) { return jx::reduce_prod(v); })(f32({2, 3, 4}));
    CHECK(near(h, {0, 4, 3, 4, 0, 2, 3, 2, 0}));
}

TEST_CASE_FIXTURE(Fixture, "trees hold vectors, maps, optionals and constants") {
    using Tree = std::map<std::string, std::vector<jx::Array>>;
    int traces = 0;
    auto f = jx::jit([&](const Tree& tree, const std::optional<jx::Array>& more) {
        ++traces;
        Tree out;
        for (const auto& [name, arrays] : tree) {
            for (const jx::Array& a : arrays) out[name].push_back(more ? a + *more : a * 2);
        }
        return out;
    });
    Tree tree{{"a", {f32({1}), f32({2})}}, {"b", {f32({3})}}};
    CHECK(near(f(tree, std::optional<jx::Array>())["b"][0], {6}));
    CHECK(near(f(tree, std::optional<jx::Array>(1.0))["a"][1], {3}));
    CHECK(traces == 2);
    f(tree, std::optional<jx::Array>());
    CHECK(traces == 2);
    tree["b"].push_back(f32({4}));
    CHECK(f(tree, std::optional<jx::Array>())["b"].size() == 2);
    CHECK(traces == 3);
    CHECK(jx::tree_leaves(tree).size() == 4);
    CHECK(error_of([&] { jx::tree_unflatten(tree, {f32({1})}); }).code() == jx::Code::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "jit traces once for each type") {
    int traces = 0;
    auto f = jx::jit([&](const jx::Array& x) { return ++traces, x * 2; });
    for (int i = 0; i < 3; ++i) f(f32({1, 2}));
    CHECK(traces == 1);
    f(f32({1, 2, 3}));
    f(jx::Array::from({1, 2}));
    CHECK(traces == 3);
    auto copy = f;
    copy(f32({5, 6}));
    CHECK(traces == 3);
}

TEST_CASE_FIXTURE(Fixture, "donated memory is gone") {
    auto f = jx::jit([](const Params& p) { return jx::tree_map([](const jx::Array& x) { return x + 1; }, p); }, {{0}});
    Params p{f32({1, 2}), f32({3, 4})};
    Params q = f(p);
    CHECK(near(q.b, {4, 5}));
    CHECK(says(error_of([&] { p.w + 1; }).what(), "donated"));
}

TEST_CASE_FIXTURE(Fixture, "control flow is traced and differentiated") {
    auto f = [](const jx::Array& x) {
        auto [last, all] = jx::scan([&](const jx::Array& c, const jx::Array& y) { return std::pair(c * x + y, c); }, 1.0, f32({1, 2, 3}));
        jx::Array branch = jx::cond(x > 0, [](const jx::Array& v) { return v * 2; }, [](const jx::Array& v) { return -v; }, last);
        jx::Array looped = jx::fori_loop(0, 3, [&](const jx::Array&, const jx::Array& s) { return s * x; }, branch);
        return looped + jx::reduce_sum(all) * 0;
    };
    auto expected = [](double x) { return 2 * (((1 * x + 1) * x + 2) * x + 3) * x * x * x; };
    double slope = (expected(0.9 + 1e-5) - expected(0.9 - 1e-5)) / 2e-5;
    for (int jitted = 0; jitted < 2; ++jitted) {
        jx::Array x = 0.9;
        CHECK((jitted ? jx::jit(f)(x) : f(x)).item() == doctest::Approx(expected(0.9)));
        CHECK((jitted ? jx::jit(jx::grad(f))(x) : jx::grad(f)(x)).item() == doctest::Approx(slope).epsilon(1e-4));
    }
    auto halve = [](const jx::Array& x) { return x / 2; };
    CHECK(jx::while_loop([](const jx::Array& x) { return x > 1; }, halve, f32({40})[0]).item() == 0.625);
    std::vector<std::function<jx::Array(const jx::Array&)>> branches{halve, [](const jx::Array& x) { return x + 1; }};
    CHECK(jx::switch_(1, branches, 2.0).item() == 3);
    CHECK(near(jx::associative_scan([](const jx::Array& a, const jx::Array& b) { return a * b; }, f32({1, 2, 3})), {1, 2, 6}));
    CHECK(near(jx::map(halve, f32({2, 4})), {1, 2}));
    CHECK(near(jx::reduce(f32({3, 4}), jx::full({}, 0, jx::DType::f32), [](const jx::Array& a, const jx::Array& b) { return a + b; }, 0), {7}));
    CHECK(near(jx::scan([](const jx::Array& c, jx::Nothing) { return std::pair(c + 1, c); }, 0.0, jx::Nothing(), {3}).second, {0, 1, 2}));
}

TEST_CASE_FIXTURE(Fixture, "collectives run over named axes") {
    jx::VmapOptions options;
    options.axis_name = "i";
    CHECK(near(jx::vmap([](const jx::Array& x) { return x / jx::psum(x, "i"); }, options)(f32({1, 3})), {0.25, 0.75}));
}

TEST_CASE_FIXTURE(Fixture, "programs print, compile and run") {
    auto program = jx::make_jaxpr([](const jx::Array& x) { return jx::sin(x) + x; })(f32({0, 1}));
    CHECK(program.text() == "{ lambda ; a:f32[2]. let b:f32[2] = sin a; c:f32[2] = add b a in (c,) }");
    CHECK(program.outputs()[0].shape == std::vector<std::int64_t>{2});
    CHECK(near(program({f32({0, 1})})[0], {0, 1.841471}));
    jx::Executable compiled = program.compile();
    CHECK(near(compiled({f32({0, 1})})[0], {0, 1.841471}));
    CHECK(compiled.cost().flops == 2);
    CHECK(compiled.memory().output_bytes == 8);
}

TEST_CASE_FIXTURE(Fixture, "remat and sequential vmap keep values") {
    auto f = [](const jx::Array& x) { return jx::sin(jx::sin(x)); };
    CHECK(near(jx::vmap(jx::grad(jx::checkpoint(f)))(f32({0, 1})) - jx::vmap(jx::grad(f))(f32({0, 1})), {0, 0}));
    CHECK(near(jx::vmap(jx::sequential_vmap(f))(f32({0, 1})) - f(f32({0, 1})), {0, 0}));
}
