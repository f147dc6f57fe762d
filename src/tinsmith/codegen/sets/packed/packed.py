"""Portable kernels with packed weights: two rows of the weights share a product."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.codegen.sets._operands import Operands
from tinsmith.codegen.sets.packed._codes import Codes, every_width, padded, words
from tinsmith.codegen.sets.plain._depthwise import by_planes, is_signed
from tinsmith.codegen.sets.plain._layers import pointwise
from tinsmith.codegen.sets.plain._requantised import layer_of, result_arguments, tables_of
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._window import geometry

ROWS = 4
"""Rows of weights that lie together."""


def bind(use: Use) -> Sequence[Binding]:
    """A layer of int8 with its requantisation and with weights of few values."""
    return [binding for op, offer in LAYERS.items() for binding in _offered(use, op, offer)]


def _offered(use: Use, op: str, offer: "_Offer") -> list[Binding]:
    layer = layer_of(use, op)
    if layer is None:
        return []
    offers = [offer(layer, codes) for codes in every_width(layer.rows)]
    found = [binding for binding in offers if binding is not None]
    return found[:1] if op == "depthwise_conv2d" else found  # one kernel serves all widths


def _dense(layer: Operands, codes: Codes) -> Binding:
    rows, depth = layer.site.inputs[0].shape
    return _as_rows(layer, codes, (rows, depth), ())


def _conv2d(layer: Operands, codes: Codes) -> Binding:
    x, w = layer.site.inputs[:2]
    window = kernel_window("conv2d", layer.site.inputs, layer.site.attrs)
    groups = x.shape[3] // w.shape[3]
    order = windows(layer.site, "pixel", 1, "before")
    if groups == 1 and pointwise(window):
        return _as_rows(layer, codes, (x.elements // x.shape[3], x.shape[3]), (order,))
    depth = codes.rows.shape[1]
    arguments: tuple[Argument | Table, ...] = (
        *_operands(layer, codes, groups), Scratch(depth + -depth % places(codes.bits)),
        *geometry(x, window), len(layer.weights) // groups, groups, layer.x_zero,
        *_ends(layer, codes),
    )  # fmt: skip
    orders = () if groups > 1 else (order,)
    return Binding(f"conv2d_{codes.bits}bit", arguments, orders)


def _as_rows(
    layer: Operands, codes: Codes, sizes: tuple[int, int], orders: tuple[Order, ...]
) -> Binding:
    """Rows are copied before the first of their results is written."""
    rows, depth = sizes
    copied = depth + -depth % places(codes.bits) if rows > 1 or depth % places(codes.bits) else 4
    arguments = (
        *_operands(layer, codes, 1), Scratch(copied), rows, depth, len(layer.weights),
        *_ends(layer, codes),
    )  # fmt: skip
    return Binding(f"dense_{codes.bits}bit", arguments, orders if rows > 1 else ())


def _operands(layer: Operands, codes: Codes, groups: int) -> tuple[Argument | Table, ...]:
    """(x, words, bias, factors, y)"""
    return In(0), Table("w", partial(_table, codes, groups)), *tables_of(layer), Out()


def _ends(layer: Operands, codes: Codes) -> tuple[int, ...]:
    """(number of factors, low, spacing, twice, sign, base, span, high)"""
    return len(layer.multiplier), codes.low, codes.spacing, *result_arguments(layer.result)


def _depthwise(layer: Operands, codes: Codes) -> Binding | None:
    """Weights are unpacked as int8."""
    if not is_signed(layer):
        return None
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    weights = Table("w", partial(_stream, codes))
    more = Scratch(codes.rows.shape[1]), codes.bits, codes.low, codes.spacing
    return by_planes(layer, window, "depthwise", weights, more)


def _stream(codes: Codes) -> np.ndarray:
    """Codes one after the other."""
    return words(
        padded(codes.rows.reshape(1, -1), 1, 32).reshape(-1, 2, places(codes.bits)), codes.bits
    )


def places(bits: int) -> int:
    """Of a row, in half a word."""
    return 16 // bits


def _table(codes: Codes, groups: int) -> np.ndarray:
    """Of each group of channels four rows at a time: words of rows (0, 1), then (2, 3), of so many
    places as fit; then of the next places."""
    own = places(codes.bits)
    made = []
    for rows in np.split(codes.rows, groups):
        filled = padded(rows, ROWS, own)
        fields = filled.reshape(-1, 2, 2, filled.shape[1] // own, own)  # pair, half
        made.append(words(fields.transpose(0, 3, 1, 2, 4), codes.bits))
    return np.concatenate(made)


_Offer = Callable[[Operands, Codes], Binding | None]
LAYERS: Mapping[str, _Offer] = {
    "dense": _dense, "conv2d": _conv2d, "depthwise_conv2d": _depthwise,
}  # fmt: skip
"""Operation -> the kernel of a layer, requantised."""
SET = KernelSet("packed", bind, rank=2)
