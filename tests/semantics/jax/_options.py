"""The option structs of jaxrs.h."""
import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

U32, SIZE, PTR, STR = c_uint32, c_size_t, c_void_p, c_char_p


class Options(ctypes.Structure):
    """Starts with its own size; fields that are not given are 0."""

    def __init__(self, **fields):
        super().__init__(ctypes.sizeof(self), **fields)


def options(name, *fields):
    return type(name, (Options,), {"_fields_": [("struct_size", U32), *fields]})


class Aval(ctypes.Structure):
    _fields_ = [("dtype", U32), ("weak_type", U32), ("ndim", SIZE), ("shape", POINTER(c_int64))]


ContextOptions = options(
    "ContextOptions", ("flags", U32), ("num_threads", U32), ("log_level", U32), ("log", PTR), ("log_userdata", PTR),
    ("log_drop", PTR), ("soft_memory_limit", c_uint64), ("memory_pressure", PTR), ("memory_pressure_userdata", PTR),
    ("cache_dir", STR), ("cache_dir_len", SIZE), ("num_devices", U32))
ScopeConfig = options(
    "ScopeConfig", ("set_mask", U32), ("device", PTR), ("default_float", U32), ("matmul_precision", U32), ("prng_impl", U32),
    ("name", STR), ("name_len", SIZE), ("debug_flags", U32), ("dtype_promotion", U32), ("rank_promotion", U32),
    ("threefry_partitionable", U32))
DiffOptions = options("DiffOptions", ("flags", U32), ("argnums", POINTER(U32)), ("n_argnums", SIZE), ("n_aux", SIZE))
VmapOptions = options(
    "VmapOptions", ("flags", U32), ("in_axes", POINTER(c_int64)), ("n_in_axes", SIZE), ("out_axes", POINTER(c_int64)),
    ("n_out_axes", SIZE), ("axis_size", c_int64), ("axis_name", STR), ("axis_name_len", SIZE), ("spmd_axis_name", STR),
    ("spmd_axis_name_len", SIZE))
ShardMapOptions = options(
    "ShardMapOptions", ("flags", U32), ("mesh", STR), ("mesh_len", SIZE), ("in_specs", STR), ("in_specs_len", SIZE),
    ("out_specs", STR), ("out_specs_len", SIZE))
JitOptions = options(
    "JitOptions", ("flags", U32), ("donate", POINTER(U32)), ("n_donate", SIZE), ("device", PTR), ("compiler_options", STR),
    ("compiler_options_len", SIZE))
HostBuffer = options(
    "HostBuffer", ("dtype", U32), ("ndim", SIZE), ("shape", POINTER(c_int64)), ("data", PTR), ("nbytes", SIZE))
Cost = options("Cost", ("reserved", U32), ("flops", c_double), ("transcendentals", c_double), ("bytes_accessed", c_double))
Memory = options(
    "Memory", ("reserved", U32), ("argument_bytes", c_uint64), ("output_bytes", c_uint64), ("alias_bytes", c_uint64),
    ("temp_bytes", c_uint64), ("code_bytes", c_uint64))

AXIS_NONE = -2**63
UNROLL_ALL = 2**32 - 1
