"""What windows belong to: groups where they are known, else files that lie on one side, else
recordings."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import TEST, TRAIN, Windows
from tinsmith.learn.units import units_of


@dataclass(frozen=True)
class Told:
    """What is asked of a recording."""

    group: str | None
    file: str


RECORDINGS = (Told("p", "a.csv"), Told("q", "a.csv"), Told("p", "b.csv"), Told("q", "b.csv"),
              Told("p", ""), Told("q", ""))  # fmt: skip


def windows(part: list[int], grouped: bool) -> Windows:
    """Two windows of each recording."""
    recording = np.repeat(np.arange(6), 2)
    values = np.zeros((12, 2, 1), np.float32)
    label = np.zeros(12, np.int64)
    return Windows(values, label, recording, np.repeat(part, 2), ("a", "b"), grouped)


def dataset() -> Dataset:
    return Dataset(SimpleNamespace(recordings=RECORDINGS), Path())  # type: ignore[arg-type]


def test_groups_where_they_are_known() -> None:
    found = units_of(dataset(), windows([TRAIN] * 6, grouped=True))
    assert found.by == "group"
    assert found.unit.tolist() == np.repeat([0, 1, 0, 1, 0, 1], 2).tolist()
    assert found.recording.tolist() == np.repeat(np.arange(6), 2).tolist()


@pytest.mark.parametrize(
    ("part", "groups"),
    [
        ([TRAIN, TRAIN, TEST, TEST, TEST, TEST], [0, 0, 1, 1, 2, 3]),
        ([TRAIN, TEST, TEST, TEST, TRAIN, TEST], [0, 1, 2, 2, 3, 4]),  # a.csv on both sides
    ],
)
def test_else_files_that_lie_on_one_side(part: list[int], groups: list[int]) -> None:
    found = units_of(dataset(), windows(part, grouped=False))
    assert found.group.tolist() == np.repeat(groups, 2).tolist()
    assert (found.by, found.unit.tolist()) == ("recording", found.recording.tolist())


def test_those_of_some_windows() -> None:
    found = units_of(dataset(), windows([TRAIN] * 6, grouped=True))
    mask = np.arange(12) >= 8
    assert found.of(mask).recording.tolist() == [4, 4, 5, 5]
    assert found.of(np.array([0, 11])).unit.tolist() == [0, 1]
