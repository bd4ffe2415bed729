// Exchange with other libraries: DLPack and Eigen.
#include "support.hpp"

#include <cstdlib>

#include <Eigen/Dense>
#include <jaxrs/eigen.hpp>

// What this test needs of dlpack.h, by its layout.
struct DLVersion { std::uint32_t major, minor; };
struct DLDevice { std::int32_t type, id; };
struct DLDataType { std::uint8_t code, bits; std::uint16_t lanes; };
struct DLTensor { void* data; DLDevice device; std::int32_t ndim; DLDataType dtype; std::int64_t *shape, *strides; std::uint64_t byte_offset; };
struct DLManagedTensorVersioned {
    DLVersion version;
    void* manager;
    void (*deleter)(DLManagedTensorVersioned*);
    std::uint64_t flags;
    DLTensor tensor;
};

TEST_CASE_FIXTURE(Fixture, "DLPack tensors go in and out") {
    jx::Array a = jx::reshape(f32({1, 2, 3, 4, 5, 6}), {2, 3});
    DLManagedTensorVersioned* out = jx::to_dlpack(a);
    CHECK(out->tensor.ndim == 2);
    CHECK(out->tensor.shape[1] == 3);
    CHECK(static_cast<float*>(out->tensor.data)[4] == 5);
    jx::Array back = jx::from_dlpack(out);
    CHECK(near(back, {1, 2, 3, 4, 5, 6}));
    CHECK(back.view<float>().data() == a.view<float>().data());
}

TEST_CASE_FIXTURE(Fixture, "Eigen's matrices go in and out") {
    Eigen::MatrixXd m(2, 3); // columns first
    m << 1, 2, 3, 4, 5, 6;
    jx::Array a = jx::from_eigen(m);
    CHECK(near(a, {1, 2, 3, 4, 5, 6}));
    CHECK(near(jx::from_eigen(m.transpose()), {1, 4, 2, 5, 3, 6}));
    CHECK(near(jx::from_eigen(m.block(0, 1, 2, 2)), {2, 3, 5, 6}));
    CHECK(near(jx::from_eigen(m * 2), {2, 4, 6, 8, 10, 12}));
    CHECK(near(jx::from_eigen(m.row(1)), {4, 5, 6}));
    CHECK(near(jx::from_eigen(m.col(1)), {2, 5}));
    CHECK(jx::from_eigen(m.col(1)).ndim() == 1);
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = m.cast<float>();
    CHECK(near(jx::from_eigen(rows), {1, 2, 3, 4, 5, 6}));
    CHECK(jx::from_eigen(Eigen::MatrixXd(0, 3)).size() == 0);
    jx::Array product = jx::matmul(a, jx::transpose(a));
    CHECK(jx::eigen_matrix<double>(product).isApprox(m * m.transpose()));
    CHECK(jx::eigen_vector<double>(a[1]) == m.row(1).transpose());
    CHECK(error_of([&] { jx::eigen_vector<double>(a); }).code() == jx::Code::shape);
}
