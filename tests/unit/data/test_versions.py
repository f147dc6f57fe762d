"""Versions: an import adds, says what, and loses nothing that was there."""

from dataclasses import replace
from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT
from tinsmith.data.dataset import Dataset
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files, open_dataset
from tinsmith.data.versions import Difference, diff, versions

RATE = ReadOptions(rate_hz=50.0)


def write(path: Path, *rows: str, header: str = "x,y") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((header, *rows, "")))
    return path


def load(path: Path, out: Path, options: ReadOptions = RATE) -> Dataset:
    return import_files([path], "set", options, out, SILENT)


def test_an_import_adds_a_version(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = load(write(tmp_path / "rest" / "1.csv", "1,2", "3,4"), out)
    second = load(write(tmp_path / "walk" / "2.csv", "5,6", "7,8"), out)
    assert second.manifest.parent == first.id
    assert second.manifest.added == ("2.csv:2",)
    assert [r.id for r in second.manifest.recordings] == ["1.csv:2", "2.csv:2"]
    assert [id for id, _ in versions(out)] == [second.id, first.id]
    assert open_dataset(out) == second
    assert open_dataset(out, first.id[:8]) == first
    change = diff(first.manifest, second.manifest)
    assert change == Difference(("2.csv:2",), (), (), ())


def test_the_same_again_is_no_version(tmp_path: Path) -> None:
    out, one = tmp_path / "out", write(tmp_path / "rest" / "1.csv", "1,2", "3,4")
    load(one, out)
    both = load(write(tmp_path / "walk" / "2.csv", "5,6", "7,8"), out)
    before = (out / "manifest.zip").stat().st_mtime_ns
    assert load(one, out) == both
    assert (out / "manifest.zip").stat().st_mtime_ns == before


def test_a_file_of_equal_name_and_other_content_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    load(write(tmp_path / "day1" / "walk.1.csv", "1,2", "3,4"), out)
    second = load(write(tmp_path / "day2" / "walk.1.csv", "5,6", "7,8"), out)
    assert [r.id for r in second.manifest.recordings] == ["walk.1.csv:2", "walk.1.csv~2:2"]
    assert set(second.manifest.provenance) == {"walk.1.csv", "walk.1.csv~2"}


def test_a_file_that_is_there_is_read_anew(tmp_path: Path) -> None:
    """With other settings: its recordings take the place of the old ones, which the former version
    keeps."""
    out, one = tmp_path / "out", write(tmp_path / "rest" / "1.csv", "1,2", "3,4")
    first = load(one, out)
    again = load(one, out, replace(RATE, label="still", rate_hz=100.0))
    assert again.labels == ("still",) and again.manifest.rate_hz == 100
    change = diff(first.manifest, again.manifest)
    assert change.changed == ("1.csv:2: label rest -> still",)
    assert change.other == ("rate_hz: 50.0 -> 100.0",)
    assert open_dataset(out, first.id).labels == ("rest",)


def test_equal_samples_are_not_added_twice(tmp_path: Path) -> None:
    out = tmp_path / "out"
    load(write(tmp_path / "rest" / "1.csv", "1,2", "3,4"), out)
    copy = write(tmp_path / "rest" / "2.csv", "1,2.0", "3,4")
    second = load(copy, out)
    assert len(second.manifest.recordings) == 1
    assert second.manifest.notes == ("2.csv:2 has the same samples as 1.csv:2 and was left out",)
    with pytest.raises(UserError, match=r"1.csv:2 \(rest\) and 3.csv:2 \(run\) are the same"):
        load(write(tmp_path / "run" / "3.csv", "1,2", "3.0,4"), out)


@pytest.mark.parametrize(
    ("header", "rate", "code"), [("x,z", 50, "data.channels"), ("x,y", 60, "data.rate")]
)
def test_what_does_not_go_with_the_rest_is_refused(
    tmp_path: Path, header: str, rate: float, code: str
) -> None:
    out = tmp_path / "out"
    first = load(write(tmp_path / "rest" / "1.csv", "1,2", "3,4"), out)
    other = write(tmp_path / "walk" / "2.csv", "5,6", "7,8", header=header)
    before = {p for p in out.rglob("*") if p.is_file()}
    with pytest.raises(UserError, match=str(out)) as e:
        load(other, out, ReadOptions(rate_hz=rate))
    assert e.value.code == code and "--into" in e.value.hint
    assert {p for p in out.rglob("*") if p.is_file()} == before
    assert open_dataset(out) == first


def test_versions_that_are_not_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = load(write(tmp_path / "rest" / "1.csv", "1,2", "3,4"), out)
    second = load(write(tmp_path / "walk" / "2.csv", "5,6", "7,8"), out)
    with pytest.raises(UserError, match="no version 'zz'") as e:
        open_dataset(out, "zz")
    assert first.id in e.value.hint
    assert second.manifest.parent == first.id
    (out / "versions" / f"{first.id}.zip").unlink()
    with pytest.raises(UserError, match="damaged: versions/"):
        versions(out)
