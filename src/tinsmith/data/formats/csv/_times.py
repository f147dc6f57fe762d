"""Which columns are times, which of them is used, and the unit that its name says."""

import re

from tinsmith.data.formats.csv._cells import TEXT, TIME
from tinsmith.data.formats.csv._columns import Table, grows, numbers_of, plain

UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}  # fmt: skip
"""Spellings of units of time."""
_WORDS = "|".join(sorted((u for u in UNITS if len(u) > 1 or u in "sh"), key=len, reverse=True))
_BEFORE = (
    "sample|sensor|log|logging|rel|relative|abs|elapsed|utc|local|unix|epoch|system|device|gps"
)
_TIME = re.compile(
    rf"(?:(?:{_BEFORE})_)*(?:time|timestamp|time_stamp|t|ts|date|datetime|date_time|clock|epoch)"
    rf"(?:_(?:elapsed|utc|local|unix|fine))*(?:_(?P<unit>{_WORDS}))?"
)
_UNIT_ALONE = re.compile(
    rf"(?:time_)?(?P<unit>{'|'.join(u for u in UNITS if len(u) > 2 or u in ('ms', 'us', 'ns'))})"
    "(?:_(?:elapsed|since_start|passed))?"
)
_EPOCHS = {"s": 1e9, "ms": 1e12, "us": 1e15, "ns": 1e18}


def times_of(table: Table) -> tuple[tuple[int, ...], str]:
    """Columns of the time that is used, and the unit that its name says."""
    asked = table.options.time_column
    named = {i: _time_unit(table, i) for i in table.free if _time_named(table, i)}
    valued = {i: u for i in table.free if (u := _time_valued(table, i)) is not None}
    known = {**valued, **{i: u or valued.get(i, "") for i, u in named.items()}}
    if asked is not None:
        i = table.find(asked)
        chosen: tuple[int, ...] = (i,)
        known.setdefault(i, _time_unit(table, i))
    elif not known:
        return (), ""
    else:
        chosen = _dated(table, known) or (_finest(table, known),)
    why = "you said so" if asked is not None else "its name" if chosen[0] in named else "its values"
    for i in known:
        if i in chosen:
            table.take(i, "time", why)
        elif table.kinds[i] == TIME or (table.names[i] != "T" and grows(table, i)):
            table.take(i, "left out", "another time")
    return chosen, known[chosen[0]]


def _time_named(table: Table, i: int) -> bool:
    name, unit = plain(table.names[i]), table.units[i].strip().lower()
    usable = table.kinds[i] != TEXT and (name != "t" or not unit or unit in UNITS)
    return usable and bool(_TIME.fullmatch(name) or _UNIT_ALONE.fullmatch(name))


def _time_unit(table: Table, i: int) -> str:
    """The unit of time that brackets or the name say, as written if it is none; "" without one."""
    unit, name = table.units[i].strip(), plain(table.names[i])
    if unit:
        return UNITS.get(unit.lower(), unit)
    match = _TIME.fullmatch(name) or _UNIT_ALONE.fullmatch(name)
    said = match["unit"] if match else None
    return UNITS[said] if said else ""


def _time_valued(table: Table, i: int) -> str | None:
    """The unit of a column whose values are times whatever its name; None if they are not."""
    if table.kinds[i] == TIME:
        return ""
    values = numbers_of(table, i)
    if len(values) < 3 or not grows(table, i) or values[0] == values[-1]:
        return None
    fitting = [u for u, e in _EPOCHS.items() if e <= values[0] and values[-1] < 2.2 * e]
    return fitting[0] if fitting else None


def _dated(table: Table, known: dict[int, str]) -> tuple[int, ...]:
    """A column of dates alone with one of times of day alone."""
    texts = [i for i in known if table.kinds[i] == TIME]
    first = {i: next((c for c in table.cells[i] if c), "") for i in texts}
    dates = [i for i, c in first.items() if ":" not in c]
    clocks = [i for i, c in first.items() if re.match(r"\d{1,2}:", c)]
    return (dates[0], clocks[0]) if dates and clocks else ()


def _finest(table: Table, known: dict[int, str]) -> int:
    """The first time that is told apart in every line, of those the first whose unit is known."""

    def worth(i: int) -> tuple[int, int]:
        repeated = len(set(table.cells[i])) < len(table.cells[i])
        sure = table.kinds[i] == TIME or bool(known[i])
        return (int(repeated), int(not sure))

    return min(sorted(known), key=worth)
