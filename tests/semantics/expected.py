"""Expected values of semantics.tsv: reading them, and comparing.

    ~float32[2]:[1.0, nan]   an array: weak, element type, shape, elements
    float32[2]               a type of an array
    dtype:float32            an element type; dtype:void is float0, as NumPy names it
    float0[]                 the tangent of what has none
    py:3.0                   a float of Python
    (a, b) [a] {k: a} {sin}  tuples, lists, dicts, sets of words
    raises TypeError         an exception
"""
import ast
import math
import re

ARRAY = re.compile(r"(~?)([a-z]\w*(?:<\w+>)?)\[([\d, ]*)\](:?)")
NUMBER = re.compile(r"\((?:[^()]*j)\)|-?(?:nan|inf|[\d.]+(?:e[+-]?\d+)?)j?|True|False")
PLAIN = re.compile(r"'[^']*'|\"[^\"]*\"|-?\d+|True|False|None")
WORD = re.compile(r"[A-Za-z_]\w*")
# How many units in the last place of the largest element of an array a value may be off: functions of the platform's
# mathematical library and orders of summation are no part of the semantics.
ULPS = 8
DIGITS = {"float32": 24, "complex64": 24, "float64": 53, "complex128": 53, "float16": 11, "bfloat16": 8, "float8_e4m3fn": 4,
          "float8_e5m2": 3}


class Reader:
    """A place in the text."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def take(self, pattern):
        while self.text.startswith(" ", self.at):
            self.at += 1
        if isinstance(pattern, str):
            found = self.text.startswith(pattern, self.at)
            self.at += len(pattern) * found
            return found
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def many(self, end, one):
        items = []
        while not self.take(end):
            items.append(one())
            self.take(",")
        return items

    def value(self):
        if self.take("("):
            return {"tuple": self.many(")", self.value)}
        if self.take("["):
            return {"list": self.many("]", self.value)}
        if self.take("{"):
            return self.braces()
        if self.take("dtype:"):
            name = self.take(WORD).group()
            return {"element": "float0" if name == "void" else name}
        if self.take("py:"):
            return {"python": number(self.take(NUMBER).group())}
        match = self.take(ARRAY)
        if match:
            return self.array(match)
        return {"python": ast.literal_eval(self.take(PLAIN).group())}

    def braces(self):
        start = self.at
        if self.take(WORD) and self.take(":"):
            self.at = start
            return {"dict": dict(self.many("}", self.entry))}
        self.at = start
        return {"set": sorted(self.many("}", lambda: self.take(WORD).group()))}

    def entry(self):
        key = self.take(WORD).group()
        self.take(":")
        return key, self.value()

    def array(self, match):
        weak, dtype, dims, has_values = match.groups()
        shape = [int(n) for n in dims.split(",") if n.strip()]
        if dtype == "float0":
            return {"float0": shape}
        if not has_values:
            return {"type": match.group().replace(" ", "")}
        return {"dtype": dtype, "weak": bool(weak), "shape": shape, "values": self.elements(dtype.startswith("key"))}

    def elements(self, is_key):
        """Nested lists as a flat one; the words of a key stay together."""
        if not self.take("["):
            return [number(self.take(NUMBER).group())]
        if is_key and self.text[self.at] != "[":
            return [self.many("]", lambda: int(self.take(NUMBER).group()))]
        return [x for part in self.many("]", lambda: self.elements(is_key)) for x in part]


def number(text):
    if text.strip("()").endswith("j"):
        value = complex(text)
        return [value.real, value.imag]
    if text in ("True", "False"):
        return text == "True"
    return int(text) if text.lstrip("-").isdigit() else float(text)


def read(text):
    return Reader(text).value()


def difference(expected, got):
    """What differs, or an empty text."""
    if "python" in expected and "dtype" in got and got["weak"] or "python" in expected and got.get("dtype") == "bool":
        # In JAX a number that only passes through a function stays Python's; here all are arrays, and it is a weak one.
        got = {"python": got["values"][0]} if not got["shape"] else got
    if expected.keys() != got.keys():
        return f"expected {expected}, got {got}"
    if "dtype" in expected:
        return array_difference(expected, got)
    for kind in ("tuple", "list"):
        if kind in expected:
            return listed(expected[kind], got[kind])
    if "dict" in expected:
        if expected["dict"].keys() != got["dict"].keys():
            return f"expected the keys {list(expected['dict'])}, got {list(got['dict'])}"
        return listed(list(expected["dict"].values()), [got["dict"][key] for key in expected["dict"]])
    same = expected == got and type(expected.get("python")) is type(got.get("python"))
    return "" if same else f"expected {expected}, got {got}"


def listed(expected, got):
    if len(expected) != len(got):
        return f"expected {len(expected)} parts, got {len(got)}"
    return "; ".join(filter(None, map(difference, expected, got)))


def array_difference(expected, got):
    for key in ("dtype", "weak", "shape"):
        if expected[key] != got[key]:
            return f"expected {key} {expected[key]}, got {got[key]} ({got['values']})"
    parts = [[x for v in side["values"] for x in (v if isinstance(v, list) else [v])] for side in (expected, got)]
    digits = DIGITS.get(expected["dtype"])
    scale = max((abs(x) for x in parts[0] if digits and math.isfinite(x)), default=0)
    close = len(parts[0]) == len(parts[1]) and all(
        is_close(x, y, scale * ULPS * 2.0**-digits if digits and digits > 11 else 0) for x, y in zip(*parts))
    return "" if close else f"expected {expected['values']}, got {got['values']}"


def is_close(x, y, tolerance):
    if isinstance(x, float) and math.isnan(x):
        return math.isnan(y)
    if x == y:
        return x != 0 or math.copysign(1, x) == math.copysign(1, y)
    return math.isfinite(x) and math.isfinite(y) and abs(x - y) <= tolerance
