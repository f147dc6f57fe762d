"""Integer networks over pictures for tests of rewrites: drawn at random, and two known forms, whole
or with some of their channels left out."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

SAME = (1, 1, 1, 1)
NONE = (0, 0, 0, 0)


@dataclass
class Pictures:
    """A quantised graph that grows layer by layer; ``rng`` draws weights."""

    rng: np.random.Generator
    builder: Builder = field(default_factory=lambda: Builder("net", "quantised"))

    def input(self, *shape: int, zero: int = -5) -> str:
        """A picture."""
        return self.builder.input("x", TensorType((1, *shape), "int8", Quant((0.05,), (zero,))))

    def requantised(self, x: str, zero: int = -128, low: int | None = None) -> str:
        """Sums brought to int8, with a rectifier at the zero point unless ``low`` says else."""
        n = self.builder.type(x).shape[-1]
        m, s = multipliers(self.rng.uniform(0.002, 0.006, n).tolist())
        operands = (self.builder.constant("m", m), self.builder.constant("s", s))
        return self.builder.op(
            "requantize", x, *operands, quant=Quant((0.05,), (zero,)), rounding="double",
            zero_point=zero, act_min=zero if low is None else low, act_max=127,
        )  # fmt: skip

    def layer(self, op: str, x: str, w: np.ndarray, b: np.ndarray, **attrs: object) -> str:
        """A layer with such weights."""
        axis = 3 if op == "depthwise_conv2d" else 0
        quant = Quant((0.01,) * w.shape[axis], (0,) * w.shape[axis], axis)
        operands = (self.builder.constant("w", w, quant), self.builder.constant("b", b))
        return self.builder.op(op, x, *operands, **attrs)  # type: ignore[arg-type]

    def drawn(self, *shape: int) -> np.ndarray:
        """Weights."""
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def bias(self, n: int) -> np.ndarray:
        """One number per channel, none of them 0."""
        return self.rng.integers(1, 3000, n).astype(np.int32)

    def convolved(
        self, x: str, live: np.ndarray, inner: np.ndarray, size: int = 3, stride: int = 1
    ) -> str:
        """A convolution to the channels that are live, from those of x that are; others of weight
        and bias zero."""
        w = self.drawn(len(live), size, size, len(inner)) * live[:, None, None, None]
        pad = SAME if size == 3 else NONE
        return self.layer(
            "conv2d", x, w.astype(np.int8), (self.bias(len(live)) * live).astype(np.int32),
            stride=(stride, stride), padding=pad,
        )  # fmt: skip

    def depthwise(self, x: str, live: np.ndarray, stride: int = 1) -> str:
        """Each channel by itself."""
        w = self.drawn(1, 3, 3, len(live)) * live
        bias = self.bias(len(live)) * live
        return self.layer(
            "depthwise_conv2d", x, w.astype(np.int8), bias.astype(np.int32),
            stride=(stride, stride), padding=SAME, multiplier=1,
        )  # fmt: skip


def masks(rng: np.random.Generator, widths: list[int], share: float) -> list[np.ndarray]:
    """Which channels of each width are live, a share of them."""
    found = []
    for width in widths:
        live = np.zeros(width, bool)
        live[rng.choice(width, max(1, round(width * share)), replace=False)] = True
        found.append(live)
    return found


def separable(live: list[np.ndarray], size: int = 16) -> Graph:
    """Like MobileNetV1: a convolution, pairs of depthwise and pointwise ones, mean, dense, softmax.
    ``live``: of the first layer and of each pair."""
    net = Pictures(np.random.default_rng(1))
    x = net.input(size, size, 3)
    x = net.requantised(net.convolved(x, live[0], np.ones(3, bool), stride=2))
    for number, (inner, own) in enumerate(pairwise(live)):
        x = net.requantised(net.depthwise(x, inner, stride=1 + number % 2))
        x = net.requantised(net.convolved(x, own, inner, size=1))
    return _head(net, x)


def residual(live: list[np.ndarray], size: int = 16) -> Graph:
    """Like ResNet-8: a convolution, three stages of two with an addition, of which the later ones
    halve the picture. ``live``: of the first stage's path, then of each stage inside and of its
    path."""
    net = Pictures(np.random.default_rng(2))
    path, x = live[0], net.input(size, size, 3)
    x = net.requantised(net.convolved(x, path, np.ones(3, bool)))
    for number, (inside, own) in enumerate(zip(live[1::2], live[2::2], strict=True)):
        stride = 2 if number else 1
        y = net.requantised(net.convolved(x, inside, path, stride=stride))
        y = net.requantised(net.convolved(y, own, inside), zero=4, low=-128)
        if number:
            x = net.requantised(net.convolved(x, own, path, size=1, stride=2), zero=-9, low=-128)
        quant = Quant((0.07,), (-128,))
        x = net.builder.op("add", x, y, quant=quant, act_min=-128, act_max=127)
        path = own
    return _head(net, x)


def _head(net: Pictures, x: str) -> Graph:
    b = net.builder
    _, height, width, n = b.type(x).shape
    x = b.op("avg_pool2d", x, size=(height, width), stride=(height, width))
    x = b.op("reshape", x, shape=(1, n))
    x = net.layer("dense", x, net.drawn(10, n), net.bias(10))
    x = net.requantised(x, zero=7, low=-128)
    return b.build([b.op("softmax", x, beta=1.0, quant=Quant((1 / 256,), (-128,)))])


def drawn_net(seed: int) -> Graph:
    """Layers at random, some of whose channels have no weights, some of those no bias either; also
    additions, poolings, tables, rectifiers, joined and flattened values."""
    rng = np.random.default_rng(seed)
    net = Pictures(rng)
    values = [net.input(6, 5, int(rng.integers(1, 4)), zero=int(rng.integers(-128, 128)))]
    for _ in range(int(rng.integers(3, 9))):
        values.append(_grown(net, values))
    ends = [v for v in values if rng.integers(8) == 0] if rng.integers(3) == 0 else []
    last = values[-1]
    _, h, w, n = net.builder.type(last).shape
    if rng.integers(2):
        last = net.builder.op("max_pool2d", last, size=(h, w), stride=(1, 1), act_min=-90)
        h = w = 1
    x = net.builder.op("reshape", last, shape=(1, h * w * n))
    x = net.layer("dense", x, net.drawn(3, h * w * n), net.bias(3))
    ends = [v for v in ends if v != values[0]]
    return net.builder.build([*dict.fromkeys(ends), net.requantised(x, zero=7, low=-128)])


def _grown(net: Pictures, values: list[str]) -> str:
    rng, b = net.rng, net.builder
    x = values[-1 - int(rng.integers(min(2, len(values))))]
    kind = int(rng.integers(10))
    alike = [v for v in values if b.type(v) == b.type(x)]
    if kind < 3:
        return _pointwise_op(net, x, alike, kind)
    if kind == 3 and b.type(x).shape[1] > 1:
        zero = b.type(x).quant.zero_point[0]  # type: ignore[union-attr]
        value = int(rng.choice([zero, 3]))
        return b.op("pad", x, before=(0, 1, 0, 0), after=(0, 0, 1, 0), value=value)
    if kind == 4:
        return b.op("avg_pool2d", x, size=(2, 2), stride=(1, 1), padding=SAME)
    if kind == 5:
        return b.op("concat", x, str(rng.choice(alike)), axis=int(rng.choice([1, 3])))
    return _layer(net, x, kind < 8)


def _pointwise_op(net: Pictures, x: str, alike: list[str], kind: int) -> str:
    rng, b = net.rng, net.builder
    quant = Quant((0.06,), (int(rng.integers(-128, 128)),))
    if kind == 0:
        return b.op("add", x, str(rng.choice(alike)), quant=quant, act_min=-100, act_max=127)
    if kind == 1:
        return b.op("relu", x)
    table = b.constant("table", rng.integers(-128, 128, 256).astype(np.int8), quant)
    return b.op("lookup", x, table)


def _layer(net: Pictures, x: str, each: bool) -> str:
    """A convolution or a depthwise one, some channels of which are zero."""
    rng, b = net.rng, net.builder
    inner = b.type(x).shape[3]
    n = inner * int(rng.integers(1, 3)) if each else int(rng.integers(1, 7))
    size = 1 + 2 * int(rng.integers(2))
    live = rng.random(n) < 0.5
    w = net.drawn(*((1, size, size, n) if each else (n, size, size, inner)))
    w = w * (live if each else live[:, None, None, None])
    if not each:
        w = w * (rng.random(inner) < 0.8)
    bias = net.bias(n) * (live | (rng.random(n) < 0.5))
    attrs = {"stride": (1, 1), "padding": SAME if size == 3 and rng.integers(3) else NONE}
    if b.type(x).shape[1] < size or b.type(x).shape[2] < size:
        attrs["padding"] = SAME
    if each:
        attrs["multiplier"] = n // inner
    sums = net.layer(
        "depthwise_conv2d" if each else "conv2d",
        x,
        w.astype(np.int8),
        bias.astype(np.int32),
        **attrs,
    )
    zero = int(rng.choice([-128, -128, 0, 9]))
    return net.requantised(sums, zero=zero, low=int(rng.choice([-128, zero])))
