"""Fully connected layers of int8 with requantisation. A kernel makes eight channels of one row at a
time (`kernels/dsp/ts_dsp_dense.inc`); several rows are the places of a convolution."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets.dsp import _packed as packed
from tinsmith.codegen.sets.dsp import conv
from tinsmith.ir.op import In, Out
from tinsmith.ir.ops._window import window_of

BLOCK, LAST = 8, 2
"""Channels that are computed together, and those that are left."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a fully connected layer, or of a convolution that is one."""
    layer = layer_of(use, "dense", packed.ROUNDINGS)
    if layer is None:
        return _convolution(use)
    if layer.site.inputs[0].shape[0] == 1:
        return [_binding(layer, layer.weights)]
    return [conv.binding(layer, conv.rows_as_places(layer.site))]


def _convolution(use: Use) -> list[Binding]:
    layer = layer_of(use, "conv2d", packed.ROUNDINGS)
    if layer is None or layer.weights.shape[3] != layer.site.inputs[0].shape[3]:
        return []
    x = layer.site.inputs[0]
    window = window_of("conv2d", x, layer.weights.shape[1:3], layer.site.attrs)
    rows = layer.weights.reshape(layer.channels, -1)
    return [_binding(layer, rows)] if conv.of_one_row(x, window) else []


def _binding(layer: Layer, rows: np.ndarray) -> Binding:
    depth = rows.shape[1]
    kind = packed.kind(layer, rows)
    arguments = (
        In(0), Table("packed", partial(_table, layer, rows)), Out(),
        depth, layer.channels, *packed.scaling(layer, rows),
    )  # fmt: skip
    return Binding(f"dense_{kind}", arguments)


def _table(layer: Layer, rows: np.ndarray) -> np.ndarray:
    """Blocks of eight channels, then blocks of two."""
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    whole = len(rows) // BLOCK * BLOCK
    tables = [
        packed.table(layer, rows, part, block)
        for part, block in ((slice(0, whole), BLOCK), (slice(whole, None), LAST))
    ]
    return np.concatenate(tables)
