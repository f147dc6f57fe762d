"""Comma, semicolon or tab separated text: a header, then one line per sample.

Columns are recognised by name: time (`time`, `timestamp`, `t`, also `time_ms`, `time [s]`), label
(`label`, `class`, `activity`), group (`group`, `subject`, `person`, `user`); every other column is
a channel and holds numbers; `acc_x [m/s2]` gives its unit. A contiguous run of lines with one label
and group is a recording; so is what follows where time jumps back. Without a label column the label
is the part of the file name before the first of two dots (`walking.monday.csv`), else the name of
the folder. A file without a header is read if all its columns are named as channels.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.data.dataset import Channel, RawRecording, Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.rate import Stamps, rate_of
from tinsmith.data.text import Source, finite_table, numbers, read_text

_TIME = re.compile(r"(?:time|timestamp|t)(?:_(s|ms|us))?", re.IGNORECASE)
_LABEL = ("label", "class", "activity")
_GROUP = ("group", "subject", "person", "user")
_UNIT = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclass(frozen=True)
class _Columns:
    """Index of each column's role in a line; units of channels and time."""

    time: int | None
    time_unit: str
    label: int | None
    group: int | None
    channels: tuple[int, ...]
    names: tuple[Channel, ...]


@dataclass(frozen=True)
class _Table:
    """Lines of a file as cells, and where each stands in the file."""

    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file; see the module's docstring for what is recognised.

    Raises:
        UserError: ``data.csv.<what>``, naming file, line and column where there is one.
    """
    source = Source("csv", path.name)
    table = _table(read_text(path, source), options, source)
    columns = _columns(table.header, options, source)
    values, seconds = _values(table, columns, source)
    recordings, stamps = [], []
    for run in _runs(table, columns, seconds):
        if run.stop - run.start < 2:
            raise source.error(
                "one_sample",
                f"line {table.lines[run.start]}: a recording of one sample is no signal.",
                "A recording needs two samples or more with one label.",
            )
        label = options.label or _label(table, columns, run.start, path, source)
        group = table.rows[run.start][columns.group].strip() if columns.group is not None else None
        id = str(table.lines[run.start])
        recordings.append(RawRecording(id, values[run], label, group or None))
        if seconds is not None:
            stamps.append(Stamps(seconds[run], np.array(table.lines[run])))
    rate = rate_of(stamps, source) if stamps else None
    return Reading(columns.names, rate, tuple(recordings))


def _table(text: str, options: ReadOptions, source: Source) -> _Table:
    """Cells of all lines that are not blank, each as many as the header has."""
    first = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as e:
        raise source.error("syntax", f"line {reader.line_num}: {e}.", "Mend the quotes.") from None
    header, at = _header(rows[0], options, source)
    for row, line in zip(rows[at:], lines[at:], strict=True):
        if len(row) != len(header):
            raise _ragged(header, rows, line, row, source)
    if len(rows) == at:
        raise source.error("empty", "there is a header but no sample.", "Record or export again.")
    return _Table(header, rows[at:], lines[at:])


def _header(
    first: Sequence[str], options: ReadOptions, source: Source
) -> tuple[tuple[str, ...], int]:
    """Names of the columns, and how many lines they take: none where the user names all columns
    of a file that begins with numbers."""
    header = tuple(cell.strip() for cell in first)
    if not all(re.fullmatch(r"[-+.\deE]*", cell) for cell in header):
        return header, 1
    if len(options.channels) == len(header):
        return options.channels, 0
    raise source.error(
        "header",
        f"line 1 holds numbers ({', '.join(header)[:60]}); it must name the columns.",
        "Add a first line such as: time,acc_x,acc_y,acc_z; or name all "
        f"{len(header)} columns, in order, with: --set channels=... (project.toml: "
        "signal.channels).",
    )


def _ragged(
    header: Sequence[str], rows: Sequence[Sequence[str]], line: int, row: Sequence[str],
    source: Source,
) -> UserError:  # fmt: skip
    want, have = len(header), len(row)
    if len(rows) > 2 and {len(r) for r in rows[1:]} == {want + 1}:
        return source.error(
            "ragged",
            f"every line has {have} columns, the header {want}.",
            "Add the missing name to the header (row numbers have none in many exports).",
        )
    if row is rows[-1] and have < want:
        return source.error(
            "truncated",
            f"line {line}, the last one, ends after {have} of {want} columns.",
            "The file was cut off: copy it again, or delete its last line.",
        )
    return source.error(
        "ragged", f"line {line} has {have} columns, the header {want}.", "Mend or delete the line."
    )


def _columns(header: Sequence[str], options: ReadOptions, source: Source) -> _Columns:
    split = [_UNIT.fullmatch(cell) for cell in header]
    names = [m["name"] if m else cell for m, cell in zip(split, header, strict=True)]
    units = [m["unit"] if m else "" for m in split]
    units = [options.units.get(n, u) for n, u in zip(names, units, strict=True)]
    twice = [n for n in names if names.count(n) > 1 or not n]
    if twice:
        raise source.error(
            "header", f"column name {twice[0]!r} is empty or not unique.", "Mend it."
        )
    time = _find(names, options.time_column, [n for n in names if _TIME.fullmatch(n)], source)
    label = _find(names, options.label_column, _named(names, _LABEL), source)
    group = _find(names, options.group_column, _named(names, _GROUP), source)
    rest = [i for i in range(len(names)) if i not in (time, label, group)]
    if options.channels:
        rest = [i for c in options.channels if (i := _find(names, c, [], source)) is not None]
    if not rest:
        raise source.error("header", "no column is left for channels.", f"Columns: {header}.")
    channels = tuple(Channel(names[i], units[i]) for i in rest)
    unit = "" if time is None else options.time_unit or units[time] or _suffix(names[time])
    return _Columns(time, unit, label, group, tuple(rest), channels)


def _named(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [n for n in names if n.lower() in wanted]


def _suffix(name: str) -> str:
    match = _TIME.fullmatch(name)
    return match[1].lower() if match and match[1] else ""


def _find(
    names: Sequence[str], asked: str | None, recognised: Sequence[str], source: Source
) -> int | None:
    """Index of the column that the user asked for, else of the first recognised one, else
    None."""
    if asked is None:
        return names.index(recognised[0]) if recognised else None
    if asked not in names:
        guess = did_you_mean(asked, names)
        raise source.error(
            "column", f"there is no column {asked!r}.{guess}", f"Columns: {', '.join(names)}."
        )
    return names.index(asked)


def _values(
    table: _Table, columns: _Columns, source: Source
) -> tuple[np.ndarray, np.ndarray | None]:
    """Channels [samples, channels] float32 and time stamps [samples] float64 in seconds."""
    wanted = (*columns.channels, *(() if columns.time is None else (columns.time,)))
    cells = [[row[i] for i in wanted] for row in table.rows]
    if (values := finite_table(cells)) is None:
        places = (_Places(table.header, wanted, line) for line in table.lines)
        rows = [numbers(row, source, at) for row, at in zip(cells, places, strict=True)]
        values = np.array(rows)
    if columns.time is None:
        return values.astype(np.float32), None
    stamps = values[:, -1]
    return values[:, :-1].astype(np.float32), stamps * _scale(stamps, columns.time_unit, source)


@dataclass(frozen=True)
class _Places(Sequence[str]):
    """Names of a line's cells for error messages, made only when one is needed."""

    header: Sequence[str]
    wanted: Sequence[int]
    line: int

    def __len__(self) -> int:
        return len(self.wanted)

    def __getitem__(self, i: int) -> str:  # type: ignore[override]
        return f"line {self.line}, column {self.header[self.wanted[i]]!r}"


