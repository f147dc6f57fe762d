"""Where a table begins and how its lines are cut: delimiter, decimal mark, preamble, header, units.

Recognised from the first lines alone. The delimiter is the one that cuts most lines into equally
many cells which hold no other delimiter; blanks count only where no other cuts anything. The table
begins at the first line whose cells are of the kinds that most lines have; the names are the texts
above it; what is above these is a preamble.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from tinsmith.core.errors import UserError
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import MISSING, NUMBER, TEXT, TIME, kind_of
from tinsmith.data.text import Source

MOST_COLUMNS = 4096
_FEW, _LINES = 40, 1000
"""Lines that are looked at; and where these hold no value."""
_CUT = 16
"""Lines, the last ones looked at, by which the delimiter is found."""
_DELIMITERS = ",;\t|"
_SAID = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": " ", "space": " "}
_DECIMAL = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
_VALUED = re.compile(r"(?:^|[,;\t| ])[\"-]?\d")
_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_UNITS = frozenset(
    ("s", "ms", "us", "µs", "μs", "ns", "min", "h", "d", "hz", "khz", "g", "mg", "m", "m/s2", "mm",
     "cm", "km", "kg", "deg", "dps", "rad", "rpm", "ut", "µt", "μt", "t", "gauss", "v", "mv", "a",
     "ma", "w", "n", "nm", "j", "pa", "hpa", "kpa", "bar", "mbar", "lux", "lx", "°c", "c", "degc",
     "f", "k", "%", "%rh", "ppm", "ppb", "db", "bpm", "count", "counts", "lsb", "raw", "-", "1")
)  # fmt: skip
_UNIT = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]")


@dataclass(frozen=True)
class Line:
    """A line that is not blank: its number in the file and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How a table is written.

    Args:
        delimiter: " " means any run of blanks.
        names: of all columns of a line, without brackets; "" where the file gives none.
        units: as the file says them, "" where not.
        end: cells of a line, more than names where each line ends in a delimiter.
        start: number of the first line of values.
        named: whether the names are the file's.
        sample: the first lines of values.
        kinds: of their cells.
    """

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    end: int
    start: int
    named: bool
    sample: tuple[Line, ...]
    kinds: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def layout(text: str, options: ReadOptions, source: Source) -> Layout:
    """The layout of the table whose first lines are given.

    Raises:
        UserError: ``header``, ``empty``, ``ragged``, ``truncated``, ``syntax``, ``columns`` or
            ``decimal``.
    """
    text = _beginning(text)
    said, skip = _separator(text)
    delimiter = _delimiter(text, skip, said or _option(options, source))
    lines = cells(text, delimiter, source)[skip:]
    if not lines:
        raise source.error("empty", "there is no line of values.", "Record or export again.")
    if max(len(line.cells) for line in lines) > MOST_COLUMNS:
        number = next(line.number for line in lines if len(line.cells) > MOST_COLUMNS)
        what = f"line {number} has more than {MOST_COLUMNS} columns."
        raise source.error("columns", what, "A recording has one column for each channel.")
    decimal = _decimal(lines, delimiter, options, source)
    top = _top(lines, decimal)
    if len(lines) > 1 and not any(NUMBER in kinds or TIME in kinds for kinds in top.kinds):
        what = f"no number in the first {len(lines)} lines: this is no table of samples."
        raise source.error("table", what, "Leave the file out, or export the recording again.")
    found = _names(lines, top, options, source)
    rows = tuple(lines[top.first :])
    notes = (*found.notes, *_notes(lines, (delimiter, decimal), top, skip))
    start = lines[top.first - 1].number + 1 if top.first else 1 + skip
    named = top.names is not None
    return Layout(
        delimiter, decimal, found.names, found.units, top.width, start, named, rows,
        tuple(top.kinds[top.first :]), notes,
    )  # fmt: skip


def cells(text: str, delimiter: str, source: Source, first: int = 1) -> list[Line]:
    """The lines of a text that are not blank, cut into stripped cells; ``first`` is the number of
    the text's first line.

    Raises:
        UserError: ``syntax``.
    """
    if delimiter == " ":
        numbered = enumerate(text.split("\n"), first)
        return [Line(n, tuple(line.split())) for n, line in numbered if line.strip()]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                number = reader.line_num + first - 1
                found.append(Line(number, tuple(cell.strip() for cell in row)))
    except csv.Error as e:
        number = reader.line_num + first - 1
        raise source.error("syntax", f"line {number}: {e}.", "Mend the quotes.") from None
    return found


def _beginning(text: str) -> str:
    """The first lines of a text, more where few hold no value; all of it where they end inside
    quotes."""
    found = text
    for most in (_FEW, _LINES):
        found = "".join(islice(io.StringIO(text, newline=""), most))
        if any(_VALUED.search(line) for line in found.split("\n")[-_CUT:]):
            break
    return found if found.count('"') % 2 == 0 else text


def _separator(text: str) -> tuple[str, int]:
    """The delimiter that a first line ``sep=;`` says, as spreadsheets write it, and how many lines
    say it."""
    match = re.match(r'\s*"?sep=(.)"?[ \t,;]*\n', text, re.IGNORECASE)
    return (match[1], 1) if match else ("", 0)


def _option(options: ReadOptions, source: Source) -> str:
    said = options.delimiter or ""
    if said and said not in _SAID and said not in _SAID.values():
        what = f"{said!r} is no delimiter."
        raise source.error("delimiter", what, f"Allowed: {', '.join(_SAID)}.")
    return _SAID.get(said, said)


def _delimiter(text: str, skip: int, said: str) -> str:
    if said:
        return said
    lines = [line for line in text.split("\n") if line.strip()][skip:]
    lines = lines[-_CUT:]
    if not lines:
        return ","
    there = "".join(lines)
    found = {d: _fitness(lines, d) for d in _DELIMITERS if d in there}
    best = max(found, key=lambda d: found[d], default="")
    if best and found[best] > (0, 0):
        return best
    return " " if _fitness(lines, " ") > (0, 0) else ","


def _fitness(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """Share of lines of the usual number of cells times share of clean cells in these; and that
    number."""
    rows = [line.split() if delimiter == " " else _cut(line, delimiter) for line in lines]
    width, count = Counter(len(row) for row in rows).most_common(1)[0]
    if width < 2:
        return (0, 0)
    usual = [row for row in rows if len(row) == width]
    others = set(_DELIMITERS) - {delimiter, *((",",) if delimiter != "," else ())}
    clean = sum(not others & set(cell) for row in usual for cell in row)
    typed = sum(_typed(cell, delimiter) for row in usual for cell in row)
    share = count / len(rows) * clean / (width * count)
    return (round(share + 1e-3 * typed / (width * count), 9), width)


def _typed(cell: str, delimiter: str) -> bool:
    decimal = "," if delimiter != "," and "," in cell else "."
    return kind_of(cell.strip('" '), decimal) in (NUMBER, TIME)


def _cut(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter))


def _decimal(lines: Sequence[Line], delimiter: str, options: ReadOptions, source: Source) -> str:
    """A comma is the decimal mark where no point is and cells need it: ``1,5``; ``1,500`` alone may
    be 1.5 or 1500 and is asked about."""
    said = {"comma": ",", "point": ".", None: ""}.get(options.decimal, options.decimal or "")
    if said not in ("", ",", "."):
        raise source.error("decimal", f"{said!r} is no decimal mark.", "Allowed: comma, point.")
    if said or delimiter == ",":
        return said or "."
    inside = [(line, cell) for line in lines for cell in line.cells if "," in cell]
    commas = [(line, cell) for line, cell in inside if _DECIMAL.fullmatch(cell)]
    if not commas or any(_POINT.fullmatch(c) for line in lines for c in line.cells):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for _, cell in commas):
        line, cell = commas[0]
        point = cell.replace(",", ".")
        what = f"line {line.number}: {cell!r} is {point} or {cell.replace(',', '')}."
        raise source.error(
            "decimal", what, f"Say --set decimal=comma ({point}) or --set decimal=point."
        )
    return ","


@dataclass(frozen=True)
class _Top:
    """Indices of the line of names, of units and of the first values; cells of a usual line; kinds
    of all cells."""

    names: int | None
    units: int | None
    first: int
    width: int
    kinds: Sequence[tuple[str, ...]]


def _top(lines: Sequence[Line], decimal: str) -> _Top:
    kinds = [tuple(kind_of(c, decimal) for c in line.cells) for line in lines]
    valued = [k for k in kinds if NUMBER in k or TIME in k]
    if not valued:
        return _Top(0, None, 1, len(lines[0].cells), kinds)
    width = Counter(map(len, valued)).most_common(1)[0][0]
    rows = [k for k in valued if len(k) == width]
    usual = [Counter(column).most_common(1)[0][0] for column in zip(*rows, strict=True)]
    first = next((i for i, k in enumerate(kinds) if len(k) == width and _fits(k, usual)), 0)
    for i in range(first - 1, -1, -1):
        above = i > 0 and _naming(lines[i - 1].cells, kinds[i - 1], width)
        if above and _only_units(lines[i].cells):
            return _Top(i - 1, i, i + 1, width, kinds)
        if _naming(lines[i].cells, kinds[i], width):
            return _Top(i, None, i + 1, width, kinds)
    preamble = first if first and all(len(k) == 1 < width for k in kinds[:first]) else 0
    return _Top(None, None, preamble, width, kinds)


def _naming(cells: Sequence[str], kinds: Sequence[str], width: int) -> bool:
    """Whether a line holds names: texts only, but for an empty first and empty last cells. One
    cell alone is a title where lines have more than two."""
    pairs = list(zip(cells, kinds, strict=True))
    while pairs and not pairs[-1][0]:
        pairs.pop()
    if len(pairs) > 1 and not pairs[0][0]:
        pairs = pairs[1:]
    enough = len(pairs) > 1 or width <= len(cells) + 1
    return bool(pairs) and enough and all(kind == TEXT for _, kind in pairs)


def _only_units(cells: Sequence[str]) -> bool:
    plain = [cell.strip("[]() ").lower() for cell in cells]
    known = [cell for cell in plain if cell]
    return bool(known) and all(c in _UNITS or "/" in c for c in known)


def _fits(kinds: Sequence[str], usual: Sequence[str]) -> bool:
    same = [k in (u, MISSING) for k, u in zip(kinds, usual, strict=True) if u != TEXT]
    return all(same) and (NUMBER in kinds or TIME in kinds)


@dataclass(frozen=True)
class _Names:
    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _names(lines: Sequence[Line], top: _Top, options: ReadOptions, source: Source) -> _Names:
    """Names and units of the columns.

    Raises:
        UserError: ``empty``, ``ragged`` or ``header``.
    """
    if len(lines) <= top.first:
        raise source.error("empty", "there is a header but no sample.", "Record or export again.")
    rows = lines[top.first :]
    if top.names is None:
        return _Names(*_nameless(rows, top.width, options, source))
    cells = list(lines[top.names].cells)
    while cells and not cells[-1]:
        cells.pop()
    filled = _filled(rows, top.width)
    numbered = len(cells) + 1 == filled and counting([r.cells[0] for r in rows if r.cells[0]])
    if numbered:
        cells.insert(0, "")
    elif not filled <= len(cells) <= top.width:
        raise ragged(Line(rows[0].number, rows[0].cells), len(cells), rows, source)
    split = [_UNIT.fullmatch(cell) for cell in cells]
    names = [m["name"] if m else cell for m, cell in zip(split, cells, strict=True)]
    units = [m["unit"] if m else "" for m in split]
    if top.units is not None:
        below = [cell.strip("[]() ") for cell in lines[top.units].cells]
        units = [u or b for u, b in zip(units, [*below, *[""] * len(units)], strict=False)]
    if options.columns:
        names = list(_said(options.columns, len(names), source))
    return _Names(tuple(names), tuple(units))


def _nameless(
    rows: Sequence[Line], width: int, options: ReadOptions, source: Source
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    filled = _filled(rows, width)
    own = tuple(f"col_{i}" for i in range(1, filled + 1))
    if options.columns:
        return _said(options.columns, filled, source), ("",) * filled, ()
    if len(options.channels) == filled:
        return options.channels, ("",) * filled, ()
    if not set(options.channels) <= set(own):
        shown = ", ".join(rows[0].cells)[:60]
        raise source.error(
            "header",
            f"line {rows[0].number} holds values ({shown}), and no line above names the columns.",
            f"Add a first line such as: time,acc_x,acc_y,acc_z; or name all {filled} columns, in "
            "order, with: --set channels=... (project.toml: signal.channels).",
        )
    note = f"no line names the columns: they are called {own[0]} to {own[-1]}"
    return own, ("",) * filled, (f"{note} (--set columns=... names them)",)


def _said(columns: Sequence[str], width: int, source: Source) -> tuple[str, ...]:
    if len(columns) != width:
        what = f"{len(columns)} names of columns were given; lines have {width}."
        raise source.error("header", what, "Name all of them: --set columns=time,acc_x,...")
    return tuple(columns)


def _filled(rows: Sequence[Line], width: int) -> int:
    """Cells of usual lines without last ones that are always empty."""
    usual = [row.cells for row in rows if len(row.cells) == width]
    while width > 1 and usual and not any(cells[width - 1] for cells in usual):
        width -= 1
    return width


def counting(cells: Sequence[str]) -> bool:
    """Whether the cells are whole numbers, each one more than the one before."""
    if not all(re.fullmatch(r"\d{1,18}", cell) for cell in cells):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(cells))


def ragged(line: Line, want: int, rows: Sequence[Line], source: Source) -> UserError:
    """The error about a line with another number of cells than columns; ``rows``: the lines that
    were looked at."""
    have, number = len(line.cells), line.number
    if len(rows) > 1 and {len(r.cells) for r in rows} == {want + 1}:
        return source.error(
            "ragged",
            f"every line has {have} columns, the header {want}.",
            "Add the missing name to the header, or name all columns: --set columns=...",
        )
    if line is rows[-1] and have < want:
        return source.error(
            "truncated",
            f"line {number}, the last one, ends after {have} of {want} columns.",
            "The file was cut off: copy it again, or delete its last line.",
        )
    what = f"line {number} has {have} columns, the header {want}."
    return source.error("ragged", what, "Mend or delete the line.")


def _notes(lines: Sequence[Line], layout: tuple[str, str], top: _Top, skip: int) -> list[str]:
    """What is unusual about how the table is written, in words."""
    delimiter, decimal = layout
    found = []
    if skip:
        found.append("line 1 says the delimiter")
    if delimiter != ",":
        shown = {"\t": "tabs", " ": "blanks"}.get(delimiter, repr(delimiter))
        found.append(f"cells are set apart by {shown}")
    if decimal == ",":
        found.append("the decimal mark is a comma")
    begin = top.first if top.names is None else top.names
    if begin:
        numbers = [line.number for line in lines[:begin]]
        where = f"line {numbers[0]}" if begin == 1 else f"lines {numbers[0]} to {numbers[-1]}"
        found.append(f"{where} before the table were skipped")
    if top.units is not None:
        found.append(f"line {lines[top.units].number} holds units")
    return found
