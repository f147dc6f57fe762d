"""Universal Binary JSON (draft 12, ubjson.org) with every length checked: nothing outside the file
is touched, nothing larger than the file is made."""

from typing import Any

import numpy as np

from tinsmith.compose.broken import broken

MOST_DEPTH = 64
MOST_VALUES = 1 << 24
_NUMBERS = {
    "i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8",
}  # fmt: skip
_CONSTANTS = {"Z": None, "T": True, "F": False}


def loads(data: bytes) -> Any:
    """Objects as dicts, lists as lists, typed lists as numpy arrays.

    Raises:
        UserError: ``import.classic.broken``.
    """
    reader = _Reader(data)
    value = reader.value(reader.marker(), 0)
    if reader.place != len(data):
        broken(f"{len(data) - reader.place} bytes follow the model.")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.values = 0

    def marker(self) -> str:
        """The next type marker; no-op markers are skipped."""
        while True:
            found = chr(self._take(1)[0])
            if found != "N":
                return found

    def value(self, marker: str, depth: int) -> Any:
        self.values += 1
        if depth > MOST_DEPTH or self.values > MOST_VALUES:
            broken(f"It nests {depth} levels and holds {self.values} values.")
        if marker in _NUMBERS:
            return self._array(marker, 1)[0].item()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == "S":
            return self._text()
        if marker == "C":
            return chr(self._take(1)[0])
        if marker == "[":
            return self._list(depth)
        if marker == "{":
            return self._object(depth)
        return broken(f"Byte {self.place - 1} is no type of UBJSON.")

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.place:
            broken(f"{count} bytes are wanted at byte {self.place} of {len(self.data)}.")
        self.place += count
        return self.data[self.place - count : self.place]

    def _array(self, marker: str, count: int) -> np.ndarray:
        kind = np.dtype(_NUMBERS[marker])
        if not 0 <= count <= len(self.data):
            broken(f"A list of {count} numbers is longer than the file.")
        return np.frombuffer(self._take(count * kind.itemsize), kind)

    def _length(self) -> int:
        marker = self.marker()
        if marker not in "iUIlL":
            broken(f"A length at byte {self.place - 1} is no whole number.")
        return int(self._array(marker, 1)[0])

    def _text(self) -> str:
        return self._take(self._length()).decode("utf-8", "replace")

    def _header(self) -> tuple[str, int | None]:
        """Type and count of a container, where it states them."""
        kind, count = "", None
        if self._peek("$"):
            kind = chr(self._take(1)[0])
            if not self._peek("#"):
                broken(f"A typed container at byte {self.place} has no count.")
            count = self._length()
        elif self._peek("#"):
            count = self._length()
        if count is not None and not 0 <= count <= len(self.data):
            broken(f"A container of {count} values is larger than the file.")
        return kind, count

    def _peek(self, marker: str) -> bool:
        if self.data[self.place : self.place + 1] != marker.encode():
            return False
        self.place += 1
        return True

    def _list(self, depth: int) -> Any:
        kind, count = self._header()
        if kind in _NUMBERS and count is not None:
            return self._array(kind, count)
        found: list[Any] = []
        while count is None or len(found) < count:
            if count is None and self._peek("]"):
                break
            found.append(self.value(kind or self.marker(), depth + 1))
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        seen = 0
        while count is None or seen < count:
            if count is None and self._peek("}"):
                break
            key = self._text()
            found[key] = self.value(kind or self.marker(), depth + 1)
            seen += 1
        return found
