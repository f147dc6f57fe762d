"""Networks over pictures in int8, as one meets them: MobileNetV1 and ResNet-8 at any width.

Weights are drawn and quantised per channel; bias and factors of each layer are set by what its sums
are on random pictures, so that channels are as alive as those of a trained network. Channels can
be zeroed or left out, and single weights zeroed, for tests of what that saves.

Sources: Howard et al., "MobileNets", arXiv 1704.04861; He et al., arXiv 1512.03385, and the sizes
of both in MLPerf Tiny (Banbury et al., arXiv 2106.07597).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

LAYERS = ("conv2d", "depthwise_conv2d", "dense")
_RECTIFIED, _LINEAR = -128, 5
"""Zero points behind a rectifier and without one."""


@dataclass(frozen=True)
class Pruning:
    """What is taken from a network: all but a share ``keep`` of the channels, which are ``zeroed``
    or ``left out``; a share ``sparse`` of the weights that are left is zeroed one by one."""

    keep: float = 1.0
    form: Literal["zeroed", "left out"] = "zeroed"
    sparse: float = 0.0


WHOLE = Pruning()
CODES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "8 bit": lambda real: np.rint(real * (127 / np.maximum(_peak(real), 1e-9))),
    "4 bit": lambda real: np.clip(np.rint(real * 3), -8, 7),
    "2 bit": lambda real: 63 * np.clip(np.floor(real), -2, 1),
    "ternary": lambda real: 127 * np.clip(np.rint(real), -1, 1),
    "binary": lambda real: np.where(real < 0, -127, 127),
}
"""What becomes of normal weights, channels of the result in front. Fewer bits than four fill int8,
as files have them that know no narrower type."""


def _peak(real: np.ndarray) -> np.ndarray:
    """The largest magnitude of each channel."""
    peak: np.ndarray = np.abs(real).reshape(len(real), -1).max(axis=1)
    return peak.reshape(-1, *[1] * (real.ndim - 1))


@dataclass(frozen=True)
class Network:
    """A quantised graph and the pictures it was calibrated on, input name -> [case, *shape]."""

    graph: Graph
    inputs: Mapping[str, np.ndarray]

    @property
    def macs(self) -> int:
        """Products of a run."""
        g = self.graph
        sites = [(n, tuple(map(g.type, n.inputs)), tuple(map(g.type, n.outputs))) for n in g.nodes]
        return sum(OPS.get(n.op).cost(Site(n.given, i, o)).macs for n, i, o in sites)

    @property
    def weights(self) -> int:
        """Bytes of int8 weights."""
        return sum(c.nbytes for c in self.graph.constants.values() if c.dtype == np.int8)

    def live(self) -> float:
        """Share of the channels behind layers with weights that differ between places or
        pictures."""
        machine = Interpreter(self.graph)
        count = len(next(iter(self.inputs.values())))
        runs = [machine.run({k: v[i] for k, v in self.inputs.items()}) for i in range(count)]
        alive = []
        for node in self.graph.nodes:
            if node.op == "requantize":
                seen = [r[node.outputs[0]] for r in runs]
                rows = np.concatenate([s.reshape(-1, s.shape[-1]) for s in seen])
                alive.append((rows != rows[0]).any(axis=0))
        return float(np.concatenate(alive).mean())


def mobilenet(
    width: float = 0.25,
    size: int = 96,
    pruning: Pruning = WHOLE,
    seed: int = 0,
    codes: str = "8 bit",
) -> Network:
    """MobileNetV1: a convolution, 13 pairs of depthwise and pointwise ones, mean, dense, softmax
    over two classes; 96 x 96 x 3 is a size of MLPerf Tiny's person detection."""
    outs = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    halving = (1, 3, 5, 11)
    rng = np.random.default_rng([seed, 1])
    net = Growing(f"mobilenet_{size}", pruning, rng, codes=codes)
    x = net.picture(size)
    x = net.layer(x, net.channels(round(32 * width)), Window(3, 2))
    for number, out in enumerate(outs):
        x = net.layer(x, x.live, Window(3, 2 if number in halving else 1, depthwise=True))
        x = net.layer(x, net.channels(round(out * width)), Window(1))
    return net.ended(x, 2)


