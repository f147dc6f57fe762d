"""Random TensorFlow Lite models of one operator, for comparisons with LiteRT: scales that make
results spread over their type and clamp now and then, zero points at the ends of the range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tflites
from tflites import TYPES, File, Operator, Tensor

LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
CODES = {
    "FULLY_CONNECTED": 9, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "TRANSPOSE_CONV": 67,
}  # fmt: skip
_OPTIONS = {"FULLY_CONNECTED": 8, "CONV_2D": 1, "DEPTHWISE_CONV_2D": 2, "TRANSPOSE_CONV": 49}


@dataclass(frozen=True)
class Layer:
    """What to draw.

    Args:
        kind: name of the operator.
        dtype: type of x and the result; float32 makes a layer of dynamic range.
        per_channel: whether weights have a scale per channel (never those of uint8).
        bias: type of the bias of integers.
        weight_zero: whether int8 weights have a zero point.
        asymmetric: option asymmetric_quantize_inputs of a fully connected layer.
        weights: type of the weights; that of x (int8 for others) if empty.
        beyond: whether windows are more than twice as large as the picture, padded as ``same``.
    """

    kind: str
    dtype: str = "int8"
    per_channel: bool = False
    bias: str = "int32"
    weight_zero: bool = False
    asymmetric: bool = False
    weights: str = ""
    beyond: bool = False


def draw(rng: np.random.Generator, layer: Layer) -> tuple[File, np.ndarray]:
    """A model and an input [case, *shape] for it."""
    shapes, options = _geometry(rng, layer)
    w, wq = _weights(rng, layer, shapes[1])
    x_scale, depth = float(np.float32(rng.uniform(0.005, 0.1))), w[0].size
    if layer.kind == "DEPTHWISE_CONV_2D":
        depth = w[..., 0].size
    x = Tensor("x", shapes[0], layer.dtype)
    y = Tensor("y", shapes[2], layer.dtype)
    channels = shapes[2][-1]
    kind = "float32" if layer.dtype == "float32" else layer.bias
    b = Tensor("b", (channels,), kind, data=rng.normal(size=channels).astype("f4"))
    if layer.dtype != "float32":
        low, high = LIMITS[layer.dtype]
        spread = np.sqrt(depth) * 74 * (high - low) / 3.5 * rng.uniform(0.5, 3)
        x.scale, y.scale = (x_scale,), (x_scale * float(np.mean(wq["scale"])) * spread / high,)
        x.zero, y.zero = (_zero(rng, layer.dtype),), (_zero(rng, layer.dtype),)
        b.scale = tuple(x_scale * s for s in wq["scale"])
        b.data = rng.integers(-(high * 40), high * 40, channels)
    tensors = [x, Tensor("w", shapes[1], data=w, **wq), b, y]
    operator = Operator(CODES[layer.kind], (0, 1, 2), (3,), _OPTIONS[layer.kind], options)
    if layer.kind == "TRANSPOSE_CONV":
        tensors.append(Tensor("shape", (4,), "int32", data=np.array(shapes[2])))
        operator.inputs = (4, 1, 0, 2)
    file = File(tensors, [operator], outputs=(3,))
    return file, inputs(rng, x)


def inputs(rng: np.random.Generator, x: Tensor, cases: int = 4) -> np.ndarray:
    """Values over the whole type, the last case of one value alone; float32 around zero."""
    shape = (cases, *x.shape)
    if x.type == "float32":
        return (rng.normal(size=shape) * rng.uniform(0.1, 30)).astype("f4")
    low, high = LIMITS[x.type]
    drawn = rng.integers(low, high + 1, shape).astype(x.type)
    drawn[-1] = rng.choice([low, high])
    return drawn


def _zero(rng: np.random.Generator, dtype: str) -> int:
    low, high = LIMITS[dtype]
    return 0 if dtype == "int16" else int(rng.choice([low, high, 0, rng.integers(low, high + 1)]))


def _weights(
    rng: np.random.Generator, layer: Layer, shape: tuple[int, ...]
) -> tuple[np.ndarray, dict[str, Any]]:
    dtype = layer.weights or ("uint8" if layer.dtype == "uint8" else "int8")
    axis = 3 if layer.kind == "DEPTHWISE_CONV_2D" else 0
    low, high = {"uint8": (0, 256), "int4": (-7, 8), "int2": (-1, 2)}.get(dtype, (-127, 128))
    count = shape[axis] if layer.per_channel else 1
    scale = tuple(float(s) for s in np.float32(rng.uniform(0.002, 0.02, count)))
    zero = (0,) * count
    if dtype == "uint8":
        zero = (int(rng.integers(0, 256)),)
    elif layer.weight_zero:
        zero = (int(rng.integers(-128, 128)),) * count
    return rng.integers(low, high, shape), {
        "type": dtype, "scale": scale, "zero": zero, "axis": axis if count > 1 else 0
    }  # fmt: skip


def _geometry(
    rng: np.random.Generator, layer: Layer
) -> tuple[tuple[tuple[int, ...], ...], dict[int, tuple[str, Any]]]:
    """Shapes of x, weights and result, and the operator's options."""
    activation = int(rng.choice([0, 0, 1, 3])) if layer.kind != "TRANSPOSE_CONV" else 0
    bias = ("b", TYPES[layer.bias])
    if layer.kind == "FULLY_CONNECTED":
        rows, depth, channels = int(rng.integers(1, 4)), *rng.integers(1, 70, 2).tolist()
        options = {0: ("b", activation), 3: ("b", int(layer.asymmetric)), 4: bias}
        return ((rows, depth), (channels, depth), (rows, channels)), options
    h, w, c, n = (*rng.integers(3, 9, 2).tolist(), *rng.integers(1, 7, 2).tolist())
    ky, kx = (int(v) for v in rng.integers(1, 4, 2))
    sy = sx = int(rng.choice([1, 1, 2]))
    same = bool(rng.integers(2))
    if layer.beyond:
        h, w, ky, kx, same = *_beyond(rng), True
    batch = int(rng.integers(1, 3))
    x = (batch, h, w, c)
    head = {0: ("b", int(not same)), 1: ("i", sx), 2: ("i", sy)}
    if layer.kind == "TRANSPOSE_CONV":
        rows, columns = (h * sy, w * sx) if same else (_grown(h, ky, sy), _grown(w, kx, sx))
        return (x, (n, ky, kx, c), (batch, rows, columns, n)), head | {4: bias}
    dy = dx = 1 if sy > 1 else int(rng.choice([1, 1, 2]))
    rows, columns = (_places(v, k, s, d, same) for v, k, s, d in ((h, ky, sy, dy), (w, kx, sx, dx)))
    if min(rows, columns) < 1:
        return _geometry(rng, layer)
    if layer.kind == "DEPTHWISE_CONV_2D":
        n = c * int(rng.integers(1, 3))
        more = {3: ("i", n // c), 4: ("b", activation), 5: ("i", dx), 6: ("i", dy)}
        return (x, (1, ky, kx, n), (batch, rows, columns, n)), head | more
    more = {3: ("b", activation), 4: ("i", dx), 5: ("i", dy), 6: bias}
    return (x, (n, ky, kx, c), (batch, rows, columns, n)), head | more


def _beyond(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Height and width of a small picture, then of a window more than twice as large."""
    h, w = (int(v) for v in rng.integers(1, 4, 2))
    return h, w, 2 * h + int(rng.integers(1, 4)), 2 * w + int(rng.integers(1, 4))


def _places(size: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if same else (size - extent) // stride + 1


def _grown(size: int, kernel: int, stride: int) -> int:
    return (size - 1) * stride + max(kernel, stride)


def draw_sum(
    rng: np.random.Generator, dtype: str, code: int = tflites.ADD
) -> tuple[File, list[np.ndarray]]:
    """ADD, SUB or MUL of two inputs, one of which may repeat along some axes."""
    shape = tuple(int(n) for n in rng.integers(1, 6, int(rng.integers(1, 5))))
    kept = rng.integers(0, 2, len(shape)) if rng.integers(2) else np.ones(len(shape))
    other = tuple(n if k else 1 for n, k in zip(shape, kept, strict=True))
    start = int(rng.integers(len(shape)))
    other = other[start:] if all(n == 1 for n in other[:start]) else other
    pair = [shape, other] if rng.integers(2) else [other, shape]
    quants = [_quant(rng, dtype, 0.01) for _ in range(3)]
    if code == tflites.MUL and dtype != "float32":
        quants[2]["scale"] = (quants[0]["scale"][0] * quants[1]["scale"][0] * LIMITS[dtype][1],)
    x, b = (Tensor(n, s, dtype, **q) for n, s, q in zip("xb", pair, quants, strict=False))
    y = Tensor("y", shape, dtype, **quants[2])
    options = {0: ("b", int(rng.choice([0, 0, 1, 3])))}
    if code == tflites.ADD:
        options[1] = ("b", 0)
    kind = {tflites.ADD: 11, tflites.SUB: 28, tflites.MUL: 21}[code]
    file = File([x, b, y], [Operator(code, (0, 1), (2,), kind, options)], inputs=(0, 1))
    return file, [inputs(rng, x), inputs(rng, b)]


def draw_pool(
    rng: np.random.Generator, dtype: str, code: int, beyond: bool = False
) -> tuple[File, list[np.ndarray]]:
    """AVERAGE_POOL_2D, MAX_POOL_2D or L2_POOL_2D; ``beyond`` as in `Layer`."""
    h, w, c, stride = (int(v) for v in (*rng.integers(3, 9, 3), rng.integers(1, 3)))
    ky, kx = (int(v) for v in rng.integers(1, 4, 2))
    same, batch = bool(rng.integers(2)), int(rng.integers(1, 3))
    if beyond:
        h, w, ky, kx, same = *_beyond(rng), True
    rows, columns = _places(h, ky, stride, 1, same), _places(w, kx, stride, 1, same)
    quant = _quant(rng, dtype, 0.03)
    x = Tensor("x", (batch, h, w, c), dtype, **quant)
    y = Tensor("y", (batch, rows, columns, c), dtype, **quant)
    options = {
        0: ("b", int(not same)), 1: ("i", stride), 2: ("i", stride), 3: ("i", kx), 4: ("i", ky),
        5: ("b", int(rng.choice([0, 1, 3]))),
    }  # fmt: skip
    return File([x, y], [Operator(code, (0,), (1,), 5, options)]), [inputs(rng, x)]


def draw_softmax(rng: np.random.Generator, dtype: str) -> tuple[File, list[np.ndarray]]:
    """SOFTMAX over rows of up to 40."""
    shape = tuple(int(n) for n in (rng.integers(1, 5), rng.integers(1, 41)))
    quant = _quant(rng, dtype, 10 ** rng.uniform(-4, 0) if dtype == "int16" else 0.1)
    result = {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}[dtype]
    x = Tensor("x", shape, dtype, **quant)
    y = Tensor("y", shape, dtype, (result[0],), (result[1],))
    options = {0: ("f", float(rng.choice([1.0, 0.5, 2.0])))}
    return File([x, y], [Operator(tflites.SOFTMAX, (0,), (1,), 9, options)]), [inputs(rng, x)]


def draw_quantize(
    rng: np.random.Generator, source: str, result: str
) -> tuple[File, list[np.ndarray]]:
    """QUANTIZE of integers to other integers."""
    x = Tensor("x", (3, 50), source, **_quant(rng, source, 0.03))
    y = Tensor("y", (3, 50), result, **_quant(rng, result, 0.03))
    return File([x, y], [Operator(tflites.QUANTIZE, (0,), (1,))]), [inputs(rng, x)]


def _quant(rng: np.random.Generator, dtype: str, scale: float) -> dict[str, Any]:
    if dtype == "float32":
        return {}
    if dtype == "int32":
        return {"scale": (scale / 2e4,), "zero": (0,)}
    return {"scale": (float(scale * rng.uniform(0.4, 2.5)),), "zero": (_zero(rng, dtype),)}


def litert(file: File, *inputs: np.ndarray) -> np.ndarray:
    """What LiteRT's reference kernels make of every case.

    Raises:
        RuntimeError, ValueError: LiteRT does not take the model.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    machine = Interpreter(
        model_content=file.bytes(), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    machine.allocate_tensors()
    results = []
    for case in zip(*inputs, strict=True):
        for details, array in zip(machine.get_input_details(), case, strict=True):
            machine.set_tensor(details["index"], array)
        machine.invoke()
        results.append(machine.get_tensor(machine.get_output_details()[0]["index"]))
    return np.stack(results)
