"""Settings that suit recordings: how long a window is, what the sensor hands over, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tinsmith.data.dataset import FLOAT, Dataset
from tinsmith.data.windows import Windowing

_SPANS = (
    (8000.0, 1.0, "sound: about a second"),
    (800.0, 0.5, "fast vibration: half a second tells frequencies 2 Hz apart"),
    (8.0, 2.0, "motion: 2 s hold a gesture or two steps"),
)
"""From a rate in Hz on, a window lasts so many seconds."""
_SLOW = 32
"""Samples of a window below these rates: what changes slowly is told by its course."""
_SNIPPET, _MANY = 8, 30
"""So many recordings of one length, at most so many usual windows long, are one example each."""
_WHOLE = "all values are whole numbers: taken as the driver's own integers"
_KEPT = 2 / 3
"""A window is at most so long that this share of each label's samples lies in recordings that hold
one."""


@dataclass(frozen=True)
class Suited:
    """Windows and sensor for a project, each with its reason in words."""

    window: Windowing
    window_why: str
    dtype: str
    full_scale: tuple[float, ...]
    lsb: tuple[float, ...]
    """Either this or ``full_scale`` is empty."""
    sensor_why: str

    @property
    def blocks(self) -> tuple[str, ...]:
        """Blocks to begin with: a window of one sample is what it is."""
        return ("flatten",) if self.window.samples == 1 else ("statistics", "spectral")


def suited(dataset: Dataset) -> Suited:
    """Settings that follow from the rate and the recordings."""
    window, why = _window(dataset)
    contract = dataset.manifest.contract
    if contract.dtype != FLOAT:
        scale = contract.scale or (1.0,) * len(dataset.manifest.channels)
        dtype = "int32" if contract.dtype == "int32" else "int16"
        plain = all(s == 1 for s in scale)
        return Suited(window, why, dtype, (), scale, _WHOLE if plain else "as the recordings say")
    peaks, whole = _peaks(dataset)
    if whole and peaks.max() < 1 << 24:
        dtype = "int16" if peaks.max() < 1 << 15 else "int32"
        return Suited(window, why, dtype, (), (1.0,) * len(peaks), _WHOLE)
    scale = tuple(_round_up(float(p)) for p in peaks)
    return Suited(window, why, "int16", scale, (), "the largest values, rounded up")


def _window(dataset: Dataset) -> tuple[Windowing, str]:
    """The power of two next to what suits the rate, shorter where recordings are short; a window
    begins at every half of one. Snippets that are all of one length are windows as they are."""
    rate = dataset.manifest.rate_hz
    if all(r.metadata.get("rows") == "alone" for r in dataset.manifest.recordings):
        return Windowing(1, 1), "each line is an example of its own"
    seconds, why = next(((s, w) for least, s, w in _SPANS if rate >= least), (0.0, ""))
    wanted = _power(rate * seconds) if seconds else _SLOW
    lengths = {r.samples for r in dataset.manifest.recordings}
    length = max(lengths)
    many = len(dataset.manifest.recordings) >= _MANY
    if many and len(lengths) == 1 and 2 <= length <= _SNIPPET * wanted:
        told = f"{length / rate:.3g} s at {rate:g} Hz. Each recording is one window: all have"
        return Windowing(length, length), f"{told} {length} samples"
    why = why or f"slow changes: {_SLOW} samples"
    samples = wanted
    while samples > 2 and not _fits(dataset, samples):
        samples //= 2
    if samples < wanted:
        why += f"; shorter, as windows of {wanted} samples do not fit the recordings of each label"
    return Windowing(
        samples, samples // 2
    ), f"{samples / rate:.3g} s at {rate:g} Hz. {why[0].upper()}{why[1:]}"


def _power(samples: float) -> int:
    """The nearest power of two, at least 2."""
    return int(2 ** max(1, round(float(np.log2(max(samples, 2.0))))))


def _fits(dataset: Dataset, samples: int) -> bool:
    """Whether most samples of each label lie in recordings that hold a window, and in three of them
    if the label has so many."""
    lengths: dict[str, list[int]] = {}
    for r in dataset.manifest.recordings:
        lengths.setdefault(r.label, []).append(r.samples)
    return all(_enough(found, samples) for found in lengths.values() if max(found) > 1)


def _enough(lengths: Iterable[int], samples: int) -> bool:
    found = list(lengths)
    long = [n for n in found if n >= samples]
    return sum(long) >= _KEPT * sum(found) and len(long) >= min(3, sum(n > 1 for n in found))


def _peaks(dataset: Dataset) -> tuple[np.ndarray, bool]:
    """Largest magnitude of each channel, [channels], and whether all values are whole."""
    peaks, whole = np.zeros(len(dataset.manifest.channels)), True
    for recording in dataset.manifest.recordings:
        values = dataset.values(recording)
        peaks = np.maximum(peaks, np.abs(values).max(axis=0))
        whole = whole and bool((values == np.rint(values)).all())
    return peaks, whole


def _round_up(value: float) -> float:
    """The next number with one digit: sensors have round full scales, and head-room is wanted."""
    if value <= 0:
        return 1.0
    step = 10.0 ** np.floor(np.log10(value))
    return float(np.ceil(value / step) * step)