def resnet(
    widths: tuple[int, ...] = (16, 32, 64),
    size: int = 32,
    pruning: Pruning = WHOLE,
    seed: int = 0,
    codes: str = "8 bit",
) -> Network:
    """ResNet-8: a convolution, a block of two per width (from the second on it halves the picture,
    and a convolution stands on its path too), mean, dense, softmax over ten classes."""
    rng = np.random.default_rng([seed, 2])
    net = Growing(f"resnet_{widths[0]}", pruning, rng, codes=codes)
    x = net.layer(net.picture(size), net.channels(widths[0]), Window(3))
    for number, width in enumerate(widths):
        stride = 2 if number else 1
        own = net.channels(width) if number else x.live
        y = net.layer(x, net.channels(width), Window(3, stride))
        y = net.layer(y, own, Window(3), rectified=False)
        if number:
            x = net.layer(x, own, Window(1, stride), rectified=False)
        x = net.added(x, y)
    return net.ended(x, 10)


@dataclass(frozen=True)
class Window:
    """Of a layer: edge and stride; padded to the size of the picture over the stride, the larger
    half of it behind."""

    edge: int
    stride: int = 1
    depthwise: bool = False

    def padding(self, size: int) -> tuple[int, int, int, int]:
        """(Top, bottom, left, right) over a picture of such a size."""
        places = -(-size // self.stride)
        missing = max(0, (places - 1) * self.stride + self.edge - size)
        return (missing // 2, missing - missing // 2) * 2

    @property
    def op(self) -> str:
        """The operation."""
        return "depthwise_conv2d" if self.depthwise else "conv2d"


@dataclass(frozen=True)
class Value:
    """A value of the graph: its content for each picture; ``live``: which channels of the whole
    network hold something."""

    name: str
    content: list[np.ndarray]
    live: np.ndarray


@dataclass
class Growing:
    """A graph that grows layer by layer, with what its values are on the pictures. ``one``: all
    channels of a layer have the same factor; ``codes``: a key of `CODES`, for all weights."""

    name: str
    pruning: Pruning
    rng: np.random.Generator
    cases: int = 3
    rounding: str = "double"
    one: bool = False
    codes: str = "8 bit"
    builder: Builder = field(init=False)
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.builder = Builder(self.name, "quantised")

    def picture(self, size: int, channels: int = 3) -> Value:
        """An input; ``size`` 0 for a row of ``channels``."""
        shape = (1, size, size, channels) if size else (1, channels)
        pictures = self.rng.integers(-128, 128, (self.cases, *shape)).astype(np.int8)
        name = f"x{len(self.inputs)}" if self.inputs else "x"
        self.builder.input(name, TensorType(shape, "int8", Quant((1 / 255,), (-128,))))
        self.inputs[name] = pictures
        return Value(name, list(pictures), np.ones(channels, bool))

    def channels(self, count: int) -> np.ndarray:
        """Which of them are live."""
        kept = self.rng.permutation(count) < max(1, round(count * self.pruning.keep))
        return np.asarray(kept)

    def layer(self, x: Value, live: np.ndarray, window: Window, rectified: bool = True) -> Value:
        """A convolution and its requantisation."""
        edge, stride = (window.edge,) * 2, (window.stride,) * 2
        attrs: dict[str, Attr] = {
            "stride": stride,
            "padding": window.padding(self.builder.type(x.name).shape[1]),
        }
        if window.depthwise:
            w, attrs["multiplier"] = self._drawn(live, (1, *edge), None), 1
        else:
            w = self._drawn(live, edge, x.live)
        return self._weighted((window.op, attrs), x, (w, live), rectified)

    def added(self, x: Value, y: Value) -> Value:
        """Sum and rectifier, in the range that it has on the pictures."""
        quants = [self.builder.type(v.name).quant for v in (x, y)]
        reals = [
            q.scale[0] * (np.stack(v.content).astype(np.float64) - q.zero_point[0])
            for q, v in zip(quants, (x, y), strict=True)
            if q is not None
        ]
        quant = Quant((float((reals[0] + reals[1]).max()) / 255,), (_RECTIFIED,))
        name, content = self._op("add", [x, y], quant, act_min=_RECTIFIED, act_max=127)
        return Value(name, content, x.live)

    def ended(self, x: Value, classes: int) -> Network:
        """Mean over places, dense, softmax."""
        _, height, width, n = self.builder.type(x.name).shape
        size = (height, width)
        quant = self.builder.type(x.name).quant
        mean = Value(*self._op("avg_pool2d", [x], quant, size=size, stride=size), x.live)
        flat = Value(*self._op("reshape", [mean], quant, shape=(1, n)), x.live)
        scores = self.dense(flat, classes, rectified=False)
        end, _ = self._op("softmax", [scores], Quant((1 / 256,), (-128,)), beta=1.0)
        return Network(self.builder.build([end]), self.inputs)

    def dense(self, x: Value, count: int, rectified: bool) -> Value:
        """A fully connected layer over a row."""
        every = np.ones(count, bool)
        w = self._drawn(every, (), x.live)
        return self._weighted(("dense", {}), x, (w, every), rectified)

    def _drawn(
        self, live: np.ndarray, window: tuple[int, ...], inner: np.ndarray | None
    ) -> np.ndarray:
        """Weights, quantised per channel; those of dead channels zero or left out."""
        if inner is None:  # depthwise: channels stand last
            whole = self._drawn(live, window, np.ones(1, bool))[..., 0]
            return np.ascontiguousarray(np.moveaxis(whole, 0, -1))
        real = self.rng.normal(size=(len(live), *window, len(inner)))
        real[self.rng.random(real.shape) < self.pruning.sparse] = 0  # pruned, then quantised
        w = CODES[self.codes](real).astype(np.int8)
        if self.pruning.form == "left out":
            return np.asarray(w[live][..., inner])
        w[~live], w[..., ~inner] = 0, 0
        return np.asarray(w)

    def _weighted(
        self,
        layer: tuple[str, Mapping[str, Attr]],
        x: Value,
        weights: tuple[np.ndarray, np.ndarray],
        rectified: bool,
    ) -> Value:
        """A layer whose bias and factors make its channels alive."""
        (op, attrs), (w, live) = layer, weights
        axis = 3 if op == "depthwise_conv2d" else 0
        count = w.shape[axis]
        kept = np.ones(count, bool) if self.pruning.form == "left out" else live
        named = self._constant("w", w, Quant((0.01,) * count, (0,) * count, axis))
        bare = self._sums(op, attrs, x, w)
        middle, spread = bare.mean(axis=0), np.maximum(bare.std(axis=0), 1.0)
        # drawn for every channel, so that a network without some has the same numbers
        offsets, ranges = self.rng.normal(0, 0.5, len(live)), self.rng.uniform(2.5, 4, len(live))
        if self.pruning.form == "left out":
            offsets, ranges = offsets[live], ranges[live]
        bias = np.where(kept, np.rint(offsets * spread - middle), 0).astype(np.int32)
        levels = 255 if rectified else 127
        factors = levels / (ranges * spread)
        b = self._constant("b", bias)
        sums, content = self._op(op, [x, named, b], None, **attrs)
        return self._requantised(Value(sums, content, live), factors, rectified)

    def _sums(self, op: str, attrs: Mapping[str, Attr], x: Value, w: np.ndarray) -> np.ndarray:
        """[place, channel] of all pictures, without bias."""
        axis = 3 if op == "depthwise_conv2d" else 0
        types = [self.builder.type(x.name), TensorType(w.shape, "int8")]
        types.append(TensorType((w.shape[axis],), "int32"))
        none = np.zeros(w.shape[axis], np.int32)
        site = Site(attrs, tuple(types), tuple(OPS.get(op).infer(types, attrs)))
        found = [OPS.get(op).reference([c, w, none], site)[0] for c in x.content]
        return np.concatenate([f.reshape(-1, f.shape[-1]) for f in found]).astype(np.float64)

    def _requantised(self, sums: Value, factors: np.ndarray, rectified: bool) -> Value:
        zero = _RECTIFIED if rectified else _LINEAR
        factors = factors.min(keepdims=True) if self.one else factors
        m, s = multipliers([float(f) for f in factors])
        operands: list[Value | str] = [sums, self._constant("m", m), self._constant("s", s)]
        name, content = self._op(
            "requantize", operands, Quant((0.03,), (zero,)),
            rounding=self.rounding, zero_point=zero, act_min=-128, act_max=127,
        )  # fmt: skip
        return Value(name, content, sums.live)

    def _op(
        self, op: str, operands: Sequence["Value | str"], quant: Quant | None, **attrs: Attr
    ) -> tuple[str, list[np.ndarray]]:
        """Append; the result's name and content. Operands that are names are constants."""
        names = [o if isinstance(o, str) else o.name for o in operands]
        name = self.builder.op(op, *names, name="", quant=quant, **attrs)
        site = Site(attrs, tuple(map(self.builder.type, names)), (self.builder.type(name),))
        content = []
        for case in range(self.cases):
            given = [self.constants[o] if isinstance(o, str) else o.content[case] for o in operands]
            content.append(OPS.get(op).reference(given, site)[0])
        return name, content

    def _constant(self, name: str, array: np.ndarray, quant: Quant | None = None) -> str:
        name = self.builder.constant(name, array, quant)
        self.constants[name] = array
        return name
