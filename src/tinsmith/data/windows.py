"""Windows: fixed-length cuts of recordings, and the split of them into train, validation and
test.

The smallest thing that a split moves is a file: what is in one was recorded together, and windows
of one recording overlap or follow each other; so they are never on both sides. Where groups are
known, a group's recordings stay together. Only where files are too few are a file's recordings
moved apart, and the note says so. A source's own training and test files keep their parts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Dataset, Recording


@dataclass(frozen=True)
class Windowing:
    """Length and step of windows, in samples."""

    samples: int
    stride: int


@dataclass(frozen=True)
class Windows:
    """Windows of a dataset: values [n, samples, channels] float32 with label index, recording index
    and part of each.

    ``part``: 0 train, 1 validation, 2 test. ``grouped``: whether groups were known and kept
    together; if not, the accuracy on the test part may be optimistic.
    """

    values: np.ndarray
    label: np.ndarray
    recording: np.ndarray
    part: np.ndarray
    labels: tuple[str, ...]
    grouped: bool
    note: str = ""

    def of(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        """Values and label indices of one part."""
        mask = self.part == part
        return self.values[mask], self.label[mask]


TRAIN, VALIDATION, TEST = 0, 1, 2
_FILES_APART = (
    "Too few files to keep each on one side: recordings of one file may be in the training and in "
    "the test part, so the accuracy may be optimistic."
)
_OWN_SPLIT = "The split is the source's own: what its names call training and test."
_OWN_NAME = re.compile(r"(train|test)(?:ing)?$", re.IGNORECASE)
_COLLECTIONS = (".ts", ".npz")
"""Files that hold recordings which were made apart."""
_NO_GROUPS = (
    "No groups are known: recordings of one person or machine may be in the training and in the "
    "test part, so the accuracy may be optimistic."
)


def cut(
    dataset: Dataset,
    windowing: Windowing,
    seed: int,
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2),
) -> Windows:
    """Cut all recordings and split them, stratified by label as well as whole groups allow.

    Args:
        fractions: wanted shares of windows in train, validation and test; they sum to 1.

    Returns:
        Windows in the order of the manifest; equal arguments give equal windows.

    Raises:
        UserError: ``data.window`` (sizes), ``data.one_class``, or ``data.split`` where a class
            would be missing in train or test, or validation would be empty.
    """
    _check_sizes(windowing, fractions)
    recordings = dataset.manifest.recordings
    counts = _counts(dataset, windowing)
    grouped = all(r.group is not None for r in recordings)
    label = np.array([dataset.labels.index(r.label) for r in recordings])
    part, told = _parts(recordings, label, counts, (fractions, seed))
    _check_parts(dataset.labels, label, part, counts, fractions)
    index = np.repeat(np.arange(len(recordings)), counts)
    note = " ".join(n for n in (told, _skipped(counts)) if n)
    values = _values(dataset, windowing, counts)
    return Windows(values, label[index], index, part[index], dataset.labels, grouped, note)


def _check_sizes(windowing: Windowing, fractions: Sequence[float]) -> None:
    if windowing.samples < 1 or windowing.stride < 1:
        raise UserError(
            "data.window",
            f"A window of {windowing.samples} samples every {windowing.stride} is impossible.",
            "A window has 1 sample or more, its stride is 1 or more.",
        )
    if abs(sum(fractions) - 1) > 1e-6 or min(fractions[TRAIN], fractions[TEST]) <= 0:
        raise UserError("data.split", f"Shares {tuple(fractions)} do not sum to 1.", "Mend them.")


def _counts(dataset: Dataset, windowing: Windowing) -> np.ndarray:
    """Windows of each recording, [recordings]."""
    if len(dataset.labels) < 2:
        raise UserError(
            "data.one_class",
            f"All recordings have the label {dataset.labels[0]!r}; telling apart takes two.",
            "Import recordings of at least one more class.",
        )
    samples = np.array([r.samples for r in dataset.manifest.recordings])
    counts: np.ndarray = np.maximum(0, (samples - windowing.samples) // windowing.stride + 1)
    if not counts.any():
        longest = samples.max()
        message = f"The window has {windowing.samples} samples, the longest recording {longest}."
        raise UserError("data.window", message, "Choose a shorter window, or record for longer.")
    return counts


def _parts(
    recordings: Sequence[Recording],
    label: np.ndarray,
    counts: np.ndarray,
    how: tuple[tuple[float, float, float], int],
) -> tuple[np.ndarray, str]:
    """Part of each recording, [recordings], by wanted shares and a seed; and what is to be said of
    it. A source that has a training and a test part of its own keeps them."""
    fractions, seed = how
    grouped = all(r.group is not None for r in recordings)
    own = _own_parts(recordings)
    if own is None:
        units, apart = _units(recordings, grouped, counts)
        part = _split(_weights(units, label, counts), fractions, seed)[units]
        return part, "" if grouped else _FILES_APART if apart else _NO_GROUPS
    mine = np.flatnonzero(own == TRAIN)
    units, _ = _units([recordings[int(i)] for i in mine], grouped, counts[mine])
    shares = (fractions[TRAIN], fractions[VALIDATION], 0.0)
    inner = [s / sum(shares) for s in shares]
    own[mine] = _split(_weights(units, label[mine], counts[mine]), inner, seed)[units]
    return own, _OWN_SPLIT


def _own_parts(recordings: Sequence[Recording]) -> np.ndarray | None:
    """TRAIN or TEST for each recording where the names of all files, or of their folders, end in
    these words and both occur."""
    found = []
    for r in recordings:
        path = PurePosixPath(r.file)
        words = [m[1].lower() for n in (path.stem, *path.parts[:-1]) if (m := _OWN_NAME.search(n))]
        if not words:
            return None
        found.append(TRAIN if words[0] == "train" else TEST)
    return np.array(found) if len(set(found)) == 2 else None


def _units(
    recordings: Sequence[Recording], grouped: bool, counts: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Number of the unit that each recording belongs to, [recordings]: its group, else its file;
    and whether files had to come apart, as a label lies in one alone."""
    apart = [not r.file or r.file.endswith(_COLLECTIONS) for r in recordings]
    names = [
        str(r.group) if grouped else r.id if a else r.file
        for r, a in zip(recordings, apart, strict=True)
    ]
    alone = False
    if not grouped and len(set(names)) < len(names):
        files: dict[str, set[str]] = {}
        for recording, name, count in zip(recordings, names, counts, strict=True):
            if count:
                files.setdefault(recording.label, set()).add(name)
        alone = any(len(f) < 2 for f in files.values()) or len(set().union(*files.values())) < 3
    if alone:
        return np.arange(len(recordings)), True
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names]), False


