"""Files that are not held in memory: one pass finds where recordings begin and end and the rate,
another one reads their values when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tinsmith.data.formats.csv._collect import Clock, Collector
from tinsmith.data.formats.csv._table import Rows as Block
from tinsmith.data.rate import JITTER, differ, mixed
from tinsmith.data.text import Source

_ENOUGH = 16
"""Lines that a run needs before its own rate says anything beside the jitter of its ends."""


@dataclass
class Run:
    """A recording: first row and line, rows, texts of its lines, times of its ends in seconds."""

    start: int
    line: int
    key: tuple[str, ...]
    rows: int = 0
    begin: float = 0.0
    end: float = 0.0


@dataclass
class Scan:
    """Runs of a file, found block by block. The usual step is that of the first block."""

    collector: Collector
    clock: Clock | None
    gaps: bool
    source: Source
    runs: list[Run] = field(default_factory=list)
    rows: int = 0
    missing: int = 0
    cuts: int = 0
    _step: float = 0.0

    def take(self, block: Block) -> None:
        """The next lines of the file.

        Raises:
            UserError: ``time`` or ``mixed_rate``, naming the line.
        """
        self.missing += len(block.missing)
        if not len(block.lines):
            return
        times = self.collector.times(block)
        begins, keys = self._begins(block)
        if times is not None:
            if not self._step:
                self._step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
            self._look(times, begins, block)
        edges = [*np.flatnonzero(begins), len(begins)]
        if edges[0]:
            self._grow(self.runs[-1], 0, int(edges[0]), times)
        for a, b in pairwise(edges):
            run = Run(self.rows + int(a), int(block.lines[a]), keys(int(a)))
            self.runs.append(run)
            self._grow(run, int(a), int(b), times)
        self.rows += len(block.lines)

    def _grow(self, run: Run, a: int, b: int, times: np.ndarray | None) -> None:
        if times is not None:
            run.begin = float(times[a]) if not run.rows else run.begin
            run.end = float(times[b - 1])
        run.rows += b - a

    def _begins(self, block: Block) -> tuple[np.ndarray, "_Keys"]:
        """Lines whose texts are not those of the line before, or before which one is missing."""
        texts = self.collector.key_texts(block)
        keys = _Keys(texts)
        begins = np.zeros(len(block.lines), bool)
        begins[0] = not self.runs or self.runs[-1].key != keys(0)
        for text in texts:
            begins[1:] |= text[1:] != text[:-1]
        after = np.searchsorted(block.lines, block.missing)
        begins[after[after < len(begins)]] = True
        return begins, keys

    def _look(self, times: np.ndarray, begins: np.ndarray, block: Block) -> None:
        """Mark where time begins again or is cut; refuse what is neither."""
        before = self.runs[-1].end if self.runs else float(times[0]) - self._step
        steps = np.diff(times, prepend=before)
        odd = (steps <= 0) | (np.abs(steps - self._step) > JITTER * self._step)
        for i in np.flatnonzero(odd & ~begins):
            step, line = float(steps[i]), int(block.lines[i])
            began = (
                times[np.flatnonzero(begins[:i])[-1]] if begins[:i].any() else self.runs[-1].begin
            )
            if step < 0 and (self.gaps or times[i] <= began):
                begins[i] = True
                self.cuts += times[i] > began
            elif step <= 0 or self._step <= 0:
                how = (
                    "does not increase steadily"
                    if step >= 0
                    else f"goes backwards, by {-step:.6g} s"
                )
                raise self.source.error("time", f"line {line}: time {how}.", "Mend the line.")
            elif self.gaps and step > self._step:
                begins[i] = True
                self.cuts += 1
            else:
                raise mixed(1 / self._step, 1 / step, line, self.source)

    def usable(self) -> tuple[list[Run], list[str]]:
        """Runs of two lines or more, and notes on what was done.

        Raises:
            UserError: ``empty`` or ``one_sample``.
        """
        if not self.runs:
            raise self.source.error("empty", "there is no line of values.", "Record it again.")
        kept = [r for r in self.runs if r.rows > 1]
        if not kept:
            what = f"line {self.runs[0].line}: a recording of one sample is no signal."
            raise self.source.error("one_sample", what, "A recording has two or more of one label.")
        notes = [f"cut at {self.cuts} gaps"] if self.cuts else []
        if len(kept) < len(self.runs):
            notes.append(f"{len(self.runs) - len(kept)} segments of one sample left out")
        return kept, notes

    def rate(self) -> float | None:
        """The rate of all runs in Hz; None without a column of time.

        Raises:
            UserError: ``mixed_rate`` where that of a long run is another.
        """
        timed = [r for r in self.runs if r.rows > 1]
        if self.clock is None or not timed:
            return None
        steps = sum(r.rows - 1 for r in timed)
        usual = steps / sum(r.end - r.begin for r in timed)
        rates = {(r.rows - 1) / (r.end - r.begin): r.line for r in timed if r.rows > _ENOUGH}
        if rates and differ(min(rates), max(rates)):
            far = max(rates, key=lambda rate: abs(rate - usual))
            near = min(rates, key=lambda rate: abs(rate - usual))
            raise mixed(near, far, rates[far], self.source)
        return float(f"{usual:.6g}")


@dataclass(frozen=True)
class _Keys:
    texts: tuple[np.ndarray, ...]

    def __call__(self, row: int) -> tuple[str, ...]:
        return tuple(text[row].decode().strip() for text in self.texts)


def values(blocks: Iterator[Block], channels: int) -> Iterator[np.ndarray]:
    """The channels of all lines, [lines, channels] float32, block by block."""
    for block in blocks:
        if len(block.lines):
            yield block.numbers[:, :channels].astype(np.float32)
