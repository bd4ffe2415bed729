#include <jaxrs/jaxrs.hpp>

int main() {
    jaxrs::Context context;
    auto f = [](const jaxrs::Array& x) { return x * x * x; };
    return jaxrs::jit(jaxrs::grad(f))(2.0).item() == 12 ? 0 : 1;
}
