// Every operation against values that JAX computed, through its function of this binding.
#include <doctest/doctest.h>

#include <fstream>
#include <limits>

#include "operations_by_name.hpp"

namespace {

const std::map<std::string, jx::DType> dtypes = {
    {"bool", jx::DType::boolean}, {"i8", jx::DType::i8},   {"i16", jx::DType::i16}, {"i32", jx::DType::i32},
    {"i64", jx::DType::i64},      {"u8", jx::DType::u8},   {"u16", jx::DType::u16}, {"u32", jx::DType::u32},
    {"u64", jx::DType::u64},      {"f32", jx::DType::f32}, {"f64", jx::DType::f64}, {"c64", jx::DType::c64},
    {"c128", jx::DType::c128},
};

using Complex = std::complex<double>;

Complex element(const Json& json) {
    if (!json.items.empty()) return {json.items[0].real(), json.items[1].real()};
    if (json.text == "true") return 1;
    return json.text == "false" ? 0 : json.real();
}

template <class T>
std::vector<T> elements(const Json& data) {
    std::vector<T> out;
    for (const Json& json : data.items) {
        if constexpr (std::is_same_v<T, std::uint64_t>) out.push_back(std::stoull(json.text));
        else if constexpr (std::is_same_v<T, std::int64_t>) out.push_back(json.number());
        else if constexpr (std::is_arithmetic_v<T>) out.push_back(static_cast<T>(element(json).real()));
        else out.push_back(T(element(json)));
    }
    return out;
}

template <class Use>
auto with_type(jx::DType dtype, Use use) {
    switch (dtype) {
        case jx::DType::i8: return use(std::int8_t());
        case jx::DType::i16: return use(std::int16_t());
        case jx::DType::i32: return use(std::int32_t());
        case jx::DType::i64: return use(std::int64_t());
        case jx::DType::u16: return use(std::uint16_t());
        case jx::DType::u32: return use(std::uint32_t());
        case jx::DType::u64: return use(std::uint64_t());
        case jx::DType::f32: return use(float());
        case jx::DType::f64: return use(double());
        case jx::DType::c64: return use(std::complex<float>());
        case jx::DType::c128: return use(Complex());
        default: return use(std::uint8_t()); // truth values are bytes
    }
}

jx::Array array(const Json& json) {
    jx::DType dtype = dtypes.at(json.at("dtype").text);
    std::vector<std::int64_t> shape = elements<std::int64_t>(json.at("shape"));
    return with_type(dtype, [&](auto type) {
        auto data = elements<decltype(type)>(json.at("data"));
        return jx::Array::from_bytes(data.data(), data.size() * sizeof type, dtype, shape);
    });
}

double finite(double x) { return std::fmin(x, std::numeric_limits<double>::max()); }

bool is_close(double a, double b, double tolerance) {
    return a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance * (1 + finite(std::fabs(b)));
}

/// As the engine's own tests compare: complex numbers are close by their parts or by their distance.
bool is_close(Complex a, Complex b, double tolerance) {
    if (is_close(a.real(), b.real(), tolerance) && is_close(a.imag(), b.imag(), tolerance)) return true;
    return std::hypot(a.real() - b.real(), a.imag() - b.imag()) <= tolerance * (1 + finite(std::abs(b)));
}

/// What is wrong with a result; empty if nothing is.
std::string difference(const jx::Array& got, const Json& expected, double tolerance) {
    std::vector<std::int64_t> shape = elements<std::int64_t>(expected.at("shape"));
    if (got.dtype() != dtypes.at(expected.at("dtype").text)) return "another element type: " + got.str();
    if (!std::equal(shape.begin(), shape.end(), got.shape().begin(), got.shape().end())) return "another shape: " + got.str();
    return with_type(got.dtype(), [&](auto type) -> std::string {
        using T = decltype(type);
        std::vector<T> data(got.size()), wanted = elements<T>(expected.at("data"));
        got.copy_bytes_to(data.data(), data.size() * sizeof(T));
        for (std::size_t i = 0; i < data.size(); ++i) {
            bool same = data[i] == wanted[i];
            if constexpr (!std::is_integral_v<T>) same = same || is_close(Complex(data[i]), Complex(wanted[i]), tolerance);
            if (!same) return "element " + std::to_string(i) + " of " + got.str();
        }
        return "";
    });
}

} // namespace

jx::DType dtype_named(const std::string& name) { return dtypes.at(name); }

TEST_CASE("operations agree with JAX") {
    jx::Context context;
    // The values were recorded with 64-bit defaults.
    auto here = context.scope().with_default_float(jx::DType::f64).attach();
    std::ifstream file(JAXRS_CASES);
    std::string line;
    REQUIRE(std::getline(file, line));
    Json tolerances = JsonReader::read(line).at("tolerances");
    std::map<std::string, const Operation*> by_name;
    for (const Operation& operation : operations()) by_name[operation.name] = &operation;
    std::size_t cases = 0;
    while (std::getline(file, line)) {
        Json row = JsonReader::read(line);
        CAPTURE(line.substr(0, 300));
        Values in;
        for (const Json& input : row.at("inputs").items) in.push_back(array(input));
        Values out = by_name.at(row.at("op").text)->call(in, Attributes{row.at("params")});
        const std::vector<Json>& expected = row.at("outputs").items;
        REQUIRE(out.size() == expected.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
            const std::string& dtype = expected[i].at("dtype").text;
            double tolerance = tolerances.fields.count(dtype) ? tolerances.at(dtype).real() : 0;
            CHECK(difference(out[i], expected[i], tolerance) == "");
        }
        ++cases;
    }
    MESSAGE(cases, " cases");
    CHECK(cases > 700);
}
