"""Readings: ways in which a driver may have turned the golden stimulus into what was seen.

Each reading undoes its fault: it says which golden instant and which golden value every seen
integer stands for if the reading is true. How well that fits decides (`prove/stimulus.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from tinsmith.prove.clock import resample
from tinsmith.prove.trace import FaultKind

UNITS = {
    "g instead of m/s2": 1 / 9.80665,
    "m/s2 instead of g": 9.80665,
    "rad/s instead of deg/s": np.pi / 180,
    "deg/s instead of rad/s": 180 / np.pi,
}
"""Factors between units of motion sensors (standard gravity: SI brochure, section 5.4.3)."""

PERIODS = (2.0, 0.5, 4.0, 0.25, 3.0, 1.5, 1 / 1.5)
"""Sampling period of the device / golden sampling period."""

AUDIBLE = 4.0
"""A channel whose rms is below this many LSB says nothing about gains."""

_NEAR = 0.05
_MOST_PERMUTED = 7


@dataclass(frozen=True)
class Reading:
    """One explanation of the seen integers.

    Args:
        kind: the fault; None is a clean driver.
        words: what happened, for the evidence.
        price: how many times smaller than a clean driver's the misfit must be; simple first.
        values: [case, rows, channels] golden values that the seen integers stand for.
        times: [rows] golden instants of the rows, in sampling periods.
        modulus: values are known only up to multiples of this.
        drops: one sample, at an unknown place, is missing from each window.
    """

    kind: FaultKind | None
    words: str
    price: float
    values: np.ndarray
    times: np.ndarray
    modulus: float | None = None
    drops: bool = False


def readings(golden: np.ndarray, seen: np.ndarray) -> list[Reading]:
    """All readings worth trying, clean first.

    Args:
        golden: [case, samples, channels] integers as they should have been delivered.
        seen: the same as delivered, same shape and dtype.
    """
    real, times = seen.astype(np.float64), np.arange(seen.shape[1], dtype=np.float64)
    found = [Reading(None, "golden", 1.0, real, times)]
    found += _scaled(golden.astype(np.float64), real, times, np.iinfo(seen.dtype))
    found += _axes(golden.astype(np.float64), real, times)
    found += _rates(real, times)
    found += _words(seen, times)
    swapped = seen.byteswap().astype(np.float64)
    found.append(Reading("byte-order", "the bytes of each word are reversed", 4.0, swapped, times))
    words = "one sample of each window is missing"
    found.append(Reading("dropped-sample", words, 6.0, real, times, drops=True))
    return found


def _scaled(
    golden: np.ndarray, seen: np.ndarray, times: np.ndarray, limits: np.iinfo
) -> Iterator[Reading]:
    """Wrong units and gains, each on the channels that show it.

    The factor of a channel is the ratio of its rms values, which no clock changes.
    """
    free = (seen > limits.min) & (seen < limits.max)
    power = np.sum(np.square(golden), axis=(0, 1), where=free)
    level = np.sqrt(power / np.maximum(1, free.sum(axis=(0, 1))))
    heard = level >= AUDIBLE
    ratios = np.sqrt(np.sum(np.square(seen), axis=(0, 1), where=free) / np.maximum(power, 1.0))
    logs = np.log(np.maximum(ratios, 1e-9))
    for words, factor in UNITS.items():
        chosen = heard & (np.abs(logs - np.log(factor)) < 2 * _NEAR)
        if chosen.any():
            text = f"{words} (factor {factor:.5g}) on {channels_text(chosen)}"
            yield Reading("unit", text, 2.0, seen / np.where(chosen, factor, 1.0), times)
    chosen = heard & (np.abs(logs) > _NEAR)
    if chosen.any():
        gain = float(np.exp(np.average(logs[chosen], weights=power[chosen])))
        text = f"gain x{gain:.3g} on {channels_text(chosen)}"
        yield Reading("gain", text, 2.5, seen / np.where(chosen, gain, 1.0), times)


def _axes(golden: np.ndarray, seen: np.ndarray, times: np.ndarray) -> Iterator[Reading]:
    """The signed permutation of channels that fits best, if it is not the identity."""
    misfit, negative = _channel_misfits(golden, seen, times)
    order = _assignment(misfit)
    signs = np.array([-1.0 if negative[c, d] else 1.0 for c, d in enumerate(order)])
    moved = [(c, d) for c, d in enumerate(order) if c != d or signs[c] < 0]
    if not moved:
        return
    values = np.empty_like(seen)
    values[:, :, list(order)] = seen * signs
    told = ", ".join(f"channel {c} is {'-' if signs[c] < 0 else ''}channel {d}" for c, d in moved)
    yield Reading("axes", told, 4.0, values, times)


def _channel_misfits(
    golden: np.ndarray, seen: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[seen channel, golden channel]: smallest normalised squared difference over some clocks and
    both signs, and whether the negative sign gave it."""
    norm = golden.var(axis=(0, 1)) + 1.0
    best = np.full((2, seen.shape[2], seen.shape[2]), np.inf)
    count = seen.shape[0] * seen.shape[1]
    for ratio in (0.99, 0.995, 1.0, 1.005, 1.01):
        model = resample(golden, ratio * times, "cubic")
        cross = np.einsum("ntc,ntd->cd", seen, model)
        power = np.square(seen).sum(axis=(0, 1))[:, None] + np.square(model).sum(axis=(0, 1))[None]
        both = np.stack([power - 2 * cross, power + 2 * cross]) / (count * norm)
        best = np.minimum(best, both)
    # A channel keeps its place and sign unless another place is clearly better.
    stay = np.eye(len(norm), dtype=bool)
    best += np.stack([np.where(stay, 0.0, 0.02), np.full_like(best[0], 0.02)])
    return best.min(axis=0), best.argmin(axis=0).astype(bool)


