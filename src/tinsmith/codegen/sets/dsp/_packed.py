"""Weights of int8 in the order in which kernels of this set read them, with what sums start at and
the factors of requantisation (`kernels/dsp/ts_dsp_conv.inc`)."""

import numpy as np

from tinsmith.codegen.sets._layer import Layer

ROUNDINGS = ("double", "single", "onnx")
"""What the kernels know."""
MOST_SUM = 1 << 23
"""Sums of packed pairs stay below."""


def kind(layer: Layer, rows: np.ndarray) -> str:
    """How the kernel's name ends: rounding, and whether weights are no pairs or results are clamped
    within int8 (``wide``), or all have one factor (``one``)."""
    rounding = layer.requantise.rounding
    if not _pairs(layer, rows):
        return f"{rounding}_wide"
    return f"{rounding}_one" if layer.requantise.one else rounding


def scaling(layer: Layer, rows: np.ndarray) -> tuple[int, ...]:
    """How sums become results, as the kernel of this kind takes it: clamp, then the factors of all
    channels where they are the same."""
    if not _pairs(layer, rows):
        return layer.requantise.clamp
    factors = layer.requantise.rows(1)[0] if layer.requantise.one else ()
    return (layer.requantise.zero, *(int(f) for f in factors))


def _pairs(layer: Layer, rows: np.ndarray) -> bool:
    """Whether results have all of int8, 256 * b + a fits int16 for the weights of channels
    (2i, 2i + 1), and the sums of the odd channels are small enough."""
    if (layer.requantise.low, layer.requantise.high) != (-128, 127):
        return False
    a, b = _even(rows)[::2], _even(rows)[1::2]
    odd = slice(1, None, 2)
    low, high = layer.least[odd], layer.most[odd]
    small = not low.size or (low.min() >= -MOST_SUM and high.max() < MOST_SUM)
    return bool(small and (256 * b + a).min() >= -(2**15))


def _even(rows: np.ndarray) -> np.ndarray:
    return np.pad(rows, ((0, len(rows) % 2), (0, 0)))


def ordered(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Weights [channels, depth] with their depths in another order; 0 where that is -1."""
    return np.where(order < 0, 0, rows[:, np.maximum(order, 0)])


def table(layer: Layer, rows: np.ndarray, part: slice, block: int) -> np.ndarray:
    """The table of weights [channels, depth] of a part of the channels, block after block of so
    many, the last filled up."""
    pairs = _pairs(layer, rows)
    factors, starts, rows = (
        layer.requantise.rows(layer.channels)[part],
        layer.bias[part],
        rows[part],
    )
    missing = -len(rows) % block
    rows = np.pad(rows, ((0, missing), (0, 0))).reshape(-1, block, rows.shape[1])
    starts = np.pad(starts, (0, missing)).reshape(-1, block)
    if pairs:
        starts[:, 1::2] = 256 * starts[:, 1::2] + starts[:, ::2]
    parts = [_words(starts), _weights(rows, pairs)]
    if not (pairs and layer.requantise.one):
        parts.append(np.pad(factors, ((0, missing), (0, 0))).reshape(-1, 2 * block))
    return np.concatenate(parts, 1).ravel()


def _weights(rows: np.ndarray, pairs: bool) -> np.ndarray:
    """[blocks, channels, depth] to words [blocks, ...]: of each four depths (0, 2), then (1, 3),
    for every two channels."""
    blocks, channels, depth = rows.shape
    fours = rows.reshape(blocks, channels // 2, 2, depth // 4, 2, 2)  # last: half, depth 2h + d
    a, b = fours[:, :, 0], fours[:, :, 1]
    each = (256 * b + a if pairs else (b << 8) + (a & 255)) & 0xFFFF
    words = each[..., 0, :] | each[..., 1, :] << 16  # [blocks, pair, four, (0, 2) or (1, 3)]
    return _words(words.transpose(0, 2, 3, 1).reshape(blocks, channels * depth // 4))


def _words(values: np.ndarray) -> np.ndarray:
    """Whole numbers modulo 2^32, as int32."""
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
