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

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tinsmith.data.dataset import Column, RawRecording, Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.formats.csv._collect import Clock, Collected, Collector, clock_of, collect
from tinsmith.data.formats.csv._head import layout
from tinsmith.data.formats.csv._long import widened
from tinsmith.data.formats.csv._roles import Roles, roles
from tinsmith.data.formats.csv._series import cut
from tinsmith.data.formats.csv._table import rows
from tinsmith.data.formats.csv._text import blocks
from tinsmith.data.text import Source


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file; see the module's docstring for what is recognised.

    Raises:
        UserError: ``data.csv.<what>``, naming file, line and column where there is one.
    """
    source = Source("csv", path.name)
    stream = blocks(path, source)
    first = next(stream)
    written = layout(first.decode(), options, source)
    taken = roles(written, options, source)
    clock = clock_of(written, taken, options, source)
    collector = Collector(taken, clock, source)
    found = rows(chain([first], stream), written, collector.wanted(options), source)
    lines = collect(found, collector)
    columns = _columns(taken, clock)
    notes = [*written.notes, *_missing(lines)]
    channels = taken.named
    if taken.pivot is not None:
        lines, channels = widened(lines, options, source)
    pieces = cut(lines.lines, options, source)
    keys = _Keys(path, options, taken, source)
    recordings = tuple(
        RawRecording(str(p.number), p.values, *keys.at(p.number, lines.keys[p.run]))
        for p in pieces.pieces
    )
    said = (*notes, *pieces.notes)
    return Reading(channels, pieces.rate_hz, recordings, notes=said, columns=columns)


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
    source = Source("csv", path.name)
    written = layout(next(blocks(path, source)).decode(), options, source)
    taken = roles(written, options, source)
    return Described(_columns(taken, clock_of(written, taken, options, source)), written.notes)


def _columns(taken: Roles, clock: Clock | None) -> tuple[Column, ...]:
    """What each column was taken for, that of time with its unit."""
    if clock is None:
        return taken.columns
    return tuple(
        replace(c, why=f"{c.why}; {clock.why}") if c.role == "time" else c for c in taken.columns
    )


def _missing(lines: Collected) -> list[str]:
    """A note on lines that were left out."""
    if not len(lines.missing):
        return []
    count, first = len(lines.missing), lines.missing[0]
    return [
        f"{count} lines with missing values left out (first line {first}); recordings end there"
    ]


@dataclass(frozen=True)
class _Keys:
    """Labels and groups of recordings by the texts of their run."""

    path: Path
    options: ReadOptions
    taken: Roles
    source: Source

    def at(self, number: int, texts: tuple[str, ...]) -> tuple[str, str | None]:
        """Of the recording whose first line has this number.

        Raises:
            UserError: ``label`` where it is empty.
        """
        left = list(texts)
        own = left.pop(0) if self.taken.label is not None else None
        group = left.pop(0) if self.taken.group is not None else None
        return self.options.label or self._label(own, number), group or None

    def _label(self, own: str | None, number: int) -> str:
        if own is not None:
            if not own:
                what = f"line {number}: the label is empty."
                raise self.source.error("label", what, "Name it.")
            return own
        parts = self.path.name.split(".")
        return parts[0] if len(parts) > 2 and parts[0] else self.path.resolve().parent.name


_EXAMPLE = """\
time_ms,acc_x [m/s2],acc_y [m/s2],label,person
0,0.1,9.7,rest,anna
20,0.2,9.8,rest,anna
40,0.1,9.8,rest,anna
60,3.5,7.1,shake,anna
80,-4.2,8.8,shake,anna
"""

FORMAT = Format("csv", (".csv", ".tsv", ".txt"), read, _EXAMPLE, loose=True)
