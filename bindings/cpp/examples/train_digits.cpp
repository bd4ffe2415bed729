// Trains a neural network (64-256-128-10) on 1,797 real images of handwritten digits, with Adam.
//
//     train_digits digits.csv [epochs]
//
// One training step is one compiled function: loss, gradient and update.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <jaxrs/jaxrs.hpp>
namespace jx = jaxrs;

constexpr int images = 1797, pixels = 64, classes = 10, training = 1437, testing = images - training;
constexpr int batch = 64, steps_per_epoch = training / batch;

struct Layer {
    jx::Array w, b;
    JAXRS_TREE(Layer, w, b)
};
using Network = std::vector<Layer>;

jx::Array logits(const Network& network, jx::Array x) {
    for (std::size_t i = 0; i < network.size(); ++i) {
        x = jx::matmul(x, network[i].w) + network[i].b;
        if (i + 1 < network.size()) x = jx::relu(x);
    }
    return x;
}

/// The mean cross-entropy.
jx::Array loss(const Network& network, const jx::Array& x, const jx::Array& labels) {
    return -jx::mean(jx::reduce_sum(jx::log_softmax(logits(network, x), 1) * labels, 1));
}

/// The network, and Adam's two moments of its gradient.
struct State {
    Network network, m, v;
    JAXRS_TREE(State, network, m, v)
};

/// One step of Adam, the number `t` from 1 on: (new state, loss).
std::tuple<State, jx::Array> step(State s, const jx::Array& t, const jx::Array& x, const jx::Array& labels) {
    auto [value, gradient] = jx::value_and_grad(loss)(s.network, x, labels);
    auto moved = [](double beta) {
        return [beta](const jx::Array& old, const jx::Array& g) { return old * beta + g * (1 - beta); };
    };
    s.m = jx::tree_map(moved(0.9), s.m, gradient);
    s.v = jx::tree_map(moved(0.999), s.v, jx::tree_map([](const jx::Array& g) { return jx::square(g); }, gradient));
    // 1 - beta^t, as both moments start at zero
    jx::Array grown1 = 1 - jx::pow(0.9, t), grown2 = 1 - jx::pow(0.999, t);
    auto update = [&](const jx::Array& p, const jx::Array& m, const jx::Array& v) {
        return p - m / grown1 / (jx::sqrt(v / grown2) + 1e-8) * 1e-3;
    };
    s.network = jx::tree_map(update, s.network, s.m, s.v);
    return {s, value};
}

/// Weights from a normal distribution (He et al. 2015), biases and moments zero.
State initial() {
    const std::vector<std::int64_t> sizes{pixels, 256, 128, classes};
    State s;
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
        jx::Array w = jx::random::normal(jx::random::key(100 + static_cast<std::int64_t>(i)), {sizes[i], sizes[i + 1]});
        s.network.push_back({w * std::sqrt(2.0 / static_cast<double>(sizes[i])), jx::zeros(sizes[i + 1])});
    }
    auto zeros = [](const jx::Array& p) { return jx::zeros_like(p); };
    s.m = jx::tree_map(zeros, s.network), s.v = jx::tree_map(zeros, s.network);
    return s;
}

struct Data {
    std::vector<float> rows; ///< 0 to 1
    std::vector<std::int32_t> digits;
};

Data read_digits(const char* path) {
    std::ifstream file(path);
    Data data;
    char comma = 0;
    for (int i = 0; i < images; ++i) {
        for (int j = 0; j < pixels; ++j) {
            float value = 0;
            file >> value >> comma;
            data.rows.push_back(value / 16);
        }
        std::int32_t digit = 0;
        file >> digit;
        data.digits.push_back(digit);
    }
    if (!file) throw std::runtime_error(std::string(path) + " does not hold the digits");
    return data;
}

int main(int argc, char** argv) {
    if (argc < 2) return std::cerr << "usage: train_digits digits.csv [epochs]\n", 1;
    const int epochs = argc > 2 ? std::atoi(argv[2]) : 30;
    jx::Context context;
    Data data = read_digits(argv[1]);
    jx::Array x = jx::Array::from(data.rows, {images, pixels}), digits = jx::Array::from(data.digits);
    jx::Array labels = jx::one_hot(digits, classes, jx::DType::f32);

    jx::Array split = jx::random::permutation(jx::random::key(0), images);
    auto rows = jx::split_at(split, training);
    jx::Array test_x = jx::take(x, rows[1], 0), test_digits = jx::take(digits, rows[1], 0);

    auto fast_step = jx::jit(step, {{0}}); // the old state gives its memory to the new one
    auto accuracy = jx::jit([](const Network& network, const jx::Array& x, const jx::Array& digits) {
        return jx::mean(jx::argmax(logits(network, x), 1) == digits);
    });
    State state = initial();
    double reached = 0, seconds = 0;
    for (int epoch = 0, number = 0; epoch < epochs; ++epoch) {
        jx::Array order = jx::take(rows[0], jx::random::permutation(jx::random::key(1000 + epoch), training));
        double sum = 0;
        auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < steps_per_epoch; ++i) {
            jx::Array chosen = jx::slice(order, i * batch, (i + 1) * batch);
            auto [next, value] = fast_step(std::move(state), jx::full({}, ++number, jx::DType::f32), jx::take(x, chosen, 0),
                                           jx::take(labels, chosen, 0));
            state = std::move(next);
            sum += value.item();
        }
        if (epoch > 0) seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (epoch % 3 != 2 && epoch != 0 && epoch + 1 != epochs) continue;
        reached = accuracy(state.network, test_x, test_digits).item();
        std::printf("epoch %2d  loss %.4f  test accuracy %.4f\n", epoch + 1, sum / steps_per_epoch, reached);
    }
    bool ok = reached >= (epochs >= 30 ? 0.97 : 0.9);
    std::printf("train_digits: %s accuracy=%.4f step_ms=%.3f\n", ok ? "ok" : "failed", reached,
                seconds / ((epochs - 1) * steps_per_epoch + 1e-9) * 1e3);
    return !ok;
}
