"""Random uses of int8 operations, at the limits of several kernel sets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

FACTORS = (0.0004, 0.003, 0.02, 0.3, 0.7, 1.6, 0.0)


def pool_window(rng: np.random.Generator) -> tuple[str, tuple[int, int], dict[str, Attr]]:
    """A pooling, height and width of what it is over, attributes: windows up to everything, with
    borders, halves both ways, bounds."""
    op = str(rng.choice(np.array(["avg_pool2d", "max_pool2d"])))
    height, width = (int(n) for n in rng.integers(1, 9, 2))
    size = tuple(int(rng.integers(1, n + 1)) for n in (height, width))
    size = (height, width) if rng.integers(3) == 0 else size
    pads = tuple(int(rng.integers(0, n)) for n in (size[0], size[0], size[1], size[1]))
    pads = pads if rng.integers(2) else (0, 0, 0, 0)
    attrs: dict[str, Attr] = {"size": size, "padding": pads, "act_min": int(rng.choice([-128, -9]))}
    attrs |= {"stride": tuple(int(s) for s in rng.integers(1, 3, 2))}
    if op == "avg_pool2d":
        attrs["half_up"] = bool(rng.integers(2))
    return op, (height, width), attrs


def addition(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Scales whose sums are often halves, and odd ones."""
    scales = rng.choice([0.05, 0.1, 0.025, 0.0317, 0.0771], 3)
    quants = [Quant((float(s),), (int(rng.integers(-128, 128)),)) for s in scales]
    shape = (1, int(rng.integers(1, 400)))
    x, y = (
        b.input(f"{name}_{k}", TensorType(shape, "int8", q))
        for k, q in zip("xy", quants, strict=False)
    )
    low = int(rng.choice([-128, -100]))
    return b.op("add", x, y, name=name, quant=quants[2], act_min=low, act_max=127)


def picture(b: Builder, name: str, shape: tuple[int, ...], zero: int) -> str:
    return b.input(f"{name}_x", TensorType((1, *shape), "int8", Quant((0.05,), (zero,))))


def requantised(
    b: Builder, rng: np.random.Generator, name: str, value: str, factors: tuple[float, ...]
) -> str:
    m, s = (b.constant(f"{name}_{k}", v) for k, v in zip("ms", multipliers(factors), strict=True))
    low, high = [(-128, 127), (-128, 127), (-90, 127), (-128, 60)][rng.integers(4)]
    zero = int(rng.choice([-128, 127, 0, 9]))
    rounding = str(rng.choice(np.array(["double", "double", "single", "onnx"])))
    attrs: dict[str, Attr] = {
        "rounding": rounding, "zero_point": min(max(zero, low), high), "act_min": low,
        "act_max": high,
    }  # fmt: skip
    return b.op("requantize", value, m, s, name=name, quant=Quant((0.1,), (zero,)), **attrs)


def depthwise(b: Builder, rng: np.random.Generator, name: str, kernel: tuple[int, int]) -> str:
    """Few lines and columns, each count of them; factors at every kind of shift."""
    channels, times = int(rng.integers(1, 8)), int(rng.choice([1, 1, 2]))
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    dilation = tuple(int(d) for d in rng.choice([1, 1, 1, 2], 2))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = tuple(int(rng.integers(0, r + 1)) for r in (reach[0], reach[0], reach[1], reach[1]))
    size = tuple(max(1, r - p - q) + int(rng.integers(0, 10)) for r, p, q in zip(
        reach, pads[::2], pads[1::2], strict=True))  # fmt: skip
    x = picture(b, name, (*size, channels), int(rng.choice([-128, 127, 5])))
    n = channels * times
    w = rng.choice([-128, 127, 1, 0, *range(-9, 9)], (1, *kernel, n)).astype(np.int8)
    most = int(rng.choice([900, 900, 60_000, 1 << 19]))
    bias = rng.integers(-most, most, n).astype(np.int32)
    weights = b.constant(f"{name}_w", w, Quant((0.02,), (int(rng.choice([0, 0, 0, -1])),)))
    sums = b.op(
        "depthwise_conv2d", x, weights, b.constant(f"{name}_b", bias), name=f"{name}_sum",
        stride=stride, padding=pads, dilation=dilation, multiplier=times,
    )  # fmt: skip
    few = FACTORS[: int(rng.integers(3, 8))]
    return requantised(b, rng, name, sums, tuple(float(f) for f in rng.choice(few, n)))


def small(b: Builder, rng: np.random.Generator, name: str) -> str:
    return depthwise(b, rng, name, (3, 3))


def any_size(b: Builder, rng: np.random.Generator, name: str) -> str:
    ky, kx = (int(k) for k in rng.choice([1, 2, 3, 4, 5, 7], 2))
    return depthwise(b, rng, name, (ky, kx))


