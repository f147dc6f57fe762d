"""Units: what windows belong to. Windows of one recording are alike, recordings of one group too;
so neither intervals nor tests may count windows as if each were drawn by itself."""

from dataclasses import dataclass

import numpy as np

from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows


@dataclass(frozen=True)
class Units:
    """Recording and group of each window, as indices [n].

    ``grouped``: whether groups are known; if not, each recording is its own.
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
    known: dict[str, int] = {}
    groups = np.array(
        [known.setdefault(str(r.group), len(known)) for r in dataset.manifest.recordings]
    )
    group = groups[windows.recording] if windows.grouped else windows.recording
    return Units(windows.recording, group, windows.grouped)
