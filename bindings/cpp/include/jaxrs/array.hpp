// Arrays: handles with value semantics, made from numbers and memory.
#pragma once
#include <complex>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <jaxrs/context.hpp>
#include <jaxrs/span.hpp>

namespace jaxrs {
namespace detail {

template <class T>
constexpr DType dtype_of() {
    if constexpr (std::is_same_v<T, bool>) return DType::boolean;
    else if constexpr (std::is_same_v<T, float>) return DType::f32;
    else if constexpr (std::is_same_v<T, double>) return DType::f64;
    else if constexpr (std::is_same_v<T, std::complex<float>>) return DType::c64;
    else if constexpr (std::is_same_v<T, std::complex<double>>) return DType::c128;
    else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
        return sizeof(T) == 1 ? DType::i8 : sizeof(T) == 2 ? DType::i16 : sizeof(T) == 4 ? DType::i32 : DType::i64;
    else if constexpr (std::is_integral_v<T>)
        return sizeof(T) == 1 ? DType::u8 : sizeof(T) == 2 ? DType::u16 : sizeof(T) == 4 ? DType::u32 : DType::u64;
    else static_assert(sizeof(T) == 0, "no element type corresponds to this type");
}

/// Text or data that the library gave.
inline std::string text(jaxrs_bytes* bytes) {
    std::unique_ptr<jaxrs_bytes, void (*)(jaxrs_bytes*)> owner(bytes, jaxrs_bytes_release);
    return {static_cast<const char*>(jaxrs_bytes_data(bytes)), jaxrs_bytes_len(bytes)};
}

} // namespace detail

/// The element type that corresponds to a type of C++.
template <class T>
inline constexpr DType dtype_of = detail::dtype_of<std::remove_cv_t<T>>();

/// Elements of an array in place, by their indices; valid as long as the array.
template <class T, std::size_t N>
class View {
public:
    View(const T* data, const std::int64_t* shape) : data_(data) { std::copy(shape, shape + N, shape_.begin()); }

