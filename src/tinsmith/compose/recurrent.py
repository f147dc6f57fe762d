"""Recurrent layers over a whole sequence, one node each, float32: rnn, gru, lstm as ONNX defines
them; Keras, PyTorch and TensorFlow Lite have the same with their gates in another order.

x is [steps, batch, depth]. Gates lie in the order i, o, f, c (lstm), z, r, h (gru); see
`reordered`. The operations, their formulas and sources stand in `ir/ops/_recurrent.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.compose.value import Value, need_float, operand, permuted, shape_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.ops._recurrent import ACTIVATIONS
from tinsmith.ir.walk import Walk

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
USUAL = {"rnn": ("tanh",), "gru": ("sigmoid", "tanh"), "lstm": ("sigmoid", "tanh", "tanh")}
"""Activations where none are named: of the gates, of the candidate (gru) or cell, of the result."""


@dataclass(frozen=True)
class RecurrentSpec:
    """How a sequence is run through.

    Args:
        directions: ``forward``, ``backward`` (from the last step on) or ``both``.
        activations: names of `ACTIVATIONS`, as many as `USUAL` has; those where empty.
        clip: bound on the arguments of the gates' activations; 0: none.
        reset_after: gru only: whether the reset gate works behind the matrix (ONNX:
            linear_before_reset).
        cell_clip: lstm only: bound on the cell; 0: none.
        batch_first: whether the batch lies in front of everything, in x, h, c and the results
            (ONNX: layout 1).
    """

    directions: Literal["forward", "backward", "both"] = "forward"
    activations: tuple[str, ...] = ()
    clip: float = 0.0
    reset_after: bool = False
    cell_clip: float = 0.0
    batch_first: bool = False


@dataclass(frozen=True)
class RecurrentWeights:
    """Arrays or names of values, with D directions, H units and G gates.

    Args:
        w: [D, G * H, depth], for x.
        r: [D, G * H, H], for h.
        bias: [D, G * H], or [D, 2 * G * H] with that of w in front of that of r, which are added;
            None: zeros. A gru's may also be [D, 4 * H]: z, r, h and the part of h behind r.
        h, c: [D, batch, H] at the start (c: lstm only); None: zeros.
    """

    w: Value
    r: Value
    bias: Value | None = None
    h: Value | None = None
    c: Value | None = None


class Recurrent(NamedTuple):
    """Names of results; nodes of what is not used vanish when the graph is compiled."""

    steps: str
    """h of every step, [steps, D, batch, H]; [batch, steps, D, H] if batch_first."""
    last_h: str
    """h after the last step that each direction takes, [D, batch, H]; [batch, D, H] if
    batch_first."""
    last_c: str
    """The same of c; of rnn and gru it is h."""


def lstm(
    b: Builder, x: str, weights: RecurrentWeights, spec: RecurrentSpec, *, name: str = ""
) -> Recurrent:
    """Long short-term memory.

    Raises:
        ShapeError: shapes or dtypes do not fit, or an activation is unknown.
    """
    return _results(b, b.renamed(_layer("lstm", b, x, weights, spec), name), spec)


def gru(
    b: Builder, x: str, weights: RecurrentWeights, spec: RecurrentSpec, *, name: str = ""
) -> Recurrent:
    """Gated recurrent unit.

    Raises:
        ShapeError: shapes or dtypes do not fit, or an activation is unknown.
    """
    return _results(b, b.renamed(_layer("gru", b, x, weights, spec), name), spec)


def rnn(
    b: Builder, x: str, weights: RecurrentWeights, spec: RecurrentSpec, *, name: str = ""
) -> Recurrent:
    """Plain recurrent layer.

    Raises:
        ShapeError: shapes or dtypes do not fit, or an activation is unknown.
    """
    return _results(b, b.renamed(_layer("rnn", b, x, weights, spec), name), spec)


def reordered(array: np.ndarray, have: Sequence[str], want: Sequence[str], axis: int) -> np.ndarray:
    """Weights with their gates in another order: ``axis`` is gates * units long, e.g. have
    ``ifco`` (Keras, PyTorch, TensorFlow Lite), want ``iofc``."""
    axis %= array.ndim
    blocks = np.split(array, len(have), axis)
    return np.concatenate([blocks[list(have).index(gate)] for gate in want], axis)


def _layer(op: str, b: Builder, x: str, weights: RecurrentWeights, spec: RecurrentSpec) -> str:
    """The node: [steps, directions, (h, c,) batch, units]."""
    need_float(op, b, x, weights.w, weights.r)
    if len(b.type(x).shape) != 3 or len(shape_of(b, weights.r)) != 3:
        raise ShapeError(op, f"x {b.type(x)}, r {shape_of(b, weights.r)}; expected three axes")
    directions, _, units = shape_of(b, weights.r)
    if directions != (2 if spec.directions == "both" else 1):
        raise ShapeError(op, f"r {shape_of(b, weights.r)} for directions {spec.directions!r}")
    x = movement.transpose(b, x, (1, 0, 2)) if spec.batch_first else x
    start = np.zeros((directions, b.type(x).shape[1], units), np.float32)
    states = [weights.h, weights.c] if op == "lstm" else [weights.h]
    operands = [
        operand(b, weights.w, "w"), operand(b, weights.r, "r"),
        _bias(op, b, weights.bias, directions, units),
        *(operand(b, start if s is None else _start(op, b, s, spec), "start") for s in states),
    ]  # fmt: skip
    attrs: dict[str, Any] = {"reset_after": spec.reset_after} if op == "gru" else {}
    if op == "lstm" and spec.cell_clip:
        attrs["cell_clip"] = float(spec.cell_clip)
    return b.op(
        op, x, *operands, activations=_numbers(op, spec.activations),
        clip=float(spec.clip), backward=spec.directions == "backward", **attrs,
    )  # fmt: skip


def _start(op: str, b: Builder, state: Value, spec: RecurrentSpec) -> Value:
    """h or c with directions in front of the batch."""
    if len(shape_of(b, state)) != 3:
        raise ShapeError(op, f"start {shape_of(b, state)}; expected three axes")
    return permuted(b, state, (1, 0, 2)) if spec.batch_first else state


def _numbers(op: str, names: tuple[str, ...]) -> tuple[int, ...]:
    names = names or USUAL[op]
    if len(names) != len(USUAL[op]) or not set(names) <= set(ACTIVATIONS):
        raise ShapeError(
            op, f"activations {names}; expected {len(USUAL[op])} of {', '.join(ACTIVATIONS)}"
        )
    return tuple(ACTIVATIONS.index(n) for n in names)


def _bias(op: str, b: Builder, bias: Value | None, directions: int, units: int) -> str:
    """The bias as the operation has it: one per gate, a gru with a fourth."""
    rows = GATES[op] * units
    if bias is None:
        bias = np.zeros((directions, rows), np.float32)
    need_float(op, b, bias)
    length = shape_of(b, bias)[-1] if shape_of(b, bias) else 0
    if op != "gru":
        both = length == 2 * rows
        summed = _sum(b, _cut(b, bias, 0, rows), _cut(b, bias, rows, rows)) if both else bias
        return operand(b, summed, "bias")
    if length not in (rows, 2 * rows):
        return operand(b, bias, "bias")
    gates, new = _cut(b, bias, 0, 2 * units), _cut(b, bias, 2 * units, units)
    behind: Value = np.zeros((directions, units), np.float32)
    if length == 2 * rows:
        gates = _sum(b, gates, _cut(b, bias, rows, 2 * units))
        behind = _cut(b, bias, rows + 2 * units, units)
    return _joined(b, [gates, new, behind])


def _cut(b: Builder, value: Value, start: int, size: int) -> Value:
    """Some places of the last axis."""
    if isinstance(value, str):
        return movement.cut(b, value, -1, start, size)
    return value[..., start : start + size]


def _sum(b: Builder, x: Value, y: Value) -> Value:
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        return np.asarray(x + y, np.float32)
    return elementwise.binary(b, "add", operand(b, x, "bias"), operand(b, y, "bias"))


def _joined(b: Builder, values: Sequence[Value]) -> str:
    arrays = [v for v in values if isinstance(v, np.ndarray)]
    if len(arrays) == len(values):
        return b.constant("bias", np.concatenate(arrays, -1))
    return movement.concat(b, [operand(b, v, "bias") for v in values], -1)


def _results(b: Builder, y: str, spec: RecurrentSpec) -> Recurrent:
    """Takes [steps, directions, (h, c,) batch, units] apart."""
    shape = b.type(y).shape
    steps, directions, batch, units = shape[0], shape[1], shape[-2], shape[-1]
    one = batch * units
    block = one * (2 if len(shape) == 5 else 1)
    every = directions * block
    end = 0 if spec.directions == "backward" else (steps - 1) * every
    turn = block - end if directions == 2 else block
    lengths, walk = (steps, directions, batch, units), (every, block, units, 1)
    if spec.batch_first:
        lengths, walk = (batch, steps, directions, units), (units, every, block, 1)
    seen = movement.strided(b, y, Walk(lengths, walk))
    lengths, walk = (1, directions, batch, units), (0, turn, units, 1)
    if spec.batch_first:
        lengths, walk = (1, batch, directions, units), (0, units, turn, 1)
    last_h, last_c = (
        movement.strided(b, y, Walk(lengths[1:], walk[1:], end + place))
        for place in (0, block - one)
    )
    return Recurrent(seen, last_h, last_c)
