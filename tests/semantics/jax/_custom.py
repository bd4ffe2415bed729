"""Functions with rules of their own."""
import functools
import inspect

from . import _dtypes, _scope
from ._array import apply, borrowed, is_array
from ._convert import asarray
from ._function import Borrowed, Flat, call_fn, fn, push
from ._library import DROP, FN, KEPT, VMAP_RULE_FN, Missing, Refused, create, function, text, to_error
from .tree_util import flatten_up_to, tree_flatten, tree_leaves, tree_structure, tree_unflatten


ALLOW_CSE, SYMBOLIC_ZEROS = 1, 1


class SymbolicZero:
    """A tangent that is known to be zero."""

    def __init__(self, array):
        self.array = array

    def __jax_array__(self):
        return self.array


class Primal:
    """An argument of a forward pass, and whether it moves."""

    def __init__(self, value, perturbed):
        self.value, self.perturbed = value, perturbed


class WrongCount(Exception):
    """A function gave another number of results than was taken for granted."""

    def __init__(self, n):
        super().__init__(n)
        self.n = n


def counting(make_and_call):
    """Calls with the number of results that the function turns out to have, where the library needs it beforehand."""
    try:
        return make_and_call(1)
    except WrongCount as wrong:
        return make_and_call(wrong.n)


class Custom:
    """What the decorators share: arguments that are not differentiated stay in Python."""

    def __init__(self, f, nondiff_argnums=()):
        self.f, self.nondiff_argnums = f, tuple(nondiff_argnums)
        functools.update_wrapper(self, f)

    def split(self, args, kwargs):
        if kwargs:
            args = inspect.signature(self.f).bind(*args, **kwargs).args
        static = {k: args[k] for k in self.nondiff_argnums}
        for x in static.values():
            self.check_static(x)
        dynamic = tuple(x for k, x in enumerate(args) if k not in static)

        def primal(*dynamic):
            rest = iter(dynamic)
            return self.f(*[static[k] if k in static else next(rest) for k in range(len(args))])
        return list(static.values()), dynamic, primal

    @staticmethod
    def check_static(x):
        if is_array(x) and type(x).__name__ == "Tracer":
            raise Refused("UnexpectedTracerError: a tracer where nondiff_argnums says that there is no derivative")


class custom_jvp(Custom):
    """A function with a forward derivative."""
    rule, symbolic_zeros = None, False

    def defjvp(self, rule, symbolic_zeros=False):
        self.rule, self.symbolic_zeros = rule, symbolic_zeros
        return rule

    def tangents(self, leaves):
        """What the library marks as a known zero, as such."""
        if not self.symbolic_zeros:
            return leaves
        return [SymbolicZero(x) if function("jaxrs_array_is_symbolic_zero")(x) else x for x in leaves]

    def defjvps(self, *rules):
        def rule(primals, tangents):
            out = self(*primals)
            terms = [r(t, out, *primals) for r, t in zip(rules, tangents) if r is not None]
            return out, functools.reduce(lambda x, y: x + y, terms) if terms else apply("zeros_like", out)
        self.rule = rule

    def __call__(self, *args, **kwargs):
        if self.rule is None:
            raise Refused(f"AttributeError: {self.f.__name__} has no rule")
        static, dynamic, primal = self.split(args, kwargs)
        structure = tree_structure(dynamic)
        flat = Flat(primal, tree_structure((dynamic, {})))

        def rule(*leaves):
            n = len(leaves) // 2
            halves = [tree_unflatten(structure, part) for part in (leaves[:n], self.tangents(leaves[n:]))]
            out, tangent = self.rule(*static, *halves)
            outputs, out_structure = tree_flatten(out)
            flat.out = flat.out or out_structure
            return [*outputs, *flatten_up_to(out_structure, tangent)]
        options = (None, 0, SYMBOLIC_ZEROS) if self.symbolic_zeros else ()
        handle = create(FN, "custom_jvp_with" if options else "custom_jvp", flat.fn(), fn(rule, "rule"), *options)
        results = call_fn(handle, [asarray(x) for x in tree_leaves(dynamic)])
        return tree_unflatten(flat.out, results)


class custom_vjp(Custom):
    """A function with a reverse derivative."""
    fwd = bwd = None
    symbolic_zeros = False

    def defvjp(self, fwd, bwd, symbolic_zeros=False):
        self.fwd, self.bwd, self.symbolic_zeros = fwd, bwd, symbolic_zeros

    def __call__(self, *args, **kwargs):
        static, dynamic, primal = self.split(args, kwargs)
        return VjpCall(self, static, dynamic, primal).run()


