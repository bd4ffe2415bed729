"""Runs rows of the tables of programs, numbers of which come as arguments; writes a line of JSON when one begins and when it is done."""
import functools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLES = ["semantics.tsv", "key_reuse.tsv"]
sys.path.insert(0, str(HERE))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from jax import _numpy, _scope, lax  # noqa: E402
from jax._library import LibraryError, Missing, Refused  # noqa: E402
from values import described  # noqa: E402


def prims(f, *args):
    """The names of all primitives in a function's program."""
    return {eqn.primitive.name for eqn in jax.make_jaxpr(f)(*args).jaxpr.all_eqns()}


def residuals(f, *args):
    """The types of what reverse mode keeps."""
    outputs = jax.make_jaxpr(lambda *args: jax.vjp(f, *args))(*args).jaxpr.outvars
    return [v.aval.str_short() for v in outputs[1:]]


def value_of(program):
    """The value of the last expression of a program, after its other statements have run."""
    import ast
    module = ast.parse(program)
    names = {"jax": jax, "jnp": jnp, "lax": lax, "np": _numpy, "partial": functools.partial, "functools": functools,
             "prims": prims, "residuals": residuals}
    *before, last = module.body
    exec(compile(ast.Module(before, []), "<row>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<row>", "eval"), names)


def run(program):
    """What a row gives: a value, an error of the library or of JAX's Python, or what is missing."""
    try:
        return {"value": described(value_of(program.replace("\\n", "\n")))}
    except (LibraryError, Refused) as error:
        return {"code": error.code, "message": error.message}
    except Missing as missing:
        return {"missing": str(missing)}
    except Exception as error:
        import traceback
        return {"broken": f"{type(error).__name__}: {error}", "where": traceback.format_exc(limit=-4)}
    finally:
        _scope.reset()


def main(numbers):
    rows = [row for name in TABLES for row in (HERE / name).read_text().splitlines()[1:]]
    for number in numbers:
        print(json.dumps({"begins": number}), flush=True)
        print(json.dumps({"row": number, **run(rows[number].split("\t")[2])}), flush=True)


if __name__ == "__main__":
    main(range(*map(int, sys.argv[1:3])))