def _weights(units: np.ndarray, label: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Windows of each unit by label, [units, labels]."""
    weights = np.zeros((units.max() + 1, label.max() + 1))
    np.add.at(weights, (units, label), counts)
    return weights


def _split(weights: np.ndarray, fractions: Sequence[float], seed: int) -> np.ndarray:
    """Part of each unit, [units]: the largest first, each to where its labels are needed most.

    A part that still lacks one of the unit's labels comes first (train, test, validation); then the
    part that is furthest below its share. Ties between equal units are broken by the seed.
    """
    order = np.random.default_rng(seed).permutation(len(weights))
    order = order[np.argsort(-weights[order].sum(1), kind="stable")]
    totals = np.maximum(weights.sum(0), 1)
    have = np.zeros((3, weights.shape[1]))
    open_parts = [p for p in (TRAIN, TEST, VALIDATION) if fractions[p] > 0]
    part = np.zeros(len(weights), np.int64)

    def need(p: int, unit: int) -> tuple[int, float]:
        own = weights[unit] > 0
        lacking = int((have[p][own] == 0).sum())
        missing = fractions[p] - have[p] / totals
        return lacking, round(float((missing * weights[unit] / totals).sum()), 12)

    for unit in order:
        part[unit] = max(open_parts, key=lambda p: need(p, unit))
        have[part[unit]] += weights[unit]
    return part


def _check_parts(
    labels: Sequence[str], label: np.ndarray, part: np.ndarray, counts: np.ndarray,
    fractions: Sequence[float],
) -> None:  # fmt: skip
    names: Mapping[int, str] = {TRAIN: "training", TEST: "test"}
    for p, name in names.items():
        there = set(label[(part == p) & (counts > 0)])
        lacking = [labels[i] for i in range(len(labels)) if i not in there]
        if lacking:
            raise UserError(
                "data.split",
                f"The {name} part has no window of {', '.join(map(repr, lacking))}.",
                "Each class needs windows from at least two recordings (where groups are known: "
                "from two groups); record more, or choose a shorter window.",
            )
    if fractions[VALIDATION] > 0 and not ((part == VALIDATION) & (counts > 0)).any():
        raise UserError(
            "data.split",
            "No recording is left for validation.",
            "Record at least three recordings (groups) of one class.",
        )


def _skipped(counts: np.ndarray) -> str:
    short = int((counts == 0).sum())
    return f"{short} recordings are shorter than one window and were left out." if short else ""


def _values(dataset: Dataset, windowing: Windowing, counts: np.ndarray) -> np.ndarray:
    rows = []
    for recording, count in zip(dataset.manifest.recordings, counts, strict=True):
        samples = dataset.values(recording)
        for i in range(count):
            start = i * windowing.stride
            rows.append(samples[start : start + windowing.samples])
    return np.stack(rows).astype(np.float32)
