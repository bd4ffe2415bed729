// Operators on arrays, element by element. Comparisons give arrays of truth values.
#pragma once
#include <jaxrs/ops.hpp>

namespace jaxrs {

inline Array operator-(const Array& x) { return neg(x); }
inline Array operator+(const Array& x) { return x; }
inline Array operator~(const Array& x) { return not_(x); }
inline Array operator!(const Array& x) { return logical_not(x); }

inline Array operator+(const Array& x, const Array& y) { return add(x, y); }
inline Array operator-(const Array& x, const Array& y) { return sub(x, y); }
inline Array operator*(const Array& x, const Array& y) { return mul(x, y); }
/// The quotient; of integers it is a float, as in JAX.
inline Array operator/(const Array& x, const Array& y) { return true_divide(x, y); }
inline Array operator%(const Array& x, const Array& y) { return mod(x, y); }
inline Array operator&(const Array& x, const Array& y) { return and_(x, y); }
inline Array operator|(const Array& x, const Array& y) { return or_(x, y); }
inline Array operator^(const Array& x, const Array& y) { return xor_(x, y); }
inline Array operator<<(const Array& x, const Array& y) { return shift_left(x, y); }
inline Array operator>>(const Array& x, const Array& y) { return shift_right_arithmetic(x, y); }

inline Array operator==(const Array& x, const Array& y) { return eq(x, y); }
inline Array operator!=(const Array& x, const Array& y) { return ne(x, y); }
inline Array operator<(const Array& x, const Array& y) { return lt(x, y); }
inline Array operator<=(const Array& x, const Array& y) { return le(x, y); }
inline Array operator>(const Array& x, const Array& y) { return gt(x, y); }
inline Array operator>=(const Array& x, const Array& y) { return ge(x, y); }

inline Array Array::operator[](std::int64_t position) const {
    std::vector<std::int64_t> limit(shape().begin(), shape().end()), start(limit.size(), 0);
    std::int64_t size = limit.empty() ? 0 : limit[0], at = position < 0 ? position + size : position;
    if (at < 0 || at >= size) {
        throw Error(Code::shape, "position " + std::to_string(position) + " is not in an axis of size " + std::to_string(size));
    }
    start[0] = at, limit[0] = at + 1;
    return squeeze(slice(*this, start, limit), 0);
}

inline Array& operator+=(Array& x, const Array& y) { return x = x + y; }
inline Array& operator-=(Array& x, const Array& y) { return x = x - y; }
inline Array& operator*=(Array& x, const Array& y) { return x = x * y; }
inline Array& operator/=(Array& x, const Array& y) { return x = x / y; }

} // namespace jaxrs
