"""Convolutions and fully connected layers of int8: dot products of four channels at a time."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets._requantise import Requantise
from tinsmith.ir.op import In, Out, Scratch
from tinsmith.ir.ops._window import geometry, window_of

VECTOR, BLOCK = 16, 4


def conv(use: Use) -> Sequence[Binding]:
    """Convolutions in one group."""
    layer = layer_of(use, "conv2d")
    if layer is None or layer.weights.shape[3] != layer.site.inputs[0].shape[3]:
        return []
    x = layer.site.inputs[0]
    window = window_of("conv2d", x, layer.weights.shape[1:3], layer.site.attrs)
    rows = layer.weights.reshape(layer.channels, -1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % VECTOR)))
    patches = Scratch(2 * rows.shape[1])
    arguments = (
        In(0), *_tables(layer, rows), Out(), patches, *geometry(x, window), layer.channels, layer.x_zero,
        *ends(layer.requantise),
    )  # fmt: skip
    return [
        Binding(
            f"conv_{layer.requantise.rounding}_int8",
            arguments,
            (windows(layer.site, "pixel", 2, "before"),),
        )
    ]


def dense(use: Use) -> Sequence[Binding]:
    """Fully connected layers."""
    layer = layer_of(use, "dense")
    if layer is None:
        return []
    rows, depth = layer.site.inputs[0].shape
    arguments = (
        In(0), *_tables(layer, layer.weights), Out(), rows, depth, layer.channels, *ends(layer.requantise),
    )  # fmt: skip
    return [Binding(f"dense_{layer.requantise.rounding}_int8", arguments)]


def ends(r: Requantise) -> tuple[int, ...]:
    """How kernels are told: (zero point, low, high)."""
    return r.zero, r.low, r.high


def factors(layer: Layer, order: Sequence[int]) -> np.ndarray:
    """Rows of what sums start at, multipliers and negative shifts of as many channels as ``order``
    has, which says which of them comes when; the last row filled up."""
    r, block = layer.requantise, len(order)
    single = int(r.rounding == "single")  # its product lacks a bit that the other one has
    live = r.multiplier != 0
    shifts = np.where(live, single - r.right, -1)
    columns = [layer.bias, r.multiplier, shifts]
    wide = [np.broadcast_to(c, layer.channels) for c in columns]
    padded = [np.pad(c, (0, -layer.channels % block)).reshape(-1, block)[:, order] for c in wide]
    return np.concatenate(padded, 1).astype(np.int32).ravel()


def packed(rows: np.ndarray) -> np.ndarray:
    """Weights [channels, depth] by blocks of channels: 16 bytes of each in turn, then what is left
    of each; behind them as many bytes as a vector may read too far."""
    rows = np.pad(rows, ((0, -len(rows) % BLOCK), (0, 0))).astype(np.int8)
    blocks = rows.reshape(-1, BLOCK, rows.shape[1])
    whole = rows.shape[1] // VECTOR * VECTOR
    vectors = blocks[:, :, :whole].reshape(len(blocks), BLOCK, -1, VECTOR).transpose(0, 2, 1, 3)
    parts = [vectors.reshape(len(blocks), -1), blocks[:, :, whole:].reshape(len(blocks), -1)]
    return np.pad(np.concatenate(parts, 1).ravel(), (0, VECTOR))


def _tables(layer: Layer, rows: np.ndarray) -> tuple[Table, Table]:
    return (
        Table("packed", partial(packed, rows)),
        Table("factors", partial(factors, layer, range(BLOCK))),
    )
