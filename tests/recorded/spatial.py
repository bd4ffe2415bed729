"""Rotations of space."""
import numpy as np
from jax.scipy.spatial.transform import Rotation, Slerp

from recording import ordinary

DEGREES = [False, True]


def unit(shape, seed, dtype="float64"):
    q = ordinary(-1, 1, (*shape, 4), dtype, seed)
    return (q / np.linalg.norm(q, axis=-1, keepdims=True)).astype(dtype)


def rotation_operations(r):
    for dtype in ["float32", "float64"]:
        one, some = unit((), 3, dtype), unit((3,), 4, dtype)
        for q in [one, some, unit((2, 2), 5, dtype)]:
            r.case("rotation_from_quat", lambda x: Rotation.from_quat(x).quat, q * np.asarray(1.5, dtype))
            r.case("rotation_as_matrix", lambda x: Rotation(x).as_matrix(), q)
            r.case("rotation_as_mrp", lambda x: Rotation(x).as_mrp(), q)
            r.case("rotation_inv", lambda x: Rotation(x).inv().quat, q)
            r.case("rotation_magnitude", lambda x: Rotation(x).magnitude(), q)
            for degrees in DEGREES:
                r.case("rotation_as_rotvec", lambda x: Rotation(x).as_rotvec(degrees), q, degrees=degrees)
            for seq in ["xyz", "zxz", "XYZ", "ZYX", "YXY"]:
                r.case("rotation_as_euler", lambda x: Rotation(x).as_euler(seq), q, seq=seq)
            matrix = np.asarray(Rotation(q).as_matrix())
            r.case("rotation_from_matrix", lambda x: Rotation.from_matrix(x).quat, matrix)
            v = ordinary(-2, 2, (*q.shape[:-1], 3), dtype, 6)
            r.case("rotation_from_mrp", lambda x: Rotation.from_mrp(x).quat, v)
            for degrees in DEGREES:
                r.case("rotation_from_rotvec", lambda x: Rotation.from_rotvec(x, degrees).quat, v, degrees=degrees)
                r.case("rotation_from_euler", lambda x: Rotation.from_euler("zyx", x, degrees).quat, v, seq="zyx", degrees=degrees)
            for inverse in DEGREES:
                r.case("rotation_apply", lambda x, y: Rotation(x).apply(y, inverse), q, v, inverse=inverse)
            r.case("rotation_mul", lambda x, y: (Rotation(x) * Rotation(y)).quat, q, unit(q.shape[:-1], 7, dtype))
        r.case("rotation_apply", lambda x, y: Rotation(x).apply(y), one, ordinary(-1, 1, (5, 3), dtype))
        r.case("rotation_from_euler", lambda x: Rotation.from_euler("XY", x).quat, ordinary(-3, 3, (4, 2), dtype), seq="XY")
        r.case("rotation_from_euler", lambda x: Rotation.from_euler("z", x).quat, np.asarray(0.5, dtype), seq="z")
        times, at = np.array([0, 1, 2.5], dtype), np.array([0, 0.25, 1, 2, 2.5], dtype)
        r.case("slerp", lambda t, q, x: Slerp.init(t, Rotation(q))(x).quat, times, some, at)
        r.case("slerp", lambda t, q, x: Slerp.init(t, Rotation(q))(x).quat, times, some, np.asarray(1.75, dtype))
    special = np.array([[0, 0, 0, 1], [0, 0, 0, -1], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [-0.6, 0.8, 0, 0]])
    for canonical in DEGREES:
        for first in DEGREES:
            r.case("rotation_as_quat", lambda x: Rotation(x).as_quat(canonical, first), special, derive=False, canonical=canonical, scalar_first=first)
            r.case("rotation_as_quat", lambda x: Rotation(x).as_quat(canonical, first), unit((3,), 4), canonical=canonical, scalar_first=first)
    r.case("rotation_as_rotvec", lambda x: Rotation(x).as_rotvec(), special, derive=False)
    r.case("rotation_as_euler", lambda x: Rotation(x).as_euler("xyz"), special, derive=False, seq="xyz")
    r.case("rotation_as_euler", lambda x: Rotation(x).as_euler("ZXZ", True), special, derive=False, seq="ZXZ", degrees=True)
    r.case("rotation_from_rotvec", lambda x: Rotation.from_rotvec(x).quat, np.array([[0, 0, 0], [1e-4, 0, 0]]), derive=False)
    r.case("rotation_from_matrix", lambda x: Rotation.from_matrix(x).quat, np.asarray(Rotation(special).as_matrix()), derive=False)
    near = unit((1,), 4) + 0.1 * unit((4,), 8)
    for weights in [[], [np.array([1.0, 2.0, 0.5, 3.0])]]:
        r.case("rotation_mean", lambda x, *w: Rotation(x).mean(*w).quat, near, *weights)


GROUPS = [rotation_operations]
