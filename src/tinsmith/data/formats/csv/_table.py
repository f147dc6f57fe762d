"""The lines of a table as arrays, block by block: all at once where a block is as it should be,
else line by line, which finds the one to blame."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tinsmith.data.formats.csv._cells import ABSENT
from tinsmith.data.formats.csv._decimals import PAD, decimals
from tinsmith.data.formats.csv._head import Layout, Line, cells, ragged
from tinsmith.data.text import LARGEST, Source, numbers

_WIDEST = 256


@dataclass(frozen=True)
class Wanted:
    """Which columns are read: as numbers, and as texts."""

    numbers: tuple[int, ...]
    texts: tuple[int, ...]
    skip_missing: bool
    """Whether lines with missing values are left out; else they are an error."""


@dataclass(frozen=True)
class Rows:
    """Lines of values.

    Args:
        numbers: [rows, columns] float64.
        texts: of each wanted column of texts, [rows] bytes.
        lines: number of each line in the file, [rows].
        missing: lines that were left out as a value was missing.
    """

    numbers: np.ndarray
    texts: tuple[np.ndarray, ...]
    lines: np.ndarray
    missing: np.ndarray


def rows(blocks: Iterable[bytes], layout: Layout, wanted: Wanted, source: Source) -> Iterator[Rows]:
    """Blocks of a file, from the line that ``layout`` says on, as arrays.

    Raises:
        UserError: ``ragged``, ``truncated``, ``syntax``, ``missing_value``, ``number``,
            ``nonfinite``; names the line.
    """
    reader = _Reader(layout, wanted, source)
    line = layout.start
    for block, last in _ended(_whole(_after(blocks, layout.start - 1))):
        if last:
            block = block.rstrip(b" \n") + b"\n"
        found = reader.quick(block, line)
        if found is not None and not last:
            line += len(found.lines)
        else:
            found = found or reader.slow(block, line, last)
            line += block.count(b"\n")
        yield found


def _after(blocks: Iterable[bytes], lines: int) -> Iterator[bytes]:
    """Blocks without the first lines, which lie in the first block."""
    for block in blocks:
        start = 0
        while lines and start < len(block):
            start = block.index(b"\n", start) + 1
            lines -= 1
        if start < len(block):
            yield block[start:]


def _whole(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks in which no cell in quotes goes on in the next."""
    held = b""
    for block in blocks:
        held = held + block if held else block
        if b'"' not in held or held.count(b'"') % 2 == 0:
            yield held
            held = b""
    if held:
        yield held


