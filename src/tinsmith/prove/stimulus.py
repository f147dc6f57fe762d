"""Did the driver deliver the golden stimulus? If not: what did it do to it?

A real sensor may deviate by 1 LSB of noise, a clock that is 1 % off, jitter of 1 % of a period and
the phase at which it starts. Everything else is a fault, named by the reading that explains the
seen integers with by far the smallest misfit.
"""

from dataclasses import dataclass, replace

import numpy as np

from tinsmith.prove.clock import KERNELS, Clock, resample
from tinsmith.prove.readings import Reading, readings
from tinsmith.prove.trace import FaultKind

RATIOS = (0.98, 1.02)
"""Clocks tried: sampling period of the device / nominal period."""

CLEAN = 0.08
"""A clean driver may miss this share of the golden variance: how the world went on between two
samples is not known. Energetic motion at 10 Hz, off by half a sample, was seen to miss 0.02."""

EXPLAINED = 0.25
"""A fault explains the integers if its misfit is below this; it must also beat a clean driver by
its price."""

_EDGE = 0.05
"""How far beyond the golden window, in periods, the outermost sample may stand for the signal."""

_COARSE_CASES = 4
_FINALISTS = 3
_PROMISE = 10.0
"""A reading is fitted finely unless its rough score is this much worse than the clean one's."""


@dataclass(frozen=True)
class Finding:
    """What is known of a stimulus: ``kind`` None is clean. ``case``: the first that differs."""

    kind: FaultKind | None
    evidence: str
    case: int
    differing: int
    total: int


@dataclass(frozen=True)
class _Scale:
    """How differences are weighed: variance per channel in LSB^2, weight per channel (quiet ones
    say little), and the share of misfit that noise and jitter alone make."""

    norm: np.ndarray
    weight: np.ndarray
    floor: float


@dataclass(frozen=True)
class _Clocks:
    """Clocks to try: one ratio for all cases, a phase for each."""

    ratios: np.ndarray
    shifts: tuple[float, ...]
    kernel: str


@dataclass(frozen=True)
class _Fit:
    """The best clock of a reading, its misfit over all cases, and per case."""

    reading: Reading
    misfit: float
    clock: Clock
    cases: np.ndarray

    def score(self, floor: float) -> float:
        return (self.misfit + floor) * self.reading.price


def judge(golden: np.ndarray, seen: np.ndarray) -> Finding:
    """Compare delivered integers with the golden ones.

    Args:
        golden: [case, *shape]; [case, samples, channels] is a time series; other shapes are taken
            as [case, samples, 1] after flattening.
        seen: what the driver delivered.
    """
    if golden.shape != seen.shape or golden.dtype != seen.dtype:
        was = f"{seen.dtype}{list(seen.shape)}, not {golden.dtype}{list(golden.shape)}"
        return Finding("stimulus", f"The driver delivered {was}.", 0, golden.size, golden.size)
    wrong = (golden != seen).reshape(len(golden), -1)
    count, total = int(wrong.sum()), golden.size
    if count == 0:
        return Finding(None, "The raw integers are the golden ones.", 0, 0, total)
    case = int(np.flatnonzero(wrong.any(axis=1))[0])
    if golden.dtype.kind not in "iu":
        text = f"{count} of {total} values differ from the golden stimulus, which is not integer."
        return Finding("stimulus", text, case, count, total)
    kind, evidence = _explain(_series(golden), _series(seen))
    return Finding(kind, evidence, case, count, total)


def _series(array: np.ndarray) -> np.ndarray:
    return array if array.ndim == 3 else array.reshape(len(array), -1, 1)


def _explain(golden: np.ndarray, seen: np.ndarray) -> tuple[FaultKind | None, str]:
    """The best reading of all cases; where that is a clean driver, of the worst case alone."""
    scale = _scale(golden)
    best, clean = _best(golden, seen, scale)
    worst = int(np.argmax(clean.cases))
    if best.reading.kind is None and clean.cases[worst] > CLEAN and len(golden) > 1:
        one = slice(worst, worst + 1)
        best, clean = _best(golden[one], seen[one], _scale(golden[one]))
    before, after = 100 * clean.misfit, 100 * best.misfit
    if best.misfit > (CLEAN if best.reading.kind is None else EXPLAINED):
        text = f"No reading explains the raw integers: {before:.3g} % of the variance is left"
        return "stimulus", f"{text} by a clean driver, {after:.3g} % by the best of the others."
    if best.reading.kind is None:
        clock = f"clock ratio {best.clock.ratio:.4f}"
        return None, f"The raw integers are golden up to noise, jitter and clock ({clock})."
    return best.reading.kind, (
        f"Best explained by this: {best.reading.words}. It leaves {after:.3g} % of the variance, "
        f"a clean driver {before:.3g} %."
    )


def _best(golden: np.ndarray, seen: np.ndarray, scale: _Scale) -> tuple[_Fit, _Fit]:
    """The reading with the smallest price times misfit, and the clean reading."""
    real = golden.astype(np.float64)
    few = slice(0, _COARSE_CASES)
    first, *others = readings(golden, seen)
    clean = _refine(real, first, scale, _coarse(real, first, scale, few).clock)
    hopeful = _PROMISE * clean.score(scale.floor)
    rough = [(r, _coarse(real, r, scale, few)) for r in others]
    rough = [(r, f) for r, f in rough if f.score(scale.floor) < hopeful]
    rough.sort(key=lambda f: f[1].score(scale.floor))
    faults = [_refine(real, r, scale, f.clock) for r, f in rough[:_FINALISTS]]
    best = min([clean, *faults], key=lambda f: f.score(scale.floor))
    return best, clean


