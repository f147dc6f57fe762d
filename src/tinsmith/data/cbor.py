"""CBOR, as far as recordings need it: numbers, texts, bytes, arrays and maps, in bounded depth.

Source: RFC 8949. Tags, apart from the one that says "this is CBOR", and simple values other than
false, true and null are refused.
"""

import struct
from typing import Any

_DEPTH = 16
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_SELF = 55799
_BREAK = object()


class CborError(ValueError):
    """What is wrong, and at which byte."""


def loads(data: bytes) -> Any:
    """The one item that the data are.

    Raises:
        CborError: they are not one, or nest deeper than 16 levels.
    """
    reader = _Reader(data)
    value = reader.item(_DEPTH)
    if value is _BREAK:
        raise reader.error("a break outside of an array or map")
    if reader.at != len(data):
        raise reader.error(f"{len(data) - reader.at} bytes behind the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def error(self, what: str) -> CborError:
        return CborError(f"byte {self.at}: {what}")

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if len(part) != size:
            raise self.error(f"{size - len(part)} bytes are missing")
        self.at += size
        return part

    def item(self, depth: int) -> Any:
        """The next item; `_BREAK` for the end of one without length."""
        if not depth:
            raise self.error(f"it nests deeper than {_DEPTH} levels")
        major, short = divmod(self.take(1)[0], 32)
        if major == 7:
            return self.simple(short)
        count = self.count(short) if short != 31 else None
        if major in (0, 1):
            if count is None:
                raise self.error("a number without a value")
            return count if major == 0 else -1 - count
        if major in (2, 3):
            return self.text(major, count, depth)
        if major == 4:
            return list(self.items(count, depth))
        if major == 5:
            found = list(self.items(None if count is None else 2 * count, depth))
            if len(found) % 2 or not all(isinstance(k, str) for k in found[::2]):
                raise self.error("keys of a map are texts")
            return dict(zip(found[::2], found[1::2], strict=True))
        if count != _SELF:
            raise self.error(f"tag {count} is not read")
        return self.item(depth - 1)

    def count(self, short: int) -> int:
        if short < 24:
            return short
        if short > 27:
            raise self.error(f"length {short} is reserved")
        return int.from_bytes(self.take(1 << (short - 24)), "big")

    def items(self, count: int | None, depth: int) -> Any:
        """That many items, or all up to a break. Each takes a byte or more, so that a count which
        lies ends where the data do."""
        while count is None or count > 0:
            value = self.item(depth - 1)
            if value is _BREAK:
                if count is None:
                    return
                raise self.error("a break where an item is due")
            yield value
            count = None if count is None else count - 1

    def text(self, major: int, count: int | None, depth: int) -> str | bytes:
        kind = str if major == 3 else bytes
        if count is None:
            parts = list(self.items(None, depth))
            if not all(isinstance(p, kind) for p in parts):
                raise self.error("a text of other parts")
            return ("" if kind is str else b"").join(parts)
        data = self.take(count)
        if kind is bytes:
            return data
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.error("a text that is no UTF-8") from None

    def simple(self, short: int) -> Any:
        if short in _FLOATS:
            form, size = _FLOATS[short]
            return struct.unpack(form, self.take(size))[0]
        if short == 31:
            return _BREAK
        if short in _SIMPLE:
            return _SIMPLE[short]
        raise self.error(f"simple value {short} is not read")
