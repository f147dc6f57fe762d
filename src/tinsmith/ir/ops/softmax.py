"""Softmax over the last axis: e^(beta * (x - max)) / sum; float32 with beta 1, or int8.

int8 is bit-equal to TensorFlow Lite's reference (fixed point, see `_softmax.py`); its result has
scale 1/256 and zero point -128, as the 8-bit quantization specification demands.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, array, case, int8_case, normal, whole
from tinsmith.ir.ops._float import exp32
from tinsmith.ir.ops._layout import of_dtype, per_tensor
from tinsmith.ir.ops._softmax import MAX_CLASSES, parameters, softmax8
from tinsmith.ir.types import Quant, TensorType

RESULT = Quant((1 / 256,), (-128,))


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """float32 or int8 (one scale, rows of up to 4095) of rank >= 1; the shape stays. Attribute:
    beta, above 0, 1.0 if absent; int8 only."""
    of_dtype("softmax", inputs, 1, "float32", "int8")
    (x,) = inputs
    if not x.shape:
        raise ShapeError("softmax", "x has no axis")
    if x.dtype == "int8":
        if x.shape[-1] > MAX_CLASSES:
            raise ShapeError("softmax", f"x {x.shape}; int8 rows have at most {MAX_CLASSES}")
        _parameters(x, attrs)
        return (TensorType(x.shape, "int8", RESULT),)
    if _beta(attrs) != 1:
        raise ShapeError("softmax", f"beta {_beta(attrs)}; float32 takes 1.0 only")
    return (x,)


def _beta(attrs: Attrs) -> float:
    beta = attrs.get("beta", 1.0)
    if not isinstance(beta, float):
        raise ShapeError("softmax", f"attribute beta is {beta!r}; expected a float")
    return beta


def _factor(x: TensorType, attrs: Attrs) -> float:
    return _beta(attrs) * per_tensor("softmax", x)[0]


def _parameters(x: TensorType, attrs: Attrs) -> tuple[int, int, int]:
    try:
        return parameters(_factor(x, attrs))
    except ValueError as e:
        raise ShapeError("softmax", str(e)) from e


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """float32: the maximum by comparison (a NaN in the first place stays), the sum from 0 in order.
    int8: fixed point."""
    (x,) = operands
    if x.dtype == np.int8:
        return (softmax8(x, _factor(site.inputs[0], site.attrs)),)
    with np.errstate(all="ignore"):
        top = x[..., :1]
        for k in range(1, x.shape[-1]):
            top = np.where(x[..., k : k + 1] > top, x[..., k : k + 1], top)
        e = exp32(x - top)
        total = np.zeros_like(top)
        for k in range(x.shape[-1]):
            total = total + e[..., k : k + 1]
        return (e / total,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64 with numpy's exp; int8 in steps of the result before rounding."""
    x = operands[0].astype(np.float64)
    if operands[0].dtype == np.int8:
        x = x * _factor(site.inputs[0], site.attrs)
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(-1, keepdims=True))
        y = e / e.sum(-1, keepdims=True)
    return (np.minimum(y * 256 - 128, 127) if operands[0].dtype == np.int8 else y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, length of a row[, multiplier, shift, lowest difference that counts])"""
    (x,) = site.inputs
    common: list[Argument] = [In(0), Out(), x.elements // x.shape[-1], x.shape[-1]]
    return [*common, *_parameters(x, site.attrs)] if x.dtype == "int8" else common


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 or int8 activation with an axis."""
    if x.dtype == "int8" and x.shape and x.quant and x.quant.axis is None:
        return Extension((0,), {"beta": float(rng.choice([0.5, 1.0, 2.0]))})
    return Extension((0,)) if x.dtype == "float32" and x.shape else None


def _int8(x: np.ndarray, scale: float, beta: float = 1.0) -> Case:
    return int8_case(x, quants=(Quant((scale,), (7,)),), beta=beta)


_STEPS = -np.arange(0, 110, 0.0625, dtype=np.float32)
_EVERY = np.arange(-128, 128).astype(np.int8)
_FEW = np.array([[5, 4, 3, 5, -128], [0, -1, -2, -31, -32], [127, 126, -1, -128, 0]])
CASES = {
    "one_class": case(normal(3, 1)),
    "classes": case(normal(1, 4)),
    "rows": case(normal(5, 7, scale=10)),
    "vector": case(normal(9)),
    "deep": case(normal(2, 3, 5)),
    "equal": case(np.full((2, 6), -3.5, np.float32)),
    "far_apart": case(np.stack([_STEPS, _STEPS[::-1]])),
    "huge": case(array("float32", [[3e38, -3e38, 3e38], [-3e38, -3e38, -2e38], [1e30, 1e30, 0]])),
    "special": case(
        np.concatenate([SPECIAL[None], SPECIAL[None, ::-1], np.roll(SPECIAL, 3)[None]])
    ),
    "without_nan": case(np.stack([SPECIAL[:17], SPECIAL[16::-1]])),
    "int8_one_class": _int8(whole("int8", 3, 1), 0.1),
    "int8_rows": _int8(whole("int8", 40, 12), 0.02),
    "int8_steps": _int8(np.stack([_EVERY, _EVERY[::-1]]), 0.1),
    "int8_smallest_scale": _int8(whole("int8", 2, 9), 2.0**-25),
    "int8_scale": _int8(whole("int8", 50, 4), 0.5847029089927673, 0.7),
    "int8_lowest": _int8(np.stack([-np.arange(1, 30), np.zeros(29)]).T.astype(np.int8), 1.6),
    "int8_lowest_counts": _int8(np.tile(_FEW, (1, 13)).astype(np.int8), 1.0),
    "int8_coarse": _int8(_FEW.astype(np.int8), 15.9),
    "int8_coarsest": _int8(_FEW.astype(np.int8), 40.0),
    "int8_many_equal": _int8(np.zeros((1, 700), np.int8), 0.1),
    "int8_near": _int8(whole("int8", 30, 5) // np.int8(24), 0.3),
    "all_minus_infinity": case(np.full((1, 3), -np.inf, np.float32)),
}

OP = Op(
    name="softmax",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments), "int8": Kernel(arguments)},
    cases=CASES,
    extend=extend,
    scores=True,
)
