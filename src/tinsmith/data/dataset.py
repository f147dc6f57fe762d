"""Dataset: an immutable, content-addressed set of labelled recordings whose samples are read
when asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinsmith.core.codec import content_hash


@dataclass(frozen=True)
class Channel:
    """One measured quantity, e.g. ``acc_x`` in ``m/s2``; unit "" where the source says none."""

    name: str
    unit: str = ""


@dataclass(frozen=True)
class RawRecording:
    """A recording as a format reads it: values [samples, channels] float32, in the channels'
    units."""

    id: str
    values: np.ndarray
    label: str
    group: str | None = None
    """Who or what must not be on both sides of a split: a person, a machine, a session."""


@dataclass(frozen=True)
class Reading:
    """What a format makes of one file."""

    channels: tuple[Channel, ...]
    rate_hz: float | None
    """None where the file does not say it (the user then must)."""
    recordings: tuple[RawRecording, ...]


@dataclass(frozen=True)
class Recording:
    """A recording of a dataset, without its samples: those lie under ``digest`` (SHA-256 of the
    .npy file)."""

    id: str
    label: str
    group: str | None
    samples: int
    digest: str


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
        """Samples of a recording, [samples, channels] float32, mapped from disk."""
        found: np.ndarray = np.load(
            self.root / "samples" / f"{recording.digest}.npy", mmap_mode="r", allow_pickle=False
        )
        return found

    def __str__(self) -> str:
        m = self.manifest
        numbers = (("recording", m.recordings), ("label", self.labels), ("channel", m.channels))
        counts = [f"{len(n)} {word}{'s' if len(n) != 1 else ''}" for word, n in numbers]
        return f"{m.name}: {', '.join(counts)} at {m.rate_hz:g} Hz"
