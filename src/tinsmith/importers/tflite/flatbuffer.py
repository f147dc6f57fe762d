"""FlatBuffers, read with every offset checked: nothing outside the file is ever touched.

Layout (FlatBuffers internals, "Format of a binary"): little-endian; a table begins with the signed
distance back to its vtable; a vtable holds its own size, the table's size and one offset per field,
0 for an absent one; vectors and strings begin with their length. Tables are opened one at a time by
whoever reads them, so a cycle among them is never followed.
"""

import struct
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from tinsmith.importers._frame import Refusal

MOST_TABLES = 1 << 16
"""Tables of one list. Four bytes of a file name a table, and many may name the same one, so a list
costs far more memory than it has bytes."""
MOST_TEXT = 1 << 12
"""Bytes of a string. Many fields may point to one string of megabytes, and each would copy it."""
_SIZES = {"<b": 1, "<B": 1, "<H": 2, "<i": 4, "<I": 4, "<f": 4, "<Q": 8}
refuse = Refusal("tflite")


def broken(message: str) -> NoReturn:
    """Refuse a file that breaks its format."""
    refuse("broken", f"The file is no sound TensorFlow Lite model: {message}.", "Is it damaged?")


@dataclass(frozen=True)
class Table:
    """A table at ``position`` of ``data``. All methods raise UserError ``import.tflite.broken`` for
    offsets and lengths that leave the file; field ids count from 0 as in the schema."""

    data: bytes
    position: int

    def number(self, id: int, code: str, default: float = 0) -> int | float:
        """A scalar of struct code ``<b`` .. ``<Q``."""
        place = self._field(id, _SIZES[code])
        found: int | float = default if place is None else _unpack(self.data, place, code)
        return found

    def integer(self, id: int, code: str, default: int = 0) -> int:
        """A whole number."""
        return int(self.number(id, code, default))

    def table(self, id: int) -> "Table | None":
        """A table; None where the field is absent."""
        place = self._field(id, 4)
        return None if place is None else _table(self.data, place)

    def tables(self, id: int) -> tuple["Table", ...]:
        """A vector of tables; empty where the field is absent. At most 65,536."""
        start, count = self._vector(id, 4)
        if count > MOST_TABLES:
            refuse("limit", f"A list has {count} entries; at most {MOST_TABLES} are read.")
        return tuple(_table(self.data, start + 4 * i) for i in range(count))

    def numbers(self, id: int, dtype: str) -> np.ndarray:
        """A vector of numbers of a little-endian numpy dtype; empty where the field is absent."""
        start, count = self._vector(id, np.dtype(dtype).itemsize)
        return np.frombuffer(self.data, dtype, count, start) if count else np.zeros(0, dtype)

    def text(self, id: int) -> str:
        """A string, at most 4,096 bytes of it; empty where the field is absent."""
        start, count = self._vector(id, 1)
        return self.data[start : start + min(count, MOST_TEXT)].decode("utf-8", "replace")

    def _vector(self, id: int, size: int) -> tuple[int, int]:
        place = self._field(id, 4)
        if place is None:
            return 0, 0
        start = _follow(self.data, place)
        # Python's integers do not wrap: a length of 2^32 - 1 is seen to be too long, not negative.
        count = int(_unpack(self.data, start, "<I"))
        if start + 4 + count * size > len(self.data):
            broken(f"a list of {count} entries at byte {start} leaves the file")
        return start + 4, count

    def _field(self, id: int, size: int) -> int | None:
        """Where a field lies; None where it is absent."""
        # The distance is signed and may lead anywhere: `_unpack` refuses what is outside the file.
        vtable = self.position - int(_unpack(self.data, self.position, "<i"))
        length = int(_unpack(self.data, vtable, "<H"))
        if 6 + 2 * id > length:  # a file of an older schema ends its vtable earlier
            return None
        offset = int(_unpack(self.data, vtable + 4 + 2 * id, "<H"))
        if offset == 0:
            return None
        # A field behind the table's end would be read from its neighbour, with no error at all.
        if offset + size > int(_unpack(self.data, vtable + 2, "<H")):
            broken(f"field {id} of the table at byte {self.position} lies outside of it")
        return self.position + offset


def root(data: bytes, identifier: bytes) -> Table:
    """The root table of a file; its four bytes at offset 4 must be ``identifier``."""
    if len(data) < 8 or data[4:8] != identifier:
        refuse(
            "magic",
            f"The file does not have {identifier.decode()!r} at byte 4, as a TensorFlow Lite model "
            "has.",
            "Convert the model with the TensorFlow Lite converter.",
        )
    return _table(data, 0)


def _table(data: bytes, place: int) -> Table:
    return Table(data, _follow(data, place))


def _follow(data: bytes, place: int) -> int:
    return place + int(_unpack(data, place, "<I"))


def _unpack(data: bytes, place: int, code: str) -> int | float:
    if not 0 <= place <= len(data) - _SIZES[code]:
        broken(f"an offset leads to byte {place} of {len(data)}")
    (value,) = struct.unpack_from(code, data, place)
    return value  # type: ignore[no-any-return]
