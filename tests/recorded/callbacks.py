"""Programs that call functions of the host or print: what they give, what the host sees of them, and in which order.

A row has the primitive that it is about, and as parameters the program, the way it is run, and the axes that are mapped. Its
events are the calls that the host saw, with operands, and the lines that were printed: in the program's order where it has
one, else sorted. What JAX refuses has no outputs but JAX's words.
"""
import contextlib
import io
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import io_callback

from programs import NAMES, text
from recording import array, as_tuple

EVENTS = []


def noted(function):
    """A function of the host that notes its calls."""
    def host(*inputs):
        EVENTS.append({"call": function.__name__, "with": [array(x) for x in inputs]})
        return function(*map(np.asarray, inputs))
    host.__name__ = host.__qualname__ = function.__name__
    return host


@noted
def double(x):
    return 2 * x


@noted
def sin_host(x):
    return np.sin(x)


@noted
def sum_axis(x):
    return np.sum(x, -1, dtype=x.dtype)


@noted
def add_mul(x, y):
    """Operands that other examples share have an axis of size 1, or none."""
    return x + y, x * y


@noted
def count():
    return np.int32(sum(event.get("call") == "count" for event in EVENTS))


@noted
def log(*_):
    return None


# What would be read as the bounds of a function's name, while it is not.
HIDDEN = {ord("<"): "\x01", ord(">"): "\x02"}
SHOWN = {1: "<", 2: ">"}


def plain(printed):
    """Callbacks by the names of their functions, and types in words of ours."""
    def types(found):
        return 'result_types="' + " ".join(NAMES[name] + shape for name, shape in re.findall(r"ShapedArray\((\w+)(\[[\d,]*\])", found[1])) + '"'

    def print_params(found):
        names = " ".join(re.findall(r"'(\w+)': \*", found[2]))
        return f'fmt={json.dumps(found[1]).translate(HIDDEN)} names="{names}" ordered={found[3]}\n'

    printed = re.sub(r"fmt=(.*)\n\s*has_placeholders=\w+\n\s*in_tree=PyTreeDef\((.*)\)\n(?:.*\n){2}\s*ordered=(\w+)\n(?:.*\n){2}", print_params, printed)
    printed = re.sub(r"callback=_FlatCallback\(callback_func=<function (\w+) at .*\n", r"callback=\1\n", printed)
    printed = re.sub(r"callback=<function debug_callback.*\n\s*effect=(Ordered)?Debug\n\s*partitioned=False",
                     lambda m: f"callback=log ordered={m[1] is not None}", printed)
    printed = re.sub(r"(ordered=\w+\n\s*)(result_avals)", r"\1vmap_method=sequential \2", printed)
    printed = re.sub(r"result_avals=\((.*)\)\n", lambda m: types(m) + "\n", printed)
    printed = printed.replace("vmap_method=None", "vmap_method=none")
    return re.sub(r"\n\s*sharding=None(?=\n)", "", printed)


WAYS = {
    "eval": lambda fn, axes: fn,
    "jit": lambda fn, axes: jax.jit(fn),
    "vmap": lambda fn, axes: jax.vmap(fn, axes),
    "jit_of_vmap": lambda fn, axes: jax.jit(jax.vmap(fn, axes)),
    "vmap_of_jit": lambda fn, axes: jax.vmap(jax.jit(fn), axes),
    "grad": lambda fn, axes: jax.grad(fn),
    "jit_of_grad": lambda fn, axes: jax.jit(jax.grad(fn)),
    "vmap_of_grad": lambda fn, axes: jax.vmap(jax.grad(fn), axes),
    "grad_of_checkpoint": lambda fn, axes: jax.grad(jax.checkpoint(fn)),
    "jit_of_grad_of_checkpoint": lambda fn, axes: jax.jit(jax.grad(jax.checkpoint(fn))),
}
PLAIN, MAPPED, SLOPES = ["eval", "jit"], ["vmap", "jit_of_vmap", "vmap_of_jit"], ["grad", "jit_of_grad"]


class Callbacks:
    def __init__(self, recorder):
        self.out = recorder.out

    def case(self, op, fn, *inputs, ways=PLAIN, axes=None, ordered=False):
        inputs = [np.asarray(x) for x in inputs]
        axes = axes or [0] * len(inputs)
        for way in ways:
            is_mapped = "vmap" in way
            rows = [x[0] if is_mapped and axis == 0 else x for x, axis in zip(inputs, axes)]
            program = text(fn, rows, plain=plain).translate(SHOWN)
            assert re.search(rf"\b{op}\b", program), f"{op} is not in {program}"
            params = {"program": program, "way": way, "axes": axes if is_mapped else None, "ordered": ordered}
            row = {"op": op, "params": params, "inputs": list(map(array, inputs))} | run(WAYS[way](fn, tuple(axes)), inputs)
            if not ordered:
                row["events"].sort(key=json.dumps)
            self.out.write(json.dumps(row, separators=(",", ":")) + "\n")


