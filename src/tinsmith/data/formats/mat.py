"""MATLAB files (.mat) of version 5 to 7: numeric variables become channels, see
`tinsmith.data.arrays`.

Files of version 7.3 are HDF5, those of version 4 have no header: both are refused with the way out.
Cells, structures, objects and sparse matrices are not looked at.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

from tinsmith.data.arrays import Array, reading_of
from tinsmith.data.binary import open_file
from tinsmith.data.dataset import Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.formats._mat5 import MatError, Variable, variables
from tinsmith.data.text import Source

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SAVE = "In MATLAB: save('new.mat', '-v7'); or save the samples as .npz, CSV or Parquet."


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.mat.<what>``.
    """
    source = Source("mat", path.name)
    with open_file(path, source) as file:
        head = file.read(520)
    if _HDF5 in (head[512:], head[:8]) or head.startswith(b"MATLAB 7.3"):
        raise source.error("version", "version 7.3 (HDF5) is not read.", _SAVE)
    if not head.startswith(b"MATLAB 5.0"):
        what = "this is no MATLAB file of version 5 to 7."
        raise source.error("header", what, _SAVE)
    try:
        arrays = [_array(v, source) for v in variables(path)]
    except MatError as e:
        raise source.error("broken", f"{e}.", "Copy or save the file again.") from None
    return reading_of(arrays, path, options, source)


def _array(v: Variable, source: Source) -> Array:
    """A variable; a row or column of a matrix is a vector."""
    flat = (prod(v.shape),) if len(v.shape) == 2 and 1 in v.shape else v.shape

    def pieces(n: int) -> Iterator[np.ndarray]:
        try:
            values = v.load().reshape(flat)
        except MatError as e:
            raise source.error("broken", f"{e}.", "Copy or save the file again.") from None
        yield from (values[i : i + n] for i in range(0, len(values), n))

    return Array(v.name, flat, v.dtype, pieces)


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def _example() -> bytes:
    """A recording of four samples and two channels, each sample with its label."""
    body = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    columns = {"x": (1, 2, 3, 4), "y_axis": (9, 8, 7, 6), "labels": (0, 0, 1, 1), "fs": (50,)}
    for name, values in columns.items():
        shape = struct.pack("<2i", len(values), 1)
        data = struct.pack(f"<{len(values)}h", *values)
        parts = ((6, struct.pack("<II", 10, 0)), (5, shape), (1, name.encode()), (3, data))
        matrix = _element(14, b"".join(_element(k, d) for k, d in parts))
        packed = zlib.compress(matrix)
        body += struct.pack("<II", 15, len(packed)) + packed if name == "x" else matrix
    return body


FORMAT = Format("mat", (".mat",), read, _example)
