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
from tinsmith.ir.op import F32, Argument, Attrs, Case, Extension, ShapeError, Site, Types
from tinsmith.ir.ops._cases import case, normal
from tinsmith.ir.ops._float import sigmoid32, tanh32
from tinsmith.ir.ops._layout import of_dtype
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


def flag_of(op: str, attrs: Attrs, name: str) -> bool:
    """A True or False attribute; False if absent."""
    value = attrs.get(name, False)
    if not isinstance(value, bool):
        raise ShapeError(op, f"attribute {name} is {value!r}; expected True or False")
    return value


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


def activate(x: np.ndarray, kind: int, clip: float = 0.0) -> np.ndarray:
    """An activation by number, as `ts_recurrent.h` computes it."""
    if clip > 0:
        bound = f32(clip)
        x = np.where(x < -bound, -bound, np.where(x > bound, bound, x))
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


def geometry(sizes: Sizes, backward: bool) -> tuple[int, ...]:
    """How kernels are told: (steps, batch, depth, directions, units, backward)"""
    return (
        sizes.steps, sizes.batch, sizes.depth, sizes.directions, sizes.units, int(backward)
    )  # fmt: skip


def clip_argument(op: str, site: Site, name: str = "clip") -> Argument:
    """The clip as float32."""
    return F32(float(f32(clip_of(op, site.attrs, name))))


def layer(sizes: Sizes, gates: int, biases: int, starts: int, seed: int) -> list[np.ndarray]:
    """w, r, bias and starts of a random layer."""
    d, rows = sizes.directions, gates * sizes.units
    shapes = [
        (d, rows, sizes.depth), (d, rows, sizes.units), (d, biases * sizes.units),
        *[(d, sizes.batch, sizes.units)] * starts,
    ]  # fmt: skip
    return [normal(*s, seed=seed + i, scale=0.7) for i, s in enumerate(shapes)]


def recurrent_case(
    sizes: Sizes, counts: tuple[int, int, int], scale: float = 1.0, **attrs: Attr
) -> Case:
    """A row with weights and starts as constants; ``counts`` are gates, biases and starts."""
    x = normal(sizes.steps, sizes.batch, sizes.depth, scale=scale)
    rest = layer(sizes, *counts, seed=1)
    return case(x, *rest, constant=tuple(range(1, len(rest) + 1)), **attrs)


def recurrent_extend(
    rng: np.random.Generator, x: TensorType, counts: tuple[int, int, int], attrs: dict[str, Attr]
) -> Extension | None:
    """A random layer behind float32 activations of three axes."""
    if x.dtype != "float32" or len(x.shape) != 3:
        return None
    steps, batch, depth = x.shape
    sizes = Sizes(steps, batch, depth, int(rng.integers(1, 3)), int(rng.integers(1, 4)))
    arrays = layer(sizes, *counts, seed=int(rng.integers(1000)))
    both: dict[str, Attr] = {
        "backward": bool(rng.integers(2)), "clip": float(rng.choice([0.0, 0.75])), **attrs
    }  # fmt: skip
    return Extension((0, *((a, type_of(a)) for a in arrays)), both)


Operands = Sequence[np.ndarray]
