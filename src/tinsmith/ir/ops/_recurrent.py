"""What rnn, gru and lstm share: a whole sequence in one node, float32.

Operands: x [steps, batch, depth], w [directions, gates * units, depth], r [directions,
gates * units, units], bias, and the start [directions, batch, units] of each thing remembered.
Attributes: activations, numbers of `ACTIVATIONS`; clip, bound on |argument| of the gates'
activations, 0.0 (none) if absent; backward, whether a single direction runs from the last step to
the first (False if absent; the second of two always does).

Sources: ONNX operator specification, RNN-14, GRU-14 and LSTM-14; Hochreiter and Schmidhuber, "Long
Short-Term Memory", 1997; Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
Statistical Machine Translation", 2014.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    F32,
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
from tinsmith.ir.ops._cases import case, normal
from tinsmith.ir.ops._float import sigmoid32, tanh32
from tinsmith.ir.ops._layout import flag_of, of_dtype
from tinsmith.ir.ops._window import numbers
from tinsmith.ir.types import TensorType, type_of

f32 = np.float32
ACTIVATIONS = ("sigmoid", "tanh", "relu", "hard_sigmoid", "hard_sigmoid_6", "linear")
"""By number. Hard sigmoids are x * slope + 0.5 within 0..1, of slope 0.2 and 1/6."""


@dataclass(frozen=True)
class Sizes:
    """Lengths of a recurrent layer."""

    steps: int
    batch: int
    depth: int
    directions: int
    units: int


def sizes_of(op: str, inputs: Types, gates: int, biases: int, starts: int) -> Sizes:
    """Lengths, from x, w and r.

    Raises:
        ShapeError: an operand is missing, is not float32 or does not fit the others.
    """
    of_dtype(op, inputs, 4 + starts, "float32")
    x, w, r = (t.shape for t in inputs[:3])
    if len(x) == len(w) == len(r) == 3:
        units = r[2]
        wanted = [
            x, (w[0], gates * units, x[2]), (w[0], gates * units, units), (w[0], biases * units),
            *[(w[0], x[1], units)] * starts,
        ]  # fmt: skip
        if w[0] in (1, 2) and [(t.shape, t.dtype) for t in inputs] == [
            (s, "float32") for s in wanted
        ]:
            return Sizes(*x, w[0], units)
    raise ShapeError(
        op, f"operands {', '.join(map(str, inputs))}; expected float32 x [steps, batch, depth], "
        f"w [directions, {gates} * units, depth], r [directions, {gates} * units, units], "
        f"bias [directions, {biases} * units], {starts} of [directions, batch, units]",
    )  # fmt: skip


def activations_of(op: str, attrs: Attrs, count: int) -> tuple[int, ...]:
    """Attribute ``activations``: numbers of `ACTIVATIONS`."""
    found = numbers(op, attrs, "activations", count, least=0)
    if max(found) >= len(ACTIVATIONS):
        raise ShapeError(op, f"activations {found}; expected 0 to {len(ACTIVATIONS) - 1}")
    return found


def clip_of(op: str, attrs: Attrs, name: str = "clip") -> float:
    """Attribute ``clip``, or another one like it; 0.0 is none."""
    clip = attrs.get(name, 0.0)
    if not isinstance(clip, float) or not 0 <= clip < np.inf:
        raise ShapeError(op, f"attribute {name} is {clip!r}; expected a float from 0 on")
    return clip


@dataclass(frozen=True)
class Now:
    """One step of one direction: x [batch, depth], its weights and biases, what is remembered of
    the step before ([batch, units] each), activations, clip and the op's attributes."""

    x: np.ndarray
    w: np.ndarray
    r: np.ndarray
    bias: np.ndarray
    past: Sequence[np.ndarray]
    activations: tuple[int, ...]
    clip: float
    attrs: Attrs


