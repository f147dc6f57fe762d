"""MATLAB files of version 5 to 7, as far as arrays of numbers and texts go; bounded: nothing is
believed before it is checked against the bytes that are there.

Source: The MathWorks, "MAT-File Format", chapter 1, "Level 5 MAT-File Format".
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

_HEADER = 128
_ORDER = {b"IM": "<", b"MI": ">"}
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
           13: "u8", 16: "u1", 17: "u2", 18: "u4"}  # fmt: skip
_MATRIX, _COMPRESSED = 14, 15
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_CHAR = 4
_LOGICAL, _COMPLEX = 2, 8
_DIMENSIONS, _NAME_BYTES = 32, 64
_VARIABLES = 10_000
_LARGEST = 1 << 31
_RATIO = 1100
"""zlib packs no better than 1 to 1032."""


class MatError(ValueError):
    """What is wrong, and where."""


@dataclass(frozen=True)
class Variable:
    """An array of numbers, or of texts (a text per row); ``load`` reads it."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    load: Callable[[], np.ndarray]


class _Source(Protocol):
    """Bytes one after the other."""

    back: bytes
    """Where not empty, what comes next, and the last."""

    def take(self, size: int) -> bytes: ...


def variables(path: Path) -> list[Variable]:
    """The arrays of numbers and texts of a file, in its order; others are passed over.

    Raises:
        MatError: it is no such file, or lies about itself.
    """
    with path.open("rb") as file:
        order = _ORDER.get(file.read(_HEADER)[-2:])
        if order is None:
            raise MatError("byte 126: there is no mark of the byte order")
        end = file.seek(0, 2)
        at = _HEADER
        found: list[Variable | None] = []
        while at < end:
            file.seek(at)
            kind, size = struct.unpack(order + "II", _exactly(file, 8))
            if kind not in (_MATRIX, _COMPRESSED) or at + 8 + size > end:
                raise MatError(f"byte {at}: an element of type {kind} with {size} bytes")
            if len(found) >= _VARIABLES:
                raise MatError(f"more than {_VARIABLES} variables")
            found.append(_variable(_Place(path, order, at, size, kind == _COMPRESSED)))
            at += 8 + size
    return [v for v in found if v is not None]


@dataclass(frozen=True)
class _Place:
    """Where an element lies in a file."""

    path: Path
    order: str
    at: int
    size: int
    packed: bool

    def error(self, what: str) -> MatError:
        return MatError(f"byte {self.at}: {what}")


def _variable(place: _Place) -> Variable | None:
    """What an element holds; None for cells, structures and the like."""
    with place.path.open("rb") as file:
        head = _matrix(file, place)
        if head is None:
            return None
        name, shape, cls = head.name, head.shape, head.cls
        count = _data(head.source, place)[1]
    if count != prod(shape):
        raise place.error(f"variable {name!r} {list(shape)} has {count} values")

    def load() -> np.ndarray:
        with place.path.open("rb") as again:
            found = _matrix(again, place)
            if found is None:
                raise place.error("the file changed")
            kind, number = _data(found.source, place)
            values = np.frombuffer(found.source.take(number * kind.itemsize), kind)
        values = values.reshape(shape, order="F")
        return _texts(values) if cls == _CHAR else values.astype(dtype)

    if cls == _CHAR:
        return Variable(name, (shape[0],), np.dtype(f"U{max(1, shape[-1])}"), load)
    dtype = np.dtype(bool if head.logical else _CLASSES[cls])
    return Variable(name, shape, dtype, load)


@dataclass(frozen=True)
class _Head:
    """The beginning of a matrix; its data follow in ``source``."""

    name: str
    shape: tuple[int, ...]
    cls: int
    logical: bool
    source: _Source


