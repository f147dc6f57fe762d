"""Elements of one of two tensors: y[i] = condition[i] ? a[i] : b[i]; operands (a, b, condition)."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import anything, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """a and b of one type (any dtype, one Quant for the whole at most), a bool condition of their
    shape."""
    of_dtype("where", inputs, 3, *SIZES)
    a, b, condition = inputs
    if a != b or (a.quant and a.quant.axis is not None):
        raise ShapeError("where", f"a is {a} and b is {b}; expected one type, no scales per axis")
    if condition.dtype != "bool" or condition.shape != a.shape:
        raise ShapeError("where", f"the condition is {condition}; expected bool {a.shape}")
    return (a,)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's where: bytes are kept, those of NaN too."""
    a, b, condition = operands
    return (np.where(condition, a, b),)


def arguments(site: Site) -> Sequence[Argument]:
    """(a, b, condition, y, elements)"""
    return [In(0), In(1), In(2), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Between two activations, by a constant condition."""
    if x.quant and x.quant.axis is not None:
        return None
    condition = np.asarray(rng.integers(2, size=x.shape) == 1)
    return Extension((0, 1, (condition, type_of(condition))))


_CONDITION = anything("bool", 3, 5)
_Q = Quant((0.1,), (3,))
CASES = {d: case(anything(d, 3, 5), anything(d, 3, 5, seed=1), _CONDITION) for d in SIZES} | {
    "one_element": case(normal(1), normal(1, seed=1), anything("bool", 1)),
    "no_dimension": case(normal(), normal(seed=1), anything("bool")),
    "quantised": int8_case(
        whole("int8", 3, 5), whole("int8", 3, 5, seed=1), _CONDITION, quants=(_Q, _Q, None)
    ),
}

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
