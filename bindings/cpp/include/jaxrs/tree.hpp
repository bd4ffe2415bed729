// Trees of arrays: arrays, structs with JAXRS_TREE, tuples, pairs, vectors, maps and optionals, in any nesting.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <jaxrs/operation.hpp>

/// In a struct: which of its members are arrays, trees of arrays, or constants (numbers, texts), in order.
///     struct Layer { jaxrs::Array w, b; JAXRS_TREE(Layer, w, b) };
#define JAXRS_TREE(Type, ...)                                                           \
    template <class Visit>                                                              \
    void jaxrs_members(Visit&& visit) { visit(__VA_ARGS__); }                           \
    template <class Visit>                                                              \
    void jaxrs_members(Visit&& visit) const { visit(__VA_ARGS__); }                     \
    using jaxrs_tree = Type;

namespace jaxrs {

/// A tree without leaves, where a tree is needed and there is nothing.
struct Nothing {};

namespace detail {

template <class T, class = void>
struct has_members : std::false_type {};
template <class T>
struct has_members<T, std::void_t<typename T::jaxrs_tree>> : std::is_same<typename T::jaxrs_tree, T> {};

template <class T, class = void>
struct is_tuple : std::false_type {};
template <class T>
struct is_tuple<T, std::void_t<decltype(std::tuple_size<T>::value)>> : std::true_type {};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Goes through a tree: `v.leaf(array)` for each array, `v.open(n)` for each container of variable length,
/// `v.constant(bytes, n)` for what else decides the structure.
template <class T, class V>
void visit(T& tree, V& v) {
    using U = std::remove_cv_t<T>;
    if constexpr (std::is_same_v<U, Array>) {
        v.leaf(tree);
    } else if constexpr (std::is_same_v<U, Nothing>) {
    } else if constexpr (has_members<U>::value) {
        tree.jaxrs_members([&v](auto&... members) { (visit(members, v), ...); });
    } else if constexpr (is_tuple<U>::value) {
        std::apply([&v](auto&... members) { (visit(members, v), ...); }, tree);
    } else if constexpr (is_vector<U>::value) {
        v.open(tree.size());
        for (auto& member : tree) visit(member, v);
    } else if constexpr (is_map<U>::value) {
        v.open(tree.size());
        for (auto& [key, member] : tree) v.constant(key.data(), key.size()), visit(member, v);
    } else if constexpr (is_optional<U>::value) {
        v.open(tree.has_value());
        if (tree) visit(*tree, v);
    } else if constexpr (std::is_same_v<U, std::string>) {
        v.constant(tree.data(), tree.size());
    } else if constexpr (std::is_arithmetic_v<U> || std::is_enum_v<U>) {
        v.constant(reinterpret_cast<const char*>(&tree), sizeof tree);
    } else {
        static_assert(sizeof(T) == 0, "this type is no tree of arrays: give the struct a JAXRS_TREE");
    }
}

struct Visitor {
    void leaf(const Array&) {}
    void open(std::size_t) {}
    void constant(const char*, std::size_t) {}
};

struct Flatten : Visitor {
    std::vector<Array> leaves;
    void leaf(const Array& array) { leaves.push_back(array); }
};

struct Clear : Visitor {
    void leaf(Array& array) { array = Array(); }
};

/// Puts arrays in the place of leaves, in order.
struct Fill : Visitor {
    const Array* next;
    const Array* end;
    void leaf(Array& array) {
        if (next == end) throw Error(Code::invalid_argument, "there are fewer arrays than the tree has leaves");
        array = *next++;
    }
};

/// What decides the structure and the types, as bytes.
struct Describe : Visitor {
    std::string key;
    void number(std::uint64_t n) { key.append(reinterpret_cast<const char*>(&n), sizeof n); }
    void leaf(const Array& array) {
        number(static_cast<std::uint64_t>(array.dtype()) << 8 | (array.is_weak() ? 1 : 0));
        number(array.ndim());
        for (std::int64_t size : array.shape()) number(static_cast<std::uint64_t>(size));
    }
    void open(std::size_t n) { number(n); }
    void constant(const char* data, std::size_t n) { number(n), key.append(data, n); }
};

struct Count : Visitor {
    std::size_t leaves = 0;
    bool is_open = false;
    void leaf(const Array&) { ++leaves; }
    void open(std::size_t) { is_open = true; }
};

template <class T>
T cleared(T tree) {
    Clear clear;
    visit(tree, clear);
    return tree;
}

/// How many leaves every tree of a type has.
template <class T>
std::size_t leaves_of(const char* transform) {
    Count count;
    T tree{};
    visit(tree, count);
    if (count.is_open) {
        throw Error(Code::invalid_argument, std::string(transform) + " needs a result without containers of variable length");
    }
    return count.leaves;
}

} // namespace detail

/// The arrays of a tree, in order.
template <class T>
std::vector<Array> tree_leaves(const T& tree) {
    detail::Flatten flatten;
    detail::visit(tree, flatten);
    return std::move(flatten.leaves);
}

/// A tree like `tree`, with these arrays.
template <class T>
T tree_unflatten(T tree, Span<const Array> leaves) {
    detail::Fill fill{{}, leaves.begin(), leaves.end()};
    detail::visit(tree, fill);
    if (fill.next != fill.end) throw Error(Code::invalid_argument, "there are more arrays than the tree has leaves");
    return tree;
}

/// A tree like `tree`, whose leaves are what `f` gives for the leaves at the same place of all trees.
template <class F, class T, class... More>
T tree_map(F&& f, const T& tree, const More&... more) {
    std::vector<Array> leaves = tree_leaves(tree);
    std::array<std::vector<Array>, sizeof...(More)> others{tree_leaves(more)...};
    for (const auto& other : others) {
        if (other.size() != leaves.size()) throw Error(Code::invalid_argument, "tree_map needs trees of one structure");
    }
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        leaves[i] = std::apply([&](auto&... other) { return f(leaves[i], other[i]...); }, others);
    }
    return tree_unflatten(tree, leaves);
}

} // namespace jaxrs
