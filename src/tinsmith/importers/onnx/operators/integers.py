"""Quantised operators: conversions, products of integers, and the layers of com.microsoft.

A QLinear operator is what DequantizeLinear, the layer itself and QuantizeLinear make together; it
is translated as those three, which `fuse.py` turns into a layer of integers where it can.

Sources: ONNX operators (onnx/docs/Operators.md); ONNX Runtime, docs/ContribOperators.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary, cast, clip, unary
from tinsmith.compose.layers import matmul
from tinsmith.compose.reduction import reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.fuse import conv_sums, restored_pictures
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import OpNode, dtype_name
from tinsmith.importers.onnx.quantised import along, quantised, real_of
from tinsmith.importers.onnx.refusal import NotConstant
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Chosen, Items, Maps, Real, Scale, Unsigned, Value
from tinsmith.importers.onnx.windows import conv_spec

BYTES = ("int8", "uint8")
INTEGERS = ("int8", "uint8", "int16", "int32")
MICROSOFT = "com.microsoft"
_WIDENED = {"int4": "int8", "uint4": "uint8", "int2": "int8", "uint2": "uint8"}
"""Integers of constants that have fewer than 8 bits -> what holds them."""


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(_WIDENED.get(array.dtype.name, array.dtype))


def scale_at(use: Use, at: int, zero_dtype: str) -> Scale:
    """The Scale that operands ``at`` and ``at + 1`` (may be left out) give."""
    scale = use.constant(at)
    if scale.dtype != np.float32:
        raise Unsupported(f"its scale is {scale.dtype}")
    if use.integer("block_size", 0):
        raise Unsupported("it is quantised in blocks")
    given = use.constant(at + 1) if use.has(at + 1) else np.zeros(scale.shape, zero_dtype)
    zero = _widened(given)
    if scale.size != zero.size or zero.dtype.name not in INTEGERS or scale.ndim > 1:
        raise Unsupported(f"its scale {scale.shape} has zero points {zero.dtype}{zero.shape}")
    if not scale.size:
        raise Unsupported("its scale is empty")
    axis = 0
    if scale.ndim == 1 and scale.size > 1:
        axis = axis_in(use.integer("axis", 1), len(use.shape(0)))
        if use.shape(0)[axis] != scale.size:
            raise Unsupported(f"{scale.size} scales for {use.shape(0)} along axis {axis}")
    return Scale(scale, zero, axis)


def _quantize(use: Use) -> Value:
    wanted = "uint8"
    if use.given("output_dtype") and use.integer("output_dtype"):
        wanted = dtype_name(use.integer("output_dtype"))
    if wanted not in INTEGERS and not use.has(2):
        raise Unsupported(f"its integers are {wanted}")
    meant, raw = scale_at(use, 1, wanted), use.raw(0)
    if isinstance(raw, Real) and raw.meaning.same(meant):
        return raw.integers
    if isinstance(raw, np.ndarray):
        return _array_quantised(raw, meant)
    return quantised(use.b, use.value(0, "float32"), meant, use.name)


def _array_quantised(x: np.ndarray, meant: Scale) -> np.ndarray:
    scale, zero = along(meant, x.ndim)
    info = np.iinfo(zero.dtype)
    whole = np.rint(x.astype(np.float32) / scale) + zero
    return np.asarray(np.clip(whole, info.min, info.max).astype(zero.dtype))


def _dequantize(use: Use) -> Value:
    raw, kind = use.raw(0), use.dtype(0)
    if isinstance(raw, np.ndarray):
        raw = _widened(raw)
        kind = raw.dtype.name
    if kind not in INTEGERS:
        raise Unsupported(f"its integers are {kind}")
    if use.known(1) is None or (use.has(2) and use.known(2) is None):
        return _dequantize_by_values(use)
    meant = scale_at(use, 1, kind)
    if meant.zero.dtype.name != kind:
        raise Unsupported(f"its integers are {kind}, its zero points {meant.zero.dtype}")
    if isinstance(raw, Real | Chosen | Maps | Items):
        raise Unsupported("its integers are real numbers")
    return real_of(use.b, raw, meant)


def _dequantize_by_values(use: Use) -> str:
    """Scale and zero point are computed when the model runs: one for the whole tensor."""
    if use.shape(1) not in ((), (1,)):
        raise NotConstant(1 if use.known(1) is None else 2)
    x, scale = cast(use.b, use.value(0), "float32"), use.value(1, "float32")
    if use.has(2):
        x = binary(use.b, "sub", x, cast(use.b, use.value(2), "float32"))
    return binary(use.b, "mul", x, movement.reshape(use.b, scale, ()), name=use.name)


def _dynamic(use: Use) -> list[Value]:
    """uint8 over the range of x widened to hold 0; scale and zero point are results too."""
    b, x = use.b, use.value(0, "float32")
    zero, most = use.constant_of(np.float32(0)), use.constant_of(np.float32(255))
    high = binary(b, "max", reduce(b, "max", x, None, False), zero)
    low = binary(b, "min", reduce(b, "min", x, None, False), zero)
    scale = binary(b, "div", binary(b, "sub", high, low), most)
    ratio = binary(b, "div", binary(b, "sub", zero, low), scale)
    point = unary(b, "round", clip(b, ratio, 0.0, 255.0))
    whole = unary(b, "round", binary(b, "div", x, scale))
    y = clip(b, binary(b, "add", whole, point), 0.0, 255.0)
    return [cast(b, y, "uint8", name=use.name), scale, cast(b, point, "uint8")]


def _matmul_integer(use: Use) -> str:
    """int32 product of integers less their zero points; sums wrap."""
    x = _centred(use, 0, 2, rows=True)
    y = _centred(use, 1, 3, rows=False)
    return use.b.renamed(matmul(use.b, x, y), use.name)


def _centred(use: Use, position: int, zero: int, rows: bool) -> str:
    wide = cast(use.b, use.value(position, *BYTES), "int32")
    if not use.has(zero):
        return wide
    point = cast(use.b, use.value(zero, *BYTES), "int32")
    shape = use.b.type(point).shape
    if rows and len(shape) == 1 and shape[0] > 1:
        point = movement.reshape(use.b, point, (shape[0], 1))
    return binary(use.b, "sub", wide, point)


def _conv_integer(use: Use) -> str:
    """int32 sums of integers less their zero points; weights with one zero point at a time."""
    w = use.constant(1)
    zero_x, zeros = _zero(use, 2, 0), _zero(use, 3, 1).ravel()
    if len(use.shape(0)) > 4 or zero_x.size != 1 or zeros.size not in (1, len(w)):
        raise Unsupported(f"weights {w.dtype}{w.shape} with {zeros.size} zero points")
    one = np.ones((), np.float32)
    x = real_of(use.b, _integers(use.raw(0)), Scale(one, zero_x.reshape(()), 0))
    spec = conv_spec(use, use.shape(0), w.shape)
    parts, order = [], []
    for zero in np.unique(zeros):
        chosen = np.flatnonzero(np.broadcast_to(zeros, len(w)) == zero)
        sums = conv_sums(use.b, x, Real(w[chosen], Scale(one, np.asarray(zero), 0)), None, spec)
        if sums is None or (len(chosen) != len(w) and spec.groups > 1):
            raise Unsupported(f"weights {w.dtype}{w.shape} in {spec.groups} groups")
        parts.append(restored_pictures(use.b, *sums, use.name))
        order += chosen.tolist()
    if len(parts) == 1:
        return parts[0]
    joined = movement.concat(use.b, parts, 1)
    return use.b.renamed(movement.take(use.b, joined, np.argsort(order), 1), use.name)


def _zero(use: Use, at: int, of: int) -> np.ndarray:
    kind = use.dtype(of)
    if kind not in BYTES:
        raise Unsupported(f"operand {of} is {kind}")
    zero = use.constant(at) if use.has(at) else np.zeros((), kind)
    if not zero.size or zero.dtype.name != kind:
        raise Unsupported(f"operand {at} is {zero.dtype}{zero.shape}")
    return zero


def _integers(value: Value) -> str | np.ndarray | Unsigned:
    if isinstance(value, Real | Chosen | Maps | Items):
        raise Unsupported("its integers are real numbers")
    return value


Operands = Sequence[tuple[int, int, int]]


def _as_three(
    kind: str, operands: Operands, result: tuple[int, int], bias: int | None = None
) -> Callable[[Use], Value]:
    """DequantizeLinear of ``operands`` (positions of integers, scale, zero point), the operator
    ``kind``, QuantizeLinear (positions of scale and zero point)."""

    def translate(use: Use) -> Value:
        return three(use, kind, operands, result, bias)

    return translate


def three(
    use: Use, kind: str, operands: Operands, result: tuple[int, int], bias: int | None
) -> Value:
    """Translate a QLinear node as the nodes that it means."""
    node, attributes = use.node, dict(use.node.attributes)
    stem = f"{node.outputs[0]}#"
    made: list[OpNode] = []

    def add(op: str, inputs: Sequence[str], out: str, given: Mapping[str, Any]) -> str:
        made.append(OpNode(op, "", node.name, tuple(inputs), (out,), given, node.index))
        return out

    axis = {"Conv": 0, "Gemm": 0 if use.integer("transB", 0) else 1}.get(kind, 1)
    reals = []
    for i, (at, scale, zero) in enumerate(operands):
        names = [node.inputs[at], node.inputs[scale]]
        names += [node.inputs[zero]] if use.has(zero) else []
        reals.append(add("DequantizeLinear", names, f"{stem}{i}", {"axis": axis}))
    if bias is not None and use.has(bias):
        use.t.values[f"{stem}bias"] = _bias(use, operands, bias)
        reals.append(f"{stem}bias")
    last = add(kind, reals, f"{stem}real", attributes)
    if not use.has(result[0]):
        use.t.parts(node, made)
        return use.t.read(last)
    scales = [node.inputs[p] for p in result if use.has(p)]
    add("QuantizeLinear", [last, *scales], f"{stem}whole", {})
    use.t.parts(node, made)
    return use.t.read(f"{stem}whole")


def _bias(use: Use, operands: Operands, position: int) -> Real:
    """int32 of scale (of x) * (of w)."""
    scales = [use.constant(scale) for _, scale, _ in operands[:2]]
    scale = np.asarray(scales[0].reshape(()) * scales[1])
    whole = use.constant(position)
    if whole.dtype != np.int32 or whole.ndim != 1:
        raise Unsupported(f"its bias is {whole.dtype}{whole.shape}")
    return Real(whole, Scale(scale, np.zeros(scale.shape, np.int32), 0))


def _qlinear_pool(kind: str) -> Callable[[Use], Value]:
    def translate(use: Use) -> Value:
        if use.integer("channels_last", 0):
            raise Unsupported("its attribute channels_last is 1")
        return three(use, kind, ((0, 1, 2),), (3, 4), None)

    return translate


def _qlinear_concat(use: Use) -> Value:
    operands = [(i, i + 1, i + 2) for i in range(2, use.count - 2, 3)]
    return three(use, "Concat", operands, (0, 1), None)


_ONE: Operands = ((0, 1, 2),)
_TWO: Operands = ((0, 1, 2), (3, 4, 5))
_QLINEAR: Mapping[str, tuple[str, Operands, tuple[int, int]]] = {
    "QLinearAdd": ("Add", _TWO, (6, 7)), "QLinearMul": ("Mul", _TWO, (6, 7)),
    "QLinearSigmoid": ("Sigmoid", _ONE, (3, 4)), "QLinearLeakyRelu": ("LeakyRelu", _ONE, (3, 4)),
    "QLinearSoftmax": ("Softmax", _ONE, (3, 4)),
}  # fmt: skip
_POOLS = {"QLinearAveragePool": "AveragePool", "QLinearGlobalAveragePool": "GlobalAveragePool"}

OPERATORS = (
    Operator(
        "QuantizeLinear", _quantize, ("float32", *INTEGERS), note="constant scales; no blocks"
    ),
    Operator(
        "DequantizeLinear", _dequantize, INTEGERS, note="constants of 4 and 2 bits too; no blocks"
    ),
    Operator("DynamicQuantizeLinear", _dynamic, ("float32", "uint8")),
    Operator("MatMulInteger", _matmul_integer, BYTES),
    Operator("ConvInteger", _conv_integer, BYTES, note="constant weights, up to 2 dimensions"),
    Operator("QLinearConv", _as_three("Conv", _TWO, (6, 7), 8), BYTES),
    Operator("QLinearMatMul", _as_three("MatMul", _TWO, (6, 7)), BYTES),
    Operator(
        "QGemm", lambda use: three(use, "Gemm", _TWO, (7, 8), 6), BYTES, domain=MICROSOFT
    ),
    *(
        Operator(name, _as_three(kind, at, to), BYTES, domain=MICROSOFT)
        for name, (kind, at, to) in _QLINEAR.items()
    ),
    *(
        Operator(name, _qlinear_pool(kind), BYTES, domain=MICROSOFT, note="channels first")
        for name, kind in _POOLS.items()
    ),
    Operator("QLinearConcat", _qlinear_concat, BYTES, domain=MICROSOFT),
)  # fmt: skip
