"""Layers with weights in int8: weights symmetric per channel, int32 sums that cannot overflow."""

from dataclasses import dataclass
from math import prod

import numpy as np

from tinsmith.compress.ranges import weight_quant
from tinsmith.compress.rewrite import MOST_FACTOR, Rewriter
from tinsmith.ir.graph import Node
from tinsmith.ir.op import OPS
from tinsmith.ir.ops.dense import MOST_BIAS, MOST_DEPTH
from tinsmith.ir.types import Quant


def refusal(rewriter: Rewriter, node: Node) -> str:
    """Why a layer stays float; empty where it need not."""
    graph = rewriter.graph
    x, w, b = node.inputs
    if graph.type(x).dtype != "float32" or w not in graph.constants or b not in graph.constants:
        return "its weights and bias are not constants of float32"
    shape = graph.type(w).shape
    depth = prod(shape) // shape[_channel_axis(node)]
    if depth > MOST_DEPTH:  # MOST_DEPTH * 255 * 127 and a bias of MOST_BIAS stay below 2^31
        return f"its sums of {depth} products could leave int32; at most {MOST_DEPTH} fit"
    return ""


def _channel_axis(node: Node) -> int:
    axis = OPS.get(node.op).channel_axis
    assert axis is not None  # the rule of layers is asked of no other op
    return axis


@dataclass(frozen=True)
class _Weights:
    """Integers of a layer: weights and bias, and what a step of each channel's weights means."""

    w: np.ndarray
    b: np.ndarray
    quant: Quant


def _quantised(w: np.ndarray, bias: np.ndarray, axis: int, x_scale: float) -> _Weights:
    """Weights in -127..127 and a bias within +-MOST_BIAS, per channel along an axis of w."""
    rows = np.moveaxis(w.astype(np.float64), axis, 0)
    found = weight_quant(rows.reshape(len(rows), -1), bias, x_scale)
    scales = np.asarray(found.scale)
    steps = np.round(rows / scales.reshape(-1, *[1] * (rows.ndim - 1)))
    w8 = np.moveaxis(np.clip(steps, -127, 127).astype(np.int8), 0, axis)
    b32 = np.clip(np.round(bias / (x_scale * scales)), -MOST_BIAS, MOST_BIAS).astype(np.int32)
    quant = Quant(found.scale, found.zero_point, axis)
    return _Weights(np.ascontiguousarray(w8), b32, quant)


def rewrite(rewriter: Rewriter, node: Node) -> None:
    """int8 x int8 + int32 -> int32, then requantize; clamps behind it become its own."""
    graph, b = rewriter.graph, rewriter.builder
    x, w, bias = node.inputs
    x8, x_scale = rewriter.int8(x), rewriter.int8_quant(x).scale[0]
    made = _quantised(
        graph.constants[w], graph.constants[bias].astype(np.float64), _channel_axis(node), x_scale
    )
    b.stage = node.stage
    weights = b.constant(w, made.w, made.quant)
    rewriter.weights[weights] = w
    total = b.op(
        node.op, x8, weights, b.constant(bias, made.b), name=f"{node.outputs[0]}_sum", quant=None,
        **node.attrs,
    )  # fmt: skip
    steps = x_scale * np.asarray(made.quant.scale)
    out = rewriter.quant(rewriter.clamp(node).value, float(steps.max()) / MOST_FACTOR)
    rewriter.requantized(node, total, steps / out.scale[0], out)
