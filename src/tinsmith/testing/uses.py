"""Random uses of layers with what follows them, many in one graph: what kernel sets are tried on.

A use has weights and factors as a trained network would have, now and then at their limits: zero
points at both ends, weights of -128, factors above one, narrow clamps, channels that are no
multiple of anything, windows that hang over the border.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import Core
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

ROUNDINGS = ("double", "single")
_USUAL = 60.0
_SIZES = (1, 1, 2, 3, 3, 4, 5, 7)
"""Of kernels."""
MOST_ELEMENTS = 900
"""Of an operand or a result: some thirty uses fit the smallest board."""


@dataclass(frozen=True)
class Drawn:
    """A graph of random uses, with inputs ([case, *shape]) and the interpreter's outputs."""

    graph: Graph
    inputs: Mapping[str, np.ndarray]
    wanted: Mapping[str, np.ndarray]


def draw(seed: int, uses: int, family: str, cases: int = 2, name: str = "uses") -> Drawn:
    """A graph of so many uses of a family of `FAMILIES` or of `NARROW`; the last case has one value
    all over."""
    number = [*sorted(FAMILIES), *sorted(NARROW)].index(family)
    rng, b = np.random.default_rng([seed, number]), Builder(name, "quantised")
    add_use = {**FAMILIES, **NARROW}[family]
    results = [add_use(b, rng, f"u{k:02d}") for k in range(uses)]
    graph = b.build(results)
    inputs = {i: _content(rng, graph.type(i), cases) for i in graph.inputs}
    values = run_cases(graph, inputs)
    return Drawn(graph, inputs, {o: values[o] for o in graph.outputs})


def any_choice(graph: Graph, core: Core, rng: np.random.Generator, kind: str = "") -> Choices:
    """For each node one of the kernels that are possible, of the set ``kind`` where it offers
    some."""
    made = {}
    for node, kernels in possible(lower(graph), core).items():
        own = [k for k in kernels if k.startswith(f"{kind}/")] or kernels
        made[node] = str(rng.choice(np.array(own)))
    return Choices(made)


def _content(rng: np.random.Generator, type: TensorType, cases: int) -> np.ndarray:
    info = np.iinfo(type.dtype)
    drawn = rng.integers(info.min, info.max + 1, (cases, *type.shape)).astype(type.dtype)
    drawn[-1] = rng.choice([info.min, info.max])  # the last case: everything at a limit
    return drawn


def _zero(rng: np.random.Generator) -> int:
    return int(rng.choice([-128, 127, 0, int(rng.integers(-100, 100))]))