def _scale(stamps: np.ndarray, unit: str, source: Source) -> float:
    """Seconds per unit of the time column. Nothing is guessed: steps below 1 can only be
    seconds, others must say."""
    if unit in _SECONDS:
        return _SECONDS[unit]
    if unit:
        raise source.error("time_unit", f"time is in {unit!r}.", "Allowed: s, ms, us.")
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    if step >= 1:
        raise source.error(
            "time_unit",
            f"the time column grows by {step:g} per line, and its unit is not said.",
            "Name the column time_s, time_ms or time_us, or say: --set time_unit=ms (project.toml: "
            "data.time_unit).",
        )
    return 1.0


def _runs(table: _Table, columns: _Columns, seconds: np.ndarray | None) -> Iterator[slice]:
    """Contiguous lines of one label and group, in which time does not jump back."""
    keys = [i for i in (columns.label, columns.group) if i is not None]
    start = 0
    for i in range(1, len(table.rows)):
        other = any(table.rows[i][k] != table.rows[i - 1][k] for k in keys)
        if other or (seconds is not None and seconds[i] < seconds[i - 1]):
            yield slice(start, i)
            start = i
    yield slice(start, len(table.rows))


def _label(table: _Table, columns: _Columns, row: int, path: Path, source: Source) -> str:
    if columns.label is not None:
        label = table.rows[row][columns.label].strip()
        if not label:
            raise source.error("label", f"line {table.lines[row]}: the label is empty.", "Name it.")
        return label
    parts = path.name.split(".")
    return parts[0] if len(parts) > 2 and parts[0] else path.resolve().parent.name


_EXAMPLE = """\
time_ms,acc_x [m/s2],acc_y [m/s2],label,person
0,0.1,9.7,rest,anna
20,0.2,9.8,rest,anna
40,0.1,9.8,rest,anna
60,3.5,7.1,shake,anna
80,-4.2,8.8,shake,anna
"""

FORMAT = Format("csv", (".csv", ".tsv"), read, _EXAMPLE, loose=True)