def _ended(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Blocks, and whether it is the last one."""
    before: bytes | None = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


@dataclass(frozen=True)
class _Reader:
    layout: Layout
    wanted: Wanted
    source: Source

    def quick(self, block: bytes, first: int) -> Rows | None:
        """All lines at once; None where something in them needs a closer look."""
        if not block.strip():
            return None
        if b'"' in block:
            if b'""' in block:
                return None
            block = block.replace(b'"', b"")
        ends = self._ends(block)
        if ends is None:
            return None
        count = len(ends)
        texts = [_cut(block, ends, i) for i in self.wanted.texts]
        values = self._floats(block, ends)
        if values is None or any(t is None for t in texts):
            return None
        found = tuple(t for t in texts if t is not None)
        return Rows(values, found, np.arange(first, first + count), np.zeros(0, np.int64))

    def _ends(self, block: bytes) -> np.ndarray | None:
        """Where each cell ends, [lines, cells]; only where lines end if blanks set cells apart."""
        data = np.frombuffer(block, np.uint8)
        if self.layout.delimiter == " ":
            return np.flatnonzero(data == 10)[:, None] if not self.wanted.texts else None
        width = self.layout.end
        marks = np.flatnonzero((data == ord(self.layout.delimiter)) | (data == 10))
        if len(marks) % width:
            return None
        ends: np.ndarray = marks.reshape(-1, width)
        lines = data[ends] == 10
        whole = lines[:, -1].all() and not lines[:, :-1].any()
        return ends if whole else None

    def _floats(self, block: bytes, ends: np.ndarray) -> np.ndarray | None:
        wanted, count = self.wanted.numbers, len(ends)
        if self.layout.decimal == ",":
            block = block.replace(b",", b".")
        values = np.empty((count, len(wanted)))
        left = list(range(len(wanted)))
        if self.layout.delimiter != " ":
            data = np.frombuffer(b"0" * PAD + block, np.uint8)
            for i, column in enumerate(wanted):
                found = decimals(data, _starts(ends, column) + PAD, ends[:, column] + PAD)
                if found is not None:
                    values[:, i] = found
                    left.remove(i)
        if left:
            others = self._any_floats(block, tuple(wanted[i] for i in left))
            if others is None or len(others) != count:
                return None
            values[:, left] = others
        return values

    def _any_floats(self, block: bytes, columns: tuple[int, ...]) -> np.ndarray | None:
        """Numbers as any program writes them."""
        delimiter = None if self.layout.delimiter == " " else self.layout.delimiter
        try:
            values = np.loadtxt(
                io.BytesIO(block), np.float64, comments=None, delimiter=delimiter,
                usecols=columns, ndmin=2, encoding="utf-8",
            )  # fmt: skip
        except ValueError:
            return None
        return values if (np.abs(values) <= LARGEST).all() else None

    def slow(self, block: bytes, first: int, last: bool) -> Rows:
        """Line by line."""
        layout, lines = (
            self.layout,
            cells(block.decode(), self.layout.delimiter, self.source, first),
        )
        for line in lines:
            if len(line.cells) != layout.end:
                near = lines if last else [*lines, lines[0]]
                raise ragged(line, len(layout.names), near, self.source)
        whole = [line for line in lines if not (self.wanted.skip_missing and self._missing(line))]
        values = [self._numbers(line) for line in whole]
        texts = [np.array([ln.cells[i].encode() for ln in whole], "S") for i in self.wanted.texts]
        kept = {line.number for line in whole}
        return Rows(
            np.array(values, np.float64).reshape(len(whole), len(self.wanted.numbers)),
            tuple(texts),
            np.array([line.number for line in whole], np.int64),
            np.array([ln.number for ln in lines if ln.number not in kept], np.int64),
        )

    def _missing(self, line: Line) -> bool:
        return any(line.cells[i].lower() in ABSENT for i in self.wanted.numbers)

    def _numbers(self, line: Line) -> list[float]:
        wanted, names = self.wanted.numbers, self.layout.names
        found = [line.cells[i] for i in wanted]
        if self.layout.decimal == ",":
            found = [cell.replace(",", ".") for cell in found]
        try:
            values = [float(cell) for cell in found]
        except ValueError:
            values = []
        fine = all(abs(v) <= LARGEST for v in values) and "_" not in "".join(found)
        if fine and len(values) == len(found):
            return values
        place = [f"line {line.number}, column {names[i]!r}" for i in wanted]
        return numbers(found, self.source, place)


def _starts(ends: np.ndarray, column: int) -> np.ndarray:
    """Where each cell of a column begins."""
    if column:
        return ends[:, column - 1] + 1
    first = np.zeros(len(ends), np.int64)
    first[1:] = ends[:-1, -1] + 1
    return first


def _cut(block: bytes, ends: np.ndarray, column: int) -> np.ndarray | None:
    """One column's cells, [lines] bytes without blanks around; None where one is very long."""
    data = np.frombuffer(block, np.uint8)
    starts = _starts(ends, column)
    lengths = ends[:, column] - starts
    longest = int(lengths.max(initial=1))
    if longest > _WIDEST:
        return None
    places = np.arange(max(longest, 1))
    found = data[np.minimum(starts[:, None] + places, len(data) - 1)]
    found[places >= lengths[:, None]] = 0
    cells = np.ascontiguousarray(found).view(f"S{max(longest, 1)}")[:, 0]
    return np.char.strip(cells) if b" " in block else cells