def _x(b: Builder, rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> str:
    return b.input(f"{name}_x", TensorType(shape, "int8", Quant((0.05,), (_zero(rng),))))


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Mostly as trained; some all at a limit, some with many zeros."""
    w = rng.integers(-127, 128, shape)
    kind = rng.integers(8)
    if kind == 0:
        w = rng.choice([-128, 127], shape)
    elif kind == 1:
        w = w * (rng.random(shape) < 0.3)
    elif kind == 2:
        w = rng.integers(-9, 10, shape)
    return w.astype(np.int8)


def _few(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Codes of 4, 2 or 1 bit, at their limits at times; two or three values far apart; a range that
    begins anywhere; all the same."""
    least, most, spacing = [
        (-8, 7, 1), (-7, 7, 1), (-2, 1, 1), (-1, 1, 1), (0, 1, 1), (-1, 1, 127), (0, 1, 254),
        (0, 15, 17), (0, 3, 60), (0, 0, 1), (0, 15, 1),
    ][rng.integers(11)]  # fmt: skip
    codes = rng.integers(least, most + 1, shape)
    if rng.integers(4) == 0:
        codes = rng.choice([least, most], shape)
    made = codes * spacing
    if least == 0:  # where these begin
        made -= int(rng.choice([0, 127, int(rng.integers(0, 128))]))
    return np.clip(made, -128, 127).astype(np.int8)


def _size(w: np.ndarray, weights: "_Weights") -> float:
    """About how large weights are."""
    return _USUAL if weights is _weights else max(6.0, float(np.abs(w).mean()))


_Weights = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class _Range:
    """Of sums: at most so much; the roundings that may bring them to int8."""

    most: float
    roundings: tuple[str, ...] = ROUNDINGS


def _requantised(b: Builder, rng: np.random.Generator, sums: str, name: str, seen: _Range) -> str:
    """Sums brought to int8: one factor, or one per channel."""
    channels = b.type(sums).shape[-1]
    count = channels if rng.integers(2) else 1
    factors = rng.uniform(0.2, 2.0, count) * 128 / max(1.0, seen.most)
    multiplier, shift = multipliers([float(f) for f in factors])
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    low, high = (low, high) if rng.integers(3) == 0 and low < high else (-128, 127)
    zero = min(max(_zero(rng), low), high)
    attrs: dict[str, Attr] = {
        "rounding": str(rng.choice(np.array(seen.roundings))), "zero_point": zero,
        "act_min": low, "act_max": high,
    }  # fmt: skip
    m, s = b.constant(f"{name}_m", multiplier), b.constant(f"{name}_s", shift)
    return b.op("requantize", sums, m, s, name=name, quant=Quant((0.1,), (zero,)), **attrs)


@dataclass(frozen=True)
class _Layer:
    """A layer with weights, over a value."""

    op: str
    x: str
    w: np.ndarray
    attrs: Mapping[str, Attr]
    usual: float = _USUAL

    def appended(self, b: Builder, rng: np.random.Generator, name: str) -> str:
        """With a bias and its requantisation."""
        channels = self.w.shape[3] if self.op == "depthwise_conv2d" else self.w.shape[0]
        ends = max(2, round((1 << 12) * self.usual / _USUAL))
        bias = np.asarray(rng.integers(-ends, ends, channels), np.int32)
        w = b.constant(f"{name}_w", self.w, Quant((0.02,), (0,)))
        own = b.constant(f"{name}_b", bias)
        sums = b.op(self.op, self.x, w, own, name=f"{name}_sum", quant=None, **self.attrs)
        most = 60.0 * self.usual * np.sqrt(self.w.size / channels)
        roundings = ROUNDINGS if self.usual == _USUAL else (*ROUNDINGS, "onnx")
        return _requantised(b, rng, sums, name, _Range(most, roundings))


def _window(
    rng: np.random.Generator, channels: int, sizes: Sequence[int] = _SIZES
) -> tuple[tuple[int, int], tuple[int, int], dict[str, Attr]]:
    """Picture, kernel and attributes of a window: strides, paddings, sometimes dilations."""
    kernel = tuple(int(k) for k in rng.choice(np.array(sizes), 2))
    dilation = (1, 1) if rng.integers(4) else tuple(int(d) for d in rng.integers(1, 3, 2))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    twice = (reach[0], reach[0], reach[1], reach[1])  # top, bottom, left, right
    pads = [int(rng.integers(0, r)) if rng.integers(2) else 0 for r in twice]
    room = max(2, int(np.sqrt(MOST_ELEMENTS / channels)))
    picture = tuple(
        max(r - p - q, 1) + int(rng.integers(0, max(1, room - 1)))
        for r, p, q in zip(reach, pads[::2], pads[1::2], strict=True)
    )
    strides = tuple(int(s) for s in rng.integers(1, 4, 2)) if rng.integers(2) else (1, 1)
    attrs: dict[str, Attr] = {
        "stride": strides, "padding": tuple(pads), "dilation": dilation,
    }  # fmt: skip
    return (picture[0], picture[1]), (kernel[0], kernel[1]), attrs


def _conv(b: Builder, rng: np.random.Generator, name: str, weights: _Weights = _weights) -> str:
    channels = int(rng.choice([1, 2, 3, 4, 5, 8, 12, 16, 17]))
    (rows, columns), kernel, attrs = _window(rng, channels)
    out = int(rng.choice([1, 2, 3, 4, 5, 6, 8, 16]))
    w = weights(rng, (out, *kernel, channels))
    x = _x(b, rng, name, (1, rows, columns, channels))
    return _Layer("conv2d", x, w, attrs, _size(w, weights)).appended(b, rng, name)


def _pointwise(
    b: Builder, rng: np.random.Generator, name: str, weights: _Weights = _weights
) -> str:
    channels, out = (int(c) for c in rng.choice([1, 2, 3, 4, 7, 8, 16, 20, 32], 2))
    rows, columns = (int(n) for n in rng.integers(1, 6, 2))
    w = weights(rng, (out, 1, 1, channels))
    attrs: dict[str, Attr] = {"stride": (1, 1)}
    x = _x(b, rng, name, (1, rows, columns, channels))
    return _Layer("conv2d", x, w, attrs, _size(w, weights)).appended(b, rng, name)


def _depthwise(
    b: Builder,
    rng: np.random.Generator,
    name: str,
    weights: _Weights = _weights,
    sizes: Sequence[int] = _SIZES,
) -> str:
    channels = int(rng.choice([1, 2, 3, 4, 5, 8, 12]))
    (rows, columns), kernel, attrs = _window(rng, channels, sizes)
    times = int(rng.choice([1, 1, 1, 2]))
    w = weights(rng, (1, *kernel, channels * times))
    x = _x(b, rng, name, (1, rows, columns, channels))
    return _Layer(
        "depthwise_conv2d", x, w, {**attrs, "multiplier": times}, _size(w, weights)
    ).appended(b, rng, name)


def _dense(b: Builder, rng: np.random.Generator, name: str, weights: _Weights = _weights) -> str:
    rows = int(rng.choice([1, 1, 1, 2, 5]))
    depth = int(rng.choice([1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 64, 128]))
    out = int(rng.choice([1, 2, 3, 4, 5, 8, 12, 33]))
    w = weights(rng, (out, depth))
    return _Layer("dense", _x(b, rng, name, (rows, depth)), w, {}, _size(w, weights)).appended(
        b, rng, name
    )


def _add(b: Builder, rng: np.random.Generator, name: str) -> str:
    shape = (1, *(int(n) for n in rng.integers(1, 9, 3)))
    quants = [Quant((float(rng.uniform(0.02, 0.2)),), (_zero(rng),)) for _ in range(3)]
    x = b.input(f"{name}_x", TensorType(shape, "int8", quants[0]))
    y = b.input(f"{name}_y", TensorType(shape, "int8", quants[1]))
    low = int(rng.choice([-128, quants[2].zero_point[0]]))
    return b.op("add", x, y, name=name, quant=quants[2], act_min=low, act_max=127)


def _pool(b: Builder, rng: np.random.Generator, name: str) -> str:
    channels = int(rng.choice([1, 2, 3, 4, 5, 8, 12]))
    (rows, columns), size, attrs = _window(rng, channels)
    op = str(rng.choice(np.array(["avg_pool2d", "max_pool2d"])))
    height, width = (max(n, k) for n, k in zip((rows, columns), size, strict=True))
    pads = tuple(int(rng.integers(0, size[axis])) for axis in (0, 0, 1, 1))
    x = _x(b, rng, name, (1, height, width, channels))
    return b.op(op, x, name=name, size=size, stride=attrs["stride"], padding=pads)


FAMILIES: Mapping[str, Callable[[Builder, np.random.Generator, str], str]] = {
    "conv": _conv, "pointwise": _pointwise, "depthwise": _depthwise, "dense": _dense,
    "add": _add, "pool": _pool,
}  # fmt: skip
NARROW: Mapping[str, Callable[[Builder, np.random.Generator, str], str]] = {
    "narrow_conv": partial(_conv, weights=_few),
    "narrow_pointwise": partial(_pointwise, weights=_few),
    "narrow_depthwise": partial(_depthwise, weights=_few, sizes=(3, 3, 3, 3, 2, 5)),
    "narrow_dense": partial(_dense, weights=_few),
}
"""Layers whose weights have few values."""
