"""Labels and metadata: from names, folders, patterns and label files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT
from tinsmith.data.dataset import Dataset
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files
from tinsmith.data.naming import group_of, matcher


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("{label}_{subject}_{take}.wav", "d/9_theo_13.wav",
         {"label": "9", "subject": "theo", "take": "13"}),
        ("{label}_{subject}_{take}", "9_theo_13.wav",
         {"label": "9", "subject": "theo", "take": "13"}),
        ("{label}/{subject}_nohash_{take}.wav", "x/yes/51055bda_nohash_4.wav",
         {"label": "yes", "subject": "51055bda", "take": "4"}),
        ("{subject}/*/{label}-{}.csv", "/a/anna/2026/walk-7.csv",
         {"subject": "anna", "label": "walk"}),
        ("{label}*.npz", "IR007_0.npz", {"label": "I"}),
        ("{label}007*_{load}.npz", "OR007at6_1.npz", {"label": "OR", "load": "1"}),
        ("{label}_{take}.wav", "a_b_c.wav", {"label": "a", "take": "b_c"}),
        ("{label}.wav", "ab.csv", None),
        ("{subject}/{label}.wav", "ab.wav", None),
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, wanted: Mapping[str, str] | None) -> None:
    assert matcher(pattern)(name) == wanted


@pytest.mark.parametrize("pattern", ["a.wav", "{label}_{label}.wav", "{a b}.wav", "{label", "{1}"])
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(UserError) as e:
        matcher(pattern)
    assert e.value.code == "data.pattern" and "{label}_{subject}_{take}.wav" in e.value.hint


def test_groups() -> None:
    known = {"take": "1", "speaker": "theo", "day": "2"}
    assert group_of(None, known, "a") == "theo"
    assert group_of(None, {"take": "1"}, "a") is None
    assert group_of("day", known, "a") == "2"
    with pytest.raises(UserError, match="a says no 'subject'; it says: day, speaker, take"):
        group_of("subject", known, "a")


def load(folder: Path, **options: Any) -> Dataset:
    wanted = ReadOptions(rate_hz=50.0, **options)
    return import_files([folder], "set", wanted, folder.parent / "out", SILENT)


def fill(folder: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n" + "".join(f"{i + k}\n" for k in (0, 3, 9, 1, 7, 7, 7, 2)))
    return folder


def told(dataset: Dataset) -> list[tuple[str, str, str | None, Mapping[str, str]]]:
    return [(r.file, r.label, r.group, r.metadata) for r in dataset.manifest.recordings]


def test_a_pattern_gives_label_group_and_metadata(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "walk_anna_1.csv", "rest_ben_2.csv", "notes.csv")
    dataset = load(folder, pattern="{label}_{subject}_{take}.csv")
    assert told(dataset) == [
        ("rest_ben_2.csv", "rest", "ben", {"subject": "ben", "take": "2"}),
        ("walk_anna_1.csv", "walk", "anna", {"subject": "anna", "take": "1"}),
    ]
    assert dataset.manifest.notes[0].startswith("notes.csv was left out: its name does")
    options = ReadOptions(rate_hz=50.0, pattern="{label}_{subject}_{take}", group="take")
    by_take = import_files([folder], "set", options, tmp_path / "other", SILENT)
    assert [r.group for r in by_take.manifest.recordings] == ["2", "1"]
    with pytest.raises(UserError, match="says no 'device'"):
        load(folder, pattern="{label}_{subject}_{take}", group="device")


def test_a_table_of_labels(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.csv", "2.csv", "3.csv")
    labels = tmp_path / "labels.csv"
    labels.write_text("file;Label;subject\n1.csv;walk;anna\n2;rest;ben\n")
    assert told(load(folder, labels=str(labels))) == [
        ("1.csv", "walk", "anna", {"subject": "anna"}),
        ("2.csv", "rest", "ben", {"subject": "ben"}),
        ("3.csv", "in", None, {}),
    ]


def test_an_object_of_labels_also_inside_the_folder(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.csv", "2.csv")
    said = {"1": {"label": "walk", "rpm": 1797, "slice": [0, 1]}, "2": {"label": "rest", "g": 1.5}}
    (folder / "meta.json").write_text(json.dumps(said))
    assert told(load(folder, labels=str(folder / "meta.json"))) == [
        ("1.csv", "walk", None, {"rpm": "1797"}), ("2.csv", "rest", None, {"g": "1.5"}),
    ]  # fmt: skip


def test_the_rate_from_a_label_file(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "1.csv")
    (tmp_path / "meta.json").write_text('{"1": {"label": "walk", "fs": 12000}}')
    options = ReadOptions(labels=str(tmp_path / "meta.json"))
    dataset = import_files([folder], "set", options, tmp_path / "out", SILENT)
    assert dataset.manifest.rate_hz == 12000
    (tmp_path / "meta.json").write_text('{"1": {"label": "walk", "fs": "fast"}}')
    with pytest.raises(UserError, match="a rate of 'fast' Hz is impossible"):
        import_files([folder], "set", options, tmp_path / "out", SILENT)


def exported(*rows: dict[str, Any]) -> str:
    return json.dumps({"version": 1, "files": list(rows)})


def test_label_files_of_exports_are_found(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "training/a.csv", "testing/b.csv", "testing/c.csv")
    segments = [
        {"startIndex": 4, "endIndex": 7, "label": "grind"},
        {"startIndex": 0, "endIndex": 3, "label": "idle"},
        {"startIndex": 7, "endIndex": 20, "label": "pump"},
    ]
    (folder / "info.labels").write_text(exported(
        {"path": "training/a.csv", "category": "training",
         "label": {"type": "multi-label", "labels": segments}, "metadata": {"subject": "anna"}},
        {"path": "testing/b.csv", "category": "testing",
         "label": {"type": "label", "label": "pump"}},
    ))  # fmt: skip
    dataset = load(folder)
    recordings = dataset.manifest.recordings
    assert [(r.id, r.label, r.group, r.metadata.get("category")) for r in recordings] == [
        ("testing/b.csv:2", "pump", None, "testing"),
        ("testing/c.csv:2", "testing", None, None),
        ("training/a.csv:0", "idle", "anna", "training"),
        ("training/a.csv:4", "grind", "anna", "training"),
    ]  # fmt: skip
    first = dataset.manifest.recordings[2]
    assert dataset.values(first)[:, 0].tolist() == [0, 3, 9, 1]
    assert dataset.manifest.notes == (
        "training/a.csv: segment 7 to 20 (pump) is no part of 8 samples",
    )


def test_structured_labels(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", "a.csv")
    rows = [
        {"startIndex": 0, "endIndex": 3, "label": "x"},
        {"startIndex": 4, "endIndex": 7, "label": "y"},
    ]
    body = {"version": 1, "type": "structured-labels", "structuredLabels": {"a.csv": rows}}
    (folder / "structured_labels.labels").write_text(json.dumps(body))
    assert [r.label for r in load(folder).manifest.recordings] == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "what"),
    [("{", "is no JSON"), ("[" * 100_000, "nests too deep"), ("[1]", "no label file"),
     ('{"files": [{"name": 1}]}', "no label file"), ('{"a": 1}', "no label file"),
     ('{"version": 1, "type": "bounding-box-labels", "boundingBoxes": {}}', "not read"),
     ('{"version": 1, "type": "label-map-labels", "labelMap": {}}', "not read"),
     ("{}", "says nothing of the files"), ("", "is empty")],
)  # fmt: skip
def test_label_files_that_are_none(tmp_path: Path, text: str, what: str) -> None:
    folder = fill(tmp_path / "in", "1.csv")
    (tmp_path / "meta.json").write_text(text)
    with pytest.raises(UserError, match=what) as e:
        load(folder, labels=str(tmp_path / "meta.json"))
    assert e.value.code.startswith("data.labels.") and e.value.hint
