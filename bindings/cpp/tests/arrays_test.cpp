// Arrays: memory in and out, numbers, operators, and element types.
#include "support.hpp"

#include <cstdlib>
#include <sstream>

TEST_CASE_FIXTURE(Fixture, "memory goes in and comes out") {
    std::vector<double> data{1, 2, 3, 4, 5, 6};
    jx::Array a = jx::Array::from(data, {2, 3});
    CHECK(a.dtype() == jx::DType::f64);
    CHECK(a.ndim() == 2);
    CHECK(a.shape(1) == 3);
    CHECK(a.to_vector<double>() == data);
    CHECK(a.view<double, 2>()(1, 0) == 4);
    CHECK(a.view<double>().data() == a.view<double>().data());
    CHECK(jx::Array::from({1, 2}).dtype() == jx::DType::i32);
    CHECK(jx::Array::from(std::vector<std::complex<float>>{{1, 2}}).dtype() == jx::DType::c64);
    CHECK(a.str() == "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]:f64[2,3]");
    std::ostringstream out;
    out << jx::Array::from({true, false});
    CHECK(out.str() == "[true, false]:bool[2]");
}

TEST_CASE_FIXTURE(Fixture, "strides are followed") {
    std::vector<float> columns{1, 2, 3, 4, 5, 6};
    jx::Array a = jx::Array::from_strided(jx::Span<const float>(columns), {3, 2}, {4, 12});
    CHECK(near(a, {1, 4, 2, 5, 3, 6}));
    CHECK(error_of([&] { jx::Array::from_strided(jx::Span<const float>(columns), {4, 2}, {4, 12}); }).code() != jx::Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "borrowed memory is given back once") {
    int done = 0;
    auto* memory = static_cast<float*>(std::aligned_alloc(64, 64));
    for (int i = 0; i < 16; ++i) memory[i] = static_cast<float>(i);
    {
        jx::Array a = jx::Array::borrow(jx::Span<const float>(memory, 16), {4, 4}, [&] { ++done; });
        CHECK(a.view<float>().data() == memory);
        CHECK(near(jx::reduce_sum(a), {120}));
        CHECK(done == 0);
    }
    CHECK(done == 1);
    error_of([&] { jx::Array::borrow(jx::Span<const float>(memory, 16), {5, 5}, [&] { ++done; }); });
    CHECK(done == 2);
    std::free(memory);
}

TEST_CASE_FIXTURE(Fixture, "numbers take the element type of what they meet") {
    jx::Array x = f32({1, 2}), n = jx::Array::from({1, 2}), z = jx::Array::from(std::vector<std::complex<double>>{{1, 1}});
    CHECK((2 * x).dtype() == jx::DType::f32);
    CHECK((x + 0.5).dtype() == jx::DType::f32);
    CHECK((n * 2).dtype() == jx::DType::i32);
    CHECK((n * 2.5).dtype() == jx::DType::f32);
    CHECK((n / 2).dtype() == jx::DType::f32);
    CHECK((jx::Array::from(std::vector<std::uint8_t>{200}) + 1).dtype() == jx::DType::u8);
    CHECK((z * 2).dtype() == jx::DType::c128);
    CHECK((x * std::complex<double>(0, 1)).dtype() == jx::DType::c64);
    CHECK(jx::Array(3).is_weak());
    CHECK(jx::Array(3).dtype() == jx::DType::i32);
    CHECK(jx::Array(true).dtype() == jx::DType::boolean);
    CHECK_FALSE(jx::Array(true).is_weak());
    CHECK(error_of([] { jx::Array(std::int64_t(1) << 40); }).code() == jx::Code::invalid_argument);
    auto here = context.scope().with_default_float(jx::DType::f64).attach();
    CHECK((jx::Array(std::int64_t(1) << 60) + 1).to_vector<std::int64_t>()[0] == (std::int64_t(1) << 60) + 1);
}

TEST_CASE_FIXTURE(Fixture, "operators work element by element") {
    jx::Array x = f32({6, -3}), y = f32({4, 2}), m = jx::Array::from({6, 3}), n = jx::Array::from({4, 1});
    CHECK(near(x + y, {10, -1}));
    CHECK(near(x - y, {2, -5}));
    CHECK(near(x * y, {24, -6}));
    CHECK(near(x / y, {1.5, -1.5}));
    CHECK(near(x % y, {2, 1}));
    CHECK(near(-x, {-6, 3}));
    CHECK(near(m & n, {4, 1}));
    CHECK(near(m | n, {6, 3}));
    CHECK(near(m ^ n, {2, 2}));
    CHECK(near(m << n, {96, 6}));
    CHECK(near(m >> n, {0, 1}));
    CHECK(near(~m, {-7, -4}));
    CHECK(near(!(x > y), {0, 1}));
    CHECK(near(x == y, {0, 0}));
    CHECK(near(x != y, {1, 1}));
    CHECK(near(x < 0, {0, 1}));
    CHECK(near(x <= y, {0, 1}));
    CHECK(near(x >= -3, {1, 1}));
    x += 1, x *= 2, x -= y, x /= 2;
    CHECK(near(x, {5, -3}));
    CHECK(bool(jx::all(x == x)));
    CHECK(double(x[0]) == 5);
}

TEST_CASE_FIXTURE(Fixture, "attributes have defaults and lists") {
    jx::Array x = jx::reshape(jx::arange(0, 6, 1, jx::DType::f32), {2, 3});
    CHECK(near(jx::reduce_sum(x), {15}));
    CHECK(near(jx::reduce_sum(x, 0), {3, 5, 7}));
    CHECK(near(jx::reduce_sum(x, {0, 1}, true), {15}));
    CHECK(near(jx::argmax(x), {5}));
    CHECK(near(jx::argmax(x, 1), {2, 2}));
    CHECK(near(jx::concatenate({x, x}, 1), {0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
    CHECK(near(jx::einsum({x, x}, "ij,kj->ik"), {5, 14, 14, 50}));
    CHECK(jx::top_k(x, 2).size() == 2);
    CHECK(near(jx::random::normal(jx::random::key(0), {2}), {1.6226422, 2.0252647}));
}
