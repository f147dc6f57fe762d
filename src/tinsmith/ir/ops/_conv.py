"""What layers with weights share: operand checks, the Quant of sums, how sums are made, and the
convolutions' geometry.

Integers follow TensorFlow Lite's 8-bit quantization specification: x minus its zero point times w
minus its own (one for all of w), added to the bias; `requantize` brings the sums back. int8 x has
int32 bias and sums; int16 x has int8 weights as well, int64 bias and sums.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL
from tinsmith.ir.ops._layout import of_dtype, zero_of
from tinsmith.ir.ops._window import Window, window_of
from tinsmith.ir.types import DType, Quant, TensorType, type_of

WEIGHTS: Mapping[str, tuple[DType, DType]] = {
    "float32": ("float32", "float32"), "int8": ("int8", "int32"), "int16": ("int8", "int64"),
}  # fmt: skip
"""dtype of x -> dtype of w, dtype of b and of the result."""


def check_operands(op: str, inputs: Types) -> None:
    """x, w of rank 4 and b with one value per channel of the result, in dtypes that go together."""
    of_dtype(op, inputs, 3, *WEIGHTS)
    x, w, b = inputs
    if len(x.shape) != 4 or len(w.shape) != 4:
        raise ShapeError(op, f"x {x.shape}, w {w.shape}; expected four dimensions each")
    if (w.dtype, b.dtype) != WEIGHTS[x.dtype]:
        raise ShapeError(
            op, f"x {x.dtype} with w {w.dtype} and b {b.dtype}; expected {WEIGHTS[x.dtype]}"
        )
    check_zero_points(op, x, w)


def check_groups(op: str, inputs: Types) -> None:
    """`check_operands`, and w [out, kernel y, kernel x, channels of a group] over x [batch, height,
    width, channels] in whole groups, as many for x as for the result."""
    check_operands(op, inputs)
    x, w, b = inputs
    channels, out = x.shape[3], w.shape[0]
    if channels % w.shape[3] or out % (channels // w.shape[3]) or b.shape != (out,):
        raise ShapeError(
            op, f"x {x.shape}, w {w.shape}, b {b.shape}; expected w [out, ky, kx, c], b [out]"
            " with c a part of x's channels that divides both evenly",
        )  # fmt: skip


def check_zero_points(op: str, x: TensorType, w: TensorType) -> None:
    """x has one scale and one zero point, w one zero point."""
    if x.quant and x.dtype != "float32" and x.quant.axis is not None:
        raise ShapeError(op, f"x is quantised per axis {x.quant.axis}; expected one scale")
    if w.quant and len(set(w.quant.zero_point)) > 1:
        raise ShapeError(op, "w has several zero points; expected one")


def result_type(inputs: Types, shape: tuple[int, ...], axis: int) -> TensorType:
    """float32, or sums with the product of the scales, per channel where w (along ``axis``) is."""
    x, w, b = inputs
    if x.dtype == "float32":
        return TensorType(shape, "float32")
    quant = None
    if x.quant and w.quant and w.quant.axis in (None, axis):
        scales = tuple(float(x.quant.scale[0]) * s for s in w.quant.scale)
        along = len(shape) - 1 if w.quant.axis is not None else None
        quant = Quant(scales, (0,) * len(scales), along)
    return TensorType(shape, b.dtype, quant)


def zeros_of(site: Site) -> tuple[int, int]:
    """Zero points of x and w; 0 where there is no Quant."""
    x, w = site.inputs[:2]
    return zero_of(x), zero_of(w)


def zero_arguments(site: Site) -> tuple[int, ...]:
    """What kernels of integers are told at the end: zero points of x and w."""
    return () if site.inputs[0].dtype == "float32" else zeros_of(site)


def centred(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, np.ndarray]:
    """x and w in float64, integers less their zero points: products are exact, and so are sums of
    less than 2^53."""
    x, w = (o.astype(np.float64) for o in operands[:2])
    if operands[0].dtype == np.float32:
        return x, w
    x_zero, w_zero = zeros_of(site)
    return x - x_zero, w - w_zero


def with_bias(sums: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sums of whole numbers, held exactly by float64, plus a bias along the last axis, in the
    bias's dtype."""
    return (sums.astype(np.int64) + b.astype(np.int64)).astype(b.dtype)


def kernel_window(op: str, inputs: Types, attrs: Attrs) -> Window:
    """The windows of w [..., kernel y, kernel x, ...] over x."""
    x, w = inputs[:2]
    return window_of(op, x, (w.shape[1], w.shape[2]), attrs)


def convolution(operands: Sequence[np.ndarray], site: Site, window: Window) -> np.ndarray:
    """x slid under w [out, kernel y, kernel x, channels of a group]. Sums start at the bias and run
    over ky, kx, c in order; float32 products are rounded before they are added. Integers: exact."""
    x, w, b = operands
    if x.dtype == np.float32:
        with np.errstate(all="ignore"):
            return _in_order(x, w, b, window)
    x64, w64 = centred((x, w), site)
    if w.shape[3] == 1:
        return with_bias(_in_order(x64, w64, np.zeros(b.shape), window), b)
    return with_bias(_by_matrices(x64, w64, window), b)


