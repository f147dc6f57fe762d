"""Running sums along one axis: y[k] = x[0] + ... + x[k], from 0 on in order; integers wrap.

Attributes: axis; exclusive (without x[k] itself) and reverse (from the end), False if absent.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, case, normal, whole
from tinsmith.ir.ops._layout import axis_of, flag_of, of_dtype
from tinsmith.ir.ops._reduce import DTYPES, reduce_arguments
from tinsmith.ir.types import TensorType


def _flag(attrs: Attrs, name: str) -> bool:
    return flag_of("cumsum", attrs, name)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """float32, int32 or int64 of rank >= 1; the shape stays."""
    of_dtype("cumsum", inputs, 1, *DTYPES)
    axis_of("cumsum", inputs[0], attrs)
    _flag(attrs, "exclusive"), _flag(attrs, "reverse")
    return (TensorType(inputs[0].shape, inputs[0].dtype),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """One addition per element, in the order of the running sum."""
    axis = axis_of("cumsum", site.inputs[0], site.attrs)
    x = np.moveaxis(operands[0], axis, 0)
    order = range(len(x))
    y, total = np.empty_like(x), np.zeros(x.shape[1:], x.dtype)
    with np.errstate(all="ignore"):
        for k in reversed(order) if _flag(site.attrs, "reverse") else order:
            after = total + x[k]
            y[k] = total if _flag(site.attrs, "exclusive") else after
            total = after
    return (np.ascontiguousarray(np.moveaxis(y, 0, axis)),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's cumsum, floats in float64; exclusive sums are the others one place further."""
    axis = axis_of("cumsum", site.inputs[0], site.attrs)
    x = operands[0]
    x = x.astype(np.float64) if x.dtype == np.float32 else x
    reverse = _flag(site.attrs, "reverse")
    with np.errstate(all="ignore"):
        y = np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0)
        y = np.cumsum(y, 0, dtype=x.dtype)
        if _flag(site.attrs, "exclusive"):
            y = np.concatenate([np.zeros_like(y[:1]), y[:-1]])
    y = np.moveaxis(y, 0, axis)
    return (np.flip(y, axis) if reverse else y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner, exclusive, reverse)"""
    flags = (int(_flag(site.attrs, name)) for name in ("exclusive", "reverse"))
    return [*reduce_arguments(site), *flags]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Along any axis, in any of the four ways."""
    if x.dtype not in DTYPES or not x.shape:
        return None
    flags = {"exclusive": bool(rng.integers(2)), "reverse": bool(rng.integers(2))}
    return Extension((0,), {"axis": int(rng.integers(len(x.shape))), **flags})


CASES = {
    "vector": case(normal(9), axis=0),
    "exclusive": case(normal(3, 7), axis=-1, exclusive=True),
    "reverse": case(normal(2, 5, 3), axis=1, reverse=True),
    "both": case(normal(4, 3), axis=0, exclusive=True, reverse=True),
    "special": case(np.stack([SPECIAL, SPECIAL[::-1]]), axis=1),
    "int32": case(whole("int32", 3, 7), axis=1),
    "int32_both": case(whole("int32", 3, 7), axis=0, exclusive=True, reverse=True),
    "int64": case(whole("int64", 2, 5), axis=1),
    "int64_both": case(whole("int64", 3, 6), axis=-1, exclusive=True, reverse=True),
}

OP = Op(
    name="cumsum",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in DTYPES},
    cases=CASES,
    extend=extend,
)
