"""Elements of one of two tensors: y[i] = condition[i] ? a[i] : b[i]; operands (a, b, condition),
of which those smaller than the result repeat."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
    moving,
)
from tinsmith.ir.ops._cases import anything, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.ops._repeat import broadcast_result, paces
from tinsmith.ir.types import SIZES, Quant, TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """a and b of one type (any dtype, one Quant for the whole at most) and a bool condition; one
    has the result's shape, the others repeat to it."""
    of_dtype("where", inputs, 3, *SIZES)
    a, b, condition = inputs
    if (a.dtype, a.quant) != (b.dtype, b.quant) or (a.quant and a.quant.axis is not None):
        raise ShapeError("where", f"a is {a} and b is {b}; expected one type, no scales per axis")
    if condition.dtype != "bool":
        raise ShapeError("where", f"the condition is {condition}; expected bool")
    shapes = (a.shape, b.shape, condition.shape)
    return (replace(a, shape=broadcast_result("where", ("a", "b", "condition"), shapes)),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's where: bytes are kept, those of NaN too."""
    a, b, condition = operands
    return (np.where(condition, a, b),)


def arguments(site: Site) -> Sequence[Argument]:
    """(a, b, condition, y, elements, run, period and step of a, of b, of the condition)"""
    own = (t.shape for t in site.inputs)
    return [In(0), In(1), In(2), Out(), *paces(site.outputs[0].shape, *own)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Between two activations, or one and a number, by a constant condition that may repeat."""
    if x.quant and x.quant.axis is not None:
        return None
    shape = x.shape[int(rng.integers(len(x.shape) + 1)) :]
    condition = np.asarray(rng.integers(2, size=shape) == 1)
    told = (condition, type_of(condition))
    number = np.ones((1,) * min(1, len(x.shape)), np.dtype(x.dtype))
    one = (number, type_of(number, x.quant))
    sides = ((0, 1), (one, 0), (0, one))[int(rng.integers(3))]
    return Extension((*sides, told))


def _repeats(dtype: str) -> dict[str, Case]:
    """Rows in which operands are smaller than the result."""
    a, b = anything(dtype, 2, 3, 5), anything(dtype, 2, 3, 5, seed=1)
    condition = anything("bool", 2, 3, 5, seed=4)
    some = np.array([[True], [False], [True]])
    column, other = a[1, :, :1], some if dtype == "bool" else b[1, :, 1:2]
    return {
        "single_a": case(a[0, 0, :1], b, condition, constant=(0,)),
        "single_b": case(a, b[0, 0, :1], condition, constant=(1,)),
        "single_condition": case(a, b, some[0]),
        "two_numbers": case(a[0, 0, :1], b[1, 2, 4:], condition, constant=(0, 1)),
        "mask": case(a, b[0, 0, :1], condition[0], constant=(1, 2)),
        "last_axes": case(a[0, 0], b, condition[0], constant=(0, 2)),
        "last_axis": case(a, b[0, 0], condition[0, 0], constant=(1, 2)),
        "channels_first": case(column, b, condition, constant=(0,)),
        "channels_first_b": case(a, other, condition, constant=(1,)),
        "channels_first_condition": case(a, b, some, constant=(2,)),
        "columns": case(column, other, condition, constant=(0, 1)),
    }


_CONDITION = anything("bool", 3, 5)
_Q = Quant((0.1,), (3,))
CASES = (
    {d: case(anything(d, 3, 5), anything(d, 3, 5, seed=1), _CONDITION) for d in SIZES}
    | {f"{d}_{name}": row for d in SIZES for name, row in _repeats(d).items()}
    | {
        "one_element": case(normal(1), normal(1, seed=1), anything("bool", 1)),
        "no_dimension": case(normal(), normal(seed=1), anything("bool")),
        "quantised": int8_case(
            whole("int8", 3, 5), whole("int8", 3, 5, seed=1), _CONDITION, quants=(_Q, _Q, None)
        ),
        "quantised_number": int8_case(
            whole("int8", 3, 5), whole("int8", 1), _CONDITION, quants=(_Q, _Q, None)
        ),
    }
)

OP = Op(
    name="where",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0, 1),
    pointwise=3,
)
