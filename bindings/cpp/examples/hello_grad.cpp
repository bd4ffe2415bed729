// f(x) = x sin x: its derivatives, and all of it for many x at once.
#include <iostream>
#include <jaxrs/jaxrs.hpp>
namespace jx = jaxrs;

template <class F>
void show(const char* name, const F& f, const jx::Array& x) {
    std::cout << name << ": " << jx::make_jaxpr(f)(x).text() << "\n  = " << f(x) << "\n";
}

int main() {
    jx::Context context;
    auto f = [](const jx::Array& x) { return x * jx::sin(x); };
    jx::Array one = jx::full({}, 1, jx::DType::f32);
    show("f", f, one);
    show("grad f", jx::grad(f), one);
    show("grad grad f", jx::grad(jx::grad(f)), one);
    show("vmap grad grad f", jx::vmap(jx::grad(jx::grad(f))), jx::Array::from({0.f, 1.f, 2.f}));
    std::cout << "hello_grad: ok functions=4\n";
}