def _in_order(x: np.ndarray, w: np.ndarray, b: np.ndarray, window: Window) -> np.ndarray:
    """In the dtype of the operands."""
    y = np.broadcast_to(b, (len(x), *window.results, len(w))).copy()
    depth = w.shape[3]
    each = len(w) * depth // x.shape[3]
    for tap in window.taps():
        seen, sums = x[:, *tap.read], y[:, *tap.results]
        for c in range(depth):
            terms = np.repeat(seen[..., c::depth], each, axis=-1) * w[:, tap.ky, tap.kx, c]
            sums += terms
    return y


def _by_matrices(x: np.ndarray, w: np.ndarray, window: Window) -> np.ndarray:
    """Sums without bias, a matrix product per tap and group: for what float64 holds exactly."""
    y = np.zeros((len(x), *window.results, len(w)))
    depth, groups = w.shape[3], x.shape[3] // w.shape[3]
    each = len(w) // groups
    for tap in window.taps():
        for g in range(groups):
            part, outs = slice(g * depth, (g + 1) * depth), slice(g * each, (g + 1) * each)
            y[:, *tap.results, outs] += x[:, *tap.read, part] @ w[outs, tap.ky, tap.kx].T
    return y


def seen_by_windows(x: np.ndarray, window: Window) -> Iterator[tuple[int, int, np.ndarray]]:
    """(row, column, what the window of this result sees of x: [batch, kernel y, kernel x,
    channels]), with zeros outside x; for oracles."""
    (top, bottom, left, right), (sy, sx), (dy, dx) = window.padding, window.stride, window.dilation
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    for i, j in np.ndindex(window.results):
        rows = slice(i * sy, i * sy + window.extent[0], dy)
        columns = slice(j * sx, j * sx + window.extent[1], dx)
        yield i, j, x[:, rows, columns]


def conv_arguments(site: Site, geometry: Sequence[int], *more: int) -> Sequence[Argument]:
    """(x, w, b, y, ``geometry``, ``more``[, zero points of x and w])"""
    return [In(0), In(1), In(2), Out(), *geometry, *more, *zero_arguments(site)]


def conv_cost(site: Site, macs: int) -> Cost:
    """Reads w and b."""
    return Cost(macs, site.inputs[1].nbytes + site.inputs[2].nbytes)


def pictures(x: TensorType) -> bool:
    """Whether a convolution goes over such activations."""
    return len(x.shape) == 4 and x.dtype in WEIGHTS


def random_groups(rng: np.random.Generator, x: TensorType) -> tuple[int, ...]:
    """Shape of weights over pictures: [out, kernel y, kernel x, channels of a group]."""
    groups = int(rng.choice([g for g in (1, 1, 2, 3) if x.shape[3] % g == 0]))
    size = tuple(int(v) for v in rng.integers(1, 4, 2))
    return (groups * int(rng.integers(1, 3)), *size, x.shape[3] // groups)


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
    bias = rng.integers(-5000, 5000, n).astype(WEIGHTS[x.dtype][1])
    if rng.integers(3) == 0:
        wq = Quant((0.01,), (int(rng.integers(-128, 128)),))
    else:
        wq = Quant(tuple(float(s) for s in rng.uniform(0.001, 0.02, n)), (0,) * n, axis)
    return Extension((0, (w8, type_of(w8, wq)), (bias, type_of(bias))), attrs)


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
    wq = Quant((0.01,) * w[axis], (0,) * w[axis], axis)
    return _integer_layer("int8", (x, w), axis, (Quant((0.05,), (zero,)), wq), attrs)


def offset_layer(
    dtype: str, x: tuple[int, ...], w: tuple[int, ...], axis: int, attrs: Mapping[str, Attr]
) -> Case:
    """A row of int8 or int16 values whose weights have zero point 77."""
    quants = (Quant((0.05,), (-3,)), Quant((0.01,), (77,)))
    return _integer_layer(dtype, (x, w), axis, quants, attrs)


def _integer_layer(
    dtype: str,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    axis: int,
    quants: tuple[Quant, Quant],
    attrs: Mapping[str, Attr],
) -> Case:
    (x, w), limits = shapes, np.iinfo(dtype)
    rng = np.random.default_rng([*x, *w])
    values = rng.integers(limits.min, limits.max + 1, x).astype(dtype)
    w8 = rng.integers(-127, 128, w).astype(np.int8)
    bias = rng.integers(-9000, 9000, w[axis]).astype(WEIGHTS[dtype][1])
    types = (type_of(values, quants[0]), type_of(w8, quants[1]), type_of(bias))
    return Case((values, w8, bias), types, attrs, (1, 2))


def extreme_layer(
    x: tuple[int, ...], w: tuple[int, ...], axis: int, dtype: str = "int8", **attrs: Attr
) -> Case:
    """A row whose sums are as large as sums of its depth can be: the lowest value less the highest,
    times 127; int16 with a bias of 2^45."""
    limits = np.iinfo(dtype)
    values, w8 = np.full(x, limits.min, dtype), np.full(w, 127, np.int8)
    bias = np.full(w[axis], 0 if dtype == "int8" else -(2**45), WEIGHTS[dtype][1])
    xq = Quant((0.05,), (int(limits.max),))
    types = (type_of(values, xq), type_of(w8, Quant((0.01,), (0,))), type_of(bias))
    return Case((values, w8, bias), types, attrs, (1, 2))
