"""Windows and split: a partition, groups kept together, deterministic by seed."""

import io
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Dataset, Manifest, Recording
from tinsmith.data.windows import TEST, TRAIN, VALIDATION, Windowing, cut

Row = tuple[str, str | None, int]


def dataset(rows: list[Row], folder: Path) -> Dataset:
    """Recordings of (label, group, samples); sample i of recording r is 1000 r + i."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    recordings = []
    for r, (label, group, samples) in enumerate(rows):
        buffer = io.BytesIO()
        np.save(buffer, (1000 * r + np.arange(samples, dtype=np.float32))[:, None])
        digest = sha256(buffer.getvalue()).hexdigest()
        (folder / "samples" / f"{digest}.npy").write_bytes(buffer.getvalue())
        recordings.append(Recording(f"r{r}", label, group, samples, digest))
    return Dataset(Manifest("set", (Channel("x"),), 10.0, tuple(recordings)), folder)


def test_windows_are_cut_every_stride(tmp_path: Path) -> None:
    rows: list[Row] = [(label, None, 11) for label in "aabb" * 3]
    windows = cut(dataset(rows, tmp_path), Windowing(4, 3), 1)
    assert windows.values.shape == (12 * 3, 4, 1)
    assert windows.values[3:6, :, 0].tolist() == [
        [1000, 1001, 1002, 1003], [1003, 1004, 1005, 1006], [1006, 1007, 1008, 1009],
    ]  # fmt: skip
    assert windows.recording.tolist() == np.repeat(range(12), 3).tolist()
    assert [windows.labels[i] for i in windows.label[::3]] == list("aabb" * 3)


def test_shares_and_strata(tmp_path: Path) -> None:
    rows: list[Row] = [(label, None, 20) for label in "abcd" for _ in range(20)]
    windows = cut(dataset(rows, tmp_path), Windowing(10, 5), 7)
    for part, share in ((TRAIN, 0.6), (VALIDATION, 0.2), (TEST, 0.2)):
        counts = np.bincount(windows.of(part)[1], minlength=4)
        assert counts.tolist() == [round(60 * share)] * 4


def test_another_seed_another_split(tmp_path: Path) -> None:
    rows: list[Row] = [(label, None, 20) for label in "ab" for _ in range(10)]
    data = dataset(rows, tmp_path)
    parts = [cut(data, Windowing(10, 5), seed).part.tolist() for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["p", "q", "r", "s", "t"]), st.integers(2, 30)
        ),
        min_size=2,
        max_size=25,
    ),
    grouped=st.booleans(),
    seed=st.integers(0, 5),
)
def test_split_is_a_partition(rows: list[tuple[str, str, int]], grouped: bool, seed: int) -> None:
    given_rows: list[Row] = [(label, g if grouped else None, n) for label, g, n in rows]
    with tempfile.TemporaryDirectory() as folder:
        data = dataset(given_rows, Path(folder))
        try:
            windows = cut(data, Windowing(6, 4), seed)
        except UserError as e:
            assert e.code in ("data.split", "data.one_class", "data.window")
            return
        assert set(windows.part) <= {TRAIN, VALIDATION, TEST}
        expected = [max(0, (n - 6) // 4 + 1) for _, _, n in rows]
        assert np.bincount(windows.recording, minlength=len(rows)).tolist() == expected
        for unit in {g for _, g, _ in rows} if grouped else range(len(rows)):
            mine = [rows[r][1] == unit if grouped else r == unit for r in windows.recording]
            assert len(set(windows.part[mine])) <= 1
        for part in (TRAIN, TEST):
            assert set(windows.of(part)[1]) == set(range(len(data.labels)))
        assert (windows.part == VALIDATION).any()
        assert windows.grouped == grouped
        assert ("optimistic" in windows.note) != grouped


def test_groups_spread_over_the_parts(tmp_path: Path) -> None:
    rows: list[Row] = [(label, person, 20) for person in "pqrst" for label in "abc"]
    windows = cut(dataset(rows, tmp_path), Windowing(10, 10), 3)
    people = [{rows[r][1] for r in windows.recording[windows.part == p]} for p in range(3)]
    assert [len(p) for p in people] == [3, 1, 1]


@pytest.mark.parametrize(
    ("rows", "windowing", "code", "says"),
    [
        ([("a", None, 20)] * 5, Windowing(5, 5), "data.one_class", "label 'a'"),
        (
            [("a", None, 20), ("b", None, 20)],
            Windowing(5, 5),
            "data.split",
            "test part .* 'a', 'b'",
        ),
        ([("a", "p", 9), ("b", "p", 9)] * 3, Windowing(5, 5), "data.split", "test part"),
        ([("a", None, 20), ("b", None, 9)] * 3, Windowing(10, 5), "data.split", "no window of 'b'"),
        ([("a", None, 20), ("b", None, 20)] * 2, Windowing(5, 5), "data.split", "validation"),
        ([("a", None, 4), ("b", None, 4)], Windowing(5, 5), "data.window", "longest recording 4"),
        ([("a", None, 4), ("b", None, 4)], Windowing(0, 1), "data.window", "impossible"),
        ([("a", None, 4), ("b", None, 4)], Windowing(2, 0), "data.window", "impossible"),
    ],
)
def test_what_cannot_be_split(
    tmp_path: Path, rows: list[Row], windowing: Windowing, code: str, says: str
) -> None:
    with pytest.raises(UserError, match=says) as e:
        cut(dataset(rows, tmp_path), windowing, 1)
    assert e.value.code == code
    assert e.value.hint


def test_shares_must_sum_to_one(tmp_path: Path) -> None:
    rows: list[Row] = [("a", None, 20), ("b", None, 20)] * 3
    with pytest.raises(UserError, match="do not sum to 1"):
        cut(dataset(rows, tmp_path), Windowing(5, 5), 1, (0.5, 0.2, 0.2))


def test_short_recordings_are_noted(tmp_path: Path) -> None:
    rows: list[Row] = [("a", None, 20), ("b", None, 20)] * 5 + [("a", None, 3)]
    windows = cut(dataset(rows, tmp_path), Windowing(5, 5), 1)
    assert "1 recordings are shorter" in windows.note


def test_one_recording_without_a_group_makes_groups_unknown(tmp_path: Path) -> None:
    """Else recordings without one would count as one more group."""
    rows: list[Row] = [(label, "p", 20) for label in "ab" * 5]
    windows = cut(dataset([*rows, ("a", None, 20)], tmp_path), Windowing(5, 5), 1)
    assert not windows.grouped
    assert "optimistic" in windows.note


@pytest.mark.parametrize("seed", range(5))
def test_a_part_that_lacks_a_class_comes_first(tmp_path: Path, seed: int) -> None:
    """Three recordings of a class: one for each part, though training is then below its share."""
    rows: list[Row] = [(label, None, 20) for label in "ab" * 3]
    windows = cut(dataset(rows, tmp_path), Windowing(10, 10), seed)
    for label in (0, 1):
        assert set(windows.part[windows.label == label]) == {TRAIN, VALIDATION, TEST}


@pytest.mark.parametrize("seed", range(5))
def test_large_recordings_are_dealt_out_before_small_ones_even_out(
    tmp_path: Path, seed: int
) -> None:
    rows: list[Row] = [(label, None, n) for label in "ab" for n in (300, 100, 100, *[20] * 10)]
    windows = cut(dataset(rows, tmp_path), Windowing(10, 10), seed)
    shares = np.bincount(windows.part) / len(windows.part)
    np.testing.assert_allclose(shares, (0.6, 0.2, 0.2), atol=0.05)


def test_recordings_of_one_file_stay_together(tmp_path: Path) -> None:
    data = dataset([("ab"[i % 2], None, 20) for i in range(24)], tmp_path)
    files = [replace(r, file=f"f{i // 4}.csv") for i, r in enumerate(data.manifest.recordings)]
    data = replace(data, manifest=replace(data.manifest, recordings=tuple(files)))
    windows = cut(data, Windowing(10, 5), 3)
    parts = {}
    for recording, part in zip(windows.recording, windows.part, strict=True):
        parts.setdefault(files[recording].file, set()).add(int(part))
    assert all(len(p) == 1 for p in parts.values())
    assert {min(p) for p in parts.values()} == {TRAIN, VALIDATION, TEST}


def test_a_label_in_one_file_alone_is_split_and_said(tmp_path: Path) -> None:
    data = dataset([("ab"[i % 2], None, 20) for i in range(24)], tmp_path)
    files = [replace(r, file=f"{r.label}.csv") for r in data.manifest.recordings]
    data = replace(data, manifest=replace(data.manifest, recordings=tuple(files)))
    windows = cut(data, Windowing(10, 5), 3)
    assert set(windows.part) == {TRAIN, VALIDATION, TEST}
    assert "Too few files" in windows.note


@pytest.mark.parametrize(
    "names", [("a_TRAIN.ts", "a_TEST.ts"), ("training/1.csv", "testing/1.csv"),
              ("datatraining.txt", "datatest.txt")],
)  # fmt: skip
def test_the_own_split_of_a_source_is_kept(tmp_path: Path, names: tuple[str, str]) -> None:
    data = dataset([("ab"[i % 2], None, 20) for i in range(24)], tmp_path)
    files = [replace(r, file=names[i >= 16]) for i, r in enumerate(data.manifest.recordings)]
    data = replace(data, manifest=replace(data.manifest, recordings=tuple(files)))
    windows = cut(data, Windowing(10, 5), 3)
    assert set(windows.recording[windows.part == TEST]) == set(range(16, 24))
    assert set(windows.part) == {TRAIN, VALIDATION, TEST}
    assert "the source's own" in windows.note


def test_recordings_of_a_collection_are_apart(tmp_path: Path) -> None:
    data = dataset([("ab"[i % 2], None, 20) for i in range(24)], tmp_path)
    files = [replace(r, file="all.ts") for r in data.manifest.recordings]
    data = replace(data, manifest=replace(data.manifest, recordings=tuple(files)))
    windows = cut(data, Windowing(10, 5), 3)
    assert set(windows.part) == {TRAIN, VALIDATION, TEST}
    assert "Too few files" not in windows.note
