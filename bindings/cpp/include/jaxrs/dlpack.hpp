// Exchange of arrays with other libraries. DLManagedTensorVersioned is that of dlpack.h, which this header does not need.
#pragma once
#include <jaxrs/array.hpp>

namespace jaxrs {

/// An array over another library's tensor, which it takes over; dense and aligned memory is not copied.
inline Array from_dlpack(DLManagedTensorVersioned* tensor) {
    jaxrs_array* out = nullptr;
    detail::check(jaxrs_array_from_dlpack(detail::engine_here().handle, tensor, 0, &out));
    return Array::adopt(out);
}

/// A tensor over the array's memory, read-only; whoever gets it calls its deleter.
inline DLManagedTensorVersioned* to_dlpack(const Array& array) {
    DLManagedTensorVersioned* out = nullptr;
    detail::check(jaxrs_array_to_dlpack(array.get(), 0, 0, &out));
    return out;
}

} // namespace jaxrs
