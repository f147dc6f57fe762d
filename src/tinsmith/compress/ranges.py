"""From calibration values and weights to scales and zero points, and what was lost (SQNR)."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.ops.dense import MOST_BIAS
from tinsmith.ir.types import Quant

PERCENTILES = (99.99, 99.9, 99.0)
SHRINKS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Range candidates: shares of the extremes; a clipped outlier may cost less than coarse steps."""

MOST_SAMPLES = 1 << 20
"""Values by which candidates are compared: of more, every n-th, n odd so that all channels of the
usual powers of two take part. The extremes are those of all."""


def activation_quant(values: np.ndarray) -> Quant:
    """Asymmetric int8 quantisation of an activation with the best SQNR over the values.

    Candidates are the extremes, shrunk extremes and percentiles; each range includes 0, so that
    zero stays exact. Values that are 0 throughout get scale 1.

    Args:
        values: calibration values, any shape, finite.
    """
    flat = np.asarray(values).ravel()
    low, high = min(0.0, float(flat.min())), max(0.0, float(flat.max()))
    if low == high:
        return Quant((1.0,), (0,))
    flat = flat[:: -(-flat.size // MOST_SAMPLES) | 1].astype(np.float64)
    spans = [(low * s, high * s) for s in SHRINKS]
    for p in PERCENTILES:
        bounds = np.percentile(flat, [100.0 - p, p])
        spans.append((min(0.0, float(bounds[0])), max(0.0, float(bounds[1]))))
    candidates = [quant_of_range(a, b) for a, b in spans if b > a]
    return max(candidates, key=lambda q: sqnr_db(flat, dequantised(quantised(flat, q), q)))


def quant_of_range(low: float, high: float) -> Quant:
    """int8 scale (exactly a float32) and zero point that cover low <= 0 <= high in 255 steps."""
    tiny = float(np.finfo(np.float32).tiny)
    scale = float(np.float32(max((high - low) / 255.0, tiny)))
    zero = int(np.clip(round(-128.0 - low / scale), -128, 127))
    return Quant((scale,), (zero,))


def quantised(values: np.ndarray, quant: Quant) -> np.ndarray:
    """Real values to int8 with saturation, in float64 (for choosing ranges, not for proofs)."""
    with np.errstate(over="ignore"):  # saturates like anything that is too large
        steps = np.round(np.asarray(values, np.float64) / quant.scale[0]) + quant.zero_point[0]
    return np.clip(steps, -128, 127).astype(np.int8)


def dequantised(values: np.ndarray, quant: Quant) -> np.ndarray:
    """int8 values to the reals that they stand for, in float64."""
    return quant.scale[0] * (values.astype(np.float64) - quant.zero_point[0])


def sqnr_db(real: np.ndarray, approximated: np.ndarray) -> float:
    """Signal-to-quantisation-noise ratio in dB: 10 log10(sum of squares / sum of squared errors).

    Infinite where nothing was lost; 0 where the signal is zero and the approximation is not.
    """
    signal = float(np.sum(np.square(np.asarray(real, np.float64))))
    noise = float(np.sum(np.square(np.asarray(real, np.float64) - approximated)))
    if noise == 0.0:
        return float("inf")
    return 10.0 * float(np.log10(signal / noise)) if signal > 0.0 else 0.0


def typical_db(signals: Sequence[float], noises: Sequence[float]) -> float:
    """Signal-to-quantisation-noise ratio of a typical case, in dB: of the medians of the cases'
    energies. One case that is larger than all others is most of their sums and hides in them what
    the others lose; of medians it is one among many.

    Infinite where half of the cases lose nothing. Where half of them have no signal, sums count.
    """
    signal, noise = float(np.median(signals)), float(np.median(noises))
    if noise == 0.0:
        return float("inf")
    if signal == 0.0:
        signal, noise = float(np.sum(signals)), float(np.sum(noises))
    return 10.0 * float(np.log10(signal / noise)) if signal > 0.0 else 0.0


def weight_quant(weights: np.ndarray, bias: np.ndarray, x_scale: float) -> Quant:
    """Symmetric scale per channel (axis 0): weights in -127 .. 127 and |bias| <= 2**30.

    A channel whose bias would not fit int32 at the weights' own scale gets a coarser scale; a
    channel without weights the finest that holds its bias; one with neither gets scale 1.

    Args:
        weights: [channels, depth] real weights.
        bias: [channels] real biases; its scale is x_scale * weight scale.
        x_scale: scale of the layer's input.
    """
    peak = np.abs(weights.astype(np.float64)).reshape(len(weights), -1).max(axis=1)
    room = np.abs(bias.astype(np.float64)) / (x_scale * MOST_BIAS)
    scales = np.maximum(peak / 127.0, room)
    scales = np.where(scales > 0.0, scales, 1.0)
    return Quant(tuple(float(s) for s in scales), (0,) * len(weights), 0)