class VjpCall:
    """One call of a custom_vjp function."""

    def __init__(self, custom, static, dynamic, primal):
        self.custom, self.static, self.dynamic = custom, static, dynamic
        self.structure = tree_structure(dynamic)
        self.flat = Flat(primal, tree_structure((dynamic, {})))

    def run(self):
        leaves = [asarray(x) for x in tree_leaves(self.dynamic)]
        return tree_unflatten(*counting(lambda n: self.called(leaves, n)))

    def called(self, leaves, n):
        self.n = n
        parts = [fn(self.forward, "fwd"), fn(self.backward, "bwd")]
        options = (None, 0, SYMBOLIC_ZEROS) if self.custom.symbolic_zeros else ()
        name = "custom_vjp_with" if options else "custom_vjp"
        results = call_fn(create(FN, name, fn(self.primal, self.custom.f.__name__), *parts, n, *options), leaves)
        return self.flat.out, results

    def primal(self, *leaves):
        return self.counted(self.flat(*leaves))

    def counted(self, outputs):
        if len(outputs) != self.n:
            raise WrongCount(len(outputs))
        return outputs

    def forward(self, *leaves):
        if self.custom.symbolic_zeros:
            half = len(leaves) // 2
            leaves = [Primal(x, bool(moves)) for x, moves in zip(leaves[:half], leaves[half:])]
        args = iter(tree_unflatten(self.structure, leaves))
        nondiff = dict(zip(self.custom.nondiff_argnums, self.static))
        n = len(self.dynamic) + len(self.static)
        out, residuals = self.custom.fwd(*[nondiff[k] if k in nondiff else next(args) for k in range(n)])
        outputs, self.flat.out = tree_flatten(out)
        kept, self.residual_structure = tree_flatten(residuals)
        return [*self.counted(outputs), *kept]

    def backward(self, *leaves):
        residuals = tree_unflatten(self.residual_structure, leaves[:len(leaves) - self.n])
        cotangents = tree_unflatten(self.flat.out, leaves[len(leaves) - self.n:])
        given = self.custom.bwd(*self.static, residuals, cotangents)
        if not isinstance(given, tuple) or len(given) != len(self.dynamic):
            raise Refused(f"TypeError: bwd gives a tuple with a cotangent for each of {len(self.dynamic)} arguments")
        return [ct for x, g in zip(self.dynamic, given) for ct in self.cotangents(x, g)]

    @staticmethod
    def cotangents(x, given):
        """For an argument, cotangents of its leaves; None stands for zeros."""
        if given is None:
            return [apply("zeros_like", asarray(leaf)) for leaf in tree_leaves(x)]
        return flatten_up_to(tree_structure(x), given)


def custom_gradient(f):
    """A function that gives its value and its pullback."""
    @custom_vjp
    def value(*args):
        return f(*args)[0]

    def forward(*args):
        out, pull = f(*args)
        flat = Flat(pull, tree_structure(((out,), {})))
        return out, (args,)

    def backward(residuals, cotangent):
        return tuple(f(*residuals[0])[1](cotangent))
    value.defvjp(forward, backward)
    return value


@VMAP_RULE_FN
def vmap_trampoline(number, scope, size, args, in_batched, n, results, out_batched, n_outputs):
    try:
        with _scope.entered(Borrowed(scope)):
            outputs, batched = KEPT.objects[number](size, [bool(in_batched[k]) for k in range(n)],
                                                    [borrowed(args[k]) for k in range(n)])
            push(results, outputs)
            for k, flag in enumerate(batched):
                out_batched[k] = bool(flag)
    except BaseException as exception:  # nothing may unwind into the library
        return to_error(exception)


class custom_vmap:
    """A function with a batching rule."""

    def __init__(self, f):
        self.f, self.rule = f, None

    def def_vmap(self, rule):
        self.rule = rule
        return rule

    def __call__(self, *args):
        flat = Flat(self.f, tree_structure((args, {})))
        structure = tree_structure(args)
        leaves = [asarray(x) for x in tree_leaves(args)]

        def rule(size, batched, leaves):
            out, out_batched = self.rule(size, list(tree_unflatten(structure, batched)), *tree_unflatten(structure, leaves))
            outputs, out_structure = tree_flatten(out)
            return outputs, tree_leaves(out_batched)
        handle = create(FN, "custom_vmap", flat.fn(), vmap_trampoline, KEPT.keep(rule), DROP, 1)
        return flat.call(handle, leaves)


def sequential_vmap(f):
    def run(*args):
        flat = Flat(f, tree_structure((args, {})))
        handle = create(FN, "sequential_vmap", flat.fn())
        return flat.call(handle, [asarray(x) for x in tree_leaves(args)])
    return run


def checkpoint(f, policy=None, static_argnums=(), prevent_cse=True):
    from ._function import static_split
    policy = text(policy.words if policy else "")
    flags = 0 if prevent_cse else ALLOW_CSE

    def run(*args, **kwargs):
        dynamic, whole = static_split(args, static_argnums)
        flat = Flat(lambda *dynamic, **kwargs: f(*whole(dynamic), **kwargs), tree_structure((tuple(dynamic), kwargs)))
        handle = create(FN, "checkpoint", flat.fn(), *policy, flags)
        return flat.call(handle, [asarray(x) for x in tree_leaves((dynamic, kwargs))])
    return run
