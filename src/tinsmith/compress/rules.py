"""How each op becomes integer: a table from op name to rule. An op without a rule stays float.

To quantise another op, add its rule to the table; borders, calibration and reports follow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinsmith.compress import layers
from tinsmith.compress.pointwise import Region, tabulated
from tinsmith.compress.ranges import dequantised, quant_of_range, quantised
from tinsmith.compress.rewrite import MOST_FACTOR, Rewriter
from tinsmith.compress.walks import only_user
from tinsmith.ir.graph import Node
from tinsmith.ir.op import OPS
from tinsmith.ir.ops._layout import around
from tinsmith.ir.ops._pool import MOST_PLACES
from tinsmith.ir.ops._softmax import MAX_CLASSES
from tinsmith.ir.ops.softmax import RESULT
from tinsmith.ir.types import Quant

MOST_STEP = 32767
"""Constant factors are held in 16 bits: times 255 they stay far below 2^31."""


@dataclass(frozen=True)
class Rule:
    """How one op becomes integer.

    Args:
        starts: the op begins an int8 region (worth a quantize in front); others only continue one.
        refusal: why this use stays float; empty where it can be integer.
        rewrite: appends the integer form to the new graph.
        clamps: the integer form takes in clamps that lie behind the op.
    """

    starts: bool
    refusal: Callable[[Rewriter, Node], str]
    rewrite: Callable[[Rewriter, Node], None]
    clamps: bool = False


def staying(rewriter: Rewriter, node: Node) -> str:
    """Why a node stays float; empty where it becomes integer: it has a rule that applies, and it
    starts a region or one of its operands is int8 already."""
    rule = rule_of(node.op)
    if rule is None:
        return f"there is no int8 form of {node.op}"
    if reason := rule.refusal(rewriter, node):
        return reason
    if any(rewriter.born_int8(i) for i in node.inputs) or _starts(rewriter, node):
        return ""
    return "none of its operands is int8"


def _starts(rewriter: Rewriter, node: Node) -> bool:
    """Whether a node begins an int8 region; moves do where such a node alone reads them: bytes are
    moved faster than floats."""
    while OPS.get(node.op).walk is not None:
        x, y = (rewriter.graph.type(v) for v in (node.inputs[0], node.outputs[0]))
        user = only_user(rewriter.graph, node.outputs[0])
        if user is None or user.inputs[0] != node.outputs[0] or x.elements != y.elements:
            return False  # a part is quantised by itself: its range may be smaller
        node = user
    rule = rule_of(node.op)
    return rule is not None and rule.starts and not rule.refusal(rewriter, node)


def table(rewriter: Rewriter, region: Region, node: Node) -> None:
    """A region as a table of 256 bytes."""
    x, quant = rewriter.int8(region.root), rewriter.quant(region.value)
    every = np.arange(-128, 128).astype(np.int8)
    y = tabulated(rewriter.graph, region, dequantised(every, rewriter.int8_quant(region.root)))
    real = np.nan_to_num(y.astype(np.float64))  # e.g. the logarithm of what was never seen
    entries = rewriter.builder.constant(f"{region.value}_table", quantised(real, quant), quant)
    shape = rewriter.graph.type(region.value).shape
    if rewriter.builder.type(x).shape != shape:
        rewriter.builder.stage = node.stage
        x = rewriter.builder.op("reshape", x, name=f"{region.value}_shaped", shape=shape)
    rewriter.append(node, "lookup", x, entries, quant=quant)


def _float(rewriter: Rewriter, node: Node) -> str:
    return (
        ""
        if rewriter.graph.type(node.inputs[0]).dtype == "float32"
        else "its operand is not float32"
    )


def _add_refusal(rewriter: Rewriter, node: Node) -> str:
    constant = all(i in rewriter.graph.constants for i in node.inputs)
    return "both operands are constants" if constant else _float(rewriter, node)


def _add(rewriter: Rewriter, node: Node) -> None:
    """Sum of two int8 tensors, each with its own scale; one may be a constant."""
    _sum(rewriter, node, [_operand(rewriter, i) for i in node.inputs])


def _sum(rewriter: Rewriter, node: Node, operands: list[str]) -> None:
    b = rewriter.builder
    steps = [(b.type(i).quant or Quant((1.0,), (0,))).scale[0] for i in operands]
    clamp = rewriter.clamp(node)
    quant = rewriter.quant(clamp.value, max(steps) / MOST_FACTOR)
    low, high = clamp.integers(quant)
    limits = {} if (low, high) == (-128, 127) else {"act_min": low, "act_max": high}
    rewriter.append(node, "add", *operands, quant=quant, **limits)


def _operand(rewriter: Rewriter, value: str) -> str:
    constant = rewriter.graph.constants.get(value)
    return rewriter.int8(value) if constant is None else _constant(rewriter, value, constant)


def _constant(rewriter: Rewriter, value: str, array: np.ndarray) -> str:
    """A constant as int8 with the range that it has."""
    low, high = min(0.0, float(array.min())), max(0.0, float(array.max()))
    quant = quant_of_range(low, high) if low < high else Quant((1.0,), (0,))
    return rewriter.builder.constant(f"{value}_int8", quantised(array, quant), quant)


def _sub(rewriter: Rewriter, node: Node) -> None:
    """x - b as a sum with -b: of a constant, or by a table."""
    x, b = (_operand(rewriter, node.inputs[0]), node.inputs[1])
    constant = rewriter.graph.constants.get(b)
    if constant is not None:
        negative = _constant(rewriter, b, -constant)
    else:
        quant = rewriter.int8_quant(b)
        steps = dequantised(np.arange(-128, 128).astype(np.int8), quant)
        mirrored = quant_of_range(-float(steps.max()), -float(steps.min()))
        entries = rewriter.builder.constant(f"{b}_negated", quantised(-steps, mirrored), mirrored)
        rewriter.builder.stage = node.stage
        negative = rewriter.builder.op("lookup", rewriter.int8(b), entries, name=f"{b}_negative")
    _sum(rewriter, node, [x, negative])


def _mul_refusal(rewriter: Rewriter, node: Node) -> str:
    constant = node.inputs[0] in rewriter.graph.constants
    return "its first operand is a constant" if constant else _float(rewriter, node)


def _mul(rewriter: Rewriter, node: Node) -> None:
    """Product of two int8 tensors in int32; a constant factor has 16 bits."""
    b, (first, second) = rewriter.builder, node.inputs
    x, scale = _centred(rewriter, node, first), rewriter.int8_quant(first).scale[0]
    constant = rewriter.graph.constants.get(second)
    if constant is None:
        y, other = _centred(rewriter, node, second), rewriter.int8_quant(second).scale[0]
    else:
        peak = float(np.abs(constant).max())
        other = peak / MOST_STEP if peak > 0 else 1.0
        steps = np.round(constant.astype(np.float64) / other).astype(np.int32)
        y = b.constant(f"{second}_steps", steps)
    b.stage = node.stage
    product = b.op("mul", x, y, name=f"{node.outputs[0]}_product")
    step = scale * other
    quant = rewriter.quant(rewriter.clamp(node).value, step / MOST_FACTOR)
    rewriter.requantized(node, product, np.array([step / quant.scale[0]]), quant)


def _centred(rewriter: Rewriter, node: Node, value: str) -> str:
    """int8 minus its zero point, in int32: a requantisation by exactly one."""
    b, x = rewriter.builder, rewriter.int8(value)
    factors = rewriter.factors(f"{value}_one", np.ones(1))
    b.stage = node.stage
    return b.op(
        "requantize", x, *factors, name=f"{value}_centred", rounding="double", zero_point=0,
        dtype="int32", act_min=-(2**31), act_max=2**31 - 1,
    )  # fmt: skip


def _concat(rewriter: Rewriter, node: Node) -> None:
    """Both operands are brought to the range of the whole."""
    quant = rewriter.quant(node.outputs[0])
    operands = [_at_scale(rewriter, node, i, quant) for i in node.inputs]
    rewriter.append(node, "concat", *operands, quant=quant, **node.attrs)


def _at_scale(rewriter: Rewriter, node: Node, value: str, quant: Quant) -> str:
    """The int8 form of a value with another scale."""
    constant, b = rewriter.graph.constants.get(value), rewriter.builder
    if constant is not None:
        return b.constant(f"{value}_int8", quantised(constant, quant), quant)
    x, own = rewriter.int8(value), rewriter.int8_quant(value)
    if own == quant:
        return x
    factors = rewriter.factors(f"{value}_joined", np.array([own.scale[0] / quant.scale[0]]))
    b.stage = node.stage
    return b.op(
        "requantize", x, *factors, name=f"{value}_joined", quant=quant, act_min=-128, act_max=127,
        rounding=rewriter.options.rounding, zero_point=quant.zero_point[0],
    )  # fmt: skip


def _concat_refusal(rewriter: Rewriter, node: Node) -> str:
    if all(i in rewriter.graph.constants for i in node.inputs):
        return "all operands are constants"
    return _float(rewriter, node)


def _same_scale(rewriter: Rewriter, node: Node) -> None:
    """Ops that only move or clamp integers: the result means the same as its first operand; other
    operands are constants."""
    x = rewriter.int8(node.inputs[0])
    others = [rewriter.float(i) for i in node.inputs[1:]]
    quant = rewriter.int8_quant(node.inputs[0])
    rewriter.append(node, node.op, x, *others, quant=quant, **node.attrs)


def _moving_refusal(rewriter: Rewriter, node: Node) -> str:
    constants = all(i in rewriter.graph.constants for i in node.inputs[1:])
    return _float(rewriter, node) if constants else "its indices are computed"


def _pool(rewriter: Rewriter, node: Node) -> None:
    """Poolings keep the scale of their operand."""
    x, quant = rewriter.int8(node.inputs[0]), rewriter.int8_quant(node.inputs[0])
    low, high = rewriter.clamp(node).integers(quant)
    attrs = {**node.attrs, "act_min": low, "act_max": high}
    rewriter.append(node, node.op, x, quant=quant, **attrs)


def _pad(rewriter: Rewriter, node: Node) -> None:
    """With the integer nearest to the value; zero is exact."""
    quant = rewriter.int8_quant(node.inputs[0])
    value = node.attrs["value"]
    assert isinstance(value, float)  # so says infer for float32
    attrs = {**node.attrs, "value": int(quantised(np.array([value]), quant)[0])}
    rewriter.append(node, "pad", rewriter.int8(node.inputs[0]), quant=quant, **attrs)


def _pad_refusal(rewriter: Rewriter, node: Node) -> str:
    return (
        _float(rewriter, node) if node.attrs["value"] == 0 else "it pads with another value than 0"
    )


def _reduce_refusal(rewriter: Rewriter, node: Node) -> str:
    x = rewriter.graph.type(node.inputs[0])
    axis = node.attrs["axis"]
    assert isinstance(axis, int)  # so says infer
    long = x.shape[axis] > MOST_PLACES
    return f"it runs over more than {MOST_PLACES} values" if long else _float(rewriter, node)


def _reduce(pooling: str, rewriter: Rewriter, node: Node) -> None:
    """Mean or maximum along one axis: a pooling over all of it."""
    b, shape = rewriter.builder, rewriter.graph.type(node.inputs[0]).shape
    x, quant = rewriter.int8(node.inputs[0]), rewriter.int8_quant(node.inputs[0])
    axis = node.attrs["axis"]
    assert isinstance(axis, int)  # so says infer
    outer, length, inner = around(shape, axis % len(shape))
    b.stage = node.stage
    x = b.op("reshape", x, name=f"{node.outputs[0]}_rows", shape=(outer, length, 1, inner))
    x = b.op(pooling, x, name=f"{node.outputs[0]}_pooled", size=(length, 1), stride=(1, 1))
    result = rewriter.graph.type(node.outputs[0]).shape
    rewriter.append(node, "reshape", x, quant=quant, shape=result)


def _softmax_refusal(rewriter: Rewriter, node: Node) -> str:
    """At the end of a network with float outputs int8 would only cost accuracy."""
    (value,) = node.outputs
    if rewriter.graph.type(value).shape[-1] > MAX_CLASSES:
        return f"its rows are longer than {MAX_CLASSES}"
    users = rewriter.graph.users(value)
    rules = [(rule_of(n.op), n) for n in users]
    known = all(rule is not None and not rule.refusal(rewriter, n) for rule, n in rules)
    wanted = bool(users) and known
    if not users:
        wanted = rewriter.options.io == "int8"
    return _float(rewriter, node) if wanted else "its result is wanted in float"


def _softmax(rewriter: Rewriter, node: Node) -> None:
    rewriter.append(node, "softmax", rewriter.int8(node.inputs[0]), quant=RESULT, beta=1.0)


_LAYER = Rule(True, layers.refusal, layers.rewrite, clamps=True)
CLAMP = Rule(False, _float, _same_scale)
"""Clamps that have an int8 kernel: fewer bytes than a table."""
_MOVING = Rule(False, _moving_refusal, _same_scale)
_POOL = Rule(False, _float, _pool, clamps=True)
_OWN: Mapping[str, Rule] = {
    "add": Rule(False, _add_refusal, _add, clamps=True),
    "sub": Rule(False, _add_refusal, _sub, clamps=True),
    "mul": Rule(False, _mul_refusal, _mul, clamps=True),
    "concat": Rule(False, _concat_refusal, _concat),
    "max_pool2d": _POOL,
    "avg_pool2d": _POOL,
    "reduce_mean": Rule(False, _reduce_refusal, partial(_reduce, "avg_pool2d")),
    "reduce_max": Rule(False, _reduce_refusal, partial(_reduce, "max_pool2d")),
    "pad": Rule(False, _pad_refusal, _pad),
    "softmax": Rule(False, _softmax_refusal, _softmax),
}
"""Ops whose integer form takes arithmetic of its own."""


def rule_of(name: str) -> Rule | None:
    """How an op becomes integer: by a form of its own, or by what it says of itself; None where it
    does not. (A function of one value needs no rule: it becomes a table.)"""
    if name in _OWN:
        return _OWN[name]
    op = OPS.get(name)
    if op.channel_axis is not None:
        return _LAYER
    if op.moves:
        return _MOVING
    clamps = op.limits is not None and "int8" in op.kernels
    return CLAMP if clamps else None
