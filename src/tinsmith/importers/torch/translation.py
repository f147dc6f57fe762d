"""One import of a PyTorch program while it goes on: the graph so far, and how a node is read.

Values that are known at import (weights and what is computed from weights alone) stay numpy arrays
until an operation needs them as operands; so transposed weights fold away by themselves. Nodes are
torch.fx's, or those of `nodes.py`, which have the same few attributes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.compose import movement
from tinsmith.importers._frame import Unsupported
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import SIZES

Value = str | np.ndarray
"""Name of an activation, or an array that is known."""


class Translation:
    """State of one import: the graph so far and what every torch node became."""

    def __init__(self, name: str) -> None:
        self.builder = Builder(name)
        self.known: dict[Any, Value] = {}
        self.names: dict[Any, str] = {}
        self.folded: set[Any] = set()
        """Additions that became the bias of the layer before them."""
        self._hint = ""

    def begin(self, node: Any, stage: str) -> None:
        """What follows belongs to a torch node."""
        self.builder.stage = self._hint = stage

    def read(self, argument: Any) -> Value:
        """Value of a node argument: another node, or a Python number."""
        if isinstance(argument, int | float):
            return np.asarray([argument], np.float32)
        found = self.known[argument]
        if isinstance(found, list | tuple):
            raise Unsupported("it takes several values at once")
        return found

    def shape(self, value: Value) -> tuple[int, ...]:
        """Shape of a value."""
        if isinstance(value, np.ndarray):
            return value.shape
        return self.builder.type(value).shape

    def value(self, value: Value, name: str) -> str:
        """The value as an operand: arrays become constants called ``name``."""
        if isinstance(value, np.ndarray):
            wide = value.dtype == np.float64
            return self._constant(value.astype(np.float32) if wide else value, name)
        return value

    def _constant(self, array: np.ndarray, name: str) -> str:
        """A constant; one with infinities or NaN becomes a quotient, since constants are finite."""
        if array.dtype.name not in SIZES:
            raise Unsupported(f"a constant is {array.dtype}")
        finite = np.isfinite(array)
        if finite.all():
            return self.builder.constant(name, array)
        signs = np.where(np.isnan(array), 0, np.sign(array))
        above = self.builder.constant(name, np.where(finite, array, signs).astype(np.float32))
        return self.builder.op("div", above, self.builder.constant(name, finite.astype(np.float32)))

    def name(self, argument: Any, fallback: str) -> str:
        """Readable name of a constant: that of the parameter, else stage and role."""
        return self.names.get(argument, f"{self._hint}_{fallback}")

    def op(self, op: str, *operands: str, **attrs: Any) -> str:
        """Append an operation, named after its stage."""
        name = self._hint if op == "dense" or self._hint.startswith(op) else f"{self._hint}_{op}"
        return self.builder.op(op, *operands, name=name, **attrs)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """x in another shape; x itself where it has it already."""
        wanted = tuple(int(d) for d in shape)
        return x if self.shape(x) == wanted else self.op("reshape", x, shape=wanted)

    def activation(self, argument: Any) -> str:
        """Value of an argument as an operand."""
        return self.value(self.read(argument), self.name(argument, "constant"))


Rule = Callable[[Translation, Any], Value]

FLOATS = ("float32",)
NUMBERS = ("float32", "int64", "int32", "int16", "int8", "uint8")
EVERY = (*NUMBERS, "bool")
"""Types that operations take."""


@dataclass(frozen=True)
class Typed:
    """A rule that takes other types of its operands than float32; ``note``: what is refused."""

    rule: Rule
    types: tuple[str, ...] = FLOATS
    note: str = ""

    def __call__(self, t: Translation, node: Any) -> Value:
        """As the rule."""
        return self.rule(t, node)


def arguments(node: Any) -> dict[str, Any]:
    """Arguments of a node by their names in the operation's schema, defaults filled in."""
    schema = node.target._schema.arguments
    given = {a.name: a.default_value for a in schema if a.has_default_value()}
    given |= dict(zip((a.name for a in schema), node.args, strict=False))
    return given | dict(node.kwargs)


def result_shape(node: Any) -> tuple[int, ...]:
    """Shape that torch.export found."""
    return tuple(int(d) for d in node.meta["val"].shape)


def result_type(node: Any) -> str:
    """Type that torch.export found, or its replacement."""
    return float32_for(str(node.meta["val"].dtype))


def float32_for(dtype: str) -> str:
    """Torch's name of a type as ours; float64 is computed as float32."""
    plain = dtype.removeprefix("torch.")
    return "float32" if plain == "float64" else plain


def unrepeated(array: np.ndarray) -> np.ndarray:
    """The array with length 1 along the axes along which nothing changes: broadcast, it is the
    same. So numbers that torch repeats to the size of an activation (``zeros_like``, ``expand_as``)
    do not become a table of that size."""
    for axis, length in enumerate(array.shape):
        first = array.take([0], axis) if length > 1 else array
        array = first if np.array_equal(np.broadcast_to(first, array.shape), array) else array
    return array


def whole(t: Translation, argument: Any) -> str:
    """Value of an argument as an operand that is read in its full size: what repeats is stored
    once and repeated when it runs."""
    found = t.read(argument)
    if not isinstance(found, np.ndarray) or found.size < SMALL:
        return t.activation(argument)
    return movement.expand(
        t.builder,
        t.value(unrepeated(found), t.name(argument, "constant")),
        found.shape,
    )


SMALL = 16
"""Elements of a constant that is not worth a node."""
