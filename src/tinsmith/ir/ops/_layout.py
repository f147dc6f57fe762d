"""Attributes, axes and quantisation as the operations read them."""

from math import prod

import numpy as np

from tinsmith.ir.op import Attrs, ShapeError, Types
from tinsmith.ir.types import TensorType


def integer(op: str, attrs: Attrs, name: str) -> int:
    """A whole-number attribute; ShapeError where it is missing or of another type."""
    value = attrs.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ShapeError(op, f"attribute {name} is {value!r}; expected a whole number")
    return value


def number(op: str, attrs: Attrs, name: str) -> float:
    """A float attribute; ShapeError where it is missing, of another type or not finite."""
    value = attrs.get(name)
    if not isinstance(value, float) or not abs(value) <= float(np.finfo("f4").max):
        raise ShapeError(op, f"attribute {name} is {value!r}; expected a finite float32")
    return value


def flag_of(op: str, attrs: Attrs, name: str, absent: bool = False) -> bool:
    """A True or False attribute, ``absent`` where it is missing; ShapeError for any other."""
    value = attrs.get(name, absent)
    if not isinstance(value, bool):
        raise ShapeError(op, f"attribute {name} is {value!r}; expected True or False")
    return value


def limits_of(dtype: str) -> tuple[int, int]:
    """Lowest and highest value of a dtype of integers (not bool)."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def axis_of(op: str, x: TensorType, attrs: Attrs) -> int:
    """Attribute ``axis`` (negative counts from the end) as 0..rank-1."""
    axis = integer(op, attrs, "axis")
    if not -len(x.shape) <= axis < len(x.shape):
        raise ShapeError(op, f"axis {axis} of x {x.shape}")
    return axis % len(x.shape)


def around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """Row-major shape seen from one axis: (elements before, length, elements behind)."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def inside(indices: np.ndarray, length: int) -> np.ndarray:
    """Indices as 0..length-1: those below zero count from the end, the rest is clipped."""
    wide = indices.astype(np.int64)
    return np.clip(np.where(wide < 0, wide + length, wide), 0, length - 1)


def per_tensor(op: str, x: TensorType, what: str = "x") -> tuple[float, int]:
    """Scale and zero point of a tensor quantised as a whole; ShapeError for any other."""
    if x.quant is None or x.quant.axis is not None:
        raise ShapeError(op, f"{what} is {x}; expected one scale and one zero point for all of it")
    return x.quant.scale[0], x.quant.zero_point[0]


def zero_of(x: TensorType) -> int:
    """Zero point of a tensor quantised as a whole; 0 where there is no Quant."""
    return x.quant.zero_point[0] if x.quant else 0


def of_dtype(op: str, inputs: Types, count: int, *allowed: str) -> None:
    """Check the number of operands and the dtype of the first."""
    if len(inputs) != count:
        raise ShapeError(op, f"{len(inputs)} operands; expected {count}")
    if inputs[0].dtype not in allowed:
        raise ShapeError(op, f"x is {inputs[0].dtype}; expected {' or '.join(allowed)}")
