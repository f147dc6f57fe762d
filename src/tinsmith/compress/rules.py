"""How each op becomes integer: a table from op name to rule. An op without a rule stays float.

To quantise another op, add its rule to the table; borders, calibration and reports follow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.compress.ranges import weight_quant
from tinsmith.compress.rewrite import Rewriter
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.ops.dense import MOST_BIAS, MOST_DEPTH
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant


@dataclass(frozen=True)
class Rule:
    """How one op becomes integer.

    Args:
        starts: the op begins an int8 region (worth a quantize in front); others only continue one.
        applies: whether this use can be integer.
        rewrite: appends the integer form to the new graph.
    """

    starts: bool
    applies: Callable[[Graph, Node], bool]
    rewrite: Callable[[Rewriter, Node], None]


def quantisable(rewriter: Rewriter, node: Node) -> bool:
    """Whether a node becomes integer: it has a rule that applies, and it starts a region or one of
    its operands is int8 already."""
    rule = RULES.get(node.op)
    if rule is None or not rule.applies(rewriter.graph, node):
        return False
    return rule.starts or any(rewriter.has_int8(i) for i in node.inputs)


def _dense_applies(graph: Graph, node: Node) -> bool:
    x, w, b = node.inputs
    return (
        graph.type(x).dtype == "float32"
        and w in graph.constants
        and b in graph.constants
        and graph.type(w).shape[1] <= MOST_DEPTH
    )


def _dense(rewriter: Rewriter, node: Node) -> None:
    """int8 x int8 + int32 -> int32, then requantize; a relu behind it becomes its lower clamp."""
    graph, b = rewriter.graph, rewriter.builder
    x = rewriter.int8(node.inputs[0])
    relu = _only_relu_behind(graph, node)
    result = relu.outputs[0] if relu else node.outputs[0]
    x_scale = _per_tensor(b.type(x).quant).scale[0]
    weights = graph.constants[node.inputs[1]].astype(np.float64)
    bias = graph.constants[node.inputs[2]].astype(np.float64)
    wq, out = weight_quant(weights, bias, x_scale), rewriter.quant(result)
    scales = np.asarray(wq.scale)
    w8 = np.clip(np.round(weights / scales[:, None]), -127, 127).astype(np.int8)
    b32 = np.clip(np.round(bias / (x_scale * scales)), -MOST_BIAS, MOST_BIAS).astype(np.int32)
    b.stage = node.stage
    total = b.op(
        "dense", x, b.constant(node.inputs[1], w8, wq), b.constant(node.inputs[2], b32),
        name=f"{node.outputs[0]}_sum",
    )  # fmt: skip
    factors = x_scale * scales / out.scale[0]
    low = out.zero_point[0] if relu else -128
    meaning = _Meaning(result, out, low)
    rewriter.set_int8(result, _requantize(rewriter, total, factors, meaning))


@dataclass(frozen=True)
class _Meaning:
    """What a requantised result is: which float value, its scale, its lower clamp."""

    value: str
    quant: Quant
    low: int


def _requantize(rewriter: Rewriter, total: str, factors: np.ndarray, meaning: _Meaning) -> str:
    """int32 sums to int8; ``onnx`` multiplies by a float32, which the multiplier then holds."""
    b = rewriter.builder
    if rewriter.rounding == "onnx":
        factors = factors.astype(np.float32)
    multiplier, shift = multipliers([float(f) for f in factors])
    operands = [
        b.constant(f"{meaning.value}_multiplier", multiplier),
        b.constant(f"{meaning.value}_shift", shift),
    ]
    return b.op(
        "requantize", total, *operands, name=f"{meaning.value}_int8", quant=meaning.quant,
        rounding=rewriter.rounding, zero_point=meaning.quant.zero_point[0], act_min=meaning.low,
        act_max=127,
    )  # fmt: skip


def _only_relu_behind(graph: Graph, node: Node) -> Node | None:
    """The relu that alone reads a node's result, if it does."""
    value = node.outputs[0]
    users = graph.users(value)
    kept = value in graph.outputs or any(s.next == value for s in graph.states)
    return users[0] if len(users) == 1 and users[0].op == "relu" and not kept else None


def _add_applies(graph: Graph, node: Node) -> bool:
    first, second = (graph.type(i) for i in node.inputs)
    constant = any(i in graph.constants for i in node.inputs)
    return first.dtype == "float32" and first.shape == second.shape and not constant


def _add(rewriter: Rewriter, node: Node) -> None:
    """Sum of two int8 activations, each with its own scale."""
    operands = [rewriter.int8(i) for i in node.inputs]
    (value,) = node.outputs
    rewriter.builder.stage = node.stage
    quant = rewriter.quant(value)
    rewriter.set_int8(
        value, rewriter.builder.op("add", *operands, name=f"{value}_int8", quant=quant)
    )


def _same_scale(rewriter: Rewriter, node: Node) -> None:
    """Ops that only move or clamp integers: the result means the same as its operand."""
    x = rewriter.int8(node.inputs[0])
    (value,) = node.outputs
    rewriter.builder.stage = node.stage
    name = rewriter.builder.op(
        node.op, x, name=f"{value}_int8", quant=rewriter.builder.type(x).quant, **node.attrs
    )
    rewriter.set_int8(value, name)


def _per_tensor(quant: Quant | None) -> Quant:
    if quant is None or quant.axis is not None:
        raise ValueError("an int8 activation needs one scale")
    return quant


def _always(graph: Graph, node: Node) -> bool:
    return graph.type(node.inputs[0]).dtype == "float32"


RULES: Mapping[str, Rule] = {
    "dense": Rule(True, _dense_applies, _dense),
    "add": Rule(False, _add_applies, _add),
    "relu": Rule(False, _always, _same_scale),
    "reshape": Rule(False, _always, _same_scale),
    "transpose": Rule(False, _always, _same_scale),
    "slice": Rule(False, _always, _same_scale),
}
