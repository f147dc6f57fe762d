"""Blocks of lines put together: channels, seconds, and where label or group change."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import TIME, kind_of
from tinsmith.data.formats.csv._head import Layout
from tinsmith.data.formats.csv._roles import Roles
from tinsmith.data.formats.csv._table import Rows, Wanted
from tinsmith.data.formats.csv._time import DAY, Calendar, Unit, calendar, unit_of
from tinsmith.data.text import Source


@dataclass(frozen=True)
class Lines:
    """The lines of a file: values [n, channels] float32, seconds [n] float64 or None, number of
    each line in the file [n], and of the run that it belongs to [n]: a recording lies in one."""

    values: np.ndarray
    seconds: np.ndarray | None
    numbers: np.ndarray
    runs: np.ndarray


@dataclass(frozen=True)
class Clock:
    """How the columns of time are read: numbers in a unit, or texts of a calendar."""

    unit: Unit | None
    calendar: Calendar | None

    @property
    def why(self) -> str:
        """For people: what it was taken for."""
        if self.unit is not None:
            return f"in {self.unit.name} ({self.unit.why})"
        return "times of day" if self.calendar and self.calendar.clock_only else "dates"


def clock_of(layout: Layout, roles: Roles, options: ReadOptions, source: Source) -> Clock | None:
    """How the time is read, by the first lines; None without a column of time.

    Raises:
        UserError: ``time_unit`` or ``date_order``.
    """
    if not roles.times:
        return None
    rows = [line.cells for line in layout.sample if len(line.cells) == layout.end]
    cells = [" ".join(row[i] for i in roles.times) for row in rows]
    kinds = [kind_of(row[roles.times[0]], layout.decimal) for row in rows]
    if TIME in kinds:
        return Clock(None, calendar(cells, options, source))
    values = [v for cell in cells if (v := _number(cell.replace(",", "."))) is not None]
    name = layout.names[roles.times[0]] or "(no name)"
    return Clock(unit_of(roles.time_unit, name, np.array(values), options, source), None)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


@dataclass(frozen=True)
class Collected:
    """All lines of a file; of each run its texts: label, group and name of a long table, as far as
    there are such columns; and the lines that were left out as values were missing."""

    lines: Lines
    keys: tuple[tuple[str, ...], ...]
    missing: np.ndarray


@dataclass
class Collector:
    """Takes blocks in the order of the file."""

    roles: Roles
    clock: Clock | None
    source: Source
    _values: list[np.ndarray] = field(default_factory=list)
    _seconds: list[np.ndarray] = field(default_factory=list)
    _numbers: list[np.ndarray] = field(default_factory=list)
    _missing: list[np.ndarray] = field(default_factory=list)
    _keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _last: tuple[bytes, ...] | None = None
    _count: int = 0
    _origin: float | None = None

    def wanted(self, options: ReadOptions, values: bool = True) -> Wanted:
        """What is read of each line: channels, unless no ``values`` are wanted, and time; label,
        group and names of a long table."""
        r = self.roles
        timed = r.times if self.clock and self.clock.calendar else ()
        plain = r.times if self.clock and self.clock.unit else ()
        keys = [i for i in (r.label, r.group) if i is not None]
        named = [r.pivot[0]] if r.pivot else []
        channels = r.channels if values or options.gaps else ()
        return Wanted((*channels, *plain), (*keys, *named, *timed), options.gaps == "cut")

    def take(self, rows: Rows) -> None:
        """Append a block."""
        self._values.append(rows.numbers[:, : len(self.roles.channels)].astype(np.float32))
        self._numbers.append(rows.lines)
        self._missing.append(rows.missing)
        if (times := self.times(rows)) is not None:
            self._seconds.append(times)
        self._mark(self.key_texts(rows), len(rows.lines))
        self._count += len(rows.lines)

    def key_texts(self, rows: Rows) -> tuple[np.ndarray, ...]:
        """Label, group and names of a long table, as far as there are such columns."""
        keys = (self.roles.label, self.roles.group, self.roles.pivot)
        return rows.texts[: sum(k is not None for k in keys)]

    def times(self, rows: Rows) -> np.ndarray | None:
        """Seconds from the first line of the first block on, [lines]; None without a time.

        Raises:
            UserError ``time``: a cell is none.
        """
        if self.clock is None:
            return None
        scale = 1.0
        if self.clock.unit is not None:
            stamps = rows.numbers[:, -1]
            scale = self.clock.unit.seconds
        else:
            stamps = self._dates(rows)
        if self._origin is None and len(stamps):
            self._origin = float(stamps[0])
        found: np.ndarray = (stamps - (self._origin or 0.0)) * scale
        return found

    def _dates(self, rows: Rows) -> np.ndarray:
        assert self.clock is not None and self.clock.calendar is not None
        cells, *second = rows.texts[len(self.key_texts(rows)) :]
        for more in second:
            cells = np.char.add(np.char.add(cells, b" "), more)
        stamps = self.clock.calendar.seconds(cells)
        if np.isnan(stamps).any():
            i = int(np.flatnonzero(np.isnan(stamps))[0])
            what = f"line {rows.lines[i]}: {cells[i].decode()!r} is no time."
            raise self.source.error("time", what, "Mend or delete the line.")
        return stamps

    def _mark(self, texts: tuple[np.ndarray, ...], count: int) -> None:
        """Note the lines at which a text differs from the one of the line before."""
        if not count or (not texts and self._keys):
            return
        change = np.zeros(count, bool)
        first = tuple(bytes(t[0]) for t in texts)
        change[0] = first != self._last
        for text in texts:
            change[1:] |= text[1:] != text[:-1]
        for i in np.flatnonzero(change):
            self._keys[self._count + int(i)] = tuple(t[i].decode().strip() for t in texts)
        self._last = tuple(bytes(t[-1]) for t in texts)

    def collected(self) -> Collected:
        """All that was taken.

        Raises:
            UserError: ``empty`` where that is nothing.
        """
        if not self._count:
            raise self.source.error("empty", "there is no line of values.", "Record it again.")
        numbers, missing = np.concatenate(self._numbers), np.concatenate(self._missing)
        after = np.searchsorted(numbers, missing)
        firsts = np.array(sorted(self._keys))
        begins = np.zeros(self._count, np.int64)
        begins[firsts] = 1
        begins[after[after < len(numbers)]] = 1
        runs = np.cumsum(begins) - 1
        of_run = firsts[np.searchsorted(firsts, np.flatnonzero(begins), side="right") - 1]
        keys = tuple(self._keys[int(row)] for row in of_run)
        seconds = np.concatenate(self._seconds) if self._seconds else None
        by_day = self.clock.calendar if self.clock else None
        if seconds is not None and by_day is not None and by_day.clock_only:  # midnight
            seconds = seconds + DAY * np.cumsum(np.diff(seconds, prepend=seconds[:1]) < -DAY / 2)
        values = np.concatenate(self._values)
        return Collected(Lines(values, seconds, numbers, runs), keys, missing)


def collect(blocks: Iterable[Rows], collector: Collector) -> Collected:
    """All blocks of a file."""
    for rows in blocks:
        collector.take(rows)
    return collector.collected()
