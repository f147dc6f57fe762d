"""Constants, names and limits of the graph that an import makes."""

import re

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.refusal import refuse
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import SIZES, TensorType

OLDEST, NEWEST = 7, 28
"""Versions of the operator set ai.onnx that are read."""
MOST_BYTES = 2**28
"""Largest value between nodes."""
_LONGEST_NAME = 48


def axis_in(axis: int, rank: int) -> int:
    """An axis, negative ones counted from the end, as 0..rank-1."""
    if not -rank <= axis < rank:
        raise Unsupported(f"there is no axis {axis} in a tensor of {rank} dimensions")
    return axis % rank


def bounded(type: TensorType) -> TensorType:
    """A type whose values are not too large."""
    if type.nbytes > MOST_BYTES:
        refuse("limit", f"A value would be {type}: more than {MOST_BYTES} bytes.")
    return type


def constant(b: Builder, array: np.ndarray, name: str) -> str:
    """Add a constant; one with infinities or NaN becomes a quotient (constants are finite)."""
    if array.dtype.name not in SIZES:
        raise Unsupported(f"it uses a constant of type {array.dtype}")
    if 0 in array.shape:
        raise Unsupported("it uses an empty tensor")
    finite = np.isfinite(array)
    if finite.all():
        return b.constant(name, array)
    signs = np.where(np.isnan(array), 0, np.sign(array)).astype(np.float32)
    above = b.constant(f"{name}_above", np.where(finite, array, signs).astype(np.float32))
    below = b.constant(f"{name}_below", finite.astype(np.float32))
    return b.op("div", above, below, name=name)


def unrepeated(array: np.ndarray) -> np.ndarray:
    """An array without what it only repeats (as np.broadcast_to does): such axes get length 1."""
    once = tuple(slice(0, 1) if not step else slice(None) for step in array.strides)
    return array[once] if array.size else array


def unique(name: str, b: Builder) -> str:
    """A name that the builder does not have."""
    taken = b.build(()).types
    number, stem = 1, name
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def readable(name: str) -> str:
    """A short identifier from a name of the file: the last two steps of a path."""
    steps = [s for s in re.split(r"[/:]", name) if s not in ("", "0")][-2:]
    words = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(steps)).strip("_")[:_LONGEST_NAME]
    return f"t_{words}" if words[:1].isdigit() else words


def snake(kind: str) -> str:
    """``BatchNormalization`` -> ``batch_normalization``"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
