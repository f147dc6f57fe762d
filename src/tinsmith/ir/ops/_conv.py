"""What the convolutions share: operand checks, the Quant of int8 sums, and how sums are made.

int8 follows TensorFlow Lite's 8-bit quantization specification: x minus its zero point times w
(symmetric, zero point 0), added to an int32 bias; `requantize` brings the sums back to int8.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Attrs, Case, Extension, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL
from tinsmith.ir.types import Quant, TensorType, type_of

WEIGHTS = {"float32": ("float32", "float32"), "int8": ("int8", "int32")}


def check_operands(op: str, inputs: Types) -> None:
    """x, w of rank 4 and b with one value per channel of the result, in dtypes that go together."""
    if len(inputs) != 3:
        raise ShapeError(op, f"{len(inputs)} operands; expected x, w and b")
    x, w, b = inputs
    if len(x.shape) != 4 or len(w.shape) != 4:
        raise ShapeError(op, f"x {x.shape}, w {w.shape}; expected four dimensions each")
    if (w.dtype, b.dtype) != WEIGHTS.get(x.dtype):
        raise ShapeError(
            op, f"x {x.dtype} with w {w.dtype} and b {b.dtype}; expected {WEIGHTS.get(x.dtype)}"
        )
    if w.quant and any(w.quant.zero_point):
        raise ShapeError(op, "w has a zero point other than 0")


def result_type(inputs: Types, shape: tuple[int, ...], axis: int) -> TensorType:
    """float32, or int32 with the product of the scales, per channel where w (along ``axis``) is."""
    x, w, _ = inputs
    if x.dtype == "float32":
        return TensorType(shape, "float32")
    quant = None
    if x.quant and w.quant and w.quant.axis in (None, axis):
        scales = tuple(float(x.quant.scale[0]) * s for s in w.quant.scale)
        quant = Quant(scales, (0,) * len(scales), 3 if w.quant.axis is not None else None)
    return TensorType(shape, "int32", quant)


def zero_of(site: Site) -> int:
    """Zero point of x; 0 where it has no Quant."""
    return site.inputs[0].quant.zero_point[0] if site.inputs[0].quant else 0


def centred(x: np.ndarray, site: Site) -> np.ndarray:
    """float64 x for sums that are exact: int8 minus the zero point, float32 as it is."""
    return x.astype(np.float64) - (zero_of(site) if x.dtype == np.int8 else 0)


def wrapped(sums: np.ndarray) -> np.ndarray:
    """Sums of whole numbers (below 2^53, held exactly by float64) as int32."""
    return sums.astype(np.int64).astype(np.int32)


def random_window(rng: np.random.Generator) -> dict[str, Attr]:
    """Stride, dilation and padding of a convolution that mostly fits."""
    one_or_two = (1, 1, 2)
    stride = tuple(int(v) for v in rng.choice(one_or_two, 2))
    dilation = tuple(int(v) for v in rng.choice(one_or_two, 2))
    padding = tuple(int(v) for v in rng.integers(0, 3, 4))
    return {"stride": stride, "dilation": dilation, "padding": padding}


def random_layer(
    rng: np.random.Generator, x: TensorType, shape: tuple[int, ...], axis: int, attrs: Attrs
) -> Extension:
    """A layer with weights of ``shape``, channels of the result along ``axis``."""
    n = shape[axis]
    if x.dtype == "float32":
        w, b = rng.normal(size=shape).astype(np.float32), rng.normal(size=n).astype(np.float32)
        return Extension((0, (w, type_of(w)), (b, type_of(b))), attrs)
    w8 = rng.integers(-127, 128, shape).astype(np.int8)
    b32 = rng.integers(-5000, 5000, n).astype(np.int32)
    scales = tuple(float(s) for s in rng.uniform(0.001, 0.02, n))
    wq = Quant(scales, (0,) * n, axis)
    return Extension((0, (w8, type_of(w8, wq)), (b32, type_of(b32))), attrs)


def float_layer(x: tuple[int, ...], w: tuple[int, ...], axis: int, **attrs: Attr) -> Case:
    """A row with float32 values around zero."""
    rng = np.random.default_rng([*x, *w])
    arrays = tuple(rng.normal(size=s).astype(np.float32) for s in (x, w, (w[axis],)))
    return Case(arrays, tuple(type_of(a) for a in arrays), attrs, (1, 2))


def special_layer(w: tuple[int, ...], axis: int, **attrs: Attr) -> Case:
    """A row with infinities, NaN and denormal numbers in a picture of 4 x 5 places."""
    x = SPECIAL.reshape(1, 4, 5, 1)
    rng = np.random.default_rng(9)
    arrays = (x, *(rng.normal(size=s).astype(np.float32) for s in (w, (w[axis],))))
    return Case(arrays, tuple(type_of(a) for a in arrays), attrs, (1, 2))


def int8_layer(
    x: tuple[int, ...], w: tuple[int, ...], axis: int, zero: int, attrs: Mapping[str, Attr]
) -> Case:
    """A row with int8 values over the full range, one scale per channel of the result."""
    rng = np.random.default_rng([*x, *w])
    x8 = rng.integers(-128, 128, x).astype(np.int8)
    w8 = rng.integers(-127, 128, w).astype(np.int8)
    b32 = rng.integers(-9000, 9000, w[axis]).astype(np.int32)
    wq = Quant((0.01,) * w[axis], (0,) * w[axis], axis)
    types = (type_of(x8, Quant((0.05,), (zero,))), type_of(w8, wq), type_of(b32))
    return Case((x8, w8, b32), types, attrs, (1, 2))


def extreme_layer(x: tuple[int, ...], w: tuple[int, ...], axis: int, **attrs: Attr) -> Case:
    """A row whose sums are as large as sums of its depth can be: -128 less 127, times 127."""
    x8, w8 = np.full(x, -128, np.int8), np.full(w, 127, np.int8)
    b32 = np.zeros(w[axis], np.int32)
    types = (type_of(x8, Quant((0.05,), (127,))), type_of(w8, Quant((0.01,), (0,))), type_of(b32))
    return Case((x8, w8, b32), types, attrs, (1, 2))
