"""Dataset: an immutable, content-addressed set of labelled recordings whose samples are read
when asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinsmith.core.codec import content_hash


@dataclass(frozen=True)
class Channel:
    """One measured quantity, e.g. ``acc_x`` in ``m/s2``; unit "" where the source says none."""

    name: str
    unit: str = ""


FLOAT = "float32"
TYPES = (FLOAT, "int8", "int16", "int32")
"""What samples are kept as."""


@dataclass(frozen=True)
class Contract:
    """What a sensor's driver hands over: the type of its samples and, for integers, how much one
    step of each channel is in the channel's unit (physical value = integer * scale).

    ``scale`` is empty for float32, whose samples are physical values. The unit is the channel's,
    the rate the data set's; a source that says no scale has 1 (and mostly no unit).
    """

    dtype: str = FLOAT
    scale: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Samples that are read piece by piece, since all at once may not fit in memory.

    ``pieces`` makes a new iterator over arrays [n, channels] of ``dtype`` that are ``shape`` in
    all; it raises UserError where the file holds less than it said.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    pieces: Callable[[], Iterator[np.ndarray]]

    def __len__(self) -> int:
        return self.shape[0]


Samples = np.ndarray | Rows


def whole(values: Samples) -> np.ndarray:
    """All samples as one array [samples, channels]."""
    if isinstance(values, np.ndarray):
        return values
    parts = list(values.pieces())
    return np.concatenate(parts) if parts else np.zeros(values.shape, values.dtype)


@dataclass(frozen=True)
class RawRecording:
    """A recording as a format reads it: values [samples, channels], float32 in the channels' units,
    or the integers of the reading's contract."""

    id: str
    values: Samples
    label: str
    group: str | None = None
    """Who or what must not be on both sides of a split: a person, a machine, a session."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What else is known: subject, session, device, ..."""


@dataclass(frozen=True)
class Column:
    """A column of a table, what it was taken for (``channel``, ``time``, ``label``, ``group``,
    ``left out``) and why."""

    name: str
    role: str
    why: str


@dataclass(frozen=True)
class Reading:
    """What a format makes of one file."""

    channels: tuple[Channel, ...]
    rate_hz: float | None
    """None where the file does not say it (the user then must)."""
    recordings: tuple[RawRecording, ...]
    contract: Contract = Contract()
    """Its dtype is that of the recordings' values."""
    notes: tuple[str, ...] = ()
    """What was left out of the file and why; each names the place."""
    columns: tuple[Column, ...] = ()
    """Of a table: what each was taken for."""


@dataclass(frozen=True)
class Recording:
    """A recording of a dataset, without its samples: those lie under ``digest`` (SHA-256 of the
    .npy file)."""

    id: str
    label: str
    group: str | None
    samples: int
    digest: str
    file: str = ""
    """Name of the file that it is from; several recordings may be from one."""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a dataset is. Its content hash is the dataset's id."""

    name: str
    channels: tuple[Channel, ...]
    rate_hz: float
    recordings: tuple[Recording, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    """File name -> SHA-256 of what was imported."""
    notes: tuple[str, ...] = ()
    """What the import wants people to know, e.g. which recordings were dropped as duplicates."""
    contract: Contract = Contract()
    parent: str = ""
    """Id of the version before this one; empty for a first one."""
    added: tuple[str, ...] = ()
    """Ids of the recordings that the version before did not have; empty for a first one."""


@dataclass(frozen=True)
class Dataset:
    """A manifest and the folder that holds its samples."""

    manifest: Manifest
    root: Path

    @property
    def id(self) -> str:
        """Content hash: equal data, equal id, wherever it lies."""
        return content_hash(self.manifest)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({r.label for r in self.manifest.recordings}))

    def values(self, recording: Recording) -> np.ndarray:
        """Samples of a recording in the channels' units, [samples, channels] float32; mapped from
        disk where they lie there as such."""
        found = self.raw(recording)
        if not self.manifest.contract.scale:
            return found
        return found.astype(np.float32) * np.array(self.manifest.contract.scale, np.float32)

    def raw(self, recording: Recording) -> np.ndarray:
        """Samples as they are kept, [samples, channels] of the contract's dtype, mapped from
        disk."""
        found: np.ndarray = np.load(
            self.root / "samples" / f"{recording.digest}.npy", mmap_mode="r", allow_pickle=False
        )
        return found

    def __str__(self) -> str:
        m = self.manifest
        numbers = (("recording", m.recordings), ("label", self.labels), ("channel", m.channels))
        counts = [f"{len(n)} {word}{'s' if len(n) != 1 else ''}" for word, n in numbers]
        return f"{m.name}: {', '.join(counts)} at {m.rate_hz:g} Hz"
