"""Tables as text (CSV and its kin): one line per sample, or per value of a long table.

From the first lines: the delimiter (comma, semicolon, tab, bar, blanks; ``sep=;``), the decimal
mark, lines before the table, names, a line of units; columns without names are ``col_1`` and so on.
By name: time (``time``, ``timestamp``, ``millis``, ``seconds_elapsed``, ``time_ms``, ``time [s]``),
label (``label``, ``class``, ``activity``), group (``subject``, ``person``, ``session``); by values:
dates, Unix time, day numbers of spreadsheets, line numbers, texts. What is recognised as one of
these is never a channel. Every other column is one and holds numbers; ``acc_x [m/s2]`` gives its
unit. A contiguous run of lines with one label and group is a recording; so is what follows where
time begins again. Without a label column the label is the part of the file name before the first of
two dots (``walking.monday.csv``), else the name of the folder.

What can be read in two ways is asked for: each meaning is said, and what to ``--set``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinsmith.data.dataset import Column, RawRecording, Reading
from tinsmith.data.dataset import Rows as Samples
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.formats.csv._collect import Clock, Collector, clock_of, collect
from tinsmith.data.formats.csv._head import Layout, layout
from tinsmith.data.formats.csv._long import widened
from tinsmith.data.formats.csv._roles import Roles, roles
from tinsmith.data.formats.csv._series import ALONE, ROWS, cut, examples, whole_numbers
from tinsmith.data.formats.csv._stream import Scan, values
from tinsmith.data.formats.csv._table import Rows, rows
from tinsmith.data.formats.csv._text import SAMPLE, blocks
from tinsmith.data.naming import label_of
from tinsmith.data.rows import Sequence
from tinsmith.data.text import Source

HELD_BYTES = 128_000_000
"""Larger files are read twice, and never held in memory."""


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file; see the module's docstring for what is recognised.

    Raises:
        UserError: ``data.csv.<what>``, naming file, line and column where there is one.
    """
    file = _open(path, options)
    if file.size > HELD_BYTES:
        return file.streamed()
    return file.held()


@dataclass(frozen=True)
class _File:
    """A file whose first lines were looked at."""

    path: Path
    options: ReadOptions
    source: Source
    written: Layout
    taken: Roles
    clock: Clock | None
    size: int
    small: tuple[bytes, ...]
    """All of a small file, so that it is opened once."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What each column was taken for, that of time with its unit."""
        if self.clock is None:
            return self.taken.columns
        told = f"; {self.clock.why}"
        return tuple(
            replace(c, why=c.why + told) if c.role == "time" else c for c in self.taken.columns
        )

    def blocks(self, values: bool = True) -> Iterator[Rows]:
        """All lines; without the ``values`` of channels where only times and texts are wanted."""
        wanted = Collector(self.taken, self.clock, self.source).wanted(self.options, values)
        stream = self.small or blocks(self.path, self.source)
        return rows(stream, self.written, wanted, self.source)

    def held(self) -> Reading:
        """What is in the file, its values in memory."""
        lines = collect(self.blocks(), Collector(self.taken, self.clock, self.source))
        notes = [*self.written.notes, *_missing(len(lines.missing))]
        channels = self.taken.named
        if self.taken.pivot is not None:
            lines, channels = widened(lines, self.options, self.source)
        alone = self.options.rows is not None
        pieces = (examples if alone else cut)(lines, self.options, self.source)
        told = {ROWS: ALONE} if alone else {}
        found = [
            RawRecording(str(p.number), p.values, *self._keys(lines.keys[p.run]), told)
            for p in pieces.pieces
        ]
        recordings, unlabelled = self._labelled(found)
        said = (*notes, *pieces.notes, *unlabelled)
        recordings, contract = whole_numbers(recordings, len(channels))
        return Reading(channels, pieces.rate_hz, recordings, contract, said, self.columns)

    def streamed(self) -> Reading:
        """What is in the file, its values to be read in another pass.

        Raises:
            UserError ``size``: what was asked for needs all values at once.
        """
        options = self.options
        if options.resample_hz or options.rows or self.taken.pivot is not None:
            what = f"more than {HELD_BYTES // 10**6} MB are not resampled, made wide or mixed."
            raise self.source.error("size", what, "Split the file first.")
        collector = Collector(self.taken, self.clock, self.source)
        scan = Scan(collector, self.clock, self.options.gaps is not None, self.source)
        for block in self.blocks(values=False):
            scan.take(block)
        rate, runs, notes = scan.rate(), *scan.usable()
        count = len(self.taken.channels)
        all_values = Samples(
            (scan.rows, count), np.dtype(np.float32), lambda: values(self.blocks(), count)
        )
        parts = Sequence(all_values)
        recordings, unlabelled = self._labelled(
            [
                RawRecording(str(r.line), parts.cut(r.start, r.start + r.rows), *self._keys(r.key))
                for r in runs
            ]
        )
        said = (*self.written.notes, *_missing(scan.missing), *notes, *unlabelled)
        return Reading(self.taken.named, rate, recordings, notes=said, columns=self.columns)

    def _keys(self, texts: tuple[str, ...]) -> tuple[str, str | None]:
        """Label and group of a recording by the texts of its lines; a label "" is none."""
        left = list(texts)
        own = left.pop(0) if self.taken.label is not None else label_of(self.path)
        group = left.pop(0) if self.taken.group is not None else None
        return self.options.label or own, group or None

    def _labelled(
        self, found: list[RawRecording]
    ) -> tuple[tuple[RawRecording, ...], tuple[str, ...]]:
        """Recordings with a label, and a note on those without.

        Raises:
            UserError: ``label`` where no one has any.
        """
        without = [r.id for r in found if not r.label]
        if len(without) == len(found):
            what = f"line {without[0]}: the label is empty."
            raise self.source.error("label", what, "Name it: in the table, or --set label=NAME")
        if not without:
            return tuple(found), ()
        count = f"{len(without)} segment{'s' if len(without) > 1 else ''}"
        note = f"{count} without a label (line {without[0]}) left out"
        return tuple(r for r in found if r.label), (note,)


def _open(path: Path, options: ReadOptions) -> _File:
    source = Source("csv", path.name)
    stream = blocks(path, source)
    first = next(stream)
    written = layout(first.decode(), options, source)
    taken = roles(written, options, source)
    clock, size = clock_of(written, taken, options, source), path.stat().st_size
    small = (first, *stream) if size <= SAMPLE else ()
    return _File(path, options, source, written, taken, clock, size, small)


@dataclass(frozen=True)
class Described:
    """What was recognised in a file, before its values are read."""

    columns: tuple[Column, ...]
    notes: tuple[str, ...]


def described(path: Path, options: ReadOptions) -> Described:
    """What each column of a file was taken for, from its first lines.

    Raises:
        UserError: as `read`, as far as the first lines show it.
    """
    file = _open(path, options)
    return Described(file.columns, file.written.notes)


def _missing(count: int) -> list[str]:
    """A note on lines that were left out."""
    if not count:
        return []
    return [f"{count} lines with missing values left out; recordings end there"]


_EXAMPLE = """\
time_ms,acc_x [m/s2],acc_y [m/s2],label,person
0,0.1,9.7,rest,anna
20,0.2,9.8,rest,anna
40,0.1,9.8,rest,anna
60,3.5,7.1,shake,anna
80,-4.2,8.8,shake,anna
"""

FORMAT = Format("csv", (".csv", ".tsv", ".txt"), read, _EXAMPLE, loose=True)
