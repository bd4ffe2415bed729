// exchange save FILE: saves the gradient of x sin x. exchange load FILE...: prints what each saved one gives.
#include <iostream>
#include <jaxrs/jaxrs.hpp>
#include <string>
namespace jx = jaxrs;

int main(int argc, char** argv) {
    jx::Context context;
    auto gradient = jx::vmap(jx::grad([](const jx::Array& x) { return x * jx::sin(x); }));
    jx::Array points = jx::Array::from({0.5f, 1.5f, 2.5f});
    for (int i = 2; i < argc; i++) {
        if (std::string(argv[1]) == "save") jx::make_jaxpr(gradient)(points).save_file(argv[i]);
        else std::cout << jx::Program::load_file(argv[i])({points})[0] << "\n";
    }
}
