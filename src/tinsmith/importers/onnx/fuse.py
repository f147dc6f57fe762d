"""Layers between DequantizeLinear and QuantizeLinear as layers of integers.

The pattern::

    DequantizeLinear of x, of w (and of a bias) -> Conv | Gemm | MatMul | Add
        -> Relu | Clip, or nothing -> QuantizeLinear

is how a quantised network is written in the QDQ format: by onnxruntime.quantization, PyTorch's
exporters after quantisation, and tf2onnx. The older QOperator format says the same in one node
(QLinearConv, QGemm, ...), which `operators/integers.py` takes apart into this pattern.

Why integers may do it: the real sum of (x - zx) sx (w - zw) sw over a window is sx sw times the sum
of (x - zx)(w - zw), which int32 holds without rounding up to a depth that is checked. One float32
factor, sx sw / sy, brings sums to steps of the result, halves to even: that is what ONNX defines
QLinearConv to compute and what ONNX Runtime makes of the pattern. A layer of float32 between the
conversions rounds every product and sum instead; the two may differ by one step of the result,
where a sum lies next to the middle between two.

Where a pattern does not fit, nodes stay what they are: real arithmetic between conversions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.layers import ConvSpec
from tinsmith.compose.pictures import channels_last, restored
from tinsmith.importers.onnx.parse import OpNode
from tinsmith.importers.onnx.quantised import HALF, held, like, real_array
from tinsmith.importers.onnx.state import Translation
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Real, Scale
from tinsmith.importers.onnx.windows import conv_spec
from tinsmith.ir.builder import Builder
from tinsmith.ir.ops.dense import MOST_BIAS, MOST_DEPTH_OFFSET
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant

_ACTIVATIONS = ("Relu", "Clip")


@dataclass(frozen=True)
class _Tail:
    """What follows a layer: an activation perhaps, and the conversion of its result.

    Conversions never turn the order of two numbers round, so limiting the integers to what the
    limits convert to is the same as limiting the reals before, to the last bit.
    """

    nodes: tuple[OpNode, ...]
    meaning: Scale
    low: float | None
    high: float | None

    def clamp(self) -> tuple[int, int]:
        """The range of the result's int8 values."""
        (scale,), (zero,) = self.meaning.quant().scale, self.meaning.quant().zero_point
        ends = []
        for bound, end in ((self.low, -HALF), (self.high, HALF - 1)):
            whole = (
                end if bound is None else int(np.rint(np.float32(bound) / np.float32(scale))) + zero
            )
            ends.append(max(-HALF, min(HALF - 1, whole)))
        return ends[0], ends[1]


def fused(t: Translation, node: OpNode) -> bool:
    """Translate a node together with the QuantizeLinear behind it; False where that cannot be."""
    layers = {"Conv": _conv, "Gemm": _gemm, "MatMul": _gemm, "Add": _add}
    if node.domain or node.kind not in layers or any(n not in t.values for n in node.inputs):
        return False
    tail = _tail(t, node)
    made = tail and layers[node.kind](t, node, tail)
    if not tail or not made:
        return False
    t.set(tail.nodes[-1].outputs[0], like(made, str(_int8(made)), tail.meaning).integers)
    t.done.update(id(n) for n in tail.nodes)
    return True


def _int8(real: Real) -> str:
    found = real.integers
    return found if isinstance(found, str) else found.flipped  # type: ignore[union-attr]


def _tail(t: Translation, node: OpNode) -> _Tail | None:
    """The nodes from a layer's result to its QuantizeLinear, if they are all that reads it: what
    another node or an output needs as a real number has to be computed as one."""
    nodes: list[OpNode] = []
    low, high, last = None, None, node
    while True:
        (out, *others), users = last.outputs, t.users.get(last.outputs[0], [])
        if len(users) != 1 or out in t.outputs or any(others) or users[0].inputs[0] != out:
            return None
        last = users[0]
        nodes.append(last)
        if last.kind == "QuantizeLinear" and not last.domain:
            meaning = _scale_of(t, last)
            return _Tail(tuple(nodes), meaning, low, high) if meaning else None
        if last.kind not in _ACTIVATIONS or last.domain or len(nodes) > 1:
            return None
        bounds = _bounds(t, last)
        if bounds is None:
            return None
        low, high = bounds


def _scale_of(t: Translation, node: OpNode) -> Scale | None:
    """One scale and zero point of 8 bits that are known already."""
    arrays = [t.values.get(n) for n in node.inputs[1:] if n]
    if not arrays or not all(isinstance(a, np.ndarray) and a.size == 1 for a in arrays):
        return None
    scale = np.asarray(arrays[0])
    zero = np.asarray(arrays[1]) if len(arrays) > 1 else np.zeros((), np.uint8)
    found = Scale(scale, zero, 0)
    fits = scale.dtype == np.float32 and zero.dtype in (np.int8, np.uint8)
    return found if fits and np.isfinite(scale).all() and scale.min() > 0 else None