def _scale(golden: np.ndarray) -> _Scale:
    real = golden.astype(np.float64)
    variance = real.var(axis=(0, 1))
    weight = variance / (variance + 16.0) + 1e-9
    norm = variance + 1.0
    slope = np.square(np.diff(real, axis=1)).mean(axis=(0, 1)) if real.shape[1] > 1 else 0.0 * norm
    expected = (1.0 + 1e-4 * slope) / norm
    return _Scale(norm, weight / weight.sum(), float((weight * expected).sum() / weight.sum()))


def _coarse(golden: np.ndarray, reading: Reading, scale: _Scale, cases: slice) -> _Fit:
    """Best of a grid of clocks, on the first cases."""
    low, high = RATIOS
    step = min(0.0025, 0.25 / golden.shape[1])
    ratios = np.arange(low, high + step / 2, step)
    clocks = _Clocks(ratios, (-0.5, 0.0, 0.5), "cubic")
    part = replace(reading, values=reading.values[cases])
    return _grid(golden[cases], part, scale, clocks)


def _refine(golden: np.ndarray, reading: Reading, scale: _Scale, near: Clock) -> _Fit:
    """Best clock near the coarse one, on all cases and with every interpolation kernel; then finer.

    The fit must be as good as jitter allows: a clean trace with a clock that was found only roughly
    looks like one with a sample missing.
    """
    step = min(0.0025, 0.25 / golden.shape[1])
    ratios = near.ratio + step * np.linspace(-1, 1, 9)
    shifts = tuple(float(s) for s in np.linspace(-0.75, 0.75, 13))
    found = min(
        (_grid(golden, reading, scale, _Clocks(ratios, shifts, k)) for k in KERNELS),
        key=lambda f: f.misfit,
    )
    ratios = found.clock.ratio + step / 4 * np.linspace(-1, 1, 9)
    shifts = tuple(float(s) for s in np.linspace(-0.75, 0.75, 61))
    return _grid(golden, reading, scale, _Clocks(ratios, shifts, found.clock.kernel))


def _grid(golden: np.ndarray, reading: Reading, scale: _Scale, clocks: _Clocks) -> _Fit:
    """The best clock of a grid."""
    fits = []
    for ratio in np.clip(clocks.ratios, *RATIOS):
        nominal = Clock(float(ratio), 0.0, clocks.kernel)
        rows = _misfits(golden, reading, scale, nominal, clocks.shifts)
        cases = rows.min(axis=1)
        clock = replace(nominal, shift=clocks.shifts[int(rows.mean(axis=0).argmin())])
        fits.append(_Fit(reading, float(cases.mean()), clock, cases))
    return min(fits, key=lambda f: f.misfit)


def _misfits(
    golden: np.ndarray, reading: Reading, scale: _Scale, clock: Clock, shifts: tuple[float, ...]
) -> np.ndarray:
    """[case, shift]: mean weighed squared difference over the rows that the window covers."""
    phases = np.array(shifts)[:, None]
    before, known = _rows(golden, reading, scale, clock, clock.ratio * reading.times + phases)
    if not reading.drops:
        return np.asarray((before * known).sum(axis=2) / np.maximum(1, known.sum(axis=1)))
    times = clock.ratio * (reading.times + 1) + phases
    after, still = _rows(golden, reading, scale, clock, times)
    # Rows before the gap at their own instants, rows behind it one sample later: every gap at once.
    head = np.pad(np.cumsum(before * known, axis=2), ((0, 0), (0, 0), (1, 0)))
    tail = np.pad(_from_behind(after * still), ((0, 0), (0, 0), (0, 1)))
    counts = np.pad(np.cumsum(known, axis=1), ((0, 0), (1, 0)))
    counts = counts + np.pad(_from_behind(still), ((0, 0), (0, 1)))
    return np.asarray(((head + tail) / np.maximum(1, counts)).min(axis=2))


def _from_behind(array: np.ndarray) -> np.ndarray:
    """Sums of each element and all behind it, along the last axis."""
    return np.asarray(np.cumsum(array[..., ::-1], axis=-1)[..., ::-1])


def _rows(
    golden: np.ndarray, reading: Reading, scale: _Scale, clock: Clock, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[case, shift, rows] weighed squared differences at ``times`` [shift, rows], and which of them
    the golden window covers [shift, rows]."""
    model = resample(golden, times.ravel(), clock.kernel)
    model = model.reshape(len(golden), *times.shape, golden.shape[2])
    difference = reading.values[:, None] - model
    norm = scale.norm
    if reading.modulus:
        half = reading.modulus / 2
        difference = (difference + half) % reading.modulus - half
        norm = np.minimum(norm, reading.modulus**2 / 12)  # all that a wrapped guess can miss by
    known = (times > -_EDGE) & (times < golden.shape[1] - 1 + _EDGE)
    return np.square(difference) @ (scale.weight / norm), known
