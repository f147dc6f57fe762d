"""The lines of a table as arrays, block by block: all at once where a block is as it should be,
else line by line, which finds the one to blame."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tinsmith.data.formats.csv._cells import ABSENT
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
        quick = reader.quick(block, line)
        yield quick if quick is not None else reader.slow(block, line, last)
        line += block.count(b"\n")


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
        held += block
        if held.count(b'"') % 2 == 0:
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
        block = block.rstrip() + b"\n"
        count = block.count(b"\n")
        ends = self._ends(block, count)
        if ends is None:
            return None
        texts = [_cut(block, ends, i) for i in self.wanted.texts]
        values = self._floats(block, count)
        if values is None or any(t is None for t in texts):
            return None
        found = tuple(t for t in texts if t is not None)
        return Rows(values, found, np.arange(first, first + count), np.zeros(0, np.int64))

    def _ends(self, block: bytes, count: int) -> np.ndarray | None:
        """Where each cell ends, [lines, cells]; empty where blanks set cells apart."""
        if self.layout.delimiter == " ":
            return np.zeros((0, 0), np.int64) if not self.wanted.texts else None
        data = np.frombuffer(block, np.uint8)
        width = self.layout.end
        marks = np.flatnonzero((data == ord(self.layout.delimiter)) | (data == 10))
        if len(marks) != count * width:
            return None
        marks = marks.reshape(count, width)
        return marks if (data[marks[:, -1]] == 10).all() else None

    def _floats(self, block: bytes, count: int) -> np.ndarray | None:
        wanted = self.wanted.numbers
        if not wanted:
            return np.zeros((count, 0))
        text = block.decode()
        if self.layout.decimal == ",":
            text = text.replace(",", ".")
        delimiter = None if self.layout.delimiter == " " else self.layout.delimiter
        columns = None if wanted == tuple(range(self.layout.end)) else wanted
        try:
            values = np.loadtxt(
                io.StringIO(text), np.float64, comments=None, delimiter=delimiter,
                usecols=columns, ndmin=2,
            )  # fmt: skip
        except ValueError:
            return None
        if values.shape != (count, len(wanted)) or not (np.abs(values) <= LARGEST).all():
            return None
        return values

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


def _cut(block: bytes, ends: np.ndarray, column: int) -> np.ndarray | None:
    """One column's cells, [lines] bytes without blanks around; None where one is very long."""
    data = np.frombuffer(block, np.uint8)
    starts = ends[:, column - 1] + 1 if column else np.concatenate([[0], ends[:-1, -1] + 1])
    lengths = ends[:, column] - starts
    longest = int(lengths.max(initial=1))
    if longest > _WIDEST:
        return None
    places = np.arange(max(longest, 1))
    found = data[np.minimum(starts[:, None] + places, len(data) - 1)]
    found[places >= lengths[:, None]] = 0
    cells = np.ascontiguousarray(found).view(f"S{max(longest, 1)}")[:, 0]
    return np.char.strip(cells) if b" " in block else cells
