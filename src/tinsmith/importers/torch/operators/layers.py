"""What aten's layers become through `compose`: convolutions, poolings, norms, recurrence."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement, norms, recurrent
from tinsmith.compose.layers import (
    ConvSpec,
    PoolSpec,
    conv,
    conv_transpose,
    pool,
    same_padding,
)
from tinsmith.compose.recurrent import RecurrentSpec, RecurrentWeights, reordered
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import Rule, Translation, Value, arguments


def _each(given: Any, count: int, default: int) -> tuple[int, ...]:
    """A number per spatial axis; torch writes one, several or none."""
    listed = [given] if isinstance(given, int) else list(given or [])
    listed = listed or [default]
    return tuple(int(v) for v in (listed * count if len(listed) == 1 else listed))


def _array(t: Translation, argument: Any, what: str) -> np.ndarray | None:
    if argument is None:
        return None
    found = t.read(argument)
    if not isinstance(found, np.ndarray):
        raise Unsupported(f"its {what} is no constant")
    return found


def convolution(t: Translation, node: Any) -> Value:
    """conv1d, conv2d, conv3d, channels first; padding by numbers, "same" or "valid"."""
    given, x = arguments(node), t.activation(node.args[0])
    w, bias = _array(t, given["weight"], "weight"), _array(t, given["bias"], "bias")
    assert w is not None
    count = w.ndim - 2
    stride, dilation = _each(given["stride"], count, 1), _each(given["dilation"], count, 1)
    padding: Any = given["padding"]
    if padding == "same":
        pads = same_padding(t.shape(x)[2:], w.shape[2:], stride, dilation)
    else:
        sides = _each(0 if padding == "valid" else padding, count, 0)
        pads = tuple((p, p) for p in sides)
    spec = ConvSpec(stride, pads, dilation, int(given["groups"]))
    return conv(t.builder, x, w, bias, spec)


def transposed(t: Translation, node: Any) -> Value:
    """conv_transpose1d, 2d, 3d, channels first."""
    given, x = arguments(node), t.activation(node.args[0])
    w, bias = _array(t, given["weight"], "weight"), _array(t, given["bias"], "bias")
    assert w is not None
    count = w.ndim - 2
    pads = tuple((p, p) for p in _each(given["padding"], count, 0))
    spec = ConvSpec(
        _each(given["stride"], count, 1), pads, _each(given["dilation"], count, 1),
        int(given["groups"]), output_padding=_each(given["output_padding"], count, 0),
    )  # fmt: skip
    return conv_transpose(t.builder, x, w, bias, spec)


def pooling(kind: str, count: int) -> Rule:
    """max_pool and avg_pool, channels first."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        size, divisor = _each(given["kernel_size"], count, 1), given.get("divisor_override")
        if divisor is not None and given["ceil_mode"]:
            raise Unsupported("divisor_override with ceil_mode")
        spec = PoolSpec(
            size, _each(given["stride"] or size, count, 1),
            tuple((p, p) for p in _each(given["padding"], count, 0)),
            _each(given.get("dilation"), count, 1), bool(given["ceil_mode"]),
            divisor is not None or bool(given.get("count_include_pad", False)),
        )  # fmt: skip
        y = pool(t.builder, kind, x, spec)
        if divisor is None:
            return y
        scale = elementwise.scalar(t.builder, y, prod(size) / divisor)
        return elementwise.binary(t.builder, "mul", y, scale)

    return rule


def batch_norm(t: Translation, node: Any) -> Value:
    """Running statistics along axis 1; where there are none, those of x, whose batch is 1."""
    given, x = arguments(node), t.activation(node.args[0])
    if given["running_mean"] is None and given["running_var"] is None:
        return _own_moments(t, given)
    found = [_array(t, given[k], k) for k in ("running_mean", "running_var", "weight", "bias")]
    if found[0] is None or found[1] is None:
        raise Unsupported("it has no running statistics")
    moments, affine = (found[0], found[1]), (found[2], found[3])
    return norms.batch_norm(t.builder, x, moments, affine, float(given["eps"]))


def batch_norm_decomposed(t: Translation, node: Any) -> Any:
    """What torch makes of batch_norm where it decomposes: the value, and statistics that nothing
    reads."""
    return (batch_norm(t, node),)


def layer_norm(t: Translation, node: Any) -> Value:
    """Over the last axes."""
    given, x = arguments(node), t.activation(node.args[0])
    axes = range(-len(given["normalized_shape"]), 0)
    affine = _array(t, given["weight"], "weight"), _array(t, given["bias"], "bias")
    return norms.layer_norm(t.builder, x, affine, tuple(axes), float(given["eps"]))


def group_norm(t: Translation, node: Any) -> Value:
    """Groups of channels along axis 1."""
    given, x = arguments(node), t.activation(node.args[0])
    affine = _array(t, given["weight"], "weight"), _array(t, given["bias"], "bias")
    return norms.group_norm(t.builder, x, int(given["num_groups"]), affine, float(given["eps"]))


