"""LSTM, GRU and RNN over whole sequences.

Source: ONNX operators (onnx/docs/Operators.md), version 7 and later.
"""

from collections.abc import Callable

from tinsmith.compose import movement
from tinsmith.compose.recurrent import (
    Recurrent,
    RecurrentSpec,
    RecurrentWeights,
    gru,
    lstm,
    rnn,
)
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.peepholes import peephole_lstm
from tinsmith.importers.onnx.use import Use

FLOAT = ("float32",)
_DIRECTIONS = {"forward": "forward", "reverse": "backward", "bidirectional": "both"}
_NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "hardsigmoid": "hard_sigmoid"}
"""Activations of ONNX in small letters -> ours."""


def _spec(use: Use) -> RecurrentSpec:
    direction = _DIRECTIONS.get(use.text("direction", "forward"))
    if direction is None:
        raise Unsupported(f"its direction is {use.text('direction')!r}")
    if use.given("activation_alpha") or use.given("activation_beta"):
        raise Unsupported("its activations have parameters (activation_alpha, activation_beta)")
    if use.integer("input_forget", 0):
        raise Unsupported("its attribute input_forget is 1")
    return RecurrentSpec(
        direction,  # type: ignore[arg-type]
        _activations(use, 2 if direction == "both" else 1),
        use.number("clip", 0.0),
        bool(use.integer("linear_before_reset", 0)),
    )


def _activations(use: Use, directions: int) -> tuple[str, ...]:
    """Those of one direction; both must have the same."""
    given = use.texts("activations", ())
    names = tuple(_NAMES.get(a.lower(), a) for a in given)
    each = len(names) // directions
    if names[:each] * directions != names:
        raise Unsupported(f"its directions have different activations {given}")
    return names[:each]


def _full(use: Use, steps: int, batch: int) -> None:
    """Sequences are all as long as the tensor."""
    if not use.has(4):
        return
    lengths = use.whole(4)
    if lengths != (steps,) * batch:
        raise Unsupported(f"its sequences have lengths {lengths}; expected {steps} each")


def _recurrent(layer: Callable[..., Recurrent], states: int) -> Callable[[Use], list[str | None]]:
    def translate(use: Use) -> list[str | None]:
        b, x, batch_first = use.b, use.value(0, *FLOAT), bool(use.integer("layout", 0))
        starts = [use.weights(i) if use.has(i) else None for i in (5, 6)][:states]
        if batch_first:
            x = movement.transpose(b, x, (1, 0, 2))
            starts = [_turned(use, s) for s in starts]
        steps, batch, _ = b.type(x).shape
        _full(use, steps, batch)
        if use.has(7):
            _spec(use)
            named = [s if s is None or isinstance(s, str) else use.constant_of(s) for s in starts]
            made = peephole_lstm(use, x, named)
            return [_as_wanted(use, r, i, batch_first) for i, r in enumerate(made)]
        bias = use.weights(3) if use.has(3) else None
        weights = RecurrentWeights(use.weights(1), use.weights(2), bias, *starts)
        found = layer(b, x, weights, _spec(use), name=use.name)
        results = [found.steps, found.last_h, found.last_c][: states + 1]
        return [_as_wanted(use, r, i, batch_first) for i, r in enumerate(results)]

    return translate


def _turned(use: Use, start: object) -> str | None:
    """[batch, directions, units] -> [directions, batch, units]"""
    if start is None:
        return None
    name = start if isinstance(start, str) else use.constant_of(start)  # type: ignore[arg-type]
    return movement.transpose(use.b, name, (1, 0, 2))


def _as_wanted(use: Use, value: str | None, position: int, batch_first: bool) -> str | None:
    """All steps [steps, directions, batch, units] or last ones [directions, batch, units]; with the
    batch in front for layout 1."""
    if value is None or not use.wants(position) or not batch_first:
        return value
    return movement.transpose(use.b, value, (2, 0, 1, 3) if position == 0 else (1, 0, 2))


_NOTE = "full sequences, activations without parameters"
OPERATORS = (
    Operator("LSTM", _recurrent(lstm, 2), FLOAT, note=_NOTE),
    Operator("GRU", _recurrent(gru, 1), FLOAT, note=_NOTE),
    Operator("RNN", _recurrent(rnn, 1), FLOAT, note=_NOTE),
)
