"""Recurrent layers over sequences: UNIDIRECTIONAL_SEQUENCE_LSTM and _RNN, RNN,
BIDIRECTIONAL_SEQUENCE_LSTM and _RNN, float32; the first also of int8 (`integer_lstm.py`) and of
float32 with weights of int8 (`dynamic_lstm.py`).

Their states are variable tensors, zeros at first, and last from run to run. Operands and options:
TensorFlow Lite, lite/kernels/{unidirectional_sequence_lstm,unidirectional_sequence_rnn,basic_rnn,
bidirectional_sequence_lstm,bidirectional_sequence_rnn}.cc, and its schema, version 3.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from tinsmith.compose import movement, recurrent
from tinsmith.compose.recurrent import Recurrent, RecurrentSpec, RecurrentWeights
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.dynamic_lstm import dynamic_lstm
from tinsmith.importers.tflite.gates import cell_clip, keep, stacked
from tinsmith.importers.tflite.integer_lstm import integer_lstm
from tinsmith.importers.tflite.use import Use

ACTIVATIONS: Mapping[int, str] = {0: "linear", 1: "relu", 4: "tanh"}
"""Code of a fused activation -> its name in `compose`."""
Direction = Literal["forward", "backward"]
_EXTRA = {"peepholes": (9, 10, 11), "a projection": (16, 17), "normalised layers": (20, 21, 22, 23)}
_BOTH_EXTRA = {
    "peepholes": (9, 10, 11, 26, 27, 28), "a projection": (16, 17, 33, 34),
    "a second input": range(39, 48),
}  # fmt: skip


def lstm(use: Use) -> str:
    """Operands: x, four weights, four recurrent weights (input, forget, cell, output gate), three
    peepholes, four biases, projection, output state, cell state. Options 0: the activation, 1:
    the bound of the cell, 3: whether time is the first axis, 4: whether rows that are quantised
    have a zero point, 5: whether recurrent weights are diagonal."""
    _without(use, _EXTRA)
    if use.option(5):
        raise Unsupported("its recurrent weights are diagonal")
    if use.tensor(1) is None:
        raise Unsupported("its input gate is coupled with its forget gate")
    first = bool(use.option(3))
    x = _by_time(use, first)
    if use.type(x).dtype == "int8":
        return _steps(use, integer_lstm(use, x), first)
    if use.given(1).dtype == "int8":
        return _steps(use, dynamic_lstm(use, x, _of_lstm(use.option(0))), first)
    y = _lstm(use, x, 1, 18, "forward")
    return _steps(use, _flat(use, y), first)


def bidirectional_lstm(use: Use) -> str | tuple[str, ...]:
    """Operands: x, those of `lstm` without states forward, then backward (from 18 on), output and
    cell state of either (from 35 on), a second input. Options 0: the activation, 1: the bound of
    the cell, 3: whether both results are one, 4: whether time is the first axis."""
    _without(use, _BOTH_EXTRA)
    if use.tensor(1) is None or use.tensor(18) is None:
        raise Unsupported("its input gate is coupled with its forget gate")
    merged, first = bool(use.option(3)), bool(use.option(4, default=1))
    x = _by_time(use, first)
    if merged and not first and use.type(x).shape[1] > 1:
        # its states then overlap: they are stepped through by the width of the merged result
        raise Unsupported("several batches in front of time with one result fail in the reference")
    ways = [_lstm(use, x, 1, 35, "forward"), _lstm(use, x, 18, 37, "backward")]
    return _both(use, ways, merged, first)


def rnn(use: Use) -> str:
    """Operands: x, weights, recurrent weights, bias, state. Options 0: whether time is the first
    axis, 1: the activation; RNN, which takes one step, has the activation alone."""
    single = use.operator.kind == "RNN"
    first = not single and bool(use.option(0))
    x = use.value(0)
    by_time = (
        movement.reshape(use.b, x, (1, *use.type(x).shape)) if single else _by_time(use, first)
    )
    y = _rnn(use, by_time, 1, use.option(0 if single else 1), "forward")
    return _steps(use, _flat(use, y), first)


def bidirectional_rnn(use: Use) -> str | tuple[str, ...]:
    """Operands: x, those of `rnn` forward, then backward, a second input. Options 0: whether time
    is the first axis, 1: the activation, 2: whether both results are one."""
    _without(use, {"a second input": range(9, 12)})
    first, code = bool(use.option(0)), use.option(1)
    x = _by_time(use, first)
    ways = [_rnn(use, x, 1, code, "forward"), _rnn(use, x, 5, code, "backward")]
    return _both(use, ways, bool(use.option(2)), first)


def _without(use: Use, extra: Mapping[str, Sequence[int]]) -> None:
    for what, positions in extra.items():
        if any(use.tensor(p) is not None for p in positions):
            raise Unsupported(f"it has {what}")


def _lstm(use: Use, x: str, at: int, states: int, way: Direction) -> Recurrent:
    """One direction, whose weights begin ``at``; its states keep what they are at the end."""
    clip = cell_clip(use)
    weights = RecurrentWeights(
        _gates(use, range(at, at + 4)), _gates(use, range(at + 4, at + 8)),
        _gates(use, range(at + 11, at + 15)), _start(use, states), _start(use, states + 1),
    )  # fmt: skip
    activation = _of_lstm(use.option(0))
    kinds = ("sigmoid", activation, activation)
    spec = RecurrentSpec(directions=way, activations=kinds, cell_clip=clip)
    y = recurrent.lstm(use.b, x, weights, spec)
    keep(use, states, y.last_h)
    keep(use, states + 1, y.last_c)
    return y


def _rnn(use: Use, x: str, at: int, activation: int, way: Direction) -> Recurrent:
    """One direction, whose weights, bias and state begin ``at``."""
    w, r, bias = (use.weights(at + i, "float32")[None] for i in range(3))
    spec = RecurrentSpec(directions=way, activations=(_activation(activation),))
    y = recurrent.rnn(use.b, x, RecurrentWeights(w, r, bias, _start(use, at + 3)), spec)
    keep(use, at + 3, y.last_h)
    return y


def _both(use: Use, ways: Sequence[Recurrent], merged: bool, first: bool) -> str | tuple[str, ...]:
    """Steps of both directions, side by side in one result or in one each."""
    if len(use.results) != (wanted := 1 if merged else len(ways)):
        raise Unsupported(f"it has {len(use.results)} results; expected {wanted}")
    values = [_flat(use, y) for y in ways]
    if merged:
        return _steps(use, movement.concat(use.b, values, 2), first)
    return tuple(_steps(use, value, first, number) for number, value in enumerate(values))


def _gates(use: Use, positions: Sequence[int]) -> np.ndarray:
    """Arrays of all gates one after the other, for one direction."""
    return stacked(use, positions, "float32")[None]


def _activation(code: int) -> str:
    if code not in ACTIVATIONS:
        raise Unsupported(f"its activation {code} is not none, relu or tanh")
    return ACTIVATIONS[code]


def _of_lstm(code: int) -> str:
    """Activation of the cell; without one the reference leaves the cell out of its result."""
    if code == 0:
        raise Unsupported("its activation none fails in the reference")
    return _activation(code)


def _start(use: Use, position: int) -> str:
    """Content of a state [batch, units] for one direction."""
    state = use.value(position)
    return movement.reshape(use.b, state, (1, *use.type(state).shape))


def _by_time(use: Use, first: bool) -> str:
    """x as [steps, batch, depth]."""
    x = use.value(0)
    if len(use.type(x).shape) != 3:
        raise Unsupported(f"its input is {use.type(x)}; expected three axes")
    return x if first else movement.transpose(use.b, x, (1, 0, 2))


def _flat(use: Use, y: Recurrent) -> str:
    """Steps of one direction, [steps, batch, units]."""
    count, _, batch, units = use.type(y.steps).shape
    return movement.reshape(use.b, y.steps, (count, batch, units))


def _steps(use: Use, value: str, first: bool, number: int = 0) -> str:
    """[steps, batch, units] as the file declares a result."""
    if not first:
        value = movement.transpose(use.b, value, (1, 0, 2))
    if use.operator.kind == "RNN":  # whose one step is no axis
        value = movement.squeeze(use.b, value, [1])
    return use.b.renamed(value, use.name_of(number))
