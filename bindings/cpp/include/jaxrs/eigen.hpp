// Eigen's matrices and vectors as arrays, and back. Not part of jaxrs.hpp: include it where Eigen is there.
#pragma once
#include <Eigen/Core>

#include <jaxrs/array.hpp>

namespace jaxrs {

/// A copy of a matrix (two axes) or a vector (one axis); storage order and strides do not matter.
template <class Derived>
Array from_eigen(const Eigen::DenseBase<Derived>& matrix) {
    // Expressions get memory here; matrices, blocks and maps keep theirs.
    const Eigen::Ref<const typename Derived::PlainObject, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> dense(matrix.derived());
    using T = typename Derived::Scalar;
    auto size = [](Eigen::Index n) { return static_cast<std::int64_t>(n); };
    std::int64_t step = size(sizeof(T));
    std::int64_t down = step * size(Derived::IsRowMajor ? dense.outerStride() : dense.innerStride());
    std::int64_t right = step * size(Derived::IsRowMajor ? dense.innerStride() : dense.outerStride());
    std::size_t elements = dense.size() == 0 ? 0 : static_cast<std::size_t>(
        (down * (size(dense.rows()) - 1) + right * (size(dense.cols()) - 1)) / step + 1);
    Span<const T> memory(dense.data(), elements);
    if constexpr (Derived::IsVectorAtCompileTime) {
        return Array::from_strided(memory, size(dense.size()), Derived::ColsAtCompileTime == 1 ? down : right);
    } else {
        return Array::from_strided(memory, {size(dense.rows()), size(dense.cols())}, {down, right});
    }
}

/// The elements in place, of an array with two axes; valid as long as the array.
template <class T>
auto eigen_matrix(const Array& array) {
    using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    View<T, 2> view = array.view<T, 2>();
    return Eigen::Map<const Matrix>(array.view<T>().data(), view.size(0), view.size(1));
}

/// The elements in place, of an array with one axis; valid as long as the array.
template <class T>
auto eigen_vector(const Array& array) {
    View<T, 1> view = array.view<T, 1>();
    return Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>>(array.view<T>().data(), view.size(0));
}

} // namespace jaxrs