@dataclass(frozen=True)
class Cell:
    """What tells one recurrent op from another: how many gates, biases, starts (things that are
    remembered, h first) and activations it has. The result holds what is remembered of every step:
    [steps, directions, batch, units], with an axis of that many in front of batch if several."""

    op: str
    gates: int
    biases: int
    starts: int
    activations: int

    def infer(self, inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        """Operands and attributes as at the top of this file."""
        s = self.sizes(inputs)
        activations_of(self.op, attrs, self.activations), clip_of(self.op, attrs)
        flag_of(self.op, attrs, "backward")
        several = (self.starts,) if self.starts > 1 else ()
        return (TensorType((s.steps, s.directions, *several, s.batch, s.units), "float32"),)

    def sizes(self, inputs: Types) -> Sizes:
        """See `sizes_of`."""
        return sizes_of(self.op, inputs, self.gates, self.biases, self.starts)

    def run(
        self, operands: "Operands", site: Site, step: Callable[[Now], Sequence[np.ndarray]]
    ) -> tuple[np.ndarray, ...]:
        """The result, in the dtype of x: ``step`` makes what is remembered, step by step."""
        x, w, r, bias, *starts = operands
        s = self.sizes(site.inputs)
        y = np.empty((s.steps, s.directions, self.starts, s.batch, s.units), x.dtype)
        kinds = activations_of(self.op, site.attrs, self.activations)
        clip = clip_of(self.op, site.attrs)
        for d, t, before in order(s, flag_of(self.op, site.attrs, "backward")):
            past = [start[d] for start in starts] if before is None else list(y[before, d])
            now = Now(x[t], w[d], r[d], bias[d], past, kinds, clip, site.attrs)
            y[t, d] = np.stack(step(now))
        return (y.reshape(site.outputs[0].shape),)

    def arguments(self, site: Site, scratch: Sequence[Argument] = ()) -> list[Argument]:
        """(x, w, r, bias, starts, y[, scratch], steps, batch, depth, directions, units, backward,
        activations)"""
        s, backward = self.sizes(site.inputs), flag_of(self.op, site.attrs, "backward")
        return [
            *(In(i) for i in range(4 + self.starts)), Out(), *scratch,
            s.steps, s.batch, s.depth, s.directions, s.units, int(backward),
            *activations_of(self.op, site.attrs, self.activations),
        ]  # fmt: skip

    def cost(self, site: Site) -> Cost:
        """A product per weight, step and row of a batch; reads weights and biases."""
        x, w, r, bias = site.inputs[:4]
        macs = x.shape[0] * x.shape[1] * (w.elements + r.elements)
        return Cost(macs, w.nbytes + r.nbytes + bias.nbytes)

    def case(self, sizes: Sizes, scale: float = 1.0, **attrs: Attr) -> Case:
        """A row with weights and starts as constants."""
        x = normal(sizes.steps, sizes.batch, sizes.depth, scale=scale)
        rest = self._layer(sizes, seed=1)
        return case(x, *rest, constant=tuple(range(1, len(rest) + 1)), **attrs)

    def extend(
        self, rng: np.random.Generator, x: TensorType, attrs: dict[str, Attr]
    ) -> Extension | None:
        """A random layer behind float32 activations of three axes."""
        if x.dtype != "float32" or len(x.shape) != 3:
            return None
        steps, batch, depth = x.shape
        sizes = Sizes(steps, batch, depth, int(rng.integers(1, 3)), int(rng.integers(1, 4)))
        arrays = self._layer(sizes, seed=int(rng.integers(1000)))
        both: dict[str, Attr] = {
            "backward": bool(rng.integers(2)), "clip": float(rng.choice([0.0, 0.75])), **attrs
        }  # fmt: skip
        return Extension((0, *((a, type_of(a)) for a in arrays)), both)

    def _layer(self, sizes: Sizes, seed: int) -> list[np.ndarray]:
        """w, r, bias and starts of a random layer."""
        d, rows = sizes.directions, self.gates * sizes.units
        shapes = [
            (d, rows, sizes.depth), (d, rows, sizes.units), (d, self.biases * sizes.units),
            *[(d, sizes.batch, sizes.units)] * self.starts,
        ]  # fmt: skip
        return [normal(*s, seed=seed + i, scale=0.7) for i, s in enumerate(shapes)]


def order(sizes: Sizes, backward: bool) -> Iterator[tuple[int, int, int | None]]:
    """(direction, step, the step before it) in order of computation."""
    for d in range(sizes.directions):
        turned = d == 1 or backward
        steps = range(sizes.steps)
        before = None
        for t in reversed(steps) if turned else steps:
            yield d, t, before
            before = t


def more(total: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """total [batch, units] + x [batch, n] w [units, n]^T, added in order of n."""
    for i in range(x.shape[1]):
        total = total + x[:, i : i + 1] * w[:, i]
    return total


def all_sums(now: Now) -> np.ndarray:
    """bias + w x + r h, [batch, gates * units], where gates and biases are as many; sums start at
    the bias and run over x, then h, in order."""
    total = np.broadcast_to(now.bias, (len(now.x), len(now.bias)))
    return more(more(total, now.x, now.w), now.past[0], now.r)


def bounded(x: np.ndarray, clip: float) -> np.ndarray:
    """x brought to -clip..clip, float32, as kernels are told it; x itself where that is 0.0."""
    bound = f32(clip)
    return np.where(x < -bound, -bound, np.where(x > bound, bound, x)) if bound > 0 else x


def activate(x: np.ndarray, kind: int, clip: float = 0.0) -> np.ndarray:
    """An activation by number, as `ts_recurrent.h` computes it."""
    x = bounded(x, clip)
    name = ACTIVATIONS[kind]
    if name in ("sigmoid", "tanh"):
        return sigmoid32(x) if name == "sigmoid" else tanh32(x)
    if name == "linear":
        return x
    if name == "relu":
        return np.where(x > 0, x, f32(0))
    y = x * (f32(0.2) if name == "hard_sigmoid" else f32(0.166666667)) + f32(0.5)
    y = np.where(y > 0, y, f32(0))
    return np.where(y < 1, y, f32(1))


def exact(x: np.ndarray, kind: int, clip: float = 0.0) -> np.ndarray:
    """An activation by its formula in float64."""
    x = np.clip(x, -clip, clip) if clip > 0 else x
    formulas: dict[str, Callable[[], np.ndarray]] = {
        "sigmoid": lambda: 1 / (1 + np.exp(-x)),
        "tanh": lambda: np.tanh(x),
        "relu": lambda: np.maximum(x, 0),
        "hard_sigmoid": lambda: np.clip(0.2 * x + 0.5, 0, 1),
        "hard_sigmoid_6": lambda: np.clip(x / 6 + 0.5, 0, 1),
        "linear": lambda: x,
    }
    return formulas[ACTIVATIONS[kind]]()


def clip_argument(op: str, site: Site, name: str = "clip") -> Argument:
    """The clip as float32."""
    return F32(float(f32(clip_of(op, site.attrs, name))))


Operands = Sequence[np.ndarray]
