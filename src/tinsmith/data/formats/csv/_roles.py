"""What each column of a table is: time, label, group, channel, or left out, and why.

First what the user says, then names, then values. What is a time, a label or a group is never a
channel, also where another column was chosen; neither is what numbers the lines, nor a text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.data.dataset import Channel, Column
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import ISO, MISSING, NUMBER, TEXT, TIME, kind_of
from tinsmith.data.formats.csv._head import Layout
from tinsmith.data.text import Source

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
_LABELS = ("label", "labels", "class", "class_label", "activity", "category", "gesture")
_NUMBERED = re.compile(
    rf"(?:{'|'.join(_LABELS)})_?(?:id|idx|index|code|num|no|nr|number|int|enc|encoded|key|name)"
)
_GROUPS = re.compile(
    r"(?:group|subject|person|user|participant|patient|volunteer|session|device|machine)"
    r"(?:_?(?:id|no|nr|number|name|code))?"
)
_INDEX = re.compile(
    r"|index|idx|id|no|nr|n|row|line|seq|sequence|counter|count|packet|frame|unnamed:_0|#"
    r"|(?:row|line|sample|packet|frame|seq|sequence)_?(?:id|idx|index|no|nr|num|number|counter|count)"
)
_NAMES = ("parameter", "sensor", "sensor_name", "channel", "axis", "variable", "measurement",
          "signal", "metric", "key")  # fmt: skip
_VALUES = ("value", "reading", "val")
_EPOCHS = {"s": 1e9, "ms": 1e12, "us": 1e15, "ns": 1e18}
MANY = 16
"""Lines from which what values look like says something."""


@dataclass(frozen=True)
class Roles:
    """Indices of the columns that are read, and what is said about all.

    Args:
        times: the column of time, or those of date and time of day, or none.
        time_unit: as name or brackets say it, one of s, ms, us, ns, min, h, d; "" where unsaid.
        pivot: of a long table, the columns of names and values.
    """

    times: tuple[int, ...]
    time_unit: str
    label: int | None
    group: int | None
    channels: tuple[int, ...]
    named: tuple[Channel, ...]
    columns: tuple[Column, ...]
    pivot: tuple[int, int] | None = None


@dataclass
class _Table:
    """What is known about the columns while roles are given."""

    names: Sequence[str]
    units: Sequence[str]
    cells: Sequence[Sequence[str]]
    """Of each column in the first lines."""
    kinds: Sequence[str]
    source: Source
    options: ReadOptions
    roles: dict[int, Column] = field(default_factory=dict)

    def take(self, index: int, role: str, why: str) -> int:
        self.roles[index] = Column(self.names[index] or "(no name)", role, why)
        return index

    @property
    def free(self) -> list[int]:
        return [i for i in range(len(self.names)) if i not in self.roles]

    def find(self, asked: str) -> int:
        """Index of a column by name."""
        if asked in self.names:
            return self.names.index(asked)
        guess = did_you_mean(asked, self.names)
        message = f"there is no column {asked!r}.{guess}"
        raise self.source.error("column", message, f"Columns: {', '.join(self.names)}.")


def roles(layout: Layout, options: ReadOptions, source: Source) -> Roles:
    """The role of every column.

    Raises:
        UserError: ``header``, ``column`` or ``label_column``.
    """
    table = _table(layout, options, source)
    for name in options.ignore:
        table.take(table.find(name), "left out", "as you said")
    times, unit = _times(table)
    pivot = _pivot(table)
    label = _label(table)
    group = _group(table)
    _indices(table)
    _ramps(table, bool(times))
    _texts(table, label)
    label = _only_text(table, label)
    channels = _channels(table, pivot)
    units = [options.units.get(n, u) for n, u in zip(table.names, table.units, strict=True)]
    named = tuple(Channel(table.names[i], units[i]) for i in channels)
    found = tuple(table.roles[i] for i in sorted(table.roles))
    return Roles(times, unit, label, group, channels, named, found, pivot)


def plain(name: str) -> str:
    """A name in lower case with underscores: ``secondsElapsed`` as ``seconds_elapsed``."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s.\-]+", "_", parted).lower()


def _table(layout: Layout, options: ReadOptions, source: Source) -> _Table:
    names = layout.names
    twice = [n for i, n in enumerate(names) if names.count(n) > 1 or (not n and i)]
    if twice:
        raise source.error(
            "header", f"column name {twice[0]!r} is empty or not unique.",
            "Mend it, or name all columns: --set columns=...",
        )  # fmt: skip
    rows = [line.cells for line in layout.sample if len(line.cells) == layout.end]
    cells = [[row[i] for row in rows] for i in range(len(names))]
    kinds = [_kind([kind_of(c, layout.decimal) for c in column]) for column in cells]
    return _Table(names, layout.units, cells, kinds, source, options)


