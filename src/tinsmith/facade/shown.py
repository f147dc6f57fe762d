"""Shown: an object that prints itself as a block of text, and as a table in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from html import escape

from tinsmith.ir.types import TensorType

Row = tuple[str, ...]


class Shown(ABC):
    """Says a title and rows; everything that people see is made of these.

    Names come from model files, so they are never trusted: control characters are spelled out, and
    a table holds them escaped.
    """

    @abstractmethod
    def _title(self) -> str:
        """One line: what this is."""

    @abstractmethod
    def _rows(self) -> Iterable[Row]:
        """Lines of the block, cell by cell; the first cell names the line."""

    def __str__(self) -> str:
        rows = [tuple(map(_plain, row)) for row in self._rows()]
        columns = max((len(row) for row in rows), default=0)
        widths = [max((len(r[i]) for r in rows if i < len(r)), default=0) for i in range(columns)]
        lines = [
            "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=False)).rstrip()
            for row in rows
        ]
        return "\n".join([_plain(self._title()), *lines])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_plain(self._title())}>"

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        lines = [
            f"<tr><th>{_cell(row[0])}</th>{''.join(f'<td>{_cell(c)}</td>' for c in row[1:])}</tr>"
            for row in self._rows()
        ]
        return f"<table><caption>{_cell(self._title())}</caption>{''.join(lines)}</table>"


def tensors(named: Iterable[tuple[str, TensorType]]) -> str:
    """Names and types in a line."""
    return ", ".join(f"{name} {type}" for name, type in named)


def _plain(text: str) -> str:
    """A text without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _cell(text: str) -> str:
    return escape(_plain(text), quote=True)
