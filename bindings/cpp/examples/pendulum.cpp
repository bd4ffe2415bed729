// Fits a simulator to data: the damping and the drive of a pendulum, by gradient descent through the solver.
//
//     pendulum [states [steps]]
//
//     angle'' = -sin(angle) - damping angle' + drive cos(2/3 t)
//
// RK4 (a scan) from many initial states (a vmap) is differentiated as a whole.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <jaxrs/jaxrs.hpp>
namespace jx = jaxrs;

struct Model {
    jx::Array damping, drive;
    JAXRS_TREE(Model, damping, drive)
};
struct State {
    jx::Array angle, speed;
    JAXRS_TREE(State, angle, speed)
};

State operator+(const State& a, const State& b) { return {a.angle + b.angle, a.speed + b.speed}; }
State operator*(double h, const State& a) { return {h * a.angle, h * a.speed}; }

State slope(const Model& m, const State& y, const jx::Array& t) {
    return {y.speed, m.drive * jx::cos(2.0 / 3.0 * t) - jx::sin(y.angle) - m.damping * y.speed};
}

/// The state after all steps of Runge and Kutta. The steps close over the model.
auto solver(int steps, double dt) {
    return [=](const Model& m, const State& start) {
        auto step = [&](const State& y, const jx::Array& t) {
            State k1 = slope(m, y, t);
            State k2 = slope(m, y + dt / 2 * k1, t + dt / 2);
            State k3 = slope(m, y + dt / 2 * k2, t + dt / 2);
            State k4 = slope(m, y + dt * k3, t + dt);
            return std::pair(y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), jx::Nothing());
        };
        jx::Array times = jx::arange(0, steps, 1, jx::DType::f32) * dt;
        // The gradient keeps each step's start, not what is inside a step: that is computed again.
        return jx::scan(jx::checkpoint(step), start, times).first;
    };
}

int main(int argc, char** argv) {
    const std::int64_t states = argc > 1 ? std::atoi(argv[1]) : 10000;
    const int steps = argc > 2 ? std::atoi(argv[2]) : 2000, rounds = 24;
    const double true_damping = 0.25, true_drive = 0.6, noise = 0.05, rate = 0.03, momentum = 0.5;
    jx::Context context;
    auto solve_all = jx::vmap(solver(steps, 5.0 / steps), {jx::none, 0});
    auto loss = [&](const Model& m, const State& starts, const State& seen) {
        State ends = solve_all(m, starts);
        return jx::mean(jx::square(ends.angle - seen.angle) + jx::square(ends.speed - seen.speed));
    };
    auto descend = jx::jit(jx::value_and_grad(loss));

    using jx::random::key;
    State starts{jx::random::uniform(key(1), states, jx::DType::f32, -1.5, 1.5),
                 jx::random::uniform(key(2), states, jx::DType::f32, -1, 1)};
    auto number = [](double value) { return jx::full({}, value, jx::DType::f32); };
    State seen = jx::jit(solve_all)(Model{number(true_damping), number(true_drive)}, starts);
    seen = seen + noise * State{jx::random::normal(key(3), states), jx::random::normal(key(4), states)};

    double p[2] = {0, 0}, velocity[2] = {0, 0};
    for (int round = 0; round < rounds; ++round) {
        auto [error, gradient] = descend(Model{number(p[0]), number(p[1])}, starts, seen);
        const double slopes[2] = {gradient.damping.item(), gradient.drive.item()};
        for (int k = 0; k < 2; ++k) p[k] += velocity[k] = momentum * velocity[k] - rate * slopes[k];
        if (round % 4 == 0 || round == rounds - 1)
            std::printf("round %2d  error %.5f  damping %.4f  drive %.4f\n", round, error.item(), p[0], p[1]);
    }
    bool ok = std::fabs(p[0] - true_damping) < 0.01 && std::fabs(p[1] - true_drive) < 0.01;
    std::printf("pendulum: %s damping=%.4f drive=%.4f\n", ok ? "ok" : "failed", p[0], p[1]);
    return !ok;
}
