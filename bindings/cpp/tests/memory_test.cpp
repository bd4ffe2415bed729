// Memory stays flat: a million calls, and errors, leave nothing behind.
#include "support.hpp"

#include <cstdlib>
#include <fstream>

namespace {

/// Kilobytes in use, as the system counts them.
long resident() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "VmRSS:") {
            long kilobytes = 0;
            status >> kilobytes;
            return kilobytes;
        }
    }
    return 0;
}

long calls() {
    const char* asked = std::getenv("JAXRS_CALLS");
    return asked ? std::atol(asked) : 1000000;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "memory is flat over a million calls") {
    jx::Array x = f32({1, 2, 3});
    auto f = jx::jit([](const jx::Array& v) { return v * 2 + 1; });
    auto eager = [&] { x = jx::sin(x * 0.5); };
    auto compiled = [&] { x = f(x) * 0.25; };
    auto traced = [&] { (void)jx::grad([](const jx::Array& v) { return jx::reduce_sum(v * v); })(x); };
    auto failed = [&] { error_of([&] { x + f32({1, 2}); }); };
    auto round = [&](long n) {
        for (long i = 0; i < n * 5 / 10; ++i) eager();
        for (long i = 0; i < n * 4 / 10; ++i) compiled();
        for (long i = 0; i < n / 100; ++i) traced();
        for (long i = 0; i < n * 9 / 100; ++i) failed();
    };
    round(calls() / 10);
    long start = resident();
    round(calls());
    long grown = resident() - start;
    MESSAGE(calls(), " calls: from ", start, " kB by ", grown, " kB");
#ifndef __SANITIZE_ADDRESS__ // whose own records grow; it looks for leaks at the end
    CHECK(grown < 2048);
#endif
}
