"""Values as text that JSON carries, and whether one is what a row expects."""
from jax import _convert, _dtypes, _numpy
from jax._array import is_array
from jax._jaxpr import ShapeDtypeStruct


def described(value):
    """A value as a nested description."""
    if isinstance(value, _numpy.Float0Array):
        return {"float0": list(value.shape)}
    if is_array(value):
        return {"dtype": value.dtype.name, "weak": value.weak_type, "shape": list(value.shape),
                "values": [[v.real, v.imag] if isinstance(v, complex) else v for v in _convert.values(value)]}
    if isinstance(value, ShapeDtypeStruct):
        return {"type": str(value)}
    if isinstance(value, (_dtypes.DType, _dtypes.Float0)):
        return {"element": value.name}
    if isinstance(value, dict):
        return {"dict": {str(k): described(v) for k, v in value.items()}}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(map(str, value))}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [described(v) for v in value]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"python": value}
    raise TypeError(f"a value of type {type(value).__name__}")
