"""Records programs that JAX exports, in three forms, with inputs and results: record.py > programs.jsonl

One JSON object a line: name, `pretty` and `generic` text, `bytecode` (a portable artifact, base64), and inputs and
outputs (element type, shape, and the little-endian bytes in base64). Needs JAX 0.10 (the CPU suffices).
"""
import base64
import json

import jax
import jax.numpy as jnp
import numpy as np
from jax import export, lax
from jax.experimental import sparse  # noqa: F401, for its routines

# Of the names of source files, which modules hold, the last parts.
jax.config.update("jax_hlo_source_file_canonicalization_regex", ".*/")

CSR = "cpu_csr_sparse_dense_ffi"
# Routines that jaxlib has, but does not promise to keep.
UNPROMISED = [export.DisabledSafetyCheck.custom_call(name) for name in (CSR, "tridiagonal_solve_perturbed_ffi")]


def arange(*shape, dtype="float32"):
    return (np.arange(np.prod(shape), dtype=dtype) * np.asarray(0.37, dtype) - np.asarray(1.1, dtype)).reshape(shape)


def mlp(w1, w2, x):
    return jax.nn.softmax(jnp.tanh(x @ w1) @ w2)


def loop(x):
    return lax.fori_loop(0, 5, lambda i, c: jnp.sin(c) + i, x)


def summing(x):
    return lax.scan(lambda c, y: (c + y, c * y), jnp.float32(0), x)


def newton(x):
    return lax.while_loop(lambda c: jnp.abs(c * c - x) > 1e-5, lambda c: 0.5 * (c + x / c), x)


def chosen(i, x):
    return lax.switch(i, [jnp.sin, jnp.cos, lambda y: y * y], x)


def applied(x, i):
    return x.at[i].apply(lambda y: y * y + 1)


def convolved(x, w):
    return lax.conv_general_dilated(x, w, (2, 1), "SAME", rhs_dilation=(1, 2), dimension_numbers=("NHWC", "HWIO", "NHWC"))