    template <class... I>
    const T& operator()(I... indices) const {
        static_assert(sizeof...(I) == N, "as many indices as axes");
        std::size_t flat = 0, axis = 0;
        ((flat = flat * static_cast<std::size_t>(shape_[axis++]) + static_cast<std::size_t>(indices)), ...);
        return data_[flat];
    }
    std::int64_t size(std::size_t axis) const { return shape_[axis]; }

private:
    const T* data_;
    std::array<std::int64_t, N> shape_{};
};

/// A concrete array, or a tracer while a function is traced. Immutable; copies share it.
class Array {
public:
    /// No array.
    Array() = default;
    /// A number that takes the element type of what it meets. Whole numbers are integers, as in JAX.
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
    Array(T number) : Array(from_number(number)) {}
    Array(std::complex<double> number) {
        detail::check(jaxrs_array_full_c128(scope(), number.real(), number.imag(), 0, nullptr, 0, &handle_));
    }
    Array(const Array& other) : handle_(jaxrs_array_retain(other.handle_)) {}
    Array(Array&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Array& operator=(Array other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Array() {
        if (handle_) jaxrs_array_release(handle_);
    }

    /// Takes over a reference of the C interface.
    static Array adopt(jaxrs_array* handle) {
        Array array;
        array.handle_ = handle;
        return array;
    }

    /// A copy of memory.
    template <class T>
    static Array from(Span<const T> elements, Ints shape) {
        return copied(elements.data(), elements.size_bytes(), dtype_of<T>, shape, nullptr);
    }
    template <class C, class T = typename std::decay_t<C>::value_type>
    static Array from(const C& elements, Ints shape) { return from(Span<const T>(elements), shape); }
    template <class C, class T = typename std::decay_t<C>::value_type>
    static Array from(const C& elements) {
        return from(Span<const T>(elements), static_cast<std::int64_t>(elements.size()));
    }
    template <class T>
    static Array from(std::initializer_list<T> elements) {
        return from(Span<const T>(elements), static_cast<std::int64_t>(elements.size()));
    }

    /// A copy of memory whose elements lie at steps in bytes, one for each axis.
    template <class T>
    static Array from_strided(Span<const T> elements, Ints shape, Ints byte_strides) {
        if (byte_strides.size() != shape.size()) throw Error(Code::shape, "from_strided needs a stride for each axis");
        return copied(elements.data(), elements.size_bytes(), dtype_of<T>, shape, byte_strides.data());
    }

    /// A copy of bytes as elements of any type.
    static Array from_bytes(const void* data, std::size_t size, DType dtype, Ints shape) {
        return copied(data, size, dtype, shape, nullptr);
    }

    /// The caller's memory, which has to stay as it is until `done` is called: once, on any thread, also where this
    /// throws. Memory that is not aligned to 64 bytes is copied.
    template <class T>
    static Array borrow(Span<const T> elements, Ints shape, std::function<void()> done) {
        auto* userdata = new std::function<void()>(std::move(done));
        auto drop = [](void* pointer) {
            std::unique_ptr<std::function<void()>> owner(static_cast<std::function<void()>*>(pointer));
            if (*owner) (*owner)();
        };
        jaxrs_scope* scope = detail::here.scope; // NULL gives an error, and calls `done`
        Array array;
        detail::check(jaxrs_array_borrow_host(scope, elements.data(), elements.size_bytes(),
                                              static_cast<jaxrs_dtype>(dtype_of<T>), shape.data(), shape.size(), userdata,
                                              drop, &array.handle_));
        return array;
    }

    DType dtype() const { return static_cast<DType>(jaxrs_array_dtype(handle_)); }
    std::size_t ndim() const { return jaxrs_array_ndim(handle_); }
    Span<const std::int64_t> shape() const { return {jaxrs_array_shape(handle_), ndim()}; }
    std::int64_t shape(std::size_t axis) const { return shape()[axis]; }
    std::size_t size() const { return jaxrs_array_size(handle_); }
    bool is_tracer() const { return jaxrs_array_is_tracer(handle_) != 0; }
    bool is_weak() const { return jaxrs_array_is_weak(handle_) != 0; }

    /// Whether it is an array at all.
    bool exists() const { return handle_ != nullptr; }
    /// Borrowed, for the C interface.
    jaxrs_array* get() const { return handle_; }

    /// The part at one position along axis 0; negative ones count from the end. In operators.hpp.
    Array operator[](std::int64_t position) const;

    /// The only element.
    double item() const {
        double out = 0;
        detail::check(jaxrs_array_item_f64(handle_, &out));
        return out;
    }
    std::complex<double> item_complex() const {
        double re = 0, im = 0;
        detail::check(jaxrs_array_item_c128(handle_, &re, &im));
        return {re, im};
    }
    explicit operator double() const { return item(); }
    explicit operator float() const { return static_cast<float>(item()); }
    /// For `if` and `while`. A tracer has no value: use cond, where or while_loop.
    explicit operator bool() const { return item() != 0; }

    /// Copies the elements out, in row-major order.
    template <class T>
    void copy_to(Span<T> elements) const {
        expect(dtype_of<T>);
        detail::check(jaxrs_array_to_host(handle_, elements.data(), elements.size_bytes(), nullptr));
    }
    void copy_bytes_to(void* data, std::size_t size) const {
        detail::check(jaxrs_array_to_host(handle_, data, size, nullptr));
    }
    template <class T>
    std::vector<T> to_vector() const {
        static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements in a row: use view<bool>()");
        std::vector<T> elements(size());
        copy_to(Span<T>(elements));
        return elements;
    }

    /// The elements in place, in row-major order; valid as long as this handle or a copy.
    template <class T>
    Span<const T> view() const {
        expect(dtype_of<T>);
        const void* data = nullptr;
        std::size_t bytes = 0;
        detail::check(jaxrs_array_host_view(handle_, &data, &bytes));
        return {static_cast<const T*>(data), bytes / sizeof(T)};
    }
    template <class T, std::size_t N>
    View<T, N> view() const {
        if (ndim() != N) {
            throw Error(Code::shape, "view needs " + std::to_string(N) + " axes, got " + std::to_string(ndim()));
        }
        return {view<T>().data(), shape().data()};
    }

    /// The elements as text; for a tracer its type.
    std::string str() const {
        jaxrs_bytes* bytes = nullptr;
        detail::check(jaxrs_array_print(handle_, &bytes));
        return detail::text(bytes);
    }

private:
    static jaxrs_scope* scope() {
        detail::engine_here();
        return detail::here.scope;
    }

    template <class T>
    static Array from_number(T number) {
        Array array;
        if constexpr (std::is_same_v<T, bool>) {
            detail::check(jaxrs_array_full_i64(scope(), number, JAXRS_BOOL, nullptr, 0, &array.handle_));
        } else if constexpr (std::is_integral_v<T>) {
            detail::check(jaxrs_array_full_i64(scope(), static_cast<std::int64_t>(number), 0, nullptr, 0, &array.handle_));
        } else {
            detail::check(jaxrs_array_full_f64(scope(), static_cast<double>(number), 0, nullptr, 0, &array.handle_));
        }
        return array;
    }

    static Array copied(const void* data, std::size_t bytes, DType dtype, const Ints& shape, const std::int64_t* strides) {
        Array array;
        detail::check(jaxrs_array_from_host(scope(), data, bytes, static_cast<jaxrs_dtype>(dtype), shape.data(),
                                            shape.size(), strides, nullptr, &array.handle_));
        return array;
    }

    void expect(DType needed) const {
        if (dtype() == needed) return;
        throw Error(Code::dtype, "the element type is number " + std::to_string(static_cast<std::uint32_t>(dtype())) +
                                     ", but number " + std::to_string(static_cast<std::uint32_t>(needed)) + " was asked for");
    }

    jaxrs_array* handle_ = nullptr;
};

/// An argument that is a list of arrays: `{x, y}` or a vector.
using Arrays = Span<const Array>;

inline std::ostream& operator<<(std::ostream& out, const Array& array) { return out << array.str(); }

} // namespace jaxrs