def _bounds(t: Translation, node: OpNode) -> tuple[float | None, float | None] | None:
    if node.kind == "Relu":
        return 0.0, None
    found: list[float | None] = []
    for position, name in enumerate(("min", "max"), 1):
        operand = node.inputs[position] if position < len(node.inputs) else ""
        value = (
            t.values.get(operand, node.attributes.get(name))
            if operand or len(node.inputs) == 1
            else None
        )
        if operand and not (isinstance(value, np.ndarray) and value.size == 1):
            return None
        found.append(None if value is None else float(np.asarray(value).ravel()[0]))
    return found[0], found[1]


def _reals(t: Translation, node: OpNode) -> tuple[Real, Real] | None:
    """An activation of 8 bits and constant weights of 8 bits."""
    x, w = (t.values[n] for n in node.inputs[:2])
    if not isinstance(x, Real) or not isinstance(w, Real) or x.constant or not w.constant:
        return None
    weights = np.asarray(w.integers)
    return (x, w) if x.meaning.eight_bits and weights.dtype in (np.int8, np.uint8) else None


def _bias(t: Translation, node: OpNode, x: Real, w: Real, out: int) -> np.ndarray | None:
    """The bias as int32 in steps of scale of x * scale of w; None where it is too large or not
    known.

    Exporters store it so already, and then this changes nothing. One that is float32 is rounded to
    that step, the only one in which ONNX's integer layers take a bias.
    """
    if len(node.inputs) < 3 or not node.inputs[2]:
        return np.zeros(out, np.int32)
    value = t.values[node.inputs[2]]
    if isinstance(value, Real) and value.constant:
        value = real_array(value)
    if not isinstance(value, np.ndarray) or value.size not in (1, out):
        return None
    step = x.meaning.scale.astype(np.float64).reshape(()) * w.meaning.scale.astype(np.float64)
    whole = np.rint(np.broadcast_to(value.ravel(), out) / step.ravel())
    return whole.astype(np.int32) if np.abs(whole).max() <= MOST_BIAS else None


def _weights(w: Real, array: np.ndarray, axis: int) -> tuple[np.ndarray, Quant] | None:
    """int8 weights and their Quant, scales along ``axis``; None for several zero points.

    Of uint8 ones 128 is taken from weights and zero point alike, so their difference stays.
    """
    zero = np.unique(w.meaning.zero.astype(np.int64))
    offset = HALF if array.dtype == np.uint8 else 0
    if len(zero) != 1:
        return None
    scales = tuple(float(s) for s in w.meaning.scale.ravel())
    if not all(0 < s < float("inf") for s in scales):
        return None
    point = (int(zero[0]) - offset,) * len(scales)
    moved = (array.astype(np.int16) - offset).astype(np.int8)
    return np.ascontiguousarray(moved), Quant(scales, point, axis if len(scales) > 1 else None)


def conv_sums(
    b: Builder, x: Real, w: Real, bias: np.ndarray | None, spec: ConvSpec
) -> tuple[str, tuple[int, ...]] | None:
    """int32 sums of a convolution over lines or pictures, channels last; and the spatial lengths.
    None where no operation of integers fits."""
    integers, kernel = held(b, x), np.asarray(w.integers)
    if integers is None or kernel.ndim not in (3, 4):
        return None
    batch, channels, *lengths = b.type(integers).shape
    out, depth, *size = kernel.shape
    kernel = kernel.reshape(out, depth, *([1] * (2 - len(size))), *size).transpose(0, 2, 3, 1)
    deep = spec.groups == channels > 1 and depth == 1
    if kernel[0].size > MOST_DEPTH_OFFSET or depth * spec.groups != channels:
        return None
    made = _weights(w, kernel.transpose(3, 1, 2, 0) if deep else kernel, 3 if deep else 0)
    if made is None:
        return None
    flat = (1,) * (2 - len(lengths))
    picture = channels_last(b, integers, "channels_first", (batch, *flat, *lengths, channels))
    none = ((0, 0),) * len(flat)
    pads = (*none, *spec.padding)
    attrs: dict[str, Any] = {
        "stride": (*flat, *spec.stride),
        "dilation": (*flat, *spec.dilation),
        "padding": tuple(int(v) for pair in pads for v in pair),
    }
    if deep:
        attrs["multiplier"] = out // channels
    whole = np.zeros(out, np.int32) if bias is None else bias
    op = "depthwise_conv2d" if deep else "conv2d"
    weights = b.constant("weight", *made), b.constant("bias", whole)
    sums = b.op(op, picture, *weights, **attrs)
    return sums, b.type(sums).shape[1:3][len(flat) :]


