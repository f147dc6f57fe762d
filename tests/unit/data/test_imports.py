"""Import: content-addressed, the same whatever the order, whole or not at all."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinsmith.core import sandbox
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.data import receiving, samples
from tinsmith.data.dataset import Dataset
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files, open_dataset
from tinsmith.data.samples import Incoming

RATE = ReadOptions(rate_hz=50.0)


def write(path: Path, text: str = "x,y\n1,2\n3,4\n5,6\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def fill(folder: Path) -> list[Path]:
    """Three recordings of two labels, the label being the folder."""
    return [
        write(folder / "rest" / "1.csv"),
        write(folder / "walk" / "1.csv", "x,y\n9,9\n8,8\n"),
        write(folder / "walk" / "2.csv", "x,y\n7,9\n8,8\n"),
    ]


def load(paths: list[Path], folder: Path, options: ReadOptions = RATE) -> Dataset:
    return import_files(paths, "set", options, folder, Silent())


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    dataset = load(fill(tmp_path / "in"), tmp_path / "out")
    assert dataset.labels == ("rest", "walk")
    by_id = {r.id: r for r in dataset.manifest.recordings}
    assert sorted(by_id) == ["rest/1.csv:2", "walk/1.csv:2", "walk/2.csv:2"]
    values = dataset.values(by_id["walk/1.csv:2"])
    assert values.dtype == np.float32
    assert values.tolist() == [[9, 9], [8, 8]]
    assert open_dataset(tmp_path / "out") == dataset


def test_equal_data_equal_id_wherever_and_in_whatever_order(tmp_path: Path) -> None:
    paths = fill(tmp_path / "in")
    first = load(paths, tmp_path / "a")
    assert load(paths[::-1], tmp_path / "b").id == first.id
    assert load([tmp_path / "in"], tmp_path / "c").id == first.id
    fill(tmp_path / "elsewhere")
    assert load([tmp_path / "elsewhere"], tmp_path / "d").id == first.id
    write(paths[0], "x,y\n1,2\n3,4\n5,7\n")
    assert load(paths, tmp_path / "e").id != first.id


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    paths, out = fill(tmp_path / "in"), tmp_path / "out"
    load(paths, out)
    before = {p: p.stat().st_mtime_ns for p in (out / "samples").iterdir()}
    load(paths, out)
    assert {p: p.stat().st_mtime_ns for p in (out / "samples").iterdir()} == before


def test_duplicates_are_dropped_with_a_note(tmp_path: Path) -> None:
    paths = [*fill(tmp_path / "in"), write(tmp_path / "in" / "rest" / "copy.csv")]
    dataset = load(paths, tmp_path / "out")
    assert len(dataset.manifest.recordings) == 3
    assert dataset.manifest.notes == (
        "rest/copy.csv:2 has the same samples as rest/1.csv:2 and was left out",
    )


def test_one_recording_with_two_labels_is_refused(tmp_path: Path) -> None:
    paths = [*fill(tmp_path / "in"), write(tmp_path / "in" / "walk" / "copy.csv")]
    with pytest.raises(UserError, match=r"rest/1.csv:2 \(rest\) and walk/copy.csv:2 \(walk\)"):
        load(paths, tmp_path / "out")


def test_a_bad_file_leaves_nothing_behind(tmp_path: Path) -> None:
    paths = [*fill(tmp_path / "in"), write(tmp_path / "in" / "walk" / "9.csv", "x,y\n1,nan\n")]
    with pytest.raises(UserError, match=re.escape("9.csv: line 2, column 'y'")) as e:
        load(paths, tmp_path / "out", replace(RATE, strict=True))
    assert e.value.code == "data.csv.nonfinite"
    assert not (tmp_path / "out").exists()


def test_a_bad_file_is_left_out_with_a_note(tmp_path: Path) -> None:
    """Unless there is no other, or the file was named itself."""
    bad = write(tmp_path / "in" / "walk" / "9.csv", "x,y\n1,nan\n")
    with pytest.raises(UserError, match="column 'y'"):
        load([bad], tmp_path / "out")
    fill(tmp_path / "in")
    with pytest.raises(UserError, match="column 'y'"):
        load([tmp_path / "in", bad], tmp_path / "out")
    dataset = load([tmp_path / "in"], tmp_path / "out")
    (note,) = dataset.manifest.notes
    assert note.startswith("walk/9.csv was left out: line 2, column 'y'")
    assert len(dataset.manifest.recordings) == 3
    assert "walk/9.csv" not in dataset.manifest.provenance
    assert files(tmp_path / "out") == {"manifest.zip"} | {
        f"samples/{r.digest}.npy" for r in dataset.manifest.recordings
    }


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_interrupted_while_writing(
    tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at each write: an older dataset stays whole, a new one is not begun."""
    out = tmp_path / "out"
    old = load([write(tmp_path / "old" / "a.csv", "x,y\n1,2\n2,3\n")], out)
    before, calls = files(out), []
    for owner, name in ((Incoming, "place"), (samples, "write_atomically")):
        real = getattr(owner, name)

        def interrupted(*arguments: Any, real: Callable = real) -> None:
            calls.append(arguments)
            if len(calls) == cut:
                raise KeyboardInterrupt
            real(*arguments)

        monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(fill(tmp_path / "in"), out)
    assert files(out) == before
    assert open_dataset(out).id == old.id


