"""The same values as another type (attribute ``dtype``); integers are plain numbers here, whatever
Quant they carry.

Integers to narrower ones drop their upper bits; to float32 they are rounded to nearest even.
float32 to integers drops the fraction, NaN becomes 0 and what lies outside the nearest end. To bool
everything but zero is true; from bool come 0 and 1.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, anything, array, case, int8_case, whole
from tinsmith.ir.ops._layout import limits_of, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType

TARGETS = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
"""As `kernels/ref/ts_cast.h` counts them."""


def _target(attrs: Attrs) -> str:
    dtype = attrs.get("dtype")
    if dtype not in TARGETS:
        raise ShapeError("cast", f"dtype {dtype!r}; expected one of {', '.join(TARGETS)}")
    return str(dtype)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x of any dtype; the result has its shape and no Quant."""
    of_dtype("cast", inputs, 1, *SIZES)
    return (TensorType(inputs[0].shape, _target(attrs)),)  # type: ignore[arg-type]


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's astype where that is defined; float32 to integers is clipped first."""
    (x,) = operands
    target = _target(site.attrs)
    if x.dtype != np.float32 or target in ("float32", "bool"):
        return (x.astype(target),)
    low, high = limits_of(target)
    wide = x.astype(np.float64)
    below, above = wide <= low, wide >= high
    inside = np.where(np.isnan(x) | below | above, 0, wide).astype(target)
    ends = np.where(below, np.asarray(low, target), np.where(above, np.asarray(high, target), 0))
    return ((inside + ends).astype(target),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Element by element in Python's unbounded integers, as float64."""
    target = _target(site.attrs)
    flat = [_exact(v.item(), target) for v in operands[0].reshape(-1)]
    return (np.array(flat, np.float64).reshape(operands[0].shape),)


def _exact(value: float, target: str) -> float:
    if target in ("float32", "bool"):
        return value if target == "float32" else value != 0
    low, high = limits_of(target)
    if isinstance(value, float):
        clipped = 0.0 if value != value else min(max(value, float(low)), float(high))
        return min(int(clipped), high)
    return (int(value) - low) % (high - low + 1) + low


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements, number of the target type)"""
    return [In(0), Out(), site.inputs[0].elements, TARGETS.index(_target(site.attrs))]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """To any type."""
    return Extension((0,), {"dtype": str(rng.choice(TARGETS))})


_EDGES = array(
    "float32",
    [
        0.5,
        -0.5,
        -0.99,
        127.5,
        128,
        -128.9,
        -129,
        254.9,
        255,
        256,
        -1,
        32767.5,
        32768,
        -32769,
        2147483520,
        2147483648,
        -2147483648,
        9.2e18,
        9.3e18,
        -9.3e18,
        8388607.5,
        16777216,
        1e30,
        -2147483900,
        36028797018963968,
    ],
)
_TIES = array(
    "int64",
    [
        2**24 + 1,
        2**24 + 2,
        2**24 + 3,
        2**25 + 2,
        2**25 + 6,
        2**53 + 1,
        1,
        -1,
        0,
        2**40 + 2**16,
        2**40 + 2**16 + 1,
        2**40 + 3 * 2**16,
        -(2**24) - 1,
        2**31 - 1,
        2**32 - 1,
        2**32,
        2**63 - 1,
        -(2**63),
        2**62 + 2**38 + 1,
    ],
)
CASES = {
    f"{source}_to_{target}": case(anything(source, 13), dtype=target)
    for source in SIZES for target in TARGETS
} | {
    f"edges_to_{target}": case(np.append(_EDGES, SPECIAL), dtype=target) for target in TARGETS
} | {
    "ties_to_float32": case(_TIES, dtype="float32"),
    "one_element": case(array("float32", [-3.7]), dtype="int32"),
    "no_dimension": case(anything("int32"), dtype="float32"),
    "quantised": int8_case(whole("int8", 3, 5), quants=(Quant((0.1,), (3,)),), dtype="float32"),
}  # fmt: skip

OP = Op(
    name="cast",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in SIZES},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
)
