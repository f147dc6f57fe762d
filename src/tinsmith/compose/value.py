"""Operands that may be known when the graph is built: arrays are changed at once in numpy, named
values by nodes."""

from collections.abc import Sequence

import numpy as np

from tinsmith.compose import movement
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError

Value = str | np.ndarray
"""Name of a value of the graph, or an array that becomes a constant where it is needed."""


def shape_of(b: Builder, value: Value) -> tuple[int, ...]:
    """Shape of a value."""
    return b.type(value).shape if isinstance(value, str) else value.shape


def operand(b: Builder, value: Value, name: str) -> str:
    """The value by name; an array becomes a constant called ``name``."""
    return value if isinstance(value, str) else b.constant(name, np.ascontiguousarray(value))


def permuted(b: Builder, value: Value, order: Sequence[int]) -> Value:
    """Axis i of the result is axis order[i] of the value."""
    if isinstance(value, str):
        return movement.transpose(b, value, order)
    return np.ascontiguousarray(value.transpose(order))


def reshaped(b: Builder, value: Value, shape: Sequence[int]) -> Value:
    """The value under another shape."""
    if isinstance(value, str):
        return movement.reshape(b, value, shape)
    return value.reshape(shape)


def need_float(op: str, b: Builder, *values: Value) -> None:
    """Raises ShapeError unless all are float32."""
    for value in values:
        dtype = b.type(value).dtype if isinstance(value, str) else value.dtype.name
        if dtype != "float32":
            called = f"{value} is" if isinstance(value, str) else "a constant is"
            raise ShapeError(op, f"{called} {dtype}; expected float32")
