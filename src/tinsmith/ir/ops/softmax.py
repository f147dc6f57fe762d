"""Softmax over the last axis: e^(x - max) / sum, float32."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal
from tinsmith.ir.ops._float import exp32
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """float32 of rank >= 1; the shape stays."""
    of_dtype("softmax", inputs, 1, "float32")
    if not inputs[0].shape:
        raise ShapeError("softmax", "x has no axis")
    return (inputs[0],)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The maximum by comparison (a NaN in the first place stays), the sum from 0 in order."""
    (x,) = operands
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
    """The same in float64 with numpy's exp."""
    x = operands[0].astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(-1, keepdims=True))
        return (e / e.sum(-1, keepdims=True),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, length of a row)"""
    n = site.inputs[0].shape[-1]
    return [In(0), Out(), site.inputs[0].elements // n, n]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 activation with an axis."""
    return Extension((0,)) if x.dtype == "float32" and x.shape else None


_STEPS = -np.arange(0, 110, 0.0625, dtype=np.float32)
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
    "all_minus_infinity": case(np.full((1, 3), -np.inf, np.float32)),
}

OP = Op(
    name="softmax",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