def instance_norm(t: Translation, node: Any) -> Value:
    """Moments of each channel of x, or running ones."""
    given = arguments(node)
    if not given["use_input_stats"]:
        return batch_norm(t, node)
    return _own_moments(t, given)


def _own_moments(t: Translation, given: dict[str, Any]) -> str:
    affine = _array(t, given["weight"], "weight"), _array(t, given["bias"], "bias")
    return norms.instance_norm(t.builder, t.activation(given["input"]), affine, float(given["eps"]))


def rms_norm(t: Translation, node: Any) -> Value:
    """Over the last axes; epsilon is float32's where none is given."""
    given, x = arguments(node), t.activation(node.args[0])
    axes = tuple(range(-len(given["normalized_shape"]), 0))
    epsilon = given["eps"] if given["eps"] is not None else float(np.finfo(np.float32).eps)
    return norms.rms_norm(t.builder, x, _array(t, given["weight"], "weight"), axes, epsilon)


_CALLS: Mapping[str, Any] = {
    "lstm": recurrent.lstm, "gru": recurrent.gru, "rnn_tanh": recurrent.rnn,
    "rnn_relu": recurrent.rnn,
}  # fmt: skip
_GATES = {"lstm": ("ifco", "iofc"), "gru": ("rzh", "zrh")}


def recurrence(kind: str) -> Rule:
    """lstm, gru, rnn over layers and directions; torch's gates are i, f, g, o and r, z, n."""

    def rule(t: Translation, node: Any) -> Any:
        given = arguments(node)
        b, x = t.builder, t.activation(given["input"])
        first = bool(given["batch_first"])
        x = movement.transpose(b, x, (1, 0, 2)) if first else x
        starts = given["hx"] if kind == "lstm" else [given["hx"]]
        found = [t.activation(s) for s in starts]
        directions = 2 if given["bidirectional"] else 1
        each = len(given["params"]) // int(given["num_layers"])
        if each not in (2 * directions, 4 * directions):
            raise Unsupported("its results are projected (proj_size)")
        ends: list[tuple[str, ...]] = []
        for number in range(int(given["num_layers"])):
            params = given["params"][number * each : (number + 1) * each]
            at = [movement.cut(b, s, 0, number * directions, directions) for s in found]
            x, *last = _one(t, kind, x, _weights(t, kind, params, at))
            ends.append(tuple(last))
        y = movement.transpose(b, x, (1, 0, 2)) if first else x
        joined = [movement.concat(b, list(parts), 0) for parts in zip(*ends, strict=True)]
        return (y, *joined[: len(found)])

    return rule


def _weights(
    t: Translation, kind: str, params: Sequence[Any], at: Sequence[str]
) -> tuple[RecurrentWeights, int]:
    biased = len(params) in (4, 8)
    per = 4 if biased else 2
    sides = [params[i : i + per] for i in range(0, len(params), per)]
    stacked = []
    for role in range(per):
        arrays = []
        for side in sides:
            array = _array(t, side[role], "weight")
            assert array is not None
            arrays.append(reordered(array, *_GATES[kind], 0) if kind in _GATES else array)
        stacked.append(np.stack(arrays).astype(np.float32))
    bias = np.concatenate(stacked[2:], 1) if biased else None
    c = at[1] if kind == "lstm" else None
    return RecurrentWeights(stacked[0], stacked[1], bias, at[0], c), len(sides)


def _one(
    t: Translation, kind: str, x: str, layer: tuple[RecurrentWeights, int]
) -> tuple[str, str, str]:
    """One layer: h of all steps [steps, batch, directions * units], last h, last c."""
    weights, directions = layer
    names = ("relu",) if kind == "rnn_relu" else ()
    spec = RecurrentSpec("both" if directions == 2 else "forward", names, reset_after=True)
    found = _CALLS[kind](t.builder, x, weights, spec)
    steps, d, batch, units = t.shape(found.steps)
    y = movement.transpose(t.builder, found.steps, (0, 2, 1, 3))
    y = movement.reshape(t.builder, y, (steps, batch, d * units))
    return y, found.last_h, found.last_c


TABLE: Mapping[str, Rule] = {
    **{f"aten.conv{n}d.{kind}": convolution for n in (1, 2, 3) for kind in ("default", "padding")},
    "aten.conv_transpose1d.default": transposed,
    "aten.conv_transpose2d.input": transposed,
    "aten.conv_transpose3d.input": transposed,
    **{f"aten.max_pool{n}d.default": pooling("max", n) for n in (1, 2, 3)},
    **{f"aten.avg_pool{n}d.default": pooling("avg", n) for n in (1, 2, 3)},
    "aten.batch_norm.default": batch_norm,
    "aten._native_batch_norm_legit_no_training.default": batch_norm_decomposed,
    "aten.layer_norm.default": layer_norm,
    "aten.group_norm.default": group_norm,
    "aten.instance_norm.default": instance_norm,
    "aten.rms_norm.default": rms_norm,
    **{f"aten.{kind}.input": recurrence(kind) for kind in _CALLS},
}
"""Torch's name of a layer -> its translation."""
