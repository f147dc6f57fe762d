"""Parquet tables: columns by name and by choice; runs; files that lie."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from tinsmith.core.errors import MissingTool, UserError
from tinsmith.data.dataset import Channel, Contract, Reading, whole
from tinsmith.data.format import FORMATS, ReadOptions

TABLE = {
    "time": np.arange(6) * 1_000_000 * np.timedelta64(20, "ns") + np.datetime64("2026-01-02", "ns"),
    "x": np.arange(6, dtype=np.int16),
    "y": np.arange(6, dtype=np.int16) * 2,
    "activity": ["rest", "rest", "rest", "walk", "walk", "walk"],
    "person": ["anna", "anna", "anna", "anna", "ben", "ben"],
    "device": ["w1"] * 6,
}


def read(folder: Path, table: dict[str, Any], name: str = "a.1.parquet", **options: Any) -> Reading:
    path = folder / name
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    return FORMATS.get("parquet").read(path, ReadOptions(**options))


def test_columns_by_name(tmp_path: Path) -> None:
    reading = read(tmp_path, TABLE)
    assert reading.channels == (Channel("x"), Channel("y"))
    assert reading.rate_hz == 50 and reading.contract == Contract("int16", (1.0, 1.0))
    found = [(r.id, r.label, r.group, whole(r.values).tolist()) for r in reading.recordings]
    assert found == [
        ("0", "rest", "anna", [[0, 0], [1, 2], [2, 4]]), ("4", "walk", "ben", [[4, 8], [5, 10]]),
    ]  # fmt: skip
    assert all(r.metadata == {"device": "w1"} for r in reading.recordings)
    assert reading.notes == ("row 3: a recording of one sample was left out",)


def test_columns_by_choice(tmp_path: Path) -> None:
    options = {"channels": ("y",), "label_column": "device", "group_column": "activity"}
    reading = read(tmp_path, TABLE, **options, units={"y": "g"})
    assert reading.channels == (Channel("y", "g"),)
    assert [(r.label, r.group) for r in reading.recordings] == [("w1", "rest"), ("w1", "walk")]
    for wrong in ({"channels": ("z",)}, {"label_column": "lable"}, {"channels": ("device",)}):
        with pytest.raises(UserError, match="there is no column") as e:
            read(tmp_path, TABLE, **wrong)
        assert e.value.code == "data.parquet.column" and "activity" in e.value.hint


def test_labels_without_a_column(tmp_path: Path) -> None:
    table = {"x": [1.5, 2, 3], "t_ms": [0, 10, 20]}
    reading = read(tmp_path, table)
    assert reading.recordings[0].label == "a" and reading.rate_hz == 100
    assert read(tmp_path, table, label="b").recordings[0].label == "b"


def test_long_tables_come_in_pieces(tmp_path: Path) -> None:
    x = np.arange(300_000, dtype=np.float32)
    labels = np.repeat(["a", "b", "a"], 100_000)
    reading = read(tmp_path, {"x": x, "label": labels})
    first, second, third = reading.recordings
    assert np.array_equal(whole(third.values)[:, 0], x[200_000:])
    assert np.array_equal(whole(first.values)[:, 0], x[:100_000])
    assert np.array_equal(whole(second.values)[:, 0], x[100_000:200_000])
    assert max(len(p) for p in first.values.pieces()) <= 1 << 16  # type: ignore[union-attr]


BAD: dict[str, dict[str, Any]] = {
    "missing_value": {"x": [1.0, None, 2.0]},
    "nonfinite": {"x": [1.0, float("nan"), 2.0]},
    "one_sample": {"x": [1.0]},
    "columns": {"x": ["a", "b"]},
    "time_unit": {"x": [1, 2], "time": [0, 20]},
    "time": {"x": [1, 2, 3], "time_s": [0, 0, 0]},
    "range": {"x": [1, 2**40]},
    "label": {"x": [1, 2], "label": ["a", "b"]},
    "bomb": {"x": np.zeros(40_000_000, np.int8)},
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"a\.1\.parquet") as e:
        [whole(r.values) for r in read(tmp_path, BAD[name]).recordings]
    assert e.value.code == f"data.parquet.{name}"


def test_without_arrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, TABLE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingTool, match="pyarrow") as e:
        FORMATS.get("parquet").read(tmp_path / "a.1.parquet", ReadOptions())
    assert "tinsmith[data]" in e.value.hint