def run(fn, inputs):
    EVENTS.clear()
    printed = io.StringIO()
    printed.write = lambda line: EVENTS.append({"print": line.removesuffix("\n")})
    try:
        with contextlib.redirect_stdout(printed):
            outputs = jax.block_until_ready(as_tuple(fn(*map(jnp.asarray, inputs))))
            jax.effects_barrier()
    except Exception as error:  # the words are recorded
        return {"outputs": [], "refused": f"{type(error).__name__}: {str(error).splitlines()[0]}", "events": list(EVENTS)}
    return {"outputs": list(map(array, outputs)), "events": list(EVENTS)}


def shape_of(x):
    return jax.ShapeDtypeStruct(x.shape, x.dtype)


def halves(*shape, dtype=np.float32):
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) / 2 - 1).astype(dtype)


def pure(host, *inputs, method="sequential"):
    result = shape_of(inputs[0])
    if host is sum_axis:
        result = jax.ShapeDtypeStruct(inputs[0].shape[:-1], inputs[0].dtype)
    if host is add_mul:
        result = (result, result)
    return jax.pure_callback(host, result, *inputs, vmap_method=method)


def inputs_and_outputs(host, ordered, *inputs):
    return io_callback(host, shape_of(inputs[0]), *inputs, ordered=ordered)


def callbacks(recorder):
    r = Callbacks(recorder)
    for part in [pure_callbacks, pure_callbacks_in_control_flow, io_callbacks, io_callbacks_in_control_flow, debug_callbacks, debug_prints]:
        part(r)


METHODS = ["sequential", "sequential_unrolled", "expand_dims", "broadcast_all", "legacy_vectorized", None]


def pure_callbacks(r):
    x = halves(2, 3)
    for host in [double, sin_host, sum_axis]:
        r.case("pure_callback", lambda x: pure(host, x) * 2, x)
    for dtype in [np.float64, np.int32, np.uint8, np.complex64, jnp.bfloat16]:
        r.case("pure_callback", lambda x: pure(double, x), halves(2, 2, dtype=dtype) + np.asarray(1, dtype))
    r.case("pure_callback", lambda x: pure(double, x), halves(0, 3))
    r.case("pure_callback", lambda x: pure(double, x), np.float32(1.5))
    r.case("pure_callback", lambda x, y: pure(add_mul, x, y), x, x + 1)
    for method in METHODS:
        r.case("pure_callback", lambda x: pure(double, x, method=method), x, ways=MAPPED)
        r.case("pure_callback", lambda x: pure(sum_axis, x, method=method), halves(3, 2, 2), ways=["vmap"])
        r.case("pure_callback", lambda x, y: pure(add_mul, x, y, method=method), x, halves(3), axes=[0, None], ways=["vmap", "jit_of_vmap"])
    for method in METHODS[:5]:
        r.case("pure_callback", jax.vmap(lambda x: pure(double, x, method=method)), halves(2, 2, 2), ways=["vmap", "jit_of_vmap"])
    r.case("pure_callback", lambda x: pure(double, x) * x, np.float32(1.5), ways=[*SLOPES, "grad_of_checkpoint", "jit_of_grad_of_checkpoint"])
    r.case("pure_callback", lambda x: pure(double, x), halves(3), ways=["vmap_of_grad"])
    r.case("pure_callback", lambda x: pure(double, lax.stop_gradient(x)) * x, np.float32(1.5), ways=SLOPES)


def pure_callbacks_in_control_flow(r):
    c, xs = np.float32(0.5), halves(4)
    r.case("pure_callback", lambda c, xs: lax.scan(lambda c, x: (pure(double, c) + x, c), c, xs), c, xs, ordered=True)
    r.case("pure_callback", lambda c, xs: lax.scan(lambda c, x: (c + x, pure(double, x)), c, xs), np.stack([c, c + 1]), halves(2, 3), ways=MAPPED)
    r.case("pure_callback", lambda n, x: lax.while_loop(lambda c: c[0] > 0, lambda c: (c[0] - 1, pure(double, c[1])), (n, x)), np.int32(3), c, ordered=True)
    r.case("pure_callback", lambda x: lax.while_loop(lambda x: pure(double, x) < 9, lambda x: x * 2, x), np.float32(1), ordered=True)
    for flag in [True, False]:
        r.case("pure_callback", lambda b, x: lax.cond(b, lambda x: pure(double, x), jnp.negative, x), np.bool_(flag), xs)
    r.case("pure_callback", lambda b, x: lax.cond(b, lambda x: pure(double, x), jnp.negative, x), np.array([True, False]), halves(2, 2), ways=MAPPED)


