"""Convolutions and fully connected layers: four rows of weights interleaved, as bytes."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.codegen.sets._operands import Operands
from tinsmith.codegen.sets.plain._requantised import layer_of, result_arguments, tables_of
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._window import Window, geometry

MOST_DEPTH = 2**14
"""Products of a sum: twice as many times 127 * 255 stay below 2^30, with and without offset."""
COLUMNS = 3
"""Windows that a kernel works on at a time, at most; fewer where there are few registers."""


def dense(use: Use) -> Sequence[Binding]:
    """A fully connected layer."""
    layer = layer_of(use, "dense")
    if layer is None:
        return []
    rows, depth = layer.site.inputs[0].shape
    return _as_rows(layer, (rows, depth), ())


def conv2d(use: Use) -> Sequence[Binding]:
    """A convolution; where its windows are single places one after the other, as rows."""
    layer = layer_of(use, "conv2d")
    if layer is None:
        return []
    x, w = layer.site.inputs[:2]
    window = kernel_window("conv2d", layer.site.inputs, layer.site.attrs)
    groups = x.shape[3] // w.shape[3]
    if groups == 1 and pointwise(window):
        order = windows(layer.site, "pixel", 1, "before")
        return _as_rows(layer, (x.elements // x.shape[3], x.shape[3]), (order,))
    return _as_windows(layer, window, groups)


def grouped(layer: Operands) -> Sequence[Binding]:
    """A convolution of each channel by itself, as one with a group for each channel."""
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    return _as_windows(layer, window, layer.site.inputs[0].shape[3])


def _as_windows(layer: Operands, window: Window, groups: int) -> Sequence[Binding]:
    depth = layer.rows.shape[1]
    if depth > MOST_DEPTH:
        return []
    arguments: tuple[Argument | Table, ...] = (
        *_operands(layer, groups), Scratch(COLUMNS * depth),
        *geometry(layer.site.inputs[0], window), len(layer.weights) // groups, groups, layer.x_zero,
        *_ends(layer),
    )  # fmt: skip
    orders = () if groups > 1 else (windows(layer.site, "pixel", 1, "before"),)
    return [Binding("conv2d_int8", arguments, orders)]


def pointwise(window: Window) -> bool:
    """Whether windows are single places, one after the other."""
    return (window.kernel, window.stride, window.padding) == ((1, 1), (1, 1), (0, 0, 0, 0))


def _as_rows(
    layer: Operands, sizes: tuple[int, int], orders: tuple[Order, ...]
) -> Sequence[Binding]:
    """With orders, rows are copied before the first of their results is written."""
    rows, depth = sizes
    if depth > MOST_DEPTH:
        return []
    if rows == 1:
        return [_row(layer, depth)]
    unit = 0 if not orders else 4 if depth % 4 == 0 else 1
    scratch = Scratch(COLUMNS * depth if orders else 4)
    arguments = (*_operands(layer, 1), scratch, unit, *sizes, len(layer.weights), *_ends(layer))
    return [Binding("dense_int8", arguments, orders)]


def _row(layer: Operands, depth: int) -> Binding:
    """Of one row. Its numbers and factors are a table: as arguments they would lie on the stack."""
    bias, factors = tables_of(layer)
    _, offset, *result = _ends(layer)
    numbers = 2 * (len(layer.multiplier) > 1), depth, len(layer.weights), offset, *result
    told = Table(
        "numbers", lambda: np.concatenate([np.array(numbers, np.int32), factors.make().ravel()])
    )
    arguments = In(0), Table("w", lambda: interleaved(layer, 1)), bias, told, Out()
    return Binding("dense_row_int8", arguments)


def _operands(layer: Operands, groups: int) -> tuple[Argument | Table, ...]:
    """(x, weights, bias, factors, y)"""
    return In(0), Table("w", lambda: interleaved(layer, groups)), *tables_of(layer), Out()


def _ends(layer: Operands) -> tuple[int, ...]:
    """(number of factors, offset, twice, sign, base, span, high)"""
    return len(layer.multiplier), offset_of(layer), *result_arguments(layer.result)


def offset_of(layer: Operands) -> int:
    """What is added to weights less their zero point, so that they are 0..255."""
    return 128 + layer.w_zero


def interleaved(layer: Operands, groups: int) -> np.ndarray:
    """Weights as bytes: of each group, four rows at a time, place by place; then those left."""
    bytes_ = (layer.rows + offset_of(layer)).astype(np.uint8)
    made: list[np.ndarray] = []
    for own in np.split(bytes_, groups):
        whole = len(own) // 4 * 4
        fours = own[:whole].reshape(whole // 4, 4, own.shape[1])
        made += [np.swapaxes(fours, 1, 2).reshape(-1), own[whole:].reshape(-1)]
    return np.concatenate(made)
