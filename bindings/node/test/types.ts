// Checked by the compiler only: trees keep their types through transforms.
import { grad, jit, np, tensor, valueAndGrad, vmap, type Tensor } from "jaxrs";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(): T | void => undefined;

type Params = { w: Tensor; layers: Tensor[]; pair: [Tensor, number] };
const loss = (p: Params, x: Tensor): Tensor => x.matmul(p.w).sub(p.layers[0]).square().mean();

const g = grad(loss)({ w: tensor([1]), layers: [tensor([2])], pair: [tensor(1), 2] }, tensor([3]));
isTrue<Equal<typeof g, { w: Tensor; layers: Tensor[]; pair: [Tensor, Tensor] }>>();
const [value, second] = valueAndGrad(loss, { argnums: 1 })({ w: 1, layers: [], pair: [1, 2] }, 3);
isTrue<Equal<typeof value, Tensor>>();
isTrue<Equal<typeof second, Tensor>>();
const many = vmap((x: Tensor, y: Tensor): { sum: Tensor } => ({ sum: x.add(y) }), [0, null])(tensor([1]), 2);
isTrue<Equal<typeof many, { sum: Tensor }>>();
const later = jit((x: Tensor): [Tensor, Tensor] => [x, x]).async(1);
isTrue<Equal<typeof later, Promise<[Tensor, Tensor]>>>();
np.reduceSum(1, { axes: [0], keepdims: true });

// @ts-expect-error an argument is missing
jit(loss)({ w: 1, layers: [], pair: [1, 2] });
// @ts-expect-error no such attribute
np.reduceSum(1, { axis: 0 });
// @ts-expect-error a text is no tensor
tensor([1]).add("2");
// @ts-expect-error a scalar function gives a tensor
grad((x: Tensor) => x.shape);
