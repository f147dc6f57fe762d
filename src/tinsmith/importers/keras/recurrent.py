"""Recurrent layers of Keras and the wrappers around layers.

Kernels lie as [depth, gates * units] with gates i, f, c, o (LSTM) and z, r, h (GRU). A stateful
layer keeps h and c in states of the graph, which reset sets to zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.compose.recurrent import (
    GATES,
    Recurrent,
    RecurrentSpec,
    RecurrentWeights,
    gru,
    lstm,
    reordered,
    rnn,
)
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.activations import activation_name
from tinsmith.importers.keras.translate import Rule, Use

KINDS = {"SimpleRNN": "rnn", "GRU": "gru", "LSTM": "lstm"}
_OPS = {"rnn": rnn, "gru": gru, "lstm": lstm}


@dataclass(frozen=True)
class _Sequence:
    """One direction of a layer: its operation, settings and where its weights are."""

    op: str
    config: Mapping[str, Any]
    part: str
    backward: bool


def layer(use: Use) -> Sequence[str]:
    """SimpleRNN, GRU, LSTM."""
    config = use.config
    one = _Sequence(KINDS[use.layer.kind], config, "cell", bool(config.get("go_backwards", False)))
    x, *initial = use.operands
    found = _run(use, x, one, initial)
    results = [_result(use, found, one)]
    if one.backward and config.get("return_sequences"):
        results = [movement.flip(use.b, results[0], (1,))]
    if config.get("return_state"):
        results.append(_flat(use, found.last_h))
        results += [_flat(use, found.last_c)] if one.op == "lstm" else []
    return results


def bidirectional(use: Use) -> Sequence[str]:
    """The layer forwards and, with weights of its own, backwards; results at the same step meet."""
    inner = use.config["layer"]
    config = inner["config"]
    if inner["class_name"] not in KINDS or config.get("return_state"):
        raise Unsupported(f"the layer inside is {inner['class_name']!r}, or returns its state")
    op, sides = KINDS[inner["class_name"]], []
    for side, backward in (("forward", False), ("backward", True)):
        one = _Sequence(op, config, f"{side}_layer/cell", backward)
        sides.append(_result(use, _run(use, use.x, one, ()), one))
    mode = use.config.get("merge_mode", "concat")
    if mode is None:
        return sides
    if mode == "concat":
        return [movement.concat(use.b, sides, -1)]
    if mode not in ("sum", "mul", "ave"):
        raise Unsupported(f"merge_mode is {mode!r}")
    both = elementwise.binary(use.b, "mul" if mode == "mul" else "add", *sides)
    if mode == "ave":
        both = elementwise.binary(use.b, "mul", both, elementwise.scalar(use.b, both, 0.5))
    return [both]


def _run(use: Use, x: str, one: _Sequence, initial: Sequence[str]) -> Recurrent:
    """x [batch, steps, depth] through one direction."""
    config, b = one.config, use.b
    if config.get("unroll_input") or len(use.type(x).shape) != 3:
        raise Unsupported(f"its input is {use.type(x)}; expected [batch, steps, depth]")
    weights = _weights(use, one)
    directions: Literal["forward", "backward"] = "backward" if one.backward else "forward"
    spec = RecurrentSpec(
        directions, _activations(use, one), reset_after=bool(config.get("reset_after", False))
    )
    weights, kept = _start(use, one, weights, initial)
    steps = movement.transpose(b, x, (1, 0, 2))
    found = _OPS[one.op](b, steps, weights, spec)
    for state, value in zip(kept, (found.last_h, found.last_c), strict=False):
        b.update(state, value)
    return found


def _activations(use: Use, one: _Sequence) -> tuple[str, ...]:
    """Those of gates, candidate or cell, and result; hard sigmoids as this version of Keras has
    them."""
    old = use.t.document.version.startswith(("1.", "2."))
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    inner, gates = (activation_name(one.config.get(k, v)) for k, v in usual.items())
    order = {"rnn": (inner,), "gru": (gates, inner), "lstm": (gates, inner, inner)}[one.op]
    return tuple("hard_sigmoid_6" if n == "hard_sigmoid" and not old else n for n in order)


def _weights(use: Use, one: _Sequence) -> RecurrentWeights:
    biased = one.config.get("use_bias", True)
    names = ("kernel", "recurrent_kernel", *(("bias",) if biased else ()))
    found = use.weights(*names, part=one.part)
    arrays = {k: v.T[None] if v.ndim == 2 and k != "bias" else v for k, v in found.items()}
    if biased:
        arrays["bias"] = arrays["bias"].reshape(1, -1)
    if one.op == "lstm":
        arrays = {k: reordered(v, "ifco", "iofc", 1).astype(np.float32) for k, v in arrays.items()}
    w, r = (np.ascontiguousarray(arrays[k]) for k in names[:2])
    units = int(one.config["units"])
    if r.shape != (1, GATES[one.op] * units, units):
        raise Unsupported(f"its recurrent kernel has shape {r.shape} for {units} units")
    return RecurrentWeights(w, r, arrays.get("bias"))


def _start(
    use: Use, one: _Sequence, weights: RecurrentWeights, initial: Sequence[str]
) -> tuple[RecurrentWeights, list[str]]:
    """What h and c begin with: operands, states of the graph, or zeros."""
    roles = ("h", "c") if one.op == "lstm" else ("h",)
    units = int(one.config["units"])
    if initial:
        if len(initial) != len(roles):
            raise Unsupported(f"it has {len(initial)} initial states; expected {len(roles)}")
        given = [movement.reshape(use.b, v, (1, *use.type(v).shape)) for v in initial]
        return replace(weights, **dict(zip(roles, given, strict=True))), []
    if not one.config.get("stateful"):
        return weights, []
    zero = np.zeros((1, 1, units), np.float32)
    side = one.part.partition("_layer")[0] if "_layer" in one.part else "state"
    kept = [use.b.state(f"{use.name}_{side}_{role}", zero) for role in roles]
    return replace(weights, **dict(zip(roles, kept, strict=True))), kept


def _result(use: Use, found: Recurrent, one: _Sequence) -> str:
    """[batch, steps, units], or [batch, units] of the last step."""
    if not one.config.get("return_sequences"):
        return _flat(use, found.last_h)
    steps, _, batch, units = use.type(found.steps).shape
    every = movement.reshape(use.b, found.steps, (steps, batch, units))
    return movement.transpose(use.b, every, (1, 0, 2))


def _flat(use: Use, value: str) -> str:
    _, batch, units = use.type(value).shape
    return movement.reshape(use.b, value, (batch, units))


def time_distributed(use: Use) -> str:
    """A layer for every step: steps become the batch of the layer inside."""
    x = use.x
    batch, steps, *rest = use.type(x).shape
    folded = movement.reshape(use.b, x, (batch * steps, *rest))
    y = wrapped(use, folded)
    return movement.reshape(use.b, y, (batch, steps, *use.type(y).shape[1:]))


def wrapped(use: Use, x: str = "") -> str:
    """The layer inside of a wrapper, on x (the operand if empty)."""
    inner = use.config["layer"]
    rule = use.t.rules.get(inner["class_name"])
    if rule is None:
        raise Unsupported(f"the layer inside is {inner['class_name']!r}")
    folder = f"{use.layer.folder}/layer"
    here = replace(
        use.layer, kind=inner["class_name"], config=inner["config"], folder=folder, model=None
    )
    made = rule.translate(Use(use.t, here, [x or use.x]))
    return made if isinstance(made, str) else made[0]


RULES: Mapping[str, Rule] = {
    **{kind: Rule(layer, "dropout is the identity") for kind in KINDS},
    "Bidirectional": Rule(bidirectional, "SimpleRNN, GRU and LSTM; no returned states"),
    "TimeDistributed": Rule(time_distributed, "a layer with one result"),
}
"""Class of a layer -> its translation."""
