"""Small arrays of every element type that is read, written by NumPy itself.

usage: python3 numpy_arrays.py FOLDER    (made with NumPy 1.24.2; the tests hold the expected numbers as literals)
"""
import sys

import numpy as np

folder = sys.argv[1] if len(sys.argv) > 1 else "."
grid = np.arange(-3, 3).reshape(2, 3)
arrays = {}
for order, mark in (("<", "little"), (">", "big")):
    for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8"):
        arrays[f"{name}_{mark}"] = grid.astype(order + name)
    for name in ("u1", "u2", "u4", "u8"):
        arrays[f"{name}_{mark}"] = (grid + 3).astype(order + name)
    arrays[f"text_{mark}"] = np.array(["no", "yes", "wést"], dtype=order + "U4")
arrays["b1"] = grid > 0
arrays["bytes"] = np.array([b"a", b"bcd"])
arrays["fortran"] = np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(np.float32))
arrays["number"] = np.float64(2.5)
arrays["empty"] = np.zeros((0, 3), np.float32)
arrays["long"] = (np.arange(100_000).reshape(1000, 100) // 100).astype(np.int16)
np.savez(f"{folder}/stored.npz", **{k: v for k, v in arrays.items() if k != "long"})
np.savez_compressed(f"{folder}/deflated.npz", **arrays)
np.savez(f"{folder}/objects.npz", plain=grid, objects=np.array([{"a": 1}, None], dtype=object))
np.savez(f"{folder}/structured.npz", rows=np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
np.savez(f"{folder}/complex.npz", z=np.zeros(2, np.complex128))
np.savez(f"{folder}/values.npz", halves=np.array([0.5, 1.0]), large=np.array([1, 2**53 + 1]), huge=np.array([1e300]),
         most=np.array([2**63 - 1]), unsigned=np.array([2**64 - 1], np.uint64), whole=np.array([3.0, -4.0]), zeros=np.array([0.0, 1.0]), nan=np.array([np.nan]))
np.save(f"{folder}/lone.npy", grid.astype("<f8"))
