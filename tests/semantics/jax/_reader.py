"""Programs as the library prints them, read back: `{ lambda a:f32[]; b:f32[]. let c:f32[] = mul a b in (c,) }`."""
import re

from . import _dtypes


class Var:
    """A variable or a literal."""

    def __init__(self, name, aval=None):
        self.name, self.aval = name, aval


class Primitive:
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


class Eqn:
    def __init__(self, outvars, name, params, invars):
        self.outvars, self.primitive, self.params, self.invars = outvars, Primitive(name), params, invars


class Jaxpr:
    """Equations; `jaxpr` of one is itself, as of JAX's closed ones."""

    def __init__(self, constvars, invars, eqns, outvars):
        self.constvars, self.invars, self.eqns, self.outvars = constvars, invars, eqns, outvars

    @property
    def jaxpr(self):
        return self

    def all_eqns(self):
        """The equations, and those of the programs in their parameters."""
        for eqn in self.eqns:
            yield eqn
            for value in eqn.params.values():
                for sub in value if isinstance(value, list) else [value]:
                    if isinstance(sub, Jaxpr):
                        yield from sub.all_eqns()

    def effects(self):
        return {eqn.primitive.name for eqn in self.all_eqns() if eqn.primitive.name.endswith("callback")}


VALUE_WORDS = {"nan", "inf", "true", "false"}
SPACE = re.compile(r"[\s;]*")
NAME = re.compile(r"[A-Za-z_][\w.]*")
TYPE = re.compile(r"~?[\w<>]+\[[\d, ]*\]")
WORD = re.compile(r"[^\s,)\]}]+")


class Reader:
    """A place in the text."""

    def __init__(self, source):
        self.source, self.at = source, 0

    def space(self):
        self.at = SPACE.match(self.source, self.at).end()

    def take(self, pattern):
        """What stands here, if it is of this form."""
        self.space()
        if isinstance(pattern, str):
            found = self.source.startswith(pattern, self.at)
            self.at += len(pattern) * found
            return found
        match = pattern.match(self.source, self.at)
        if match:
            self.at = match.end()
        return match and match.group()

    def need(self, pattern):
        found = self.take(pattern)
        assert found, f"{pattern} is needed at {self.source[self.at:self.at + 60]!r}"
        return found

    def binder(self):
        """A variable with its type, or None."""
        start = self.at
        name = self.take(NAME)
        if name and name not in VALUE_WORDS and self.take(":"):
            return Var(name, read_type(self.need(TYPE)))
        self.at = start
        return None

    def binders(self):
        found = []
        while (variable := self.binder()) is not None:
            found.append(variable)
        return found

    def jaxpr(self):
        self.need("{")
        self.need("lambda")
        # The semicolon between constants and arguments counts as space elsewhere.
        end = self.source.index(";", self.at)
        consts = []
        while self.at < end and (variable := self.binder_before(end)) is not None:
            consts.append(variable)
        self.at = end + 1
        args = self.binders()
        self.need(".")
        self.need("let")
        known = {v.name: v for v in consts + args}
        eqns = []
        while not self.take("in ("):
            eqns.append(self.eqn(known))
        outputs = self.atoms(known, ")")
        self.need("}")
        return Jaxpr(consts, args, eqns, outputs)

    def binder_before(self, end):
        if ";" in self.source[self.at:end + 1].strip()[:1]:
            return None
        return self.binder()

    def eqn(self, known):
        outputs = self.binders()
        known.update({v.name: v for v in outputs})
        if outputs:
            self.need("=")
        name = self.need(NAME)
        params = self.params() if self.source.startswith("[", self.at) else {}
        return Eqn(outputs, name, params, self.atoms(known))

    def atoms(self, known, end=None):
        """Variables and literals up to `end`, or up to the next equation."""
        found = []
        while True:
            self.take(",")
            if end and self.take(end):
                return found
            atom = self.atom(known)
            if atom is None:
                return found
            found.append(atom)

    def atom(self, known):
        self.space()
        start = self.at
        name = self.take(NAME)
        if name in known and not self.source.startswith(("[", ":"), self.at):
            return known[name]
        self.at = start
        if name and name not in VALUE_WORDS or self.source.startswith("}", self.at):
            return None
        depth, at = 0, self.at
        while depth or self.source[at] != ":":
            depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(self.source[at], 0)
            at += 1
        text, self.at = self.source[self.at:at], at + 1
        return Var(text, read_type(self.need(TYPE)))

    def params(self):
        self.need("[")
        found = {}
        while not self.take("]"):
            key = self.need(NAME)
            self.need("=")
            found[key] = self.param()
        return found

    def param(self):
        self.space()
        if self.source.startswith("{", self.at):
            return self.jaxpr()
        if self.take('"'):
            end = self.source.index('"', self.at)
            text, self.at = self.source[self.at:end], end + 1
            return text
        if self.take("("):
            items = []
            while not self.take(")"):
                items.append(self.param())
                self.take(",")
            return items
        word = self.need(WORD)
        return {"true": True, "false": False, "None": None}.get(word, int(word) if word.lstrip("-").isdigit() else word)


def read_type(text):
    from ._jaxpr import ShapeDtypeStruct
    weak, text = text.startswith("~"), text.lstrip("~")
    dtype, shape = text[:-1].split("[")
    return ShapeDtypeStruct([int(n) for n in shape.split(",") if n.strip()], _dtypes.from_short(dtype), weak)


def read(source):
    """The program of a text."""
    return Reader(source).jaxpr()
