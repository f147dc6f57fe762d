"""Sampling rate from time stamps: regular within 2 %, or a clear refusal naming both rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.text import Source

TOLERANCE = 0.02
"""Rates that differ by at most this share count as the same: oscillators stay far below it."""
JITTER = 0.55
"""A single step may be off by this share of the usual one: stamps are often rounded to whole ms."""
_ENOUGH = 16
"""Samples that a stretch needs before its own rate says anything beside the jitter of its ends."""


@dataclass(frozen=True)
class Stamps:
    """Time stamps of one recording in seconds, [samples] float64, and the line each stands in."""

    seconds: np.ndarray
    lines: np.ndarray


def differ(a: float, b: float) -> bool:
    """Whether two rates are further apart than the tolerance."""
    return abs(a - b) > TOLERANCE * max(a, b)


def rate_of(recordings: Sequence[Stamps], source: Source) -> float:
    """The common rate in Hz of recordings of two or more samples each, to six significant digits.

    Raises:
        UserError: ``time`` where stamps do not increase; ``mixed_rate`` names two rates and where
            the second begins.
    """
    step = float(np.median(np.concatenate([np.diff(r.seconds) for r in recordings])))
    for r in recordings:
        _check_steps(r, step, source)
    parts = [p for r in recordings for p in _halves(r) if len(p.lines) >= _ENOUGH]
    if parts:
        rates = [_rate(p) for p in parts]
        usual = float(np.median(rates))
        far = int(np.argmax(np.abs(np.array(rates) - usual)))
        if differ(min(rates), max(rates)):
            near = min(rates, key=lambda rate: abs(rate - usual))
            raise mixed(near, rates[far], int(parts[far].lines[0]), source)
    samples = sum(len(r.lines) - 1 for r in recordings)
    duration = float(sum(r.seconds[-1] - r.seconds[0] for r in recordings))
    return float(f"{samples / duration:.6g}")


def _check_steps(r: Stamps, step: float, source: Source) -> None:
    steps = np.diff(r.seconds)
    wrong = np.flatnonzero((np.abs(steps - step) > JITTER * step) | (steps <= 0))
    if not len(wrong):
        return
    line, found = int(r.lines[wrong[0] + 1]), float(steps[wrong[0]])
    if found <= 0 or step <= 0:
        hint = "Mend it; with --set resample_hz=... such lines are left out."
        raise source.error("time", f"line {line}: the time stamp does not increase.", hint)
    raise mixed(1 / step, 1 / found, line, source)


def _halves(r: Stamps) -> list[Stamps]:
    half = len(r.lines) // 2
    if half < _ENOUGH:
        return [r]
    return [Stamps(r.seconds[:half], r.lines[:half]), Stamps(r.seconds[half:], r.lines[half:])]


def _rate(r: Stamps) -> float:
    return (len(r.lines) - 1) / float(r.seconds[-1] - r.seconds[0])


def mixed(usual: float, other: float, line: int, source: Source) -> UserError:
    """The error about two rates (Hz), the other one at a line."""
    return source.error(
        "mixed_rate",
        f"mixed sampling rates: {usual:.6g} Hz, but {other:.6g} Hz at line {line}.",
        f"One data set has one rate (within {TOLERANCE:.0%}). Bring it to one: --set resample_hz="
        f"{_round(usual)}; where samples are missing, end recordings: --set gaps=cut",
    )


def _round(rate: float) -> str:
    return f"{rate:.2g}" if rate < 100 else f"{rate:.0f}"


def rate_text(rate: float) -> str:
    """``4 kHz``, ``62.5 Hz``: a rate as people say it."""
    for size, unit in ((1e6, "MHz"), (1e3, "kHz")):
        if rate >= size:
            return f"{rate / size:.4g} {unit}"
    return f"{rate:.4g} Hz"
