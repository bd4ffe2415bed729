// Views of memory: what std::span is from C++20 on, and lists of numbers as arguments.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace jaxrs {

/// A view of elements in a row. Any container with data() and size() converts to it, and it converts to std::span.
template <class T>
class Span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;

    constexpr Span() = default;
    constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}
    template <std::size_t N>
    constexpr Span(T (&elements)[N]) : data_(elements), size_(N) {}
    template <class C, class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<C&>().data()), T*> &&
                                                !std::is_same_v<std::decay_t<C>, Span>>>
    constexpr Span(C&& elements) : data_(elements.data()), size_(elements.size()) {}
    /// Lives as long as the braces: to the end of the call.
    constexpr Span(std::initializer_list<value_type> elements) : size_(elements.size()) { data_ = elements.begin(); }

    constexpr T* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr std::size_t size_bytes() const { return size_ * sizeof(T); }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* begin() const { return data_; }
    constexpr T* end() const { return data_ + size_; }
    constexpr T& operator[](std::size_t i) const { return data_[i]; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

/// An argument that is a list of numbers: `{0, 1}`, a vector, or one number.
class Ints {
public:
    Ints() = default;
    Ints(std::int64_t number) : one_(number), size_(1) {}
    Ints(int number) : Ints(static_cast<std::int64_t>(number)) {}
    Ints(std::initializer_list<std::int64_t> numbers) : size_(numbers.size()) { list_ = numbers.begin(); }
    template <class C, class = std::enable_if_t<
                           std::is_convertible_v<decltype(std::declval<const C&>().data()), const std::int64_t*>>>
    Ints(const C& numbers) : list_(numbers.data()), size_(numbers.size()) {}

    const std::int64_t* data() const { return list_ || size_ == 0 ? list_ : &one_; }
    std::size_t size() const { return size_; }
    const std::int64_t* begin() const { return data(); }
    const std::int64_t* end() const { return data() + size_; }

private:
    const std::int64_t* list_ = nullptr;
    std::int64_t one_ = 0;
    std::size_t size_ = 0;
};

} // namespace jaxrs
