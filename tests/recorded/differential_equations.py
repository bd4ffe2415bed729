"""Solutions of differential equations with their derivatives; optimisers and schedules."""
import jax
import jax.numpy as jnp
import numpy as np
from jax.example_libraries import optimizers
from jax.experimental.ode import odeint

from recording import ordinary

# The right-hand sides that the test has under these names.
SIDES = {
    "decay": lambda y, t, k: -k * y,
    "oscillator": lambda y, t, k: jnp.stack([y[1], -k * y[0] + jnp.sin(t)]),
    "prey": lambda y, t, a, b: jnp.stack([y[0] * (a - b * y[1]), y[1] * (b * y[0] - a)]),
}


def classical(f, y, ts, *args, substeps=1):
    ys = [y]
    for t0, t1 in zip(ts[:-1], ts[1:]):
        h = (t1 - t0) / substeps
        for k in range(substeps):
            t = t0 + k * h
            k1 = f(y, t, *args)
            k2 = f(y + h / 2 * k1, t + h / 2, *args)
            k3 = f(y + h / 2 * k2, t + h / 2, *args)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3, t + h, *args))
        ys.append(y)
    return jnp.stack(ys)


def differential_equations(r):
    k, times = np.float64(0.7), np.array([0, 0.4, 1, 2.5])
    for dtype in ["float64", "float32"]:
        loose = {} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-4}
        cases = [("decay", ordinary(0.5, 2, (3,), dtype), [k.astype(dtype)]), ("oscillator", np.array([1, 0.5], dtype), [k.astype(dtype)]),
                 ("prey", np.array([1.5, 0.5], dtype), [np.asarray(1.1, dtype), np.asarray(0.6, dtype)])]
        for side, y, args in cases:
            for options in [{}, {"hmax": 0.2}] if dtype == "float64" else [loose]:
                solve = lambda y, ts, *args: odeint(SIDES[side], y, ts, *args, **options)
                both(r, "odeint", solve, side, y, times.astype(dtype), args, options)
            for substeps in [1, 3]:
                solve = lambda y, ts, *args: classical(SIDES[side], y, ts, *args, substeps=substeps)
                both(r, "rk4", solve, side, y, times.astype(dtype), args, {"substeps": substeps})
    both(r, "odeint", lambda y, ts, *args: odeint(SIDES["decay"], y, ts, *args), "decay", np.ones(2), np.array([0.5]), [k], {})


def both(r, op, solve, side, y, times, args, options):
    """The solution, and the gradients of a sum of its elements by all operands."""
    r.case(op, solve, y, times, *args, derive=False, side=side, **options)
    if len(times) > 1:
        weights = jnp.cos(jnp.arange(len(times) * y.size, dtype=y.dtype)).reshape(len(times), y.size)
        gradient = jax.grad(lambda *a: (solve(*a) * weights).sum(), argnums=tuple(range(2 + len(args))))
        r.case(f"{op}_gradient", gradient, y, times, *args, derive=False, side=side, **options)


def lion(x, g, m, rate, b1=0.9, b2=0.99, decay=1e-3):
    return x - rate * (np.sign((1 - b1) * g + b1 * m) + decay * x), (1 - b2) * g + b2 * m


def lbfgs(x, grad, rate, steps, memory):
    """L-BFGS by its formulas, from float64 vectors."""
    changes, last = [], None
    for count in range(steps):
        g = grad(x)
        if last is not None:
            s, y = x - last[0], g - last[1]
            changes = (changes + [(s, y)])[-memory:]
            scale = (y @ s) / (y @ y)
        else:
            scale = min(1.0, 1 / np.linalg.norm(g))
        q, shares = g.copy(), []
        for s, y in reversed(changes):
            a = (s @ q) / (y @ s)
            q -= a * y
            shares.append(a)
        q = scale * q
        for (s, y), a in zip(changes, reversed(shares)):
            q += s * (a - (y @ q) / (y @ s))
        last = (x, g)
        x = x - rate * q
    return x


