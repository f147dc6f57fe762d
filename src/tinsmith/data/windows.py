"""Windows: fixed-length cuts of recordings, and the split of them into train, validation and
test."""

from dataclasses import dataclass

import numpy as np


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
