"""From lines to recordings: where one ends and the next begins, gaps, the rate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tinsmith.data.dataset import Contract, RawRecording
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._collect import Collected, Lines
from tinsmith.data.rate import JITTER, Stamps, rate_of
from tinsmith.data.resample import resample
from tinsmith.data.text import Source

ROWS, ALONE = "rows", "alone"
"""Metadata of recordings whose lines are examples of their own."""
_PARTS = 40
_GROWTH = 1000
"""Samples that resampling may make of one; more are a mistake in times or rate."""
_EXACT = 1 << 24
"""Whole numbers up to here are what they were when read as float32."""
_BRIDGE = 10
"""Usual steps that resampling may draw a line over; what is longer is a gap."""


@dataclass(frozen=True)
class Piece:
    """A recording: number of its first line, its run, its values."""

    number: int
    run: int
    values: np.ndarray


@dataclass(frozen=True)
class Pieces:
    """Recordings of a file and their rate (None: unknown)."""

    pieces: tuple[Piece, ...]
    rate_hz: float | None
    notes: tuple[str, ...]


def cut(whole: Collected, options: ReadOptions, source: Source) -> Pieces:
    """Recordings of two samples or more.

    Raises:
        UserError: ``time``, ``mixed_rate``, ``one_sample``, ``gaps`` or ``rate``.
    """
    lines = whole.lines
    if options.gaps not in (None, "cut"):
        raise source.error("gaps", f"gaps={options.gaps} is unknown.", "Allowed: gaps=cut")
    notes: list[str] = []
    lines = _oldest_first(lines, notes)
    runs = _runs(lines, source, notes if options.gaps else None)
    if options.gaps and lines.seconds is not None:
        wide = 1 + JITTER if options.resample_hz is None else _BRIDGE
        runs = _at_gaps(lines, runs, wide, notes)
    runs = _long_enough(lines, runs, notes, source)
    if options.resample_hz is not None:
        return _resampled(lines, runs, options, source, notes)
    rate = None
    if lines.seconds is not None:
        rate = rate_of([Stamps(lines.seconds[r], lines.numbers[r]) for r in runs], source)
    pieces = tuple(_piece(lines, r.start, lines.values[r]) for r in runs)
    return Pieces(pieces, rate, tuple(notes))


def examples(whole: Collected, options: ReadOptions, source: Source) -> Pieces:
    """Lines that are examples of their own, in recordings of one label and group each: some for
    each, so that a split has what to move.

    Raises:
        UserError ``rows``: an unknown word.
    """
    if options.rows != ALONE:
        raise source.error("rows", f"rows={options.rows} is unknown.", "Allowed: rows=alone")
    lines = whole.lines
    names = list(dict.fromkeys(whole.keys))
    place = {key: i for i, key in enumerate(names)}
    owner = np.array([place[key] for key in whole.keys])[lines.runs]
    pieces = []
    for i in range(len(names)):
        rows = np.flatnonzero(owner == i)
        for part in np.array_split(rows, min(len(rows), _PARTS)):
            pieces.append(_piece(lines, int(part[0]), lines.values[part]))
    rate = options.rate_hz or 1.0
    return Pieces(tuple(pieces), rate, ("each line is an example of its own: its rate is no rate",))


def _piece(lines: Lines, row: int, values: np.ndarray) -> Piece:
    return Piece(int(lines.numbers[row]), int(lines.runs[row]), values)


def _oldest_first(lines: Lines, notes: list[str]) -> Lines:
    """Lines in the order of time where the file has the newest first."""
    if lines.seconds is None or len(lines.seconds) < 3:
        return lines
    if np.mean(np.diff(lines.seconds) < 0) <= 0.5:
        return lines
    notes.append("lines run from the newest to the oldest: read backwards")
    return Lines(lines.values[::-1], lines.seconds[::-1], lines.numbers[::-1], lines.runs[::-1])


def _runs(lines: Lines, source: Source, cuts: list[str] | None) -> list[slice]:
    """Where nothing says otherwise, a recording goes on; time that returns to its beginning, or to
    before it, begins another. So does time that goes back less far where recordings may be cut:
    ``cuts`` takes a note on each.

    Raises:
        UserError: ``time`` where time goes back to what was recorded already.
    """
    begins = np.diff(lines.runs, prepend=-1) != 0
    if lines.seconds is not None:
        start = 0
        steps = np.diff(lines.seconds)
        for i in sorted({*np.flatnonzero(steps < 0) + 1, *np.flatnonzero(begins)}):
            if not begins[i]:
                now, before = lines.seconds[i], lines.seconds[i - 1]
                if now > lines.seconds[start]:
                    what = f"line {lines.numbers[i]}: time goes backwards, by {before - now:.6g} s"
                    if cuts is None:
                        hint = "Mend or delete the line, or end the recording there: --set gaps=cut"
                        raise source.error("time", f"{what}.", hint)
                    cuts.append(f"{what}: cut there")
                begins[i] = True
            start = i
    starts = np.flatnonzero(begins)
    ends = [*starts[1:], len(begins)]
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _at_gaps(lines: Lines, runs: Sequence[slice], most: float, notes: list[str]) -> list[slice]:
    """Runs that end where a step is more than ``most`` usual ones."""
    assert lines.seconds is not None
    step = _usual(lines.seconds, runs)
    found, gaps = [], []
    for run in runs:
        steps = np.diff(lines.seconds[run])
        wide = np.flatnonzero(steps > most * step)
        gaps += [(float(steps[i]), int(lines.numbers[run.start + i + 1])) for i in wide]
        edges = [run.start, *(run.start + 1 + int(i) for i in wide), run.stop]
        found += [slice(a, b) for a, b in pairwise(edges)]
    if gaps:
        longest, line = max(gaps)
        count = f"{len(gaps)} gap{'s' if len(gaps) > 1 else ''}"
        notes.append(f"cut at {count}, the longest of {longest:.4g} s before line {line}")
    return found


def _usual(seconds: np.ndarray, runs: Sequence[slice]) -> float:
    steps = [np.diff(seconds[run]) for run in runs]
    there = np.concatenate(steps) if steps else np.zeros(0)
    return float(np.median(there)) if len(there) else 0.0


def _long_enough(
    lines: Lines, runs: Sequence[slice], notes: list[str], source: Source
) -> list[slice]:
    kept = [run for run in runs if run.stop - run.start > 1]
    alone = [int(lines.numbers[run.start]) for run in runs if run.stop - run.start == 1]
    if not kept:
        raise source.error(
            "one_sample",
            f"line {alone[0]}: a recording of one sample is no signal.",
            "A recording has two or more with one label; where each line is an example of its own: "
            "--set rows=alone",
        )
    if alone:
        what = (
            "a segment of one sample" if len(alone) == 1 else f"{len(alone)} segments of one sample"
        )
        where = f"line {alone[0]}" if len(alone) == 1 else f"first line {alone[0]}"
        notes.append(f"{what} ({where}) left out")
    return kept


def _resampled(
    lines: Lines, runs: Sequence[slice], options: ReadOptions, source: Source, notes: list[str]
) -> Pieces:
    """All recordings at the rate that was asked for.

    Raises:
        UserError: ``rate`` where neither stamps nor a rate say when samples were taken;
            ``mixed_rate`` at a gap that nothing may be drawn over.
    """
    wanted = float(options.resample_hz or 0)
    seconds = lines.seconds
    if seconds is None:
        if options.rate_hz is None:
            what = "resampling needs a time column or the rate."
            raise source.error("rate", what, "Say the rate: --set rate_hz=50, for instance.")
        seconds = np.arange(len(lines.values)) / options.rate_hz
    step, same, pieces = _usual(seconds, runs), 0, []
    for run in runs:
        own = seconds[run]
        new = np.concatenate([[True], np.diff(own) > 0])
        same += int((~new).sum())
        own, numbers, values = own[new], lines.numbers[run][new], lines.values[run][new]
        _bridged(own, numbers, step, source)
        if (made := (own[-1] - own[0]) * wanted) > _GROWTH * len(own):
            what = f"resampling would make {made:.4g} samples of {len(own)}."
            raise source.error("rate", what, "Mend the times, or choose a lower rate.")
        if len(own) > 1 and len(found := resample(values, own, wanted)) > 1:
            pieces.append(_piece(lines, run.start, found))
    if same:
        notes.append(f"{same} lines with the time of the line before left out")
    if not pieces:
        what = f"no recording has two samples at {wanted:g} Hz."
        raise source.error("one_sample", what, "Choose a higher rate.")
    usual = f"{1 / step:.6g} Hz" if step > 0 else "no usual rate"
    notes.append(f"resampled from {usual} to {wanted:g} Hz")
    return Pieces(tuple(pieces), wanted, tuple(notes))


def _bridged(own: np.ndarray, numbers: np.ndarray, step: float, source: Source) -> None:
    wide = np.flatnonzero(np.diff(own) > _BRIDGE * step)
    if step > 0 and len(wide):
        i = int(wide[0])
        raise source.error(
            "mixed_rate",
            f"line {numbers[i + 1]}: samples are missing for {own[i + 1] - own[i]:.4g} s, too long "
            "to be drawn over.",
            "End recordings there: --set gaps=cut",
        )


def whole_numbers(
    recordings: tuple[RawRecording, ...], channels: int
) -> tuple[tuple[RawRecording, ...], Contract]:
    """Recordings of whole numbers as the integers that they are, and what they then are."""
    most = 0.0
    for r in recordings:
        assert isinstance(r.values, np.ndarray)
        if (r.values != np.rint(r.values)).any():
            return recordings, Contract()
        most = max(most, float(np.abs(r.values).max()))
    if most > _EXACT:
        return recordings, Contract()
    dtype = "int16" if most < 1 << 15 else "int32"
    found = tuple(replace(r, values=np.asarray(r.values).astype(dtype)) for r in recordings)
    return found, Contract(dtype, (1.0,) * channels)
