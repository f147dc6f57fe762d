"""What a name of an ONNX graph can stand for while it is translated."""

from dataclasses import dataclass

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.ir.types import Quant


@dataclass(frozen=True, eq=False)
class Scale:
    """Parameters of QuantizeLinear: real = (integer - zero) * scale; scalars, or one per index of
    ``axis``. ``scale`` float32; ``zero`` of the integers' own dtype."""

    scale: np.ndarray
    zero: np.ndarray
    axis: int

    @property
    def per_tensor(self) -> bool:
        """Whether one scale and zero point serve the whole tensor."""
        return self.scale.size == 1

    @property
    def eight_bits(self) -> bool:
        """Whether the integers have 8 bits and one meaning for all."""
        return self.per_tensor and self.zero.dtype in (np.int8, np.uint8)

    def same(self, other: "Scale") -> bool:
        """Whether both mean the same."""
        return (
            self.zero.dtype == other.zero.dtype
            and self.axis == other.axis
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero, other.zero)
        )

    def quant(self) -> Quant:
        """As a Quant of int8 values (uint8 with the top bit flipped: zero point less 128)."""
        offset = 128 if self.zero.dtype == np.uint8 else 0
        zero = tuple(int(z) - offset for z in self.zero.ravel())
        scale = tuple(float(s) for s in self.scale.ravel())
        if not all(0 < s < float("inf") for s in scale):
            raise Unsupported("its scale is not a positive number")
        return Quant(scale, zero, None if self.per_tensor else self.axis)


@dataclass(frozen=True)
class Unsigned:
    """A uint8 tensor that is held as int8 with the top bit flipped (less 128)."""

    flipped: str


@dataclass(frozen=True, eq=False)
class Real:
    """A DequantizeLinear that is not computed yet: the integers and what they mean."""

    integers: "str | np.ndarray | Unsigned"
    meaning: Scale

    @property
    def constant(self) -> bool:
        """Whether the integers are known at import."""
        return isinstance(self.integers, np.ndarray)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Elements of a constant table of texts or doubles, of which there are no tensors: only their
    places in the table [count] are computed, int32 or int64 of any shape."""

    table: np.ndarray
    index: str

    @property
    def texts(self) -> bool:
        """Whether the table holds texts."""
        return self.table.dtype.kind in "OSU"


@dataclass(frozen=True)
class Maps:
    """A sequence of maps from class to probability: the probabilities [rows, classes]."""

    scores: str


@dataclass(frozen=True)
class Items:
    """A sequence of tensors, which exists only while a model is imported."""

    values: "tuple[Value, ...]"


Value = str | np.ndarray | Unsigned | Real | Chosen | Maps | Items
"""A value of the builder by name, an array known at import, or one of the five above."""


def plain(word: object) -> str:
    """A word of a table of texts."""
    return word.decode("utf-8", errors="replace") if isinstance(word, bytes) else str(word)


def contents(value: Chosen | Maps | Items) -> str:
    """What a value holds that no tensor can, in words."""
    if isinstance(value, Maps | Items):
        return "a sequence of maps" if isinstance(value, Maps) else "a sequence of tensors"
    return "texts" if value.texts else str(value.table.dtype)
