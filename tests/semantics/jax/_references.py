"""References: arrays that programs change."""
from ctypes import byref

from . import _scope
from ._array import pointers, wrap
from ._convert import asarray
from ._library import call, create, handle_class


class Ref(handle_class("ref")):
    """An array that can be written to."""
    __hash__ = object.__hash__

    def __getitem__(self, key):
        return create(wrap, "ref_get", self, _scope.current(), *pointers(index(key)))

    def __setitem__(self, key, value):
        dtype = create(wrap, "ref_get", self, _scope.current(), *pointers([])).dtype
        call("ref_set", self, _scope.current(), *pointers(index(key)), asarray(value, dtype))


def index(key):
    """The numbers of a key, none for the whole."""
    return [] if key is Ellipsis else [asarray(k) for k in (key if isinstance(key, tuple) else (key,))]


def new_ref(value):
    return create(Ref, "ref_new", _scope.current(), asarray(value))


def freeze(ref):
    return create(wrap, "ref_freeze", ref, _scope.current())
