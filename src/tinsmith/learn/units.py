"""Units: what windows belong to. Windows of one recording are alike, recordings of one group too;
so neither intervals nor tests may count windows as if each were drawn by itself."""

from dataclasses import dataclass

import numpy as np

from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows


@dataclass(frozen=True)
class Units:
    """Recording and group of each window, as indices [n].

    ``grouped``: whether groups are known. If not, what was recorded into one file is one, where the
    file lies on one side of the split, else each recording is its own.
    """

    recording: np.ndarray
    group: np.ndarray
    grouped: bool

    def of(self, chosen: np.ndarray) -> "Units":
        """Those of some windows, by mask [n] or index."""
        return Units(self.recording[chosen], self.group[chosen], self.grouped)

    @property
    def by(self) -> str:
        """What counts as one observation: ``group`` or ``recording``."""
        return "group" if self.grouped else "recording"

    @property
    def unit(self) -> np.ndarray:
        """Index of that observation, [n]."""
        return self.group if self.grouped else self.recording


def units_of(dataset: Dataset, windows: Windows) -> Units:
    """What the windows of a dataset belong to."""
    recordings = dataset.manifest.recordings
    if windows.grouped:
        names = [f"group {r.group}" for r in recordings]
    else:
        files = [r.file for r in recordings]
        split = _on_several_sides(files, windows)
        names = [
            f"recording {i}" if not file or file in split else f"file {file}"
            for i, file in enumerate(files)
        ]
    known: dict[str, int] = {}
    groups = np.array([known.setdefault(name, len(known)) for name in names])
    return Units(windows.recording, groups[windows.recording], windows.grouped)


def _on_several_sides(files: list[str], windows: Windows) -> set[str]:
    """Files whose recordings are not all in one part."""
    pairs = np.unique(np.stack([windows.recording, windows.part], axis=1), axis=0)
    sides: dict[str, set[int]] = {}
    for recording, part in pairs.tolist():
        sides.setdefault(files[recording], set()).add(part)
    return {file for file, parts in sides.items() if len(parts) > 1}
