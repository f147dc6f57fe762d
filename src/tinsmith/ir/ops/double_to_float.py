"""Binary64, given as its bits in int64, to the nearest float32; a half goes to even."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import case
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """int64 of any shape -> float32 of that shape."""
    of_dtype("double_to_float", inputs, 1, "int64")
    return (TensorType(inputs[0].shape, "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """IEEE 754 conversion; a NaN becomes the quiet one without payload."""
    wide = np.asarray(operands[0]).view(np.float64)
    with np.errstate(all="ignore"):
        y = wide.astype(np.float32)
    sign = np.where(np.signbit(wide), np.uint32(0xFFC00000), np.uint32(0x7FC00000))
    return (np.where(np.isnan(wide), sign, y.view(np.uint32)).astype(np.uint32).view(np.float32),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The number itself."""
    return (np.asarray(operands[0]).view(np.float64),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements)"""
    return [In(0), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any int64."""
    return Extension((0,)) if x.dtype == "int64" else None


_HALF = 1 + 2.0**-24
_RNG = np.random.default_rng(6)
_MANY = _RNG.normal(size=60) * 10.0 ** _RNG.integers(-45, 38, 60)
_EDGES = np.array(
    [0.0, -0.0, 1.0, _HALF, _HALF + 2.0**-23, np.nextafter(_HALF, 2), np.nextafter(_HALF, 1),
     3.4028235677973366e38, 3.4028234e38, 1e39, -1e300, np.inf, -np.inf, 1e-45, 7e-46, 7.1e-46,
     -1.1754943508222875e-38, 1.1754942e-38, 1e-300, 5e-324, np.nan, 1e-39, 3.3e-42]
)  # fmt: skip
CASES = {
    "small": case(np.array([0.1, -1 / 3, 1e-40]).view(np.int64)),
    "edges": case(_EDGES.view(np.int64)),
    "many": case(_MANY.reshape(3, 20).view(np.int64)),
}

OP = Op(
    name="double_to_float",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int64": Kernel(arguments)},
    cases=CASES,
    extend=extend,
    pointwise=1,
)
