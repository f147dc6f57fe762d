"""NumPy arrays (.npz, .npy): vectors and matrices become channels, see `tinsmith.data.arrays`.

Source: NEP 1, "A simple file format for NumPy arrays" (numpy.lib.format). Arrays of objects, which
are pickles, are refused. Long arrays are unpacked piece by piece.
"""

import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.arrays import Array, reading_of
from tinsmith.data.binary import open_file
from tinsmith.data.dataset import Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.text import Source

_ARRAYS = 1000
_BOMB_BYTES, _BOMB_RATIO = 64_000_000, 200
"""An array that is larger and was packed more than this is no recording."""
_ZIP, _NPY = b"PK", b"\x93NUMPY"
_ALONE = "value"
"""Name of the one array of a .npy file, which says none."""
_COPY = "Copy or save the file again."
Opener = Callable[[], IO[bytes]]


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.npz.<what>``.
    """
    source = Source("npz", path.name)
    with open_file(path, source) as file:
        magic = file.read(6)
    try:
        if magic == _NPY:
            size = path.stat().st_size
            arrays = [_array(_ALONE, lambda: path.open("rb"), size, source)]
        elif magic[:2] == _ZIP:
            arrays = _members(path, source)
        else:
            raise source.error("header", "this is no .npz file.", "Save it with numpy.savez.")
        return reading_of(arrays, path, options, source)
    except (UserError, MemoryError):
        raise
    except Exception as e:  # zipfile, zlib and numpy raise some fifteen kinds
        raise _broken(e, source) from e


def _members(path: Path, source: Source) -> list[Array]:
    with zipfile.ZipFile(path) as archive:
        infos = [i for i in archive.infolist() if i.filename.endswith(".npy")]
    if len(infos) > _ARRAYS:
        raise source.error("arrays", f"{len(infos)} arrays; allowed are {_ARRAYS}.", "Split it.")
    return [_member(path, i, source) for i in infos]


def _member(path: Path, info: zipfile.ZipInfo, source: Source) -> Array:
    name = info.filename.removesuffix(".npy")
    if info.file_size > max(_BOMB_BYTES, _BOMB_RATIO * info.compress_size):
        what = f"array {name[:40]} unpacks from {info.compress_size} to {info.file_size} bytes."
        raise source.error("bomb", what, "That is no recording; save it without compression.")
    if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1:
        raise source.error("zip", f"array {name[:40]} is a link or encrypted.", _COPY)
    return _array(name, lambda: _opened(path, info), info.file_size, source)


def _opened(path: Path, info: zipfile.ZipInfo) -> IO[bytes]:
    """A member of an archive; the archive is closed with it."""
    with zipfile.ZipFile(path) as archive:
        return archive.open(info)


def _array(name: str, opened: Opener, size: int, source: Source) -> Array:
    """An array whose header was read; ``size`` of the file in bytes must be what it says."""
    with opened() as file:
        shape, fortran, dtype, head = _header(file, name, source)
    if head + prod(shape) * dtype.itemsize != size:
        what = f"array {name[:40]} {list(shape)} of {dtype} cannot have {size} bytes."
        raise source.error("size", what, _COPY)

    def pieces(n: int) -> Iterator[np.ndarray]:
        try:
            yield from unpacked(n)
        except (UserError, MemoryError):
            raise
        except Exception as e:  # see `read`; here it is the checksum mostly
            raise _broken(e, source) from e

    def unpacked(n: int) -> Iterator[np.ndarray]:
        with opened() as file:
            file.read(head)
            if not shape or (fortran and len(shape) > 1):
                data = np.frombuffer(_exactly(file, size - head, source), dtype)
                values = data.reshape(shape, order="F" if fortran else "C")
                values = values.reshape(1) if not shape else values
                yield from (values[i : i + n] for i in range(0, len(values), n))
                return
            row = prod(shape[1:]) * dtype.itemsize
            for first in range(0, shape[0], n):
                count = min(n, shape[0] - first)
                data = np.frombuffer(_exactly(file, count * row, source), dtype)
                yield data.reshape(count, *shape[1:])

    return Array(name, shape, dtype, pieces)


def _header(
    file: IO[bytes], name: str, source: Source
) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order, type and length of the header."""
    version = np.lib.format.read_magic(file)
    length = 2 if version == (1, 0) else 4
    counted = _Counted(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(counted)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(counted)
    else:
        raise source.error("version", f"array {name[:40]} has version {version}.", _COPY)
    if dtype.hasobject:
        what = f"array {name[:40]} holds Python objects (a pickle), which are never loaded."
        raise source.error("pickle", what, "Save plain arrays of numbers.")
    if dtype.fields is not None or any(n < 0 for n in shape) or not dtype.itemsize:
        raise source.error("dtype", f"array {name[:40]} has type {dtype}, shape {shape}.", _COPY)
    return shape, fortran, dtype, 8 + max(counted.count, length)


class _Counted:
    """Counts what is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.count = file, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.count += len(data)
        return data


def _exactly(file: IO[bytes], size: int, source: Source) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise source.error("truncated", f"{size - len(data)} bytes of an array are missing.", _COPY)
    return data


def _broken(e: Exception, source: Source) -> UserError:
    reason = " ".join(str(e).split())[:120] or type(e).__name__
    return source.error("broken", f"it cannot be unpacked ({reason}).", _COPY)


def _example() -> bytes:
    """Two recordings of three samples and two channels."""
    values = np.array([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 9], [8, 7]]], np.int16)
    out = io.BytesIO()
    np.savez(out, acc=values, label=np.array(["rest", "shake"]), fs=np.array(50))
    return out.getvalue()


FORMAT = Format("npz", (".npz", ".npy"), read, _example)
