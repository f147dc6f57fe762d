"""Descriptions of estimators: plain numbers, names and arrays, read with every field checked."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NoReturn

import numpy as np

from tinsmith.compose.broken import broken

Body = Mapping[str, Any]
"""A description: field -> number, text, array, or a list of descriptions."""
MOST_ELEMENTS = 1 << 26
"""Numbers in one array."""
MOST_CLASSES = 4096


class Fields:
    """The fields of one description; each getter raises UserError ``import.classic.broken`` where a
    field is missing or of another kind."""

    def __init__(self, body: Body, kind: str = "") -> None:
        if not isinstance(body, Mapping):
            broken(f"A description is a {type(body).__name__}, not a mapping.")
        self.body = body
        self.kind = kind or "A description"
        self.kind = kind or self.text("kind")

    def text(self, key: str, *allowed: str) -> str:
        """A name; one of those allowed, if any are given."""
        value = self.body.get(key)
        if not isinstance(value, str) or (allowed and value not in allowed):
            self._wrong(key, f"one of {', '.join(allowed)}" if allowed else "a text")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number within bounds, both included."""
        value = self.body.get(key)
        if type(value) is not int or not low <= value <= high:
            self._wrong(key, f"a whole number in {low}..{high}")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self.body.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            self._wrong(key, "a finite number")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or False."""
        value = self.body.get(key)
        if type(value) is not bool:
            self._wrong(key, "True or False")
        return value

    def array(self, key: str, *shape: int | None) -> np.ndarray:
        """Finite numbers as float64 of the given shape; None stands for any length above 0."""
        return self._array(key, shape, finite=True)

    def thresholds(self, key: str, *shape: int | None) -> np.ndarray:
        """Numbers as float64 that may be infinite, but not NaN."""
        found = self._array(key, shape, finite=False)
        if np.isnan(found).any():
            self._wrong(key, "numbers without NaN")
        return found

    def _array(self, key: str, shape: Sequence[int | None], finite: bool) -> np.ndarray:
        value = self.body.get(key)
        wanted = f"an array of shape {list(shape)}"
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
            self._wrong(key, wanted)
        fits = len(value.shape) == len(shape) and all(
            n > 0 if s is None else n == s for n, s in zip(value.shape, shape, strict=True)
        )
        if not fits or value.size > MOST_ELEMENTS:
            self._wrong(key, wanted)
        found = value.astype(np.float64)
        if finite and not np.isfinite(found).all():
            self._wrong(key, "finite numbers")
        return np.asarray(found)

    def whole(self, key: str, *shape: int | None) -> np.ndarray:
        """Whole numbers as int64 of the given shape."""
        value = self.body.get(key)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iub":
            self._wrong(key, "whole numbers")
        return np.asarray(self.array(key, *shape)).astype(np.int64)

    def parts(self, key: str) -> tuple["Fields", ...]:
        """A list of descriptions, at least one."""
        value = self.body.get(key)
        if not isinstance(value, tuple | list) or not value:
            self._wrong(key, "a list of descriptions")
        return tuple(Fields(v) for v in value)

    def names(self, key: str, count: int | None = None) -> tuple[str, ...]:
        """Texts; as many as told, or up to `MOST_CLASSES`."""
        value = self.body.get(key)
        if not isinstance(value, tuple | list) or not all(isinstance(v, str) for v in value):
            self._wrong(key, "texts")
        if not 1 <= len(value) <= MOST_CLASSES or len(value) != (count or len(value)):
            self._wrong(key, f"{count or f'1..{MOST_CLASSES}'} texts")
        return tuple(value)

    def has(self, key: str) -> bool:
        """Whether the field is there and not None."""
        return self.body.get(key) is not None

    def _wrong(self, key: str, wanted: str) -> NoReturn:
        value = self.body.get(key)
        got = f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else repr(value)
        broken(f"{self.kind}: {key} is {got[:80]}; expected {wanted}.")
