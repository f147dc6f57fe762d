"""What add, sub, mul and div share: y[i] = x[i] (.) b[i modulo period], float32."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of

Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]


def infer_binary(op: str, inputs: Types, *dtypes: str) -> tuple[TensorType, ...]:
    """Two operands of one dtype; b has x's shape, its last dimensions, or one element."""
    of_dtype(op, inputs, 2, *dtypes)
    x, b = inputs
    rank = len(b.shape)
    if x.dtype != b.dtype:
        raise ShapeError(op, f"x is {x.dtype} and b is {b.dtype}; expected one dtype")
    if rank > len(x.shape) or (x.shape[len(x.shape) - rank :] != b.shape and b.elements != 1):
        raise ShapeError(
            op, f"x {x.shape}, b {b.shape}; expected b like x, like its end, or one element"
        )
    return (TensorType(x.shape, x.dtype),)


def float_infer(op: str) -> Callable[[Types, Attrs], tuple[TensorType, ...]]:
    """`infer` of a float32 operation."""
    return lambda inputs, attrs: infer_binary(op, inputs, "float32")


def float_reference(
    formula: Formula,
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """One float32 operation per element, rounded to nearest even (IEEE 754)."""

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        with np.errstate(all="ignore"):
            return (np.asarray(formula(operands[0], operands[1]), np.float32),)

    return reference


def float_oracle(
    formula: Formula,
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """The same in float64."""

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        with np.errstate(all="ignore"):
            x, b = (o.astype(np.float64) for o in operands)
            return (np.asarray(formula(x, b)),)

    return oracle


def float_arguments(site: Site) -> Sequence[Argument]:
    """(x, b, y, elements, period)"""
    return [In(0), In(1), Out(), site.inputs[0].elements, site.inputs[1].elements]


def float_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """With another activation, a vector along the last axis or a single value; constants lie
    between 0.25 and 4 in magnitude."""
    if x.dtype != "float32":
        return None
    kind = int(rng.integers(3))
    if kind == 0:
        return Extension((0, 1))
    shape = x.shape[-1:] if kind == 1 else (1,) * min(1, len(x.shape))
    b = 2 ** rng.uniform(-2, 2, shape) * rng.choice([-1.0, 1.0], shape)
    b = np.asarray(b, np.float32)
    return Extension((0, (b, type_of(b))))


def float_cases() -> Mapping[str, Case]:
    """The table of every float32 operation on two operands."""
    every = np.repeat(SPECIAL, len(SPECIAL))
    return {
        "one_element": case(normal(1), normal(1, seed=1)),
        "same_shape": case(normal(3, 7), normal(3, 7, seed=1)),
        "last_axis": case(normal(3, 7), normal(7, seed=1), constant=(1,)),
        "last_two_axes": case(normal(2, 3, 5), normal(3, 5, seed=1), constant=(1,)),
        "single_value": case(normal(2, 9), array("float32", [-0.75]), constant=(1,)),
        "no_dimension": case(normal(), normal(seed=1)),
        "mixed_sizes": case(normal(33, scale=1e6), normal(33, seed=1, scale=1e-3)),
        "special": case(every, np.tile(SPECIAL, len(SPECIAL))),
    }