def restored_pictures(b: Builder, value: str, lengths: Sequence[int], name: str) -> str:
    """Channels first again."""
    return b.renamed(restored(b, value, "channels_first", lengths), name)


def _requantised(b: Builder, sums: str, x: Real, w: Real, tail: _Tail) -> str:
    """Sums as integers of the result: float32 factors, halves to even."""
    factors = x.meaning.scale.reshape(()) * w.meaning.scale / tail.meaning.scale.reshape(())
    multiplier, shift = multipliers(np.atleast_1d(factors.astype(np.float32)).tolist())
    quant, (low, high) = tail.meaning.quant(), tail.clamp()
    return b.op(
        "requantize", sums, b.constant("multiplier", multiplier), b.constant("shift", shift),
        quant=quant, rounding="onnx", zero_point=quant.zero_point[0], act_min=low, act_max=high,
    )  # fmt: skip


def _conv(t: Translation, node: OpNode, tail: _Tail) -> Real | None:
    found = _reals(t, node)
    if not found or not _along_outputs(found[1], 0) or not _moderate(found, tail):
        return None
    (x, w), use = found, Use(t, node)
    bias = _bias(t, node, x, w, use.shape(1)[0])
    if bias is None or len(use.shape(0)) > 4:
        return None
    sums = conv_sums(t.b, x, w, bias, conv_spec(use, use.shape(0), use.shape(1)))
    if sums is None:
        return None
    made = _requantised(t.b, sums[0], x, w, tail)
    return like(x, restored_pictures(t.b, made, sums[1], use.name), tail.meaning)


def _along_outputs(w: Real, axis: int) -> bool:
    return w.meaning.per_tensor or w.meaning.axis == axis


def _moderate(found: tuple[Real, Real], tail: _Tail) -> bool:
    """Whether all factors are normal numbers that `requantize` takes."""
    x, w = found
    with np.errstate(all="ignore"):
        factors = x.meaning.scale.reshape(()) * w.meaning.scale / tail.meaning.scale.reshape(())
    return bool(np.all((factors > 1e-9) & (factors < 2.0**20)))


def _gemm(t: Translation, node: OpNode, tail: _Tail) -> Real | None:
    """Gemm without factors, or MatMul, of a matrix of weights."""
    found, use = _reals(t, node), Use(t, node)
    plain = use.number("alpha", 1.0) == use.number("beta", 1.0) == 1.0
    if not found or not plain or use.integer("transA", 0) or len(use.shape(1)) != 2:
        return None
    (x, w), turned = found, bool(use.integer("transB", 0))
    axis = 0 if turned else 1
    shape, array = use.shape(0), np.asarray(w.integers)
    array = array if turned else array.T
    if not _along_outputs(w, axis) or not _moderate(found, tail) or len(shape) < 2:
        return None
    bias, made = _bias(t, node, x, w, len(array)), _weights(w, array, 0)
    integers = held(t.b, x)
    if bias is None or made is None or integers is None or array.shape[1] > MOST_DEPTH_OFFSET:
        return None
    rows = movement.reshape(t.b, integers, (-1, array.shape[1]))
    sums = t.b.op("dense", rows, t.b.constant("weight", *made), t.b.constant("bias", bias))
    y = _requantised(t.b, sums, x, w, tail)
    return like(
        x, t.b.renamed(movement.reshape(t.b, y, (*shape[:-1], len(array))), use.name), tail.meaning
    )


def _add(t: Translation, node: OpNode, tail: _Tail) -> Real | None:
    """Sums of two tensors of one shape, as residual networks have them.

    The op brings both to one finer step before it adds; that step holds them where their scales do
    not lie too far apart, which is checked.
    """
    x, y = (t.values[n] for n in node.inputs)
    if not isinstance(x, Real) or not isinstance(y, Real) or x.constant or y.constant:
        return None
    left, right = held(t.b, x), held(t.b, y)
    if left is None or right is None or t.b.type(left).shape != t.b.type(right).shape:
        return None
    low, high = tail.clamp()
    scales = [float(r.meaning.scale.reshape(())) for r in (x, y)]
    if max(scales) / min(scales) > 2.0**10 or max(scales) > 2.0**10 * float(
        tail.meaning.scale.reshape(())
    ):
        return None
    made = t.b.op("add", left, right, quant=tail.meaning.quant(), act_min=low, act_max=high)
    return like(x, made, tail.meaning)
