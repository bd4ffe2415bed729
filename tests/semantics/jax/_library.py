"""libjaxrs.so through ctypes: signatures from its own description, handles that are released, errors as exceptions."""
import ctypes
import json
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

LIBRARY = ctypes.CDLL(os.environ["JAXRS_LIBRARY"])
LIBRARY.jaxrs_api_json.restype = c_char_p
DESCRIPTION = json.loads(LIBRARY.jaxrs_api_json(None))
OPERATIONS = {op["name"]: op for op in DESCRIPTION["ops"]}

CODES = {1: "INVALID_ARGUMENT", 2: "SHAPE", 3: "DTYPE", 4: "TRACER_ESCAPED", 5: "TRACER_SCOPE", 6: "CONCRETIZATION",
         7: "CALLBACK", 8: "UNIMPLEMENTED", 9: "OUT_OF_MEMORY", 10: "COMPILE", 11: "DEVICE", 12: "IO", 13: "INCOMPATIBLE",
         14: "CANCELLED", 15: "FORKED", 16: "WOULD_DEADLOCK", 17: "INTERNAL", 18: "CHECK"}
CALLBACK = 7


class Missing(Exception):
    """The library, or this package, has no such function or option."""


class Refused(Exception):
    """An error that JAX makes in Python, of trees, static arguments and the like: `TypeError: what is wrong`."""
    code = "python"

    @property
    def message(self):
        return str(self)


class LibraryError(Exception):
    """An error of the library: `code` is one of CODES."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


SIMPLE = {"void": None, "uint32_t": c_uint32, "int64_t": c_int64, "uint64_t": c_uint64, "size_t": c_size_t, "double": c_double, 
          "jaxrs_dtype": c_uint32, "jaxrs_code": c_uint32, "const char*": c_char_p, "intptr_t": c_int64}


def declare():
    for function in DESCRIPTION["functions"]:
        entry = getattr(LIBRARY, function["name"])
        entry.restype = SIMPLE.get(function["returns"], c_void_p)
        entry.argtypes = [SIMPLE.get(p["type"], c_void_p) for p in function["parameters"]]


declare()
TRACE_FN = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, POINTER(c_void_p), c_size_t, c_void_p)
VMAP_RULE_FN = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_void_p), POINTER(c_uint8), c_size_t,
                                c_void_p, POINTER(c_uint8), c_size_t)
DROP_FN = ctypes.CFUNCTYPE(None, c_void_p)


def has(name):
    """Whether the library has a function."""
    return any(f["name"] == name for f in DESCRIPTION["functions"])


def function(name):
    """A function of the library; its error becomes an exception."""
    if not has(name):
        raise Missing(f"the library has no {name}")
    return getattr(LIBRARY, name)


def text(value):
    """A text parameter and its length."""
    data = value.encode()
    return data, len(data)


def ints(values, kind=c_int64):
    """A list of numbers as an array of C, and its length."""
    values = list(values)
    return (kind * len(values))(*values), len(values)


class Handle:
    """Owns one reference to an object of the library."""
    release = None

    def __init__(self, pointer):
        self.pointer = pointer

    @property
    def _as_parameter_(self):
        return self.pointer

    def __del__(self):
        if self.pointer:
            getattr(LIBRARY, f"jaxrs_{self.release}_release")(self.pointer)


def handle_class(kind):
    return type(kind.capitalize() + "Handle", (Handle,), {"release": kind})


CONTEXT, SCOPE, FN, RESULTS, BYTES, PROGRAM, EXEC, HOST, ATTRS = map(
    handle_class, ["context", "scope", "fn", "results", "bytes", "program", "exec", "host", "attrs"])


class Kept:
    """Objects of Python that the library holds by number."""

    def __init__(self):
        self.objects, self.next = {}, 1

    def keep(self, item):
        number, self.next = self.next, self.next + 1
        self.objects[number] = item
        return number

    def drop(self, number):
        self.objects.pop(number, None)


KEPT = Kept()
DROP = DROP_FN(KEPT.drop)
TAG = ctypes.create_string_buffer(1)


def raise_error(error):
    """Raises what the library returned: the exception of a callback as it was, its own errors as LibraryError."""
    if not error:
        return
    payload = LIBRARY.jaxrs_error_payload(error, ctypes.addressof(TAG))
    code = CODES[LIBRARY.jaxrs_error_code(error)]
    message = LIBRARY.jaxrs_error_message(error, None).decode()
    original = KEPT.objects.get(payload) if payload else None
    LIBRARY.jaxrs_error_release(error)
    raise original or LibraryError(code, message)


def to_error(exception):
    """The error of the library that carries an exception of a callback."""
    message, length = text(f"{type(exception).__name__}: {exception}")
    return LIBRARY.jaxrs_error_new_with_payload(CALLBACK, message, length, ctypes.addressof(TAG), KEPT.keep(exception), DROP)


def call(name, *arguments):
    """Calls a function that returns an error."""
    raise_error(function("jaxrs_" + name)(*arguments))


def create(kind, name, *arguments):
    """Calls a function whose last parameter is where a new handle goes."""
    out = c_void_p()
    call(name, *arguments, byref(out))
    return kind(out.value)


def read_bytes(handle):
    length = LIBRARY.jaxrs_bytes_len(handle)
    return ctypes.string_at(LIBRARY.jaxrs_bytes_data(handle), length).decode() if handle.pointer else None
