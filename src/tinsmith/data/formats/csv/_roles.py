"""What each column of a table is: time, label, group, channel, or left out, and why.

First what the user says, then names, then values. What is a time, a label or a group is never a
channel, also where another column was chosen; neither is what numbers the lines, nor a text.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Column
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import NUMBER, TEXT
from tinsmith.data.formats.csv._columns import MANY, Table, numbers_of, plain, table_of
from tinsmith.data.formats.csv._head import Layout
from tinsmith.data.formats.csv._times import times_of
from tinsmith.data.text import Source

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


def roles(layout: Layout, options: ReadOptions, source: Source) -> Roles:
    """The role of every column.

    Raises:
        UserError: ``header``, ``column`` or ``label_column``.
    """
    table = table_of(layout, options, source)
    for name in options.ignore:
        table.take(table.find(name), "left out", "as you said")
    times, unit = times_of(table)
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


def _pivot(table: Table) -> tuple[int, int] | None:
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


def _label(table: Table) -> int | None:
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


def _group(table: Table) -> int | None:
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


def _indices(table: Table) -> None:
    """Columns that number the lines."""
    for i in table.free:
        cells = table.cells[i]
        whole = all(re.fullmatch(r"\d{1,18}", c) for c in cells)
        if not whole or len(cells) < 2 or not _INDEX.fullmatch(plain(table.names[i])):
            continue
        steps = {int(b) - int(a) for a, b in pairwise(cells)}
        if len(steps) == 1 and min(steps) > 0:
            table.take(i, "left out", "numbers the lines")


def _ramps(table: Table, timed: bool) -> None:
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


def _step(table: Table, i: int) -> float | None:
    """By how much a column grows from line to line, None where that changes."""
    values = numbers_of(table, i)
    if len(values) < MANY:
        return None
    step = (values[-1] - values[0]) / (len(values) - 1)
    near = max(map(abs, values)) * 1e-7
    steady = all(abs(b - a - step) <= near for a, b in pairwise(values))
    return step if steady and step > 4 * near else None


def _texts(table: Table, label: int | None) -> None:
    """Texts that are no labels: where a label is known or said, or the text never changes in
    company of others."""
    texts = [i for i in table.free if table.kinds[i] == TEXT]
    known = label is not None or table.options.label is not None or bool(table.options.channels)
    for i in texts:
        if known or (len(texts) > 1 and len(set(table.cells[i])) == 1):
            table.take(i, "left out", "text, no numbers")


def _only_text(table: Table, label: int | None) -> int | None:
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


def _channels(table: Table, pivot: tuple[int, int] | None) -> tuple[int, ...]:
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


def _nothing(table: Table) -> UserError:
    taken = "; ".join(f"{c.name}: {c.role} ({c.why})" for c in table.roles.values())
    hint = f"Name the channels: --set channels=... Found: {taken[:300]}"
    return table.source.error("header", "no column is left for channels.", hint)
