"""The columns of a table while it is found out what each is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tinsmith.core.errors import did_you_mean
from tinsmith.data.dataset import Column
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._cells import MISSING, NUMBER, TEXT, TIME
from tinsmith.data.formats.csv._head import Layout
from tinsmith.data.text import Source

MANY = 16
"""Lines from which what values look like says something."""


@dataclass
class Table:
    """What is known about the columns while roles are given."""

    names: Sequence[str]
    units: Sequence[str]
    cells: Sequence[Sequence[str]]
    """Of each column in the first lines."""
    kinds: Sequence[str]
    source: Source
    options: ReadOptions
    roles: dict[int, Column] = field(default_factory=dict)
    numbers: dict[int, list[float]] = field(default_factory=dict)

    def take(self, index: int, role: str, why: str) -> int:
        """Give a column its role, and return its index."""
        self.roles[index] = Column(self.names[index] or "(no name)", role, why)
        return index

    @property
    def free(self) -> list[int]:
        """Columns that have no role."""
        return [i for i in range(len(self.names)) if i not in self.roles]

    def find(self, asked: str) -> int:
        """Index of a column by name."""
        if asked in self.names:
            return self.names.index(asked)
        guess = did_you_mean(asked, self.names)
        message = f"there is no column {asked!r}.{guess}"
        raise self.source.error("column", message, f"Columns: {', '.join(self.names)}.")


def table_of(layout: Layout, options: ReadOptions, source: Source) -> Table:
    """The columns of a table, none of which has a role.

    Raises:
        UserError ``header``: a name is missing or there twice.
    """
    names = layout.names
    twice = [n for i, n in enumerate(names) if names.count(n) > 1 or (not n and i)]
    if twice:
        raise source.error(
            "header", f"column name {twice[0]!r} is empty or not unique.",
            "Mend it, or name all columns: --set columns=...",
        )  # fmt: skip
    usual = [i for i, line in enumerate(layout.sample) if len(line.cells) == layout.end]
    rows = [layout.sample[i].cells for i in usual]
    cells = [[row[i] for row in rows] for i in range(len(names))]
    kinds = [_kind({layout.kinds[u][i] for u in usual}) for i in range(len(names))]
    return Table(names, layout.units, cells, kinds, source, options)


def _kind(kinds: set[str]) -> str:
    """TEXT only where no cell is a number; a single odd cell is an error that the values show."""
    there = kinds - {MISSING}
    if NUMBER in there or not there:
        return NUMBER
    return TIME if TIME in there else TEXT


def plain(name: str) -> str:
    """A name in lower case with underscores: ``secondsElapsed`` as ``seconds_elapsed``."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s.\-]+", "_", parted).lower()


def numbers_of(table: Table, i: int) -> list[float]:
    """The cells of a column as numbers; none where some are none."""
    if i not in table.numbers:
        try:
            table.numbers[i] = [float(c.replace(",", ".")) for c in table.cells[i]]
        except ValueError:
            table.numbers[i] = []
    return table.numbers[i]


def grows(table: Table, i: int) -> bool:
    """Whether time never goes back, but for recordings that begin again."""
    values = numbers_of(table, i)
    back = sum(b < a for a, b in pairwise(values))
    return back <= len(values) // MANY
