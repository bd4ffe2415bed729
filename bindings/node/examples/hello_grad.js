// f(x) = x sin x: its derivatives, and all of it for many x at once.
import { grad, makeJaxpr, np, tensor, vmap } from "jaxrs";

const f = (x) => x.mul(x.sin());
const show = (name, f, x) => console.log(`${name}: ${makeJaxpr(f)(x)}\n  = ${f(x)}`);

const one = np.full([], 1, { dtype: "f32" });
show("f", f, one);
show("grad f", grad(f), one);
show("grad grad f", grad(grad(f)), one);
show("vmap grad grad f", vmap(grad(grad(f))), tensor([0, 1, 2]));
console.log("hello_grad: ok functions=4");
