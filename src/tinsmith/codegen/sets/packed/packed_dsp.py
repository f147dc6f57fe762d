"""Kernels with packed weights for cores with the DSP extension: two products per instruction."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets.dsp import conv
from tinsmith.codegen.sets.dsp._channels import Channels, channels_of
from tinsmith.codegen.sets.dsp._packed import ROUNDINGS, ordered
from tinsmith.codegen.sets.dsp.depthwise import small_of
from tinsmith.codegen.sets.packed._codes import Codes, every_width, padded, words
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window

BLOCK, ROW_BLOCK = 4, 8
"""Channels that are computed together, at two places or of a single row."""
MODES = {"positive": "double"}
"""Rounding -> that of the kernel, where it is another one."""
MOST_START = 1 << 18
"""Of sums of depthwise layers."""
IN_FRONT = 16
"""Bytes of scratch in front of places."""


def bind(use: Use) -> Sequence[Binding]:
    """A layer of int8 with its requantisation and with weights of few values."""
    return [*_dense(use), *_conv2d(use), *_depthwise(use)]


def _dense(use: Use) -> list[Binding]:
    layer = layer_of(use, "dense", ROUNDINGS)
    if layer is None:
        return []
    if layer.site.inputs[0].shape[0] == 1:
        return _of_one_row(layer)
    return _of_places(layer, conv.rows_as_places(layer.site))


def _conv2d(use: Use) -> list[Binding]:
    layer = layer_of(use, "conv2d", ROUNDINGS)
    if layer is None or layer.weights.shape[3] != layer.site.inputs[0].shape[3]:
        return []
    window = kernel_window("conv2d", layer.site.inputs, layer.site.attrs)
    if conv.of_one_row(layer.site.inputs[0], window):
        return _of_one_row(layer)
    return _of_places(layer, conv.places_of(layer.site, window))


def _depthwise(use: Use) -> list[Binding]:
    layer = channels_of(use)
    small = None if layer is None else small_of(layer)
    if small is None or not _short(small.way):
        return []
    way = small.way
    return [
        small.binding(Table("rows", partial(_channels, way, c)), c.low, c.spacing)
        for c in every_width(way.w.reshape(9, way.out).T)
        if c.bits == 4
    ]


def _short(way: Channels) -> bool:
    """Whether sums start where 19 bits hold that, and are doubled once."""
    return bool((np.abs(way.bias) < MOST_START).all() and (way.doublings == 1).all())


def _channels(way: Channels, codes: Codes) -> np.ndarray:
    """The table of `kernels/packed_dsp/ts_packed_dsp_depthwise.h`."""
    shifts = codes.bits * np.arange(6)
    first = (codes.rows[:, :6] << shifts).sum(axis=1) | way.right << 24
    last = (codes.rows[:, 6:] << shifts[:3]).sum(axis=1) | way.bias << 13
    rows = np.stack([first, last, way.multiplier], 1)
    return (rows & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _of_one_row(layer: Layer) -> list[Binding]:
    return [_row_binding(layer, codes) for codes in _codes(layer)]


def _row_binding(layer: Layer, codes: Codes) -> Binding:
    depth, own = codes.rows.shape[1], together(codes.bits)
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("packed", partial(_table, layer, codes, ROW_BLOCK)), Out(),
        Scratch(depth + -depth % own if depth % own else 4), depth, layer.channels,
        *layer.requantise.clamp, codes.low, codes.spacing,
    )  # fmt: skip
    return Binding(f"dense_{_kind(layer, codes)}", arguments)


def _of_places(layer: Layer, places: conv.Places) -> list[Binding]:
    return [_binding(layer, codes, places) for codes in _codes(layer, places.depths)]


def _binding(layer: Layer, codes: Codes, places: conv.Places) -> Binding:
    beyond = 4 * (-len(places.depths) % together(codes.bits))
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("packed", partial(_table, layer, codes, BLOCK)), Out(),
        Scratch(IN_FRONT + places.scratch + beyond),
        *places.arguments(layer.channels, layer.x_zero), *layer.requantise.clamp, codes.low,
        codes.spacing,
    )  # fmt: skip
    return Binding(f"conv_{_kind(layer, codes)}", arguments, (places.order,))


def _kind(layer: Layer, codes: Codes) -> str:
    """How a kernel's name ends."""
    rounding = layer.requantise.rounding
    return f"{codes.bits}bit_{MODES.get(rounding, rounding)}"


def _codes(layer: Layer, order: np.ndarray | None = None) -> list[Codes]:
    """Of each width whose sums fit, depths in the order of the kernel."""
    found = [c for c in every_width(layer.weights.reshape(layer.channels, -1)) if _fits(c)]
    return found if order is None else [c.arranged(ordered(c.rows, order)) for c in found]


def _fits(codes: Codes) -> bool:
    """Whether sums fit 32 bits where their codes lie in a word: 4 bits leave the third channel of
    four 2^23, the last one, which is signed, 2^19."""
    if codes.bits < 4:
        return True
    last = np.abs(codes.rows[BLOCK - 1 :: BLOCK] - 8).sum(axis=1)
    return 128 * 15 * codes.rows.shape[1] < 1 << 23 and 128 * int(last.max(initial=0)) < 1 << 19


def together(bits: int) -> int:
    """Depths of a round of a kernel's loop."""
    return max(4, 8 // bits)


def _table(layer: Layer, codes: Codes, block: int) -> np.ndarray:
    """Of each block of channels words, of every four channels alternately; what sums start at;
    spacing; factors."""
    rows = padded(codes.rows, block, together(codes.bits))
    missing = len(rows) - layer.channels
    each = _words(rows, codes.bits).reshape(-1, block // BLOCK, rows.shape[1] * codes.bits // 8)
    starts = np.pad(layer.bias, (0, missing)).astype(np.int32).reshape(-1, block)
    factors = np.pad(layer.requantise.rows(layer.channels), ((0, missing), (0, 0)))
    parts = [
        np.swapaxes(each, 1, 2).reshape(len(starts), -1), starts,
        np.full((len(starts), 1), codes.spacing, np.int32), factors.reshape(-1, 2 * block),
    ]  # fmt: skip
    return np.concatenate(parts, 1).ravel()


def _words(rows: np.ndarray, bits: int) -> np.ndarray:
    """Of each four channels: words of as many pairs of places as fit, of each four places (0, 2),
    then (1, 3); the first channel lowest. The last of 4 bits is signed: less 8."""
    pairs = 4 // bits
    fields = rows.reshape(-1, BLOCK, rows.shape[1] // 4, 2, 2).transpose(0, 2, 4, 3, 1)
    if bits == 4:
        fields = fields ^ np.array([0, 0, 0, 8])
    # [block, pair of places, half, channel] -> [word, half, pair in it and channel]
    each = fields.reshape(-1, pairs, 2, BLOCK).transpose(0, 2, 1, 3)
    return words(each.reshape(-1, 2, pairs * BLOCK), bits)


SET = KernelSet("packed_dsp", bind, needs=frozenset({"dsp"}), rank=3)
