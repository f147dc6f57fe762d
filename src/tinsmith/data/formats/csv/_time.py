"""Times in tables: numbers in a unit, dates as ISO 8601 and as people write them, days of
spreadsheets.

The unit of numbers is what the user says, else what the name says, else what the values leave no
doubt about: Unix time by its size; day numbers of spreadsheets by their size and steps; steps from
10 us to 0.1 as seconds (5 kHz and more in ms is no usual sensor). All else is asked for, with the
rate that each unit would mean.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import CLOCK, DAYS, ISO
from tinsmith.data.formats.csv._times import UNITS
from tinsmith.data.rate import rate_text
from tinsmith.data.text import Source

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "d": 86400.0}
DAY = 86400.0
_EPOCHS = {"s": 1e9, "ms": 1e12, "us": 1e15, "ns": 1e18}
_SLOWEST = 1e-3
"""Hz; slower than a sample in a quarter of an hour, a unit is doubted."""
_SPREADSHEET = (20_000, 80_000)
"""Day numbers from 1954 to 2119; 1 is the first of January 1900."""
_ALLOWED = "Allowed: s, ms, us, ns, min, h, d."


@dataclass(frozen=True)
class Unit:
    """A unit of time, and why it is that."""

    name: str
    why: str

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return SECONDS[self.name]


def unit_of(
    said: str, column: str, values: np.ndarray, options: ReadOptions, source: Source
) -> Unit:
    """Unit of a column of numbers, by what its name says and its first values [n].

    Raises:
        UserError: ``time_unit``, with the rate that each unit would mean.
    """
    if options.time_unit is not None:
        found = UNITS.get(options.time_unit.lower())
        if found is None:
            raise source.error("time_unit", f"time is in {options.time_unit!r}.", _ALLOWED)
        return Unit(found, "you said so")
    if said:
        if said not in SECONDS:
            raise source.error("time_unit", f"time is in {said!r}.", _ALLOWED)
        return Unit(said, "its name")
    steps = np.diff(values)
    step = float(np.median(np.abs(steps))) if len(steps) else 0.0
    if step == 0:
        return Unit("s", "no steps")
    if shown := _by_values(float(values[0]), step, bool((values % 1).any())):
        return shown
    if options.rate_hz:
        fitting = [u for u, s in SECONDS.items() if abs(step * s * options.rate_hz - 1) < 0.02]
        if fitting:
            return Unit(fitting[0], f"the rate you gave, {rate_text(options.rate_hz)}")
    raise _question(column, step, source)


def _by_values(first: float, step: float, fractions: bool) -> Unit | None:
    for name, least in _EPOCHS.items():
        if least <= first < 2.2 * least and step * SECONDS[name] * _SLOWEST <= 1:
            return Unit(name, "its size: Unix time")
    if _SPREADSHEET[0] <= first < _SPREADSHEET[1] and fractions and 1e-9 < step < 5e-5:
        return Unit("d", "its size and steps: day numbers of a spreadsheet")
    if 1e-5 <= step <= 0.1:
        return Unit("s", f"steps of {step:.4g}")
    return None


def _question(column: str, step: float, source: Source) -> UserError:
    rates = {u: 1 / (step * s) for u, s in SECONDS.items()}
    likely = {u: r for u, r in rates.items() if 1e-3 <= r <= 2e5} or rates
    meant = ", ".join(f"{rate_text(r)} if in {u}" for u, r in likely.items())
    name = "ms" if "ms" in likely else next(iter(likely))
    return source.error(
        "time_unit",
        f"the time column {column!r} grows by {step:.6g} per line, and its unit is not said: "
        f"{meant}.",
        f"Say it: --set time_unit={name}, for instance (project.toml: data.time_unit), or name the "
        f"column {column}_{name}; to go by a rate alone: --set rate_hz=... --set ignore={column}",
    )


@dataclass(frozen=True)
class Calendar:
    """How dates are read; ``day_first`` for those like 01/02/2024.

    Args:
        clock_only: cells hold a time of day without a date.
    """

    day_first: bool
    clock_only: bool

    def seconds(self, cells: np.ndarray) -> np.ndarray:
        """Seconds from 1970-01-01 (or from midnight) of cells [n] of bytes; NaN for no time."""
        return quick if (quick := _iso(cells)) is not None else self._each(cells)

    def _each(self, cells: np.ndarray) -> np.ndarray:
        texts = [c.decode("utf-8", "replace").strip() for c in cells.tolist()]
        return np.array([self._one(text) for text in texts], np.float64)

    def _one(self, text: str) -> float:
        if match := ISO.fullmatch(text):
            year, month, day, *clock, zone = match.groups()
            return _day(year, month, day) + _clock(clock) - _zone(zone)
        if match := DAYS.fullmatch(text):
            a, _, b, year, *clock = match.groups()
            day, month = (a, b) if self.day_first else (b, a)
            return _day(year, month, day) + _clock(clock)
        match = CLOCK.fullmatch(text)
        return _clock(list(match.groups())) if match else float("nan")


def calendar(cells: Sequence[str], options: ReadOptions, source: Source) -> Calendar:
    """How the first cells of a column of times are to be read.

    Raises:
        UserError: ``date_order`` where days and months cannot be told apart and it matters.
    """
    there = [c for c in cells if c]
    clock_only = all(CLOCK.fullmatch(c) for c in there)
    days = [m for c in there if (m := DAYS.fullmatch(c))]
    said = options.date_order
    if said not in (None, "dmy", "mdy"):
        raise source.error("date_order", f"{said!r} is no order.", "Allowed: dmy, mdy.")
    if said or not days:
        return Calendar(said != "mdy", clock_only)
    first, second = ({int(m[i]) for m in days} for i in (1, 3))
    if max(first) > 12 or days[0][2] == ".":
        return Calendar(True, clock_only)
    if max(second) > 12:
        return Calendar(False, clock_only)
    if len(first) > 1 or len(second) > 1:
        what = f"is {days[0][0]!r} day/month or month/day?"
        raise source.error(
            "date_order", what, "Say --set date_order=dmy (the day first) or --set date_order=mdy."
        )
    return Calendar(True, clock_only)


def _iso(cells: np.ndarray) -> np.ndarray | None:
    """ISO stamps of one zone, all at once; None where some need a closer look."""
    if not len(cells):
        return np.zeros(0)
    zone = re.search(rb"(?:Z|[-+]\d\d:?\d\d)$", cells[0]) if b":" in cells[0] else None
    if zone:
        if not np.char.endswith(cells, zone[0]).all():
            return None
        cells = np.char.replace(cells, zone[0], b"")
    if not re.match(rb"\d{4}-\d\d-\d\d", cells[0]):
        return None
    try:
        with warnings.catch_warnings():  # a second zone inside a cell is a warning
            warnings.simplefilter("error")
            stamps = cells.astype("datetime64[us]")
    except (ValueError, UserWarning):
        return None
    if np.isnat(stamps).any():
        return None
    whole = stamps.astype(np.int64)
    offset = _zone(zone[0].decode()) if zone else 0.0
    return whole // 1_000_000 + whole % 1_000_000 / 1e6 - offset


def _day(year: str, month: str, day: str) -> float:
    try:
        return (date(int(year), int(month), int(day)).toordinal() - 719163) * DAY
    except ValueError:
        return float("nan")


def _clock(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds = (p or "0" for p in parts)
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))


def _zone(zone: str | None) -> float:
    """Seconds by which a zone is ahead."""
    if not zone or zone == "Z":
        return 0.0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    ahead = int(digits[:2]) * 3600.0 + int(digits[2:]) * 60.0
    return -ahead if zone[0] == "-" else ahead