PROGRAMS = {
    "mlp": (mlp, arange(3, 4), arange(4, 2), arange(5, 3)),
    "mlp_grad": (jax.grad(lambda *a: jnp.sum(mlp(*a)[:, 0])), arange(3, 4), arange(4, 2), arange(5, 3)),
    "loop": (loop, arange(4)),
    "scan": (summing, arange(6)),
    "while": (newton, np.float32(7)),
    "switch": (chosen, np.int32(1), arange(3)),
    "cond": (lambda p, x: lax.cond(p, jnp.sin, jnp.cos, x), np.bool_(True), arange(3)),
    "vmapped_while": (jax.vmap(newton), np.array([1, 4, 9], np.float32)),
    "gather": (lambda x, i: x[i, :, i], arange(4, 3, 4), np.array([0, 3, -1], np.int32)),
    "scatter_add": (lambda x, i: x.at[i].add(2.5), arange(5), np.array([1, 1, 4], np.int32)),
    "scatter_apply": (applied, arange(5), np.array([1, 3], np.int32)),
    "scatter_apply_batched": (jax.vmap(applied), arange(3, 5), np.array([[1, 3], [0, 4], [2, 9]], np.int32)),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 5, 3), arange(5) * 1e4),
    "random_bits": (lambda s: [lax.rng_bit_generator(s, (5,), dtype, algorithm) for dtype in (np.uint32, np.uint8)
                               for algorithm in (lax.RandomAlgorithm.RNG_THREE_FRY, lax.RandomAlgorithm.RNG_PHILOX)],
                    np.array([1, 2, 3, 4], np.uint32)),
    "mulhi": (lambda x, y: lax.mulhi(x, y), np.array([1 << 30, -7, 5], np.int32), np.array([12, -(1 << 31), 3], np.int32)),
    "sort": (lambda x: jnp.sort(x, axis=0), -arange(4, 3)),
    "argsort": (lambda x: jnp.argsort(x), np.array([3, 1, 2, 1], np.int32)),
    "lexsort": (lambda x, y: jnp.lexsort((x, y)), np.array([3, 1, 2, 1], np.int32), np.array([0, 1, 0, 1], np.int32)),
    "sort_complex": (jnp.sort, np.array([1 + 1j, 1 - 1j, 0 + 5j], np.complex64)),
    "top_k": (lambda x: lax.top_k(x, 2), np.array([[1, 5, 3], [9, 9, 0]], np.float32)),
    "argmax": (lambda x: jnp.argmax(x, axis=1), arange(2, 5) % 1.3),
    "cumsum": (lambda x: jnp.cumsum(x, axis=1), arange(2, 5)),
    "reduce_window": (lambda x: lax.reduce_window(x, -np.inf, lax.max, (2, 2), (1, 2), "VALID"), arange(4, 5)),
    "max_pool_grad": (jax.grad(lambda x: jnp.sum(lax.reduce_window(x, -np.inf, lax.max, (2, 2), (2, 2), "VALID") ** 2)), arange(4, 4)),
    "logical": (lambda x, y: (jnp.all(x, axis=0), jnp.any(y), x ^ y), np.array([[True, False], [True, True]]), np.array([False, True])),
    "convolution": (convolved, arange(1, 5, 6, 2), arange(3, 2, 2, 3)),
    "fft": (lambda x: jnp.fft.rfft(x), arange(2, 8)),
    "complex": (lambda x: jnp.exp(x) * jnp.conj(x), np.array([1 + 2j, -0.5j], np.complex64)),
    "special": (lambda x: (jax.scipy.special.erf(x), lax.lgamma(x), jnp.arcsinh(x), lax.erf_inv(x)), np.array([0.1, 0.5, 0.9], np.float32)),
    "integers": (lambda x, y: (x // y, x % y, x << 1, lax.population_count(x), lax.clz(y)), np.array([7, -7, 100], np.int32), np.array([2, 3, -7], np.int32)),
    "power": (lambda x: x ** np.int32(3), np.array([2, -3, 0], np.int32)),
    "conversions": (lambda x: (x.astype(jnp.bfloat16), x.astype(jnp.int8), lax.bitcast_convert_type(x, jnp.uint32)), arange(4) * 3),
    "random": (lambda s: jax.random.normal(jax.random.key(s), (3,)), np.uint32(42)),
    "pads": (lambda x: lax.pad(x, np.float32(0), ((1, -1, 1), (0, 2, 0))), arange(3, 2)),
    "dynamic": (lambda x, i: lax.dynamic_update_slice(x, lax.dynamic_slice(x, (i, 0), (1, 2)) * 2, (0, i)), arange(4, 3), np.int32(1)),
    "linear": (lambda a, b: (jnp.linalg.solve(a, b), jnp.linalg.cholesky(a @ a.T)), arange(3, 3) + 3 * np.eye(3, dtype="float32"), arange(3, 2)),
    "decompositions": (lambda a: (jnp.linalg.eigvalsh(a + a.T), jnp.linalg.svdvals(a), jnp.abs(jnp.linalg.qr(a)[1])), arange(3, 3) + np.eye(3, dtype="float32")),
    "triangular": (lambda a, b: (lax.linalg.triangular_solve(a, b, left_side=True, conjugate_a=True), lax.linalg.triangular_solve(b, a, lower=True, transpose_a=True)),
                   (arange(3, 3) + 3j * np.eye(3)).astype(np.complex64), (arange(3, 3) + 2 * np.eye(3)).astype(np.complex64)),
    "triangular_half": (lambda a, b: lax.linalg.triangular_solve(a, b, left_side=True, lower=True), arange(3, 3, dtype="float16") + 3 * np.eye(3, dtype="float16"), arange(3, 2, dtype="float16")),
    "tridiagonal": (lambda dl, d, du, b: [lax.linalg.tridiagonal_solve(dl, d, du, b, perturb_singular=moved) for moved in (True, False)],
                    arange(2, 5), arange(2, 5) * 2, arange(2, 5)[:, ::-1].copy(), arange(2, 5, 2)),
    "approximate": (lambda x: (lax.approx_max_k(x, 3), lax.approx_min_k(x, 2, reduction_dimension=0), lax.approx_max_k(x, 2, aggregate_to_topk=False)), np.cos(arange(4, 40) * 7)),
    "sparse_rows": (lambda data, starts, columns, v, m: [jax.ffi.ffi_call(CSR, jax.ShapeDtypeStruct((3, *x.shape[1:]), x.dtype))(data, starts, columns, x) for x in (v, m)],
                    arange(5), np.array([0, 2, 2, 5], np.int32), np.array([0, 3, 1, 2, 3], np.int32), arange(4), arange(4, 2)),
    "remainder": (lambda x, y: (lax.rem(x, y), lax.nextafter(x, y), lax.atan2(x, y)), arange(4), arange(4) + 2),
    "constants": (lambda x: x + jnp.array([[1.5, jnp.inf], [-0.0, jnp.nan]]), arange(2, 2)),
    "scalars": (lambda x: (x > 0, lax.round(x), jnp.sign(x), lax.is_finite(x)), np.array([-0.5, 1.5, np.inf], np.float32)),
    "nested_calls": (lambda x: jax.jit(lambda y: jax.jit(jnp.sin)(y) + jax.jit(jnp.sin)(2 * y))(x), arange(3)),
}


def array(x):
    x = np.asarray(x)
    return {"dtype": str(x.dtype), "shape": list(x.shape), "data": base64.b64encode(x.tobytes()).decode()}


def record(name, fn, *inputs):
    lowered = jax.jit(fn).lower(*inputs)
    module = lowered.compiler_ir("stablehlo")
    generic = module.operation.get_asm(print_generic_op_form=True)
    bytecode = export.export(jax.jit(fn), disabled_checks=UNPROMISED)(*inputs).mlir_module_serialized
    outputs = jax.tree.leaves(jax.jit(fn)(*inputs))
    return {"name": name, "pretty": str(module), "generic": generic, "bytecode": base64.b64encode(bytecode).decode(),
            "inputs": [array(x) for x in inputs], "outputs": [array(x) for x in outputs]}


if __name__ == "__main__":
    for name, (fn, *inputs) in PROGRAMS.items():
        print(json.dumps(record(name, fn, *inputs)))
