"""Minima that jax.scipy.optimize.minimize finds."""
import jax.numpy as jnp
import numpy as np
from jax.scipy.optimize import minimize

from recording import ordinary

# The functions that the test has under these names.
FUNCTIONS = {
    "parabola": lambda x, a: ((x - a) ** 2).sum(),
    "rosenbrock": lambda x, a: (a * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
    "waves": lambda x, a: (jnp.sin(3 * x) + a * x ** 2).sum(),
    "valley": lambda x, a: jnp.log(1 + a * (x * jnp.arange(1, x.size + 1)) ** 2).sum(),
}


def minima(r):
    cases = [("parabola", np.zeros(2), 1.0), ("parabola", ordinary(-3, 3, (5,), "float64"), 0.25), ("rosenbrock", np.array([-1.2, 1.0]), 100.0),
             ("rosenbrock", ordinary(-1, 1, (4,), "float64"), 10.0), ("waves", ordinary(-1, 1, (3,), "float64"), 0.3), ("valley", ordinary(-2, 2, (3,), "float64"), 2.0)]
    for name, x, a in cases:
        for options in [{}, {"maxiter": 3}, {"gtol": 1e-2}]:
            find = lambda x, a: tuple(minimize(FUNCTIONS[name], x, (a,), method="BFGS", options=options)[:9])
            r.case("minimize", find, x, np.float64(a), derive=False, function=name, **options)
        find = lambda x, a: minimize(FUNCTIONS[name], x, (a,), method="BFGS", options={"gtol": 1e-3})[:2]
        r.case("minimize", find, x.astype("float32"), np.float32(a), derive=False, function=name, gtol=1e-3)


GROUPS = [minima]
