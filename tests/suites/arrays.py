"""Arrays for tests of the command: small ones, of numbers that a formula gives, and the files that hold them."""
import io
import math
import struct
import zipfile

# Of NumPy: the word for an element type, and Python's letter.
TYPES = {"f32": ("<f4", "f"), "f64": ("<f8", "d"), "i32": ("<i4", "i"), "u32": ("<u4", "I"), "i64": ("<i8", "q"), "bool": ("|b1", "?")}


def values(dtype, shape, phase=0.0, scale=1.0):
    """Numbers between −scale and scale that look like no pattern."""
    n = math.prod(shape)
    numbers = [scale * math.sin(12.9898 * (k + 1) + phase) for k in range(n)]
    return numbers if dtype[0] == "f" else [int(100 * x) % 97 for x in numbers]


def raw(dtype, numbers):
    return struct.pack(f"<{len(numbers)}{TYPES[dtype][1]}", *numbers)


def npy(dtype, shape, data):
    dims = "(" + "".join(f"{n}, " for n in shape) + ")"
    header = f"{{'descr': '{TYPES[dtype][0]}', 'fortran_order': False, 'shape': {dims}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def elements(file):
    """The bytes of the elements of a .npy file."""
    return file[10 + file[8] + 256 * file[9]:]


def npz(files, compression=zipfile.ZIP_STORED):
    """As numpy.savez and numpy.savez_compressed write it, which ask for 64-bit sizes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                file.write(content)
    return out.getvalue()