def io_callbacks(r):
    x = halves(2, 3)
    for ordered in [False, True]:
        r.case("io_callback", lambda x: inputs_and_outputs(double, ordered, x) + 1, x, ordered=ordered)
        r.case("io_callback", lambda: io_callback(count, jax.ShapeDtypeStruct((), np.int32), ordered=ordered), ordered=ordered)
        r.case("io_callback", lambda x: (io_callback(log, None, x, x[0], ordered=ordered), x)[1], x, ordered=ordered)
        r.case("io_callback", lambda x: inputs_and_outputs(double, ordered, x), x, ways=MAPPED, ordered=ordered)
        r.case("io_callback", lambda x: inputs_and_outputs(double, ordered, x) * x, np.float32(1.5), ways=[*SLOPES, "grad_of_checkpoint", "jit_of_grad_of_checkpoint"])
        r.case("io_callback", lambda x: inputs_and_outputs(double, ordered, x), halves(3), ways=["vmap_of_grad"])
        r.case("io_callback", lambda x: inputs_and_outputs(double, ordered, x), np.int32(4), ordered=ordered)
    r.case("io_callback", lambda x: [inputs_and_outputs(double, True, inputs_and_outputs(double, True, x * k)) for k in range(2)], x, ordered=True)
    r.case("io_callback", lambda x, y: io_callback(add_mul, (shape_of(x), shape_of(x)), x, y), x, halves(3), axes=[0, None], ways=MAPPED)
    r.case("io_callback", lambda x: (io_callback(log, None, x), x)[1], halves(2, 2), ways=MAPPED)


def io_callbacks_in_control_flow(r):
    def counted(x):
        return io_callback(count, jax.ShapeDtypeStruct((), np.int32), ordered=True) + x

    r.case("io_callback", lambda c, xs: lax.scan(lambda c, x: (counted(c), inputs_and_outputs(double, True, x)), c, xs), np.int32(0), halves(4), ordered=True)
    r.case("io_callback", lambda x: lax.while_loop(lambda x: x < 9, counted, x), np.int32(0), ordered=True)
    for flag in [True, False]:
        r.case("io_callback", lambda b, x: lax.cond(b, counted, lambda x: -x, counted(x)), np.bool_(flag), np.int32(3), ordered=True)
    r.case("io_callback", lambda xs: lax.map(lambda x: inputs_and_outputs(double, False, x), xs), halves(2, 3), ways=["eval", "jit", *MAPPED])
    r.case("io_callback", lambda n, x: lax.while_loop(lambda c: c[0] > 0, lambda c: (c[0] - 1, inputs_and_outputs(double, False, c[1])), (n, x)),
           np.array([1, 2], np.int32), np.float32([0.5, 1]), ways=MAPPED)


def looked(ordered, *inputs):
    jax.debug.callback(log, *inputs, ordered=ordered)
    return inputs[0]


def debug_callbacks(r):
    x, c, xs = halves(2, 3), np.float32(0.5), halves(4)
    for ordered in [False, True]:
        r.case("debug_callback", lambda x: looked(ordered, x * 2, x[0]), x, ordered=ordered)
        r.case("debug_callback", lambda x: looked(ordered, x), x, ways=MAPPED, ordered=ordered)
        r.case("debug_callback", lambda x: looked(ordered, x * x) * x, np.float32(1.5), ways=[*SLOPES, "grad_of_checkpoint", "jit_of_grad_of_checkpoint"], ordered=ordered)
        r.case("debug_callback", lambda c, xs: lax.scan(lambda c, x: (looked(ordered, c, x) + x, c), c, xs), c, xs, ordered=ordered)
        r.case("debug_callback", lambda x: lax.while_loop(lambda x: looked(ordered, x) < 9, lambda x: x * 2, x), np.float32(1), ordered=ordered)
        r.case("debug_callback", lambda x: lax.fori_loop(0, 3, lambda i, c: looked(ordered, c * x), x), np.float32(2), ways=SLOPES, ordered=ordered)
        for flag in [True, False]:
            r.case("debug_callback", lambda b, x: lax.cond(b, lambda x: looked(ordered, x), jnp.negative, x), np.bool_(flag), xs, ordered=ordered)
    r.case("debug_callback", lambda x: looked(False, x * x) * x, halves(3), ways=["vmap_of_grad"])
    r.case("debug_callback", lambda x, y: looked(False, x, y), x, halves(3), axes=[0, None], ways=MAPPED)
    r.case("debug_callback", lambda b, x: lax.cond(b, lambda x: looked(False, x), lambda x: -looked(False, -x), x), np.array([True, False]), halves(2, 2), ways=MAPPED)
    r.case("debug_callback", lambda n, x: lax.while_loop(lambda c: c[0] > 0, lambda c: (c[0] - 1, looked(False, c[1]) * 2), (n, x)),
           np.array([1, 3], np.int32), np.float32([0.5, 1]), ways=MAPPED)
    r.case("debug_callback", lambda x: looked(False, x.astype(np.int32)), halves(3) + 1)


