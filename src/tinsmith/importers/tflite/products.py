"""BATCH_MATMUL and fully connected layers of computed weights: products of matrices.

Integers: lite/kernels/batch_matmul.cc and lite/kernels/internal/reference/batch_matmul.h; sums of
int8 are brought to the result's scale by two roundings, those of int16, which need 64 bits, by a
multiplier of 16 bits (both found by comparing results, as in `rounding.py`).
"""

from math import prod

import numpy as np

from tinsmith.compose import elementwise, layers, movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.dynamic import dynamic_rows
from tinsmith.importers.tflite.integers import Product, integer_bias, requantized
from tinsmith.importers.tflite.rounding import rounding_of
from tinsmith.importers.tflite.scaling import centred, ends, quant_of, result_quant, symmetric
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import content_of

_WIDEST = {"int8": (255, 2**31), "int16": (2**15, 2**47)}
"""Type -> largest difference to a zero point, and what sums stay below."""


def batch_matmul(use: Use) -> str:
    """Options 0 and 1: whether the last two axes of each operand are exchanged."""
    if use.given(0).dtype == "float32" and use.given(1).dtype == "int8":
        return _dynamic(use)
    if use.given(0).dtype == "float32":
        sides = [_exchanged(use, use.value(i), i) for i in (0, 1)]
        return use.b.renamed(layers.matmul(use.b, sides[0], sides[1]), use.name)
    use.alike(0, 1)
    _require_room(use)
    if use.is_int8 and use.given(1).constant and prod(use.given(1).shape[:-2]) == 1:
        sums = _dense(use)
    else:
        sides = [_exchanged(use, _whole(use, use.value(i)), i) for i in (0, 1)]
        sums = layers.matmul(use.b, sides[0], sides[1])
    x, y = (quant_of(use, use.value(i)).scale[0] for i in (0, 1))
    rounding = "double" if use.is_int8 else "wide16"
    factor = x * y / result_quant(use).scale[0]
    return requantized(use, sums, [factor], ends(use), rounding)


def _dynamic(use: Use) -> str:
    """float32 and a known int8 matrix; option 2: whether rows get a zero point."""
    x, w = _exchanged(use, use.value(0), 0), _known_matrix(use)
    shape = use.type(x).shape
    if sum(d > 1 for d in shape[:-2]) > 1:
        raise Unsupported(f"{use.given(0)} has two batch axes: LiteRT mixes up their scales")
    quant = symmetric(use.given(1))
    rows = movement.reshape(use.b, x, (prod(shape[:-1]), shape[-1]))
    product = Product("dense", rows, 0, 0, {})
    y = dynamic_rows(use, product, (w, quant), f"{use.name}_rows", bool(use.option(2)))
    return use.b.renamed(movement.reshape(use.b, y, _stacked(use, x, w)), use.name)


def _known_matrix(use: Use) -> np.ndarray:
    """Operand 1, of which there is one matrix: [columns, depth]."""
    tensor = use.given(1)
    alone = len(tensor.shape) > 1 and prod(tensor.shape[:-2]) == 1
    if not tensor.constant or tensor.variable or not alone:
        raise Unsupported(f"operand 1 ({tensor}) is no constant matrix")
    matrix = content_of(tensor).reshape(tensor.shape[-2:])
    w = matrix if use.option(1) else np.ascontiguousarray(matrix.T)
    shape = use.given(0).shape
    if len(shape) < 2 or shape[-2 if use.option(0) else -1] != w.shape[1]:
        raise Unsupported(f"it multiplies {use.given(0)} and {tensor}")
    return w


def _stacked(use: Use, x: str, w: np.ndarray) -> tuple[int, ...]:
    """Shape of the result of x [..., rows, depth]."""
    shape = use.type(x).shape
    batch = movement.broadcast(shape[:-2], use.given(1).shape[:-2])
    return (*batch, shape[-2], w.shape[0])


def _exchanged(use: Use, value: str, side: int) -> str:
    if not use.option(side):
        return value
    rank = len(use.type(value).shape)
    return movement.transpose(use.b, value, [*range(rank - 2), rank - 1, rank - 2])


def _whole(use: Use, value: str) -> str:
    """Integers less their zero point: int32, of int16 int64."""
    wide = centred(use, value)
    return wide if use.type(value).dtype == "int8" else elementwise.cast(use.b, wide, "int64")


def _require_room(use: Use) -> None:
    shapes = [use.type(use.value(i)).shape for i in (0, 1)]
    if min(map(len, shapes)) < 2:
        raise Unsupported(f"it multiplies {use.given(0)} and {use.given(1)}")
    widest, most = _WIDEST[use.type(use.value(0)).dtype]
    depth = shapes[0][-2 if use.option(0) else -1]
    if depth * widest**2 >= most:
        raise Unsupported(f"its sums of {depth} products may leave {most}")


def _dense(use: Use) -> str:
    """int8 with a known matrix: a fully connected layer's sums."""
    w, x = _known_matrix(use), _exchanged(use, use.value(0), 0)
    shape = use.type(x).shape
    rows = movement.reshape(use.b, x, (prod(shape[:-1]), shape[-1]))
    weights = (
        use.constant(f"{use.name}_weight", w, quant_of(use, use.value(1))),
        use.constant(f"{use.name}_bias", np.zeros(w.shape[0], np.int32)),
    )
    sums = use.op("dense", rows, *weights, name=f"{use.name}_sum")
    return movement.reshape(use.b, sums, _stacked(use, x, w))


def integer_rows(use: Use, product: Product, channels: int) -> str:
    """FULLY_CONNECTED of int8 whose weights are values [channels, depth]: sums, then as known
    weights have it."""
    x, w = quant_of(use, product.x), quant_of(use, use.value(1))
    bias = integer_bias(use, product, channels)
    rounding = rounding_of(use.t.semantics, use.operator.kind, "int8", "int32")
    most = use.type(product.x).shape[1] * 255**2 + int(np.abs(bias.astype(np.int64)).max())
    if rounding is None or most >= 2**31:
        raise Unsupported(f"its sums may reach {most}")
    columns = movement.transpose(use.b, centred(use, use.value(1)), (1, 0))
    sums = layers.matmul(use.b, centred(use, product.x), columns)
    sums = elementwise.binary(use.b, "add", sums, use.constant(f"{use.name}_bias", bias))
    factor = x.scale[0] * w.scale[0] / result_quant(use).scale[0]
    return requantized(use, sums, [factor], ends(use, product.activation), rounding)