def _matrix(file: BinaryIO, place: _Place) -> _Head | None:
    file.seek(place.at + 8)
    source: _Source = _Window(file, place.size, place)
    if place.packed:
        source = _Unpacked(file, place.size, place)
        kind, size = struct.unpack(place.order + "II", source.take(8))
        if kind != _MATRIX or size > min(_LARGEST, _RATIO * place.size):
            raise place.error(f"packed data of type {kind} with {size} bytes")
    data = _small(source, place, 8, 6)
    if len(data) != 8:
        raise place.error(f"flags of {len(data)} bytes")
    flags = struct.unpack(place.order + "II", data)[0]
    cls = flags & 0xFF
    if cls not in _CLASSES and cls != _CHAR:
        return None
    if flags >> 8 & _COMPLEX:
        raise place.error("complex numbers are not read; save real and imaginary parts apart")
    sizes = _small(source, place, 4 * _DIMENSIONS, 5)
    shape = struct.unpack(f"{place.order}{len(sizes) // 4}i", sizes[: len(sizes) // 4 * 4])
    if len(shape) < 2 or min(shape) < 0 or prod(shape) > _LARGEST:
        raise place.error(f"dimensions {list(shape)}")
    name = _small(source, place, _NAME_BYTES, 1).decode("latin-1")
    if cls == _CHAR and len(shape) > 2:
        return None
    return _Head(name, shape, cls, bool(flags >> 8 & _LOGICAL), source)


def _small(source: _Source, place: _Place, most: int, wanted: int) -> bytes:
    """A short element of a type, with what fills it up to 8 bytes."""
    kind, size, data = _tag(source, place)
    if kind != wanted or size > most:
        raise place.error(f"an element of type {kind} with {size} bytes where {wanted} is due")
    return data[:size] if data else source.take(size + -size % 8)[:size]


def _tag(source: _Source, place: _Place) -> tuple[int, int, bytes]:
    """Type and size of an element; its data where they are in the tag itself."""
    word = source.take(8)
    first, size = struct.unpack(place.order + "II", word)
    if first >> 16:
        return first & 0xFFFF, first >> 16, word[4:]
    return first, size, b""


def _data(source: _Source, place: _Place) -> tuple[np.dtype, int]:
    """Type and number of the values of a matrix, which come next."""
    kind, size, data = _tag(source, place)
    if kind not in _STORED or size > min(_LARGEST, _RATIO * place.size):
        raise place.error(f"values of type {kind} with {size} bytes")
    dtype = np.dtype(place.order + _STORED[kind])
    if size % dtype.itemsize or (data and size > 4):
        raise place.error(f"{size} bytes make no values of {dtype.itemsize} bytes")
    if data:
        source.back = data
    return dtype, size // dtype.itemsize


def _texts(values: np.ndarray) -> np.ndarray:
    """Rows of characters as texts."""
    return np.array(["".join(map(chr, row)).strip() for row in values.tolist()])


class _Window:
    """A part of a file."""

    def __init__(self, file: BinaryIO, size: int, place: _Place) -> None:
        self._file, self._left, self._place = file, size, place
        self.back = b""

    def take(self, size: int) -> bytes:
        """The next bytes, all of them."""
        if self.back:
            return self.back[:size]
        if size > self._left:
            raise self._place.error(f"{size - self._left} bytes are missing")
        self._left -= size
        return _exactly(self._file, size)


class _Unpacked:
    """A packed part of a file, unpacked as far as it is asked for."""

    def __init__(self, file: BinaryIO, size: int, place: _Place) -> None:
        self._file, self._left, self._place = file, size, place
        self._zlib, self.back = zlib.decompressobj(), b""

    def take(self, size: int) -> bytes:
        """The next bytes, all of them."""
        if self.back:
            return self.back[:size]
        return b"".join(self._parts(size))

    def _parts(self, size: int) -> Iterator[bytes]:
        while size:
            packed = self._zlib.unconsumed_tail
            if not packed:
                packed = self._file.read(min(self._left, 1 << 16))
                self._left -= len(packed)
            try:
                part = self._zlib.decompress(packed, size)
            except zlib.error as e:
                raise self._place.error(f"the packed data are broken ({e})") from None
            if not part and not packed:
                raise self._place.error(f"{size} unpacked bytes are missing")
            size -= len(part)
            yield part


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise MatError(f"{size - len(data)} bytes are missing at the end")
    return data
