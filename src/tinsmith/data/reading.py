"""The sandboxed side of an import: files of one format are read, what they hold is sent in parts.

Samples go as plain bytes, little-endian and row by row, in the order of the recordings that were
announced; those of a long recording come in several parts, so that neither side holds all of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tinsmith.core.errors import MissingTool, UserError
from tinsmith.data.dataset import Channel, Contract, Reading, Rows
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.rows import Sequence
from tinsmith.data.sidecar import Segment

PART_BYTES = 4_000_000
"""Samples that are sent together."""
_FILES = 256
"""Files that are announced together."""


@dataclass(frozen=True)
class Task:
    """A file to read, with what is known of it from elsewhere; label "" where nothing is."""

    path: str
    label: str = ""
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Head:
    """A recording without its samples."""

    id: str
    label: str
    group: str | None
    samples: int
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be used."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Read:
    """What is in one file. With ``problem`` there is nothing else."""

    channels: tuple[Channel, ...] = ()
    rate_hz: float | None = None
    contract: Contract = field(default_factory=Contract)
    notes: tuple[str, ...] = ()
    heads: tuple[Head, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True)
class Part:
    """Files that were read, then samples. ``broken``: the last announced file is not what it said,
    no more of its samples will come."""

    reads: tuple[Read, ...] = ()
    samples: bytes = b""
    broken: Problem | None = None


def read_files(
    format: str, tasks: tuple[Task, ...], options: ReadOptions, each: bool
) -> Iterator[Part]:
    """Read files of one format; runs in the sandbox. ``each``: a part for every file, so that it is
    known which of them the reader did not survive."""
    read = FORMATS.get(format).read
    reads: list[Read] = []
    samples = bytearray()
    broken = None
    for task in tasks:
        try:
            own = replace(options, label=task.label or options.label)
            reading = _segmented(read(Path(task.path), own), task)
        except MissingTool:
            raise
        except UserError as e:
            reads.append(Read(problem=Problem(e.code, e.message, e.hint)))
        else:
            reads.append(_head(reading))
            try:
                for rows in _rows(reading, Path(task.path).name):
                    samples += rows
                    if len(samples) >= PART_BYTES:
                        yield Part(tuple(reads), bytes(samples))
                        reads, samples = [], bytearray()
            except UserError as e:
                broken = Problem(e.code, e.message, e.hint)
        if each or broken or len(reads) >= _FILES:
            yield Part(tuple(reads), bytes(samples), broken)
            reads, samples, broken = [], bytearray(), None
    yield Part(tuple(reads), bytes(samples))


def _head(reading: Reading) -> Read:
    heads = tuple(
        Head(r.id, r.label, r.group, len(r.values), r.metadata) for r in reading.recordings
    )
    return Read(reading.channels, reading.rate_hz, reading.contract, reading.notes, heads)


def _rows(reading: Reading, name: str) -> Iterator[bytes]:
    """The samples of all recordings, one after the other."""
    dtype = np.dtype(reading.contract.dtype).newbyteorder("<")
    for recording in reading.recordings:
        values, rows = recording.values, 0
        for piece in values.pieces() if isinstance(values, Rows) else (values,):
            rows += len(piece)
            yield np.ascontiguousarray(piece, dtype).tobytes()
        if rows != len(values):
            message = f"{name}: {rows} of {len(values)} samples are there."
            raise UserError("data.changed", message, "Import the file when it is complete.")


def _segmented(reading: Reading, task: Task) -> Reading:
    """The one recording of a file cut as a label file says. A segment that is no signal, or that
    does not lie in the recording, is left out with a note.

    Raises:
        UserError ``data.segments``: nothing is left, or the file holds several recordings.
    """
    if not task.segments:
        return reading
    if len(reading.recordings) != 1:
        message = f"{Path(task.path).name} holds {len(reading.recordings)} recordings."
        raise UserError("data.segments", message, "Segments are those of one.")
    (recording,) = reading.recordings
    size, cuts, notes = len(recording.values), [], list(reading.notes)
    values = Sequence(recording.values)
    for s in task.segments:
        if 0 <= s.first < s.last < size:
            part = values.cut(s.first, s.last + 1)
            cuts.append(replace(recording, id=str(s.first), label=s.label, values=part))
        else:
            notes.append(f"segment {s.first} to {s.last} ({s.label}) is no part of {size} samples")
    if not cuts:
        message = f"{Path(task.path).name} has {size} samples; no segment lies in them."
        raise UserError("data.segments", message, "Mend the label file.")
    return replace(reading, recordings=tuple(cuts), notes=tuple(notes))