def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = fill(tmp_path / "in")
    real = sandbox.stream

    def growing(*arguments: Any) -> Iterator[Any]:
        write(paths[1], "x,y\n9,9\n8,8\n7,7\n")
        yield from real(*arguments)

    monkeypatch.setattr(sandbox, "stream", growing)
    dataset = load([tmp_path / "in"], tmp_path / "out")
    assert dataset.manifest.notes == (
        "walk/1.csv was left out: walk/1.csv changed while it was read.",
    )


@pytest.mark.parametrize("end", ["os._exit(3)", "bytearray(8_000_000_000)", "read(path, options)"])
def test_a_reader_that_dies_of_one_file_goes_on_behind_it(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of five files kill their reader: those two are left out, whatever it died of."""
    write(tmp_path / "code" / "dying.py", DYING.replace("END", end))
    monkeypatch.syspath_prepend(tmp_path / "code")
    monkeypatch.setattr(receiving, "_READER", "dying:read_files")
    fill(tmp_path / "in")
    for name in ("0_dies", "2_dies"):
        write(tmp_path / "in" / "rest" / f"{name}.csv", "x,y\n1,1\n2,4\n")
    dataset = load([tmp_path / "in"], tmp_path / "out")
    left_out = [n.split(" was")[0] for n in dataset.manifest.notes]
    assert left_out == ["rest/0_dies.csv", "rest/2_dies.csv"]
    assert len(dataset.manifest.recordings) == 3


DYING = """
import os
from tinsmith.data import reading
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.reading import Task
def read(path, options):
    if "dies" in path.name:
        END
    return REAL(path, options)
def read_files(format: str, tasks: tuple[Task, ...], options: ReadOptions, each: bool):
    global REAL
    found = FORMATS.get(format)
    REAL = found.read
    object.__setattr__(found, "read", read)
    yield from reading.read_files(format, tasks, options, each)
"""


def test_rates(tmp_path: Path) -> None:
    silent = write(tmp_path / "a.csv")
    slow = write(tmp_path / "b.csv", "t,x,y\n0,1,1\n0.1,1,1\n")
    fast = write(tmp_path / "c.csv", "t,x,y\n0,1,2\n0.05,1,1\n")
    with pytest.raises(UserError, match=re.escape("a.csv does not say its sampling rate")) as e:
        load([silent, slow], tmp_path / "out", ReadOptions())
    assert "--set rate_hz=" in e.value.hint
    with pytest.raises(UserError, match=r"b.csv 10 Hz, c.csv 20 Hz"):
        load([slow, fast], tmp_path / "out", ReadOptions())
    with pytest.raises(UserError, match=r"the rate you gave 50 Hz, b.csv 10 Hz"):
        load([slow], tmp_path / "out")
    with pytest.raises(UserError, match="impossible"):
        load([silent], tmp_path / "out", ReadOptions(rate_hz=0.0))
    assert load([slow], tmp_path / "out", ReadOptions()).manifest.rate_hz == 10


def test_channels_must_be_the_same(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.csv"), write(tmp_path / "b.csv", "x,z\n1,2\n3,4\n")]
    with pytest.raises(UserError, match=re.escape("b.csv has channels")) as e:
        load(paths, tmp_path / "out")
    assert e.value.code == "data.channels"


def test_unknown_formats(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="of no known format") as e:
        load([write(tmp_path / "a.xyz")], tmp_path / "out")
    assert ".csv" in e.value.hint
    with pytest.raises(UserError, match="holds no file"):
        load([tmp_path], tmp_path / "out")
    with pytest.raises(UserError, match="No file"):
        load([], tmp_path / "out")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape("gone.csv: there is no such file")):
        load([tmp_path / "gone.csv"], tmp_path / "out")


def test_opening_what_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no dataset"):
        open_dataset(tmp_path)
    dataset = load(fill(tmp_path / "in"), tmp_path / "out")
    sample = tmp_path / "out" / "samples" / f"{dataset.manifest.recordings[0].digest}.npy"
    content = sample.read_bytes()
    sample.write_bytes(content[:-1])
    with pytest.raises(UserError, match="damaged: samples/"):
        open_dataset(tmp_path / "out")
    sample.write_bytes(content)
    (tmp_path / "out" / "manifest.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=re.escape("damaged: manifest.zip")):
        open_dataset(tmp_path / "out")


def test_links_in_a_loop(tmp_path: Path) -> None:
    (tmp_path / "self.csv").symlink_to("self.csv")
    with pytest.raises(UserError, match="loop"):
        load([tmp_path / "self.csv"], tmp_path / "set")


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    fill(tmp_path / "all.csv")
    (tmp_path / "all.csv" / "empty.csv").mkdir()
    assert len(load([tmp_path / "all.csv"], tmp_path / "set").manifest.recordings) == 3


def acquisition(values: str) -> str:
    return (
        '{"protected": {"ver": "v1", "alg": "none"}, "signature": "", "payload": {"device_type": '
        '"w", "interval_ms": 20, "sensors": [{"name": "x", "units": ""}], "values": '
        + values
        + "}}"
    )


@pytest.mark.parametrize(
    ("others", "dtype"),
    [("[[1], [2]]", "int16"), ("[[1], [70000]]", "int32"), ("[[1], [0.5]]", "float32")],
)
def test_whole_numbers_in_text_go_with_others(tmp_path: Path, others: str, dtype: str) -> None:
    write(tmp_path / "in" / "a.1.json", acquisition("[[5], [-6], [7]]"))
    write(tmp_path / "in" / "b.1.json", acquisition(others))
    dataset = load([tmp_path / "in"], tmp_path / "out", ReadOptions())
    assert dataset.manifest.contract.dtype == dtype
    first, second = dataset.manifest.recordings
    assert dataset.raw(first).dtype == dtype and dataset.raw(first).tolist() == [[5], [-6], [7]]
    assert dataset.values(second).tolist() == [[float(v)] for v in re.findall(r"[\d.]+", others)]
    assert open_dataset(tmp_path / "out") == dataset
    assert len(files(tmp_path / "out")) == 3


def test_types_that_are_meant_are_not_mixed(tmp_path: Path) -> None:
    for name, dtype in (("a", np.int16), ("b", np.float32)):
        np.save(write(tmp_path / f"{name}.1.npy"), np.arange(8, dtype=dtype).reshape(4, 2))
    with pytest.raises(UserError, match=r"b.1.npy has samples of float32; a.1.npy of int16") as e:
        load([tmp_path / "a.1.npy", tmp_path / "b.1.npy"], tmp_path / "out")
    assert e.value.code == "data.contract"


def test_what_most_files_suffer_from_is_said(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a_licence.txt", "You may, if you like,\ncopy it, and tell us.\n")
    for i in range(3):
        write(
            tmp_path / "in" / f"walk.{i}.csv",
            "time,x\n" + "".join(f"{5 * j},{j % 3}\n" for j in range(20)),
        )
    with pytest.raises(UserError, match="grows by 5 per line") as e:
        load([tmp_path / "in"], tmp_path / "out", ReadOptions())
    assert e.value.code == "data.csv.time_unit"
    kept = load([tmp_path / "in"], tmp_path / "out", ReadOptions(time_unit="ms"))
    assert any("a_licence.txt was left out" in note for note in kept.manifest.notes)


def test_a_dataset_is_no_recording(tmp_path: Path) -> None:
    """Recordings may lie beside the dataset that is made of them."""
    fill(tmp_path)
    first = load([tmp_path], tmp_path / "data")
    assert len(first.manifest.recordings) == 3
    assert load([tmp_path], tmp_path / "data") == first