def _kind(kinds: Sequence[str]) -> str:
    """TEXT only where no cell is a number; a single odd cell is an error that the values show."""
    there = set(kinds) - {MISSING}
    if NUMBER in there or not there:
        return NUMBER
    return TIME if TIME in there else TEXT


def _times(table: _Table) -> tuple[tuple[int, ...], str]:
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
        elif table.kinds[i] == TIME or (table.names[i] != "T" and _grows(table, i)):
            table.take(i, "left out", "another time")
    return chosen, known[chosen[0]]


def _time_named(table: _Table, i: int) -> bool:
    name, unit = plain(table.names[i]), table.units[i].strip().lower()
    usable = table.kinds[i] != TEXT and (name != "t" or not unit or unit in UNITS)
    return usable and bool(_TIME.fullmatch(name) or _UNIT_ALONE.fullmatch(name))


def _time_unit(table: _Table, i: int) -> str:
    """The unit of time that brackets or the name say, as written if it is none; "" without one."""
    unit, name = table.units[i].strip(), plain(table.names[i])
    if unit:
        return UNITS.get(unit.lower(), unit)
    match = _TIME.fullmatch(name) or _UNIT_ALONE.fullmatch(name)
    said = match["unit"] if match else None
    return UNITS[said] if said else ""


def _time_valued(table: _Table, i: int) -> str | None:
    """The unit of a column whose values are times whatever its name; None if they are not."""
    if table.kinds[i] == TIME:
        return ""
    values = _numbers(table, i)
    if len(values) < 3 or not _grows(table, i) or values[0] == values[-1]:
        return None
    fitting = [u for u, e in _EPOCHS.items() if e <= values[0] and values[-1] < 2.2 * e]
    return fitting[0] if fitting else None


def _grows(table: _Table, i: int) -> bool:
    """Whether time never goes back, but for recordings that begin again."""
    values = _numbers(table, i)
    back = sum(b < a for a, b in pairwise(values))
    return back <= len(values) // MANY


def _numbers(table: _Table, i: int) -> list[float]:
    try:
        return [float(c.replace(",", ".")) for c in table.cells[i]]
    except ValueError:
        return []


def _dated(table: _Table, known: dict[int, str]) -> tuple[int, ...]:
    """A column of dates alone with one of times of day alone."""
    texts = [i for i in known if table.kinds[i] == TIME]
    first = {i: next((c for c in table.cells[i] if c), "") for i in texts}
    dates = [i for i, c in first.items() if ":" not in c]
    clocks = [i for i, c in first.items() if re.match(r"\d{1,2}:", c)]
    return (dates[0], clocks[0]) if dates and clocks else ()


def _finest(table: _Table, known: dict[int, str]) -> int:
    """The first time that is told apart in every line, of those the first whose unit is known."""

    def worth(i: int) -> tuple[int, int]:
        repeated = len(set(table.cells[i])) < len(table.cells[i])
        sure = table.kinds[i] == TIME or bool(known[i])
        return (int(repeated), int(not sure))

    return min(sorted(known), key=worth)


def _pivot(table: _Table) -> tuple[int, int] | None:
    """Columns of names and values of a long table."""
    asked = (table.options.name_column, table.options.value_column)
    if any(asked):
        if not all(asked):
            raise table.source.error(
                "column", "a long table has a column of names and one of values.",
                "Say both: --set name_column=sensor --set value_column=value",
            )  # fmt: skip
        name, value = (table.find(str(a)) for a in asked)
    else:
        names = [
            i for i in table.free if plain(table.names[i]) in _NAMES and table.kinds[i] == TEXT
        ]
        values = [i for i in table.free if plain(table.names[i]) in _VALUES]
        if (
            len(names) != 1
            or len(values) != 1
            or table.options.channels == (table.names[values[0]],)
        ):
            return None
        name, value = names[0], values[0]
    table.take(name, "left out", "names the channel of a line (long table)")
    table.take(value, "channel", "holds the values of all channels (long table)")
    for i in table.free:
        if plain(table.names[i]) in ("unit", "units"):
            table.take(i, "left out", "unit of a line (long table)")
    return name, value


def _label(table: _Table) -> int | None:
    asked = table.options.label_column
    named = [i for i in table.free if plain(table.names[i]) in _LABELS]
    if asked is not None:
        chosen: int | None = table.find(asked)
    else:
        twins = [i for i in table.free if _NUMBERED.fullmatch(plain(table.names[i]))]
        chosen = next(iter([*named, *twins]), None)
    if chosen is None:
        return None
    why = "you said so" if asked is not None else "its name"
    table.take(chosen, "label", why)
    own = plain(table.names[chosen])
    for i in table.free:
        name = plain(table.names[i])
        twin = re.fullmatch(rf"{re.escape(own)}_?(?:id|idx|index|code|num|no|nr|number|name)", name)
        if twin or name in _LABELS or _NUMBERED.fullmatch(name):
            table.take(i, "left out", f"another label beside {table.names[chosen]}")
    return chosen


