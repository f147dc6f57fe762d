"""Recurrent layers of float32: UNIDIRECTIONAL_SEQUENCE_LSTM, UNIDIRECTIONAL_SEQUENCE_RNN, RNN.

Their states are variable tensors, zeros at first, and last from run to run. Operands and options:
TensorFlow Lite, lite/kernels/{unidirectional_sequence_lstm,unidirectional_sequence_rnn,
basic_rnn}.cc, and its schema, version 3.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tinsmith.ir.compose import movement, recurrent
from tinsmith.ir.compose.recurrent import RecurrentSpec, RecurrentWeights
from tinsmith.ir.tflite.translate import Unsupported, Use

ACTIVATIONS: Mapping[int, str] = {0: "linear", 1: "relu", 4: "tanh"}
"""Code of a fused activation -> its name in `ir/compose`."""
_GATES = "ifco"
_EXTRA = {"peepholes": (9, 10, 11), "a projection": (16, 17), "normalised layers": (20, 21, 22, 23)}


def lstm(use: Use) -> str:
    """Operands: x, four weights, four recurrent weights (input, forget, cell, output gate), three
    peepholes, four biases, projection, output state, cell state. Options 0: the activation, 1:
    the bound of the cell, 3: whether time is the first axis."""
    for what, positions in _EXTRA.items():
        if any(use.tensor(p) is not None for p in positions):
            raise Unsupported(f"it has {what}")
    if not (clip := use.real_option(1)) >= 0:
        raise Unsupported(f"its clip is {clip}")
    if use.option(5):
        raise Unsupported("its recurrent weights are diagonal")
    if use.tensor(1) is None:
        raise Unsupported("its input gate is coupled with its forget gate")
    weights = RecurrentWeights(
        _gates(use, range(1, 5)), _gates(use, range(5, 9)), _gates(use, range(12, 16)),
        _start(use, 18), _start(use, 19),
    )  # fmt: skip
    activation = _activation(use.option(0))
    spec = RecurrentSpec(activations=("sigmoid", activation, activation), cell_clip=clip)
    first = bool(use.option(3))
    y = recurrent.lstm(use.b, _by_time(use, first), weights, spec)
    _keep(use, 18, y.last_h)
    _keep(use, 19, y.last_c)
    return _steps(use, y.steps, first)


def rnn(use: Use) -> str:
    """Operands: x, weights, recurrent weights, bias, state. Options 0: whether time is the first
    axis, 1: the activation; RNN, which takes one step, has the activation alone."""
    single = use.operator.kind == "RNN"
    first = not single and bool(use.option(0))
    weights = RecurrentWeights(
        use.weights(1, "float32")[None], use.weights(2, "float32")[None],
        use.weights(3, "float32")[None], _start(use, 4),
    )  # fmt: skip
    spec = RecurrentSpec(activations=(_activation(use.option(0 if single else 1)),))
    x = use.value(0)
    by_time = (
        movement.reshape(use.b, x, (1, *use.type(x).shape)) if single else _by_time(use, first)
    )
    y = recurrent.rnn(use.b, by_time, weights, spec)
    _keep(use, 4, y.last_h)
    return _steps(use, y.steps, first)


def _gates(use: Use, positions: Sequence[int]) -> np.ndarray:
    """Arrays of all gates one after the other, for one direction."""
    arrays = [use.weights(p, "float32") for p in positions]
    return recurrent.reordered(np.concatenate(arrays)[None], _GATES, "iofc", 1)


def _activation(code: int) -> str:
    if code not in ACTIVATIONS:
        raise Unsupported(f"its activation {code} is not none, relu or tanh")
    return ACTIVATIONS[code]


def _start(use: Use, position: int) -> str:
    """Content of a state [batch, units] for one direction."""
    state = use.value(position)
    return movement.reshape(use.b, state, (1, *use.type(state).shape))


def _keep(use: Use, position: int, value: str) -> None:
    state = use.given(position)
    use.t.variables.write(state, movement.reshape(use.b, value, state.shape))


def _by_time(use: Use, first: bool) -> str:
    """x as [steps, batch, depth]."""
    x = use.value(0)
    if len(use.type(x).shape) != 3:
        raise Unsupported(f"its input is {use.type(x)}; expected three axes")
    return x if first else movement.transpose(use.b, x, (1, 0, 2))


def _steps(use: Use, steps: str, first: bool) -> str:
    """[steps, 1, batch, units] as the file declares it."""
    count, _, batch, units = use.type(steps).shape
    y = movement.reshape(use.b, steps, (count, batch, units))
    if not first:
        y = movement.transpose(use.b, y, (1, 0, 2))
    return use.b.renamed(movement.reshape(use.b, y, use.wanted.shape), use.name)
