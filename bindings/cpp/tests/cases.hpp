// The conformance cases: rows of JSON, and operations by name.
#pragma once
#include <cctype>
#include <cmath>
#include <map>
#include <stdexcept>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include <jaxrs/jaxrs.hpp>

namespace jx = jaxrs;
using jx::DType, jx::none;

/// A value of JSON. Numbers keep their text: 64-bit integers do not fit a double.
struct Json {
    std::string text; ///< of a number, a string, true, false or null
    std::vector<Json> items;
    std::map<std::string, Json> fields;

    const Json& at(const std::string& name) const { return fields.at(name); }
    double real() const { return std::strtod(text.c_str(), nullptr); /* std::stod throws for numbers below the normal range */ }
    std::int64_t number() const { return std::stoll(text); }
};

class JsonReader {
public:
    static Json read(const std::string& text) {
        JsonReader reader(text);
        return reader.value();
    }

private:
    explicit JsonReader(const std::string& text) : text_(text) {}

    char peek() const { return text_.at(at_); }
    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    void need(char c) {
        if (!take(c)) throw std::runtime_error("JSON lacks a " + std::string(1, c));
    }
    std::string string() {
        std::string out;
        for (need('"'); !take('"'); ++at_) out += peek();
        return out;
    }
    Json value() {
        Json json;
        if (take('{')) {
            while (!take('}')) {
                std::string name = string();
                need(':');
                json.fields[name] = value();
                take(',');
            }
        } else if (take('[')) {
            while (!take(']')) {
                json.items.push_back(value());
                take(',');
            }
        } else if (peek() == '"') {
            json.text = string();
        } else {
            while (at_ < text_.size() && (std::isalnum(peek()) || peek() == '.' || peek() == '-' || peek() == '+')) json.text += text_[at_++];
        }
        return json;
    }

    const std::string& text_;
    std::size_t at_ = 0;
};

using Values = std::vector<jx::Array>;

jx::DType dtype_named(const std::string& name);

/// The attributes of a case. What is not there has the default of the table.
struct Attributes {
    const Json& json;

    const Json* find(const char* name) const {
        auto found = json.fields.find(name);
        return found == json.fields.end() ? nullptr : &found->second;
    }
    const Json& needed(const char* name) const { return json.at(name); }

    std::int64_t number(const char* name) const { return needed(name).number(); }
    std::int64_t number(const char* name, std::int64_t other) const { return find(name) ? number(name) : other; }
    std::int64_t axis(const char* name, std::int64_t other) const { return find(name) ? number(name) : other; }
    double real(const char* name) const { return needed(name).real(); }
    double real(const char* name, double other) const { return find(name) ? real(name) : other; }
    bool flag(const char* name) const { return needed(name).text == "true"; }
    bool flag(const char* name, bool other) const { return find(name) ? flag(name) : other; }
    std::string word(const char* name) const { return needed(name).text; }
    std::string word(const char* name, const char* other) const { return find(name) ? word(name) : other; }
    jx::DType dtype(const char* name) const { return dtype_named(needed(name).text); }
    jx::DType dtype(const char* name, jx::DType other) const { return find(name) ? dtype(name) : other; }
    std::vector<std::int64_t> numbers(const char* name) const {
        std::vector<std::int64_t> numbers;
        for (const Json& item : needed(name).items) numbers.push_back(item.number());
        return numbers;
    }
    std::vector<std::int64_t> numbers(const char* name, std::vector<std::int64_t> other) const {
        return find(name) ? numbers(name) : other;
    }
};

inline Values rest(const Values& in, std::size_t from) { return {in.begin() + static_cast<std::ptrdiff_t>(from), in.end()}; }

struct Operation {
    const char* name;
    Values (*call)(const Values&, const Attributes&);
};