def pooling(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Up to everything, with borders, halves both ways, bounds, and requantised."""
    op, (height, width), attrs = pool_window(rng)
    x = picture(b, name, (height, width, int(rng.integers(1, 14))), int(rng.choice([-128, 7])))
    if rng.integers(2):
        return b.op(op, x, name=name, quant=None, **attrs)
    return requantised(b, rng, name, b.op(op, x, name=f"{name}_pool", quant=None, **attrs), (1.3,))


def function(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Of one byte: a table, a rectifier, another scale."""
    x = picture(b, name, (int(rng.integers(1, 600)),), int(rng.integers(-128, 128)))
    kind = rng.integers(3)
    if kind == 0:
        table = rng.integers(-128, 128, 256).astype(np.int8)
        return b.op("lookup", x, b.constant(f"{name}_t", table, Quant((0.1,), (3,))), name=name)
    if kind == 1:
        return b.op("relu", x, name=name)
    return requantised(b, rng, name, x, (float(rng.uniform(0.2, 3)),))


def movement(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Runs of any length, from and to any address."""
    outer, length, inner = (
        int(rng.integers(1, 4)),
        int(rng.integers(2, 40)),
        int(rng.integers(1, 9)),
    )
    x = picture(b, name, (outer, length, inner), 0)
    if rng.integers(3) == 0:
        return b.op("reshape", x, name=name, shape=(outer * length, inner))
    if rng.integers(2):
        y = b.input(f"{name}_y", TensorType((1, outer, 3, inner), "int8", b.type(x).quant))
        return b.op("concat", x, y, name=name, axis=2)
    start = int(rng.integers(0, length - 1))
    return b.op(
        "slice", x, name=name, axis=2, start=start, size=int(rng.integers(1, length - start))
    )


@dataclass(frozen=True)
class _Rectified:
    """A layer as trained networks have it: small factors, mostly a rectifier behind it."""

    op: str
    w: np.ndarray
    attrs: Mapping[str, Attr]

    def appended(self, b: Builder, rng: np.random.Generator, name: str) -> str:
        """Over an input of its own."""
        w, depth = self.w, self.w.shape[-1]
        channels = depth if self.op == "depthwise_conv2d" else len(w)
        sides = [max(int(n), k) for n, k in zip(rng.integers(3, 9, 2), w.shape[1:3], strict=False)]
        shape = (1, depth) if self.op == "dense" else (1, *sides, depth)
        zero = int(rng.choice([-128, 0, 5]))
        x = b.input(f"{name}_x", TensorType(shape, "int8", Quant((0.05,), (zero,))))
        bias = b.constant(f"{name}_b", rng.integers(-900, 900, channels).astype(np.int32))
        weights = b.constant(f"{name}_w", w, Quant((0.02,), (0,)))
        sums = b.op(self.op, x, weights, bias, name=f"{name}_sum", quant=None, **self.attrs)
        most = 90 * np.sqrt(w.size / channels) * max(1.0, float(np.abs(w).mean())) / 64
        factors = rng.uniform(0.5, 2, channels if rng.integers(2) else 1) / most
        made = multipliers([float(f) for f in factors])
        m, s = (b.constant(f"{name}_{k}", v) for k, v in zip("ms", made, strict=True))
        at, low = -128 if rng.integers(2) else int(rng.integers(-100, 100)), -128
        if rng.integers(4) == 0:
            at = low = int(rng.integers(-100, 20))
        rounding = str(rng.choice(np.array(["double", "double", "single", "onnx"])))
        return b.op(
            "requantize", sums, m, s, name=name, quant=Quant((0.1,), (at,)), rounding=rounding,
            zero_point=at, act_min=low, act_max=127,
        )  # fmt: skip


Weights = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def any_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Of the whole range."""
    return rng.integers(-128, 128, shape).astype(np.int8)


def few_values(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of 4, 2 or 1 bit, as they are and spread over int8; three values."""
    least, most, apart, first = _FEW[rng.integers(len(_FEW))]
    return (rng.integers(least, most + 1, shape) * apart + first).astype(np.int8)


_FEW = (
    (-8, 7, 1, 0), (-7, 7, 18, 0), (-2, 1, 1, 0), (-2, 1, 40, 0), (-1, 1, 1, 0), (0, 1, 1, 0),
    (0, 1, 2, -1), (0, 1, 254, -127),
)  # fmt: skip
"""(Least and most code, weights per code, weight of code 0)."""


def rectified_conv(
    b: Builder, rng: np.random.Generator, name: str, weights: Weights = any_weights
) -> str:
    kernel = int(rng.choice([1, 1, 3]))
    depth, out = (int(n) for n in rng.choice([4, 8, 12, 16], 2))
    w = weights(rng, (out, kernel, kernel, depth))
    pad, stride = int(rng.integers(2)) * (kernel // 2), int(rng.integers(1, 3))
    attrs: dict[str, Attr] = {"stride": (stride,) * 2, "padding": (pad,) * 4}
    return _Rectified("conv2d", w, attrs).appended(b, rng, name)


def rectified_dense(
    b: Builder, rng: np.random.Generator, name: str, weights: Weights = any_weights
) -> str:
    out, depth = (int(n) for n in rng.choice([4, 8, 16, 32, 64], 2))
    w = weights(rng, (out, depth))
    return _Rectified("dense", w, {}).appended(b, rng, name)


_WINDOWS = (*3 * ((3, 1), (3, 2)), (3, 3), (5, 1), (5, 2), (4, 1))
"""(Rows and columns, stride)."""


def rectified_depthwise(
    b: Builder, rng: np.random.Generator, name: str, weights: Weights = any_weights
) -> str:
    kernel, stride = _WINDOWS[rng.integers(len(_WINDOWS))]
    channels = int(rng.choice([3, 8, 12, 16]))
    w = weights(rng, (1, kernel, kernel, channels))
    pad = int(rng.integers(2)) * (kernel // 2)
    attrs: dict[str, Attr] = {"stride": (stride,) * 2, "padding": (pad,) * 4, "multiplier": 1}
    return _Rectified("depthwise_conv2d", w, attrs).appended(b, rng, name)


NARROW = tuple(
    partial(draw, weights=few_values)
    for draw in (rectified_conv, rectified_depthwise, rectified_dense, rectified_depthwise)
)
"""Layers whose weights have few values."""