def optimisers(r):
    """Two steps each, from gradients that do not depend on the parameters; the results are the parameters after them."""
    x, y = ordinary(-2, 2, (3,), "float32"), ordinary(-2, 2, (2, 2), "float32", 8)
    gradients = [(ordinary(-1, 1, (3,), "float32", 20 + i), ordinary(-1, 1, (2, 2), "float32", 30 + i)) for i in range(2)]
    flat = [g for pair in gradients for g in pair]
    for name, make in {"sgd": lambda: optimizers.sgd(0.1), "momentum": lambda: optimizers.momentum(0.1, 0.9), "adam": lambda: optimizers.adam(0.1),
                       "rmsprop": lambda: optimizers.rmsprop(0.1), "adagrad": lambda: optimizers.adagrad(0.1), "adamax": lambda: optimizers.adamax(0.1)}.items():
        def run(x, y, *g):
            init, update, params = make()
            state = init((x, y))
            for i in range(2):
                state = update(i, (g[2 * i], g[2 * i + 1]), state)
            return params(state)

        r.case(name, run, x, y, *flat, derive=False, learning_rate=0.1)

    def nesterov(x, y, *g):
        init, update, params = optimizers.nesterov(0.1, 0.9)
        state = init((x, y))
        for i in range(2):
            state = update(i, (g[2 * i], g[2 * i + 1]), state)
        return params(state)

    r.case("momentum", nesterov, x, y, *flat, derive=False, learning_rate=0.1, nesterov=True)

    def adamw(x, y, *g):
        out = []
        for p, (g0, g1) in [(x, g[::2]), (y, g[1::2])]:
            m, v, p = 0, 0, p.astype(np.float64)
            for i, step in enumerate([g0, g1]):
                m, v = 0.9 * m + 0.1 * step.astype(np.float64), 0.999 * v + 0.001 * step.astype(np.float64) ** 2
                p = p - 0.1 * (m / (1 - 0.9 ** (i + 1)) / (np.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8) + 0.01 * p)
            out.append(p.astype(np.float32))
        return out

    r.case("adamw", adamw, x, y, *flat, derive=False, learning_rate=0.1, weight_decay=0.01)

    def lions(x, y, *g):
        out = []
        for p, steps in [(x, g[::2]), (y, g[1::2])]:
            m = np.zeros_like(p)
            for step in steps:
                p, m = lion(p, step, m, np.float32(0.1))
            out.append(p)
        return out

    r.case("lion", lions, x, y, *flat, derive=False, learning_rate=0.1)
    for steps, memory in [(1, 10), (4, 10), (6, 2)]:
        # The function is Σ (x² + x⁴/4).
        run = lambda x: lbfgs(x, lambda x: 2 * x + x**3, 0.5, steps, memory)
        r.case("lbfgs", run, ordinary(-2, 2, (4,), "float64"), derive=False, steps=steps, memory_size=memory, learning_rate=0.5)
    clipping(r, x, y)


def clipping(r, x, y):
    r.case("global_norm", lambda *a: optimizers.l2_norm(a), x, y)
    for bound in [1.0, 100.0]:
        r.case("clip_by_global_norm", lambda *a: optimizers.clip_grads(a, bound), x, y, max_norm=bound)
    r.case("clip_gradients", lambda *a: [jnp.clip(v, -0.5, 0.5) for v in a], x, y, max_delta=0.5)
    counts = np.array([0, 1, 5, 9, 10, 30], np.int32)
    line = lambda c, begin, steps, a, b, p: (a - b) * (1 - np.clip(c - begin, 0, steps) / steps) ** p + b
    r.case("polynomial_schedule", lambda c: line(c, 2, 6, 0.1, 0.01, 1), counts, init_value=0.1, end_value=0.01, transition_steps=6, transition_begin=2)
    r.case("polynomial_schedule", lambda c: line(c, 0, 8, 0.0, 1.0, 2), counts, init_value=0.0, end_value=1.0, power=2.0, transition_steps=8)
    r.case("exponential_decay", lambda c: 0.1 * 0.5 ** (c / 3), counts, init_value=0.1, transition_steps=3, decay_rate=0.5)
    r.case("exponential_decay", lambda c: np.maximum(np.where(c > 2, 0.1 * 0.5 ** np.floor((c - 2) / 3), 0.1), 0.02), counts, init_value=0.1, transition_steps=3, decay_rate=0.5,
           transition_begin=2, staircase=True, end_value=0.02)
    cosine = lambda c, steps, a: 0.5 * (1 + np.cos(np.pi * np.minimum(c, steps) / steps)) * (1 - a) + a
    r.case("cosine_decay_schedule", lambda c: 0.1 * cosine(c, 10, 0.2), counts, init_value=0.1, decay_steps=10, alpha=0.2)
    r.case("warmup_cosine_decay_schedule", lambda c: np.where(c < 4, 0.01 + (0.1 - 0.01) * c / 4, 0.1 * cosine(c - 4, 8, 0.1)), counts, init_value=0.01, peak_value=0.1,
           warmup_steps=4, decay_steps=12, end_value=0.01)


GROUPS = [differential_equations, optimisers]