def _group(table: _Table) -> int | None:
    asked = table.options.group_column
    named = [i for i in table.free if _GROUPS.fullmatch(plain(table.names[i]))]
    if asked is not None:
        chosen = table.find(asked)
        table.take(chosen, "group", "you said so")
    elif named:
        chosen = table.take(named[0], "group", "its name")
    else:
        return None
    for i in named:
        if i != chosen:
            table.take(i, "left out", f"another group beside {table.names[chosen]}")
    return chosen


def _indices(table: _Table) -> None:
    """Columns that number the lines."""
    for i in table.free:
        cells = table.cells[i]
        whole = all(re.fullmatch(r"\d{1,18}", c) for c in cells)
        if not whole or len(cells) < 2 or not _INDEX.fullmatch(plain(table.names[i])):
            continue
        steps = {int(b) - int(a) for a, b in pairwise(cells)}
        if len(steps) == 1 and min(steps) > 0:
            table.take(i, "left out", "numbers the lines")


def _ramps(table: _Table, timed: bool) -> None:
    """Columns that no name gives away but that grow by the same from line to line: numbers of lines
    and clocks.

    Raises:
        UserError: ``ramp`` where such a column may be the only time.
    """
    usual = [i for i in table.free if table.kinds[i] == NUMBER]
    found = {i: step for i in usual if (step := _step(table, i)) is not None}
    if len(found) == len(usual) or table.options.channels:
        return
    for i, step in found.items():
        if step == 1 or timed or table.options.rate_hz is not None:
            why = "numbers the lines" if step == 1 else f"grows by {step:g} with each line: a clock"
            table.take(i, "left out", why)
            continue
        name = table.names[i]
        what = f"column {name!r} grows by {step:g} with each line: is it the time?"
        hint = (
            f"If so: --set time_column={name} --set time_unit=ms (or s, us, ...); if it counts: "
            f"--set ignore={name}; if it is a channel, name all: --set channels=..."
        )
        raise table.source.error("ramp", what, hint)


def _step(table: _Table, i: int) -> float | None:
    """By how much a column grows from line to line, None where that changes."""
    values = _numbers(table, i)
    if len(values) < MANY:
        return None
    step = (values[-1] - values[0]) / (len(values) - 1)
    near = max(map(abs, values)) * 1e-7
    steady = all(abs(b - a - step) <= near for a, b in pairwise(values))
    return step if steady and step > 4 * near else None


def _texts(table: _Table, label: int | None) -> None:
    """Texts that are no labels: where a label is known or said, or the text never changes in
    company of others."""
    texts = [i for i in table.free if table.kinds[i] == TEXT]
    known = label is not None or table.options.label is not None or bool(table.options.channels)
    for i in texts:
        if known or (len(texts) > 1 and len(set(table.cells[i])) == 1):
            table.take(i, "left out", "text, no numbers")


def _only_text(table: _Table, label: int | None) -> int | None:
    """The one column of texts as label where none is named."""
    texts = [i for i in table.free if table.kinds[i] == TEXT]
    if label is not None or not texts:
        return label
    if len(texts) == 1:
        return table.take(texts[0], "label", "the only text")
    names = [table.names[i] for i in texts]
    raise table.source.error(
        "label_column",
        f"columns {', '.join(map(repr, names))} hold texts that change: which is the label?",
        f"Say --set label_column={names[0]}; where none is: --set ignore={','.join(names)}",
    )


def _channels(table: _Table, pivot: tuple[int, int] | None) -> tuple[int, ...]:
    asked = table.options.channels
    if pivot is not None:
        for i in table.free:
            table.take(i, "left out", "not of a long table")
        return (pivot[1],)
    if asked:
        found = tuple(table.find(name) for name in asked)
        for i in table.free:
            role = (
                ("channel", "you named it") if i in found else ("left out", "not named as channel")
            )
            table.take(i, *role)
        return found
    found = tuple(table.free)
    for i in found:
        table.take(i, "channel", "numbers")
    if not found:
        raise _nothing(table)
    return found


def _nothing(table: _Table) -> UserError:
    taken = "; ".join(f"{c.name}: {c.role} ({c.why})" for c in table.roles.values())
    hint = f"Name the channels: --set channels=... Found: {taken[:300]}"
    return table.source.error("header", "no column is left for channels.", hint)


__all__ = ["ISO", "MANY", "UNITS", "Roles", "plain", "roles"]