def shown(fmt, *inputs, ordered=False, **named):
    jax.debug.print(fmt, *inputs, ordered=ordered, **named)
    return inputs[0] if inputs else next(iter(named.values()))


TINY = np.float32(1e-5)


def debug_prints(r):
    for x in [np.float32(0.1), np.float64(0.1), np.float32(1e20), TINY, np.float32(np.nan), np.float32(-np.inf), np.int32(-7), np.bool_(True),
              np.complex64(1 - 2j), jnp.bfloat16(2.5), np.float16(0.1), np.uint8(200), *arrays()]:
        r.case("debug_print", lambda x: shown("x = {}!", x), x)
    for spec in [":.2f", ":8.3e", ":g", ":>9.1f", ":<9.1f"]:
        r.case("debug_print", lambda x: shown("[{" + spec + "}]", x), np.float32(1234.5678))
    r.case("debug_print", lambda x: shown("{:5d}|{:<4d}|{:d}", x, x, x), np.int32(42))
    r.case("debug_print", lambda x: shown("{1} {0} {name:.1f} {{}}", x, x + 1, name=x * 2), np.float32(0.25))
    r.case("debug_print", lambda x: shown("{b} {a}", a=x, b=x + 1), halves(2))
    r.case("debug_print", lambda x: (jax.debug.print("no values"), x)[1], halves(2))
    r.case("debug_print", lambda x: shown("{}", shown("{}", x, ordered=True) + 1, ordered=True), halves(2), ordered=True)
    r.case("debug_print", lambda x: shown("{}", x), halves(2, 3), ways=MAPPED)
    r.case("debug_print", lambda x: shown("{}", x, ordered=True), halves(2, 3), ways=MAPPED, ordered=True)
    r.case("debug_print", lambda x, y: shown("{} {}", x, y), halves(2, 3), halves(2), axes=[0, None], ways=MAPPED)
    r.case("debug_print", lambda x: shown("{}", x * x) * x, np.float32(1.5), ways=[*SLOPES, "grad_of_checkpoint", "jit_of_grad_of_checkpoint"])
    r.case("debug_print", lambda c, xs: lax.scan(lambda c, x: (shown("{} {}", c, x, ordered=True) + x, c), c, xs), np.float32(0.5), halves(4), ordered=True)
    r.case("debug_print", lambda x: lax.while_loop(lambda x: x < 9, lambda x: shown("{}", x) * 2, x), np.float32(1))
    r.case("debug_print", lambda b, x: lax.cond(b, lambda x: shown("yes {}", x), lambda x: shown("no {}", x), x), np.bool_(True), halves(2))
    r.case("debug_print", lambda b, x: lax.cond(b, lambda x: shown("yes {}", x), lambda x: shown("no {}", x), x), np.array([True, False]), halves(2), ways=MAPPED)


def arrays():
    """What NumPy's text of arrays depends on: signs, digits, exponents, long rows, many elements."""
    yield from [halves(2, 3), halves(0), halves(2, 0, 3), halves(1, 1), halves(3, 40), halves(2, 2, 2, 2)]
    yield from [np.float32([1, 2.5, np.nan, np.inf]), np.float32([1e-5, 1]), np.float32([1e10, 1]), np.float32([1 / 3, 2 / 3]), np.float64([1 / 3, 1e-3])]
    yield from [np.float32([np.nan, -np.inf]), np.float32([-0.0, 0.0]), np.float32([1e20, -1e-20]), np.float64([1e100, 1]), np.float32([123456.789])]
    yield from [np.int32([1, -20, 300]), np.array([True, False]), np.uint8([[1, 20], [255, 0]]), np.arange(1200, dtype=np.int32), np.arange(60, dtype=np.int64)]
    yield from [np.complex64([1 + 2j, -0.5j]), np.complex64([[np.nan, 1e10 - 1e-3j]]), np.float16([0.1, 100]), jnp.bfloat16([0.1, 100.0])]
    yield from [np.arange(2000, dtype=np.float32).reshape(40, 50) / 4, np.linspace(-1, 1, 30, dtype=np.float32)]


GROUPS = [callbacks]
