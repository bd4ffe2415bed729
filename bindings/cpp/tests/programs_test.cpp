// Programs in files: what is saved here, and what versions of the library wrote (tests/programs).
#include "support.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

TEST_CASE_FIXTURE(Fixture, "saved programs are called and compiled") {
    auto program = jx::make_jaxpr([](const jx::Array& x) { return jx::sin(x) + x; })(f32({0, 1}));
    jx::Program loaded = jx::Program::load(program.save());
    CHECK(loaded.text() == program.text());
    CHECK(near(loaded({f32({0, 1})})[0], {0, 1.841471}));
    CHECK(near(loaded.compile()({f32({0, 1})})[0], {0, 1.841471}));
    CHECK(near(jx::Executable::load(loaded.compile().save())({f32({0, 1})})[0], {0, 1.841471}));
    CHECK(error_of([&] { jx::Executable::load(program.save()); }).code() == jx::Code::invalid_argument);
    std::string path = (std::filesystem::temp_directory_path() / ("jaxrs-programs-" + std::to_string(::getpid()))).string();
    program.save_file(path);
    CHECK(jx::Program::load_file(path).text() == program.text());
    std::remove(path.c_str());
    CHECK(error_of([&] { jx::Program::load_file(path); }).code() == jx::Code::io);
    CHECK(error_of([] { jx::Program::load(std::vector<std::byte>(3)); }).code() == jx::Code::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "files of jax.export are read and written") {
    std::ifstream in(JAXRS_PROGRAMS "/../../core/stablehlo/testdata/any_size.jaxexport", std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    std::vector<std::byte> file(text.size());
    std::memcpy(file.data(), text.data(), text.size());
    CHECK(says(error_of([&] { jx::Program::load(file); }).what(), "argument 0 is f32[?,4]"));
    jx::Array x = jx::reshape(f32({1, 2, 3, 4}), {1, 4});
    jx::Program program = jx::Program::load_at(file, {jx::type_of(x)});
    CHECK(near(program({x})[0], {1, 2, 3, 4}));
    CHECK(near(jx::Program::load(program.export_jax(1))({x})[0], {1, 2, 3, 4}));
    CHECK(says(error_of([&] { jx::Program::load_at(file, {jx::type_of(f32({1}))}); }).what(), "got (f32[1])"));
}

namespace {

const std::string kept = JAXRS_PROGRAMS "/";

/// An array of cases.txt.
jx::Array described(std::istream& words) {
    std::string dtype;
    std::size_t rank = 0, n = 1;
    words >> dtype >> rank;
    std::vector<std::int64_t> shape(rank);
    for (auto& size : shape) words >> size, n *= static_cast<std::size_t>(size);
    std::vector<double> values(n);
    for (auto& value : values) words >> value;
    auto to = dtype == "f32" ? jx::DType::f32 : dtype == "i32" ? jx::DType::i32 : jx::DType::u32;
    return jx::convert_element_type(jx::Array::from(jx::Span<const double>(values), shape), to);
}

bool agree(const jx::Array& got, const jx::Array& expected) {
    if (got.dtype() != expected.dtype() || got.size() != expected.size()) return false;
    auto x = jx::convert_element_type(got, jx::DType::f64).to_vector<double>();
    auto y = jx::convert_element_type(expected, jx::DType::f64).to_vector<double>();
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!(std::abs(x[i] - y[i]) <= 1e-5 * (1 + std::abs(y[i])))) return false;
    }
    return true;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "kept programs give what they gave") {
    std::ifstream cases(kept + "cases.txt");
    std::string line, word, name;
    std::vector<jx::Array> inputs, outputs;
    int programs = 0;
    while (std::getline(cases, line)) {
        std::istringstream words(line);
        words >> word;
        if (word == "program") {
            words >> name;
            inputs.clear(), outputs.clear(), ++programs;
        } else if (word == "in") {
            inputs.push_back(described(words));
        } else if (word == "out") {
            if (outputs.empty()) outputs = jx::Program::load_file(kept + name + ".jaxrs")(inputs);
            CHECK_MESSAGE(agree(outputs[0], described(words)), name);
            outputs.erase(outputs.begin());
        } else if (word == "refused") {
            words >> name;
            CHECK(says(error_of([&] { jx::Program::load_file(kept + name + ".jaxrs"); }).what(), "saved program"));
        }
    }
    CHECK(programs == 5);
}
