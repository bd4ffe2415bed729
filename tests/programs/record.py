"""Writes what JAX 0.10.2 gives into cases.txt: python tests/programs/record.py"""
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

PLACE = pathlib.Path(__file__).parent / "cases.txt"
DTYPES = {"f32": jnp.float32, "i32": jnp.int32, "u32": jnp.uint32}


def mlp_gradient(target, w, b, v, x):
    def loss(w, b, v):
        return jnp.sum((jnp.tanh(x @ w + b) @ v - target) ** 2)
    return jax.grad(loss, argnums=(0, 1, 2))(w, b, v)


def scan(c, xs):
    def body(c, x):
        y = jnp.sin(c * x)
        return y, jnp.sum(y)
    return jax.lax.scan(body, c, xs)


def branches(n, x):
    n2, y = jax.lax.while_loop(lambda s: s[0] > 0, lambda s: (s[0] - 1, s[1] * 2), (n, x))
    return jax.lax.switch(n, [jnp.exp, jnp.negative], y), n2


def random(seed):
    return [jax.random.bits(jax.random.key(seed), (2,))]


def custom(x):
    return [2 * x]


def array(words):
    rank = int(words[1])
    shape = [int(n) for n in words[2:2 + rank]]
    return jnp.array([float(x) for x in words[2 + rank:]]).astype(DTYPES[words[0]]).reshape(shape)


def line(x):
    x = np.asarray(x)
    dtype = next(name for name, dtype in DTYPES.items() if dtype == x.dtype)
    return " ".join(["out", dtype, str(x.ndim), *map(str, x.shape), *(str(v) for v in x.ravel())])


def main():
    cases, name, given = [], None, []
    lines = [line for line in PLACE.read_text().splitlines() if not line.startswith("out ")]
    for text in [*lines, ""]:
        words = text.split()
        if name and words[:1] not in (["const"], ["in"]):
            cases += [line(x) for x in globals()[name](*given)]
            name, given = None, []
        if words[:1] == ["program"]:
            name = words[1]
        elif words[:1] in (["const"], ["in"]):
            given.append(array(words[1:]))
        cases.append(text)
    PLACE.write_text("\n".join(cases).rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