def _assignment(misfit: np.ndarray) -> tuple[int, ...]:
    """Golden channel of each seen channel, smallest sum; pairwise exchange for many channels."""
    n = len(misfit)
    if n <= _MOST_PERMUTED:
        orders = np.array(list(permutations(range(n))))
        sums = misfit[np.arange(n), orders].sum(axis=1)
        return tuple(int(i) for i in orders[int(np.argmin(sums))])
    order = list(range(n))
    improved = True
    while improved:
        improved = False
        for a in range(n):
            for b in range(a + 1, n):
                now = misfit[a, order[a]] + misfit[b, order[b]]
                if misfit[a, order[b]] + misfit[b, order[a]] < now - 1e-9:
                    order[a], order[b], improved = order[b], order[a], True
    return tuple(order)


def _rates(seen: np.ndarray, times: np.ndarray) -> Iterator[Reading]:
    for period in PERIODS:
        text = f"the device samples at {1 / period:.3g} times the rate"
        yield Reading("sample-rate", text, 4.0, seen, times * period)
    held = 2.0 * np.floor(times / 2)
    yield Reading("sample-rate", "half the rate, each sample delivered twice", 4.0, seen, held)


def _words(seen: np.ndarray, times: np.ndarray) -> Iterator[Reading]:
    """16-bit words where 32 were meant, and the reverse. Words are little-endian."""
    flat = np.ascontiguousarray(seen.reshape(len(seen), -1))
    if seen.dtype == np.int16:
        wide = flat[:, : flat.shape[1] // 2 * 2].view("<i4")
        for text, values in (("low", wide.astype(np.float64)), ("high", np.floor(wide / 65536.0))):
            words = f"32-bit words delivered, value in the {text} half, where 16 bits are read"
            yield _packed(words, values, seen.shape)
        return
    packed = flat.view("<i2").astype(np.float64)
    text = "16-bit words delivered packed where 32 bits are read"
    yield _packed(text, packed, seen.shape, 65536.0)
    real = seen.astype(np.float64)
    low = "only the low 16 of 32 bits arrive"
    yield Reading("word-size", low, 4.0, real, times, modulus=65536.0)
    high = "only the high 16 of 32 bits arrive"
    yield Reading("word-size", high, 4.0, real * 65536.0 + 32768.0, times)


def _packed(
    words: str, flat: np.ndarray, shape: tuple[int, ...], modulus: float | None = None
) -> Reading:
    """Words in order of delivery, as far as they belong to this window."""
    rows = min(flat.shape[1] // shape[2], shape[1])
    values = flat[:, : rows * shape[2]].reshape(shape[0], rows, shape[2])
    times = np.arange(rows, dtype=np.float64)
    return Reading("word-size", words, 4.0, values, times, modulus)


def channels_text(chosen: np.ndarray) -> str:
    """``all channels`` or the numbers of those chosen."""
    if chosen.all():
        return "all channels"
    numbers = ", ".join(str(i) for i in np.flatnonzero(chosen))
    return f"channel{'s' if chosen.sum() > 1 else ''} {numbers}"
