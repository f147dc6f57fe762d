"""CSV: what is recognised, and one clear error for each thing that is wrong."""

import os
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Reading
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv import FORMAT


def read(folder: Path, text: str, name: str = "walk.csv", **options: object) -> Reading:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return FORMAT.read(path, ReadOptions(**options))  # type: ignore[arg-type]


def refused(folder: Path, text: str, what: str, **options: object) -> str:
    with pytest.raises(UserError) as e:
        read(folder, text, **options)
    assert e.value.code == f"data.csv.{what}"
    assert e.value.message.startswith("walk.csv: ")
    assert e.value.hint
    return e.value.message


def stamped(steps: list[float], head: str = "t,x") -> str:
    times = np.cumsum([0.0, *steps])
    return head + "\n" + "".join(f"{t:.6f},1\n" for t in times)


def test_runs_of_one_label_are_recordings(tmp_path: Path) -> None:
    text = "x,y,label\n1,2,a\n3,4,a\n5,6,b\n7,8,b\n9,1,a\n2,3,a\n"
    reading = read(tmp_path, text)
    assert reading.channels == (Channel("x"), Channel("y"))
    assert reading.rate_hz is None
    assert [r.label for r in reading.recordings] == ["a", "b", "a"]
    assert reading.recordings[1].values.tolist() == [[5, 6], [7, 8]]
    assert [r.id for r in reading.recordings] == ["2", "4", "6"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    text = "x,y\n1,2\n3,4\n".replace(",", delimiter)
    assert read(tmp_path, text).recordings[0].values.tolist() == [[1, 2], [3, 4]]


def test_byte_order_mark_windows_lines_quotes_and_blank_lines(tmp_path: Path) -> None:
    text = '\ufeff"x","label"\r\n1,"a, b"\r\n\r\n2,"a, b"\r\n\r\n'
    reading = read(tmp_path, text)
    assert reading.channels == (Channel("x"),)
    assert reading.recordings[0].label == "a, b"


@pytest.mark.parametrize(
    ("head", "scale"), [("t", 1), ("time [s]", 1), ("time_ms", 1e3), ("timestamp (us)", 1e6)]
)
def test_rate_comes_from_the_time_column(tmp_path: Path, head: str, scale: float) -> None:
    text = f"{head},x\n" + "".join(f"{i * 0.02 * scale:.6f},0\n" for i in range(40))
    reading = read(tmp_path, text)
    assert reading.rate_hz == pytest.approx(50)
    assert reading.channels == (Channel("x"),)


def test_rounded_stamps_and_jitter_are_no_mixed_rate(tmp_path: Path) -> None:
    text = "time_ms,x\n" + "".join(f"{round(i * 1000 / 64)},0\n" for i in range(200))
    assert read(tmp_path, text).rate_hz == pytest.approx(64, rel=0.005)


def test_time_that_jumps_back_begins_a_recording(tmp_path: Path) -> None:
    text = "t,x\n0,1\n0.1,1\n0.2,1\n0,2\n0.1,2\n"
    reading = read(tmp_path, text)
    assert [len(r.values) for r in reading.recordings] == [3, 2]
    assert reading.rate_hz == pytest.approx(10)


def test_groups_units_and_chosen_columns(tmp_path: Path) -> None:
    text = "acc_x [m/s2],acc_y,subject,activity\n1,2,p1,run\n1,2,p1,run\n1,2,p2,run\n1,2,p2,run\n"
    reading = read(tmp_path, text, units={"acc_y": "g"}, channels=("acc_y", "acc_x"))
    assert reading.channels == (Channel("acc_y", "g"), Channel("acc_x", "m/s2"))
    assert [(r.label, r.group) for r in reading.recordings] == [("run", "p1"), ("run", "p2")]
    assert reading.recordings[0].values.tolist() == [[2, 1], [2, 1]]


def test_label_of_option_file_name_or_folder(tmp_path: Path) -> None:
    folder = tmp_path / "resting"
    folder.mkdir()
    text = "x\n1\n2\n"
    assert read(folder, text).recordings[0].label == "resting"
    assert read(folder, text, "walking.monday.csv").recordings[0].label == "walking"
    assert read(folder, text, "walking.monday.csv", label="run").recordings[0].label == "run"


@pytest.mark.parametrize(
    ("text", "what", "says"),
    [
        ("", "empty", "is empty"),
        ("x,y\n", "empty", "no sample"),
        ("x,y\n1,2\n3,4\n5\n", "truncated", "line 4, the last one, ends after 1 of 2"),
        ("x,y\n1,2\n3\n5,6\n", "ragged", "line 3 has 1 columns, the header 2"),
        ("x,y\n1,2\n3,4,5\n", "ragged", "line 3 has 3"),
        ("x,y\n1,2\n3,nan\n", "nonfinite", "line 3, column 'y': 'nan'"),
        ("x,y\n-inf,2\n3,4\n", "nonfinite", "line 2, column 'x': '-inf'"),
        ("x,y\n1e39,2\n3,4\n", "nonfinite", "1e39"),
        ("x,y\n1,\n3,4\n", "missing_value", "line 2, column 'y'"),
        ("x,y\n1,2\n1_0,4\n", "number", "'1_0'"),
        ("x,y\n1,2\n3,hello\n", "number", "line 3, column 'y': 'hello'"),
        ("x,x\n1,2\n3,4\n", "header", "'x' is empty or not unique"),
        ("t,label\n0,a\n1,a\n", "header", "no column is left"),
        ("x\n1\n", "one_sample", "line 2"),
        ("x,label\n1,\n2,\n3,\n", "label", "line 2: the label is empty"),
        ('x,y\n1,"2\n3,4\n', "syntax", "unexpected end"),
        ("t,x\n0,1\n10,1\n20,1\n", "time_unit", "grows by 10"),
        ("time [weeks],x\n0,1\n1,1\n", "time_unit", "'weeks'"),
        ("t,x\n0,1\n0,1\n0,1\n", "time", "does not increase"),
    ],
)
def test_bad_text(tmp_path: Path, text: str, what: str, says: str) -> None:
    assert says in refused(tmp_path, text, what)


@pytest.mark.parametrize(
    ("steps", "rates"),
    [
        ([0.01] * 30 + [0.02] * 20, ("100 Hz", "50 Hz")),
        ([0.01] * 40 + [0.0104] * 40, ("100 Hz", "96.1538 Hz")),
        ([0.01] * 20 + [0.5] + [0.01] * 20, ("100 Hz", "2 Hz")),
    ],
)
def test_mixed_rates_are_both_named(
    tmp_path: Path, steps: list[float], rates: tuple[str, str]
) -> None:
    message = refused(tmp_path, stamped(steps), "mixed_rate")
    assert all(rate in message for rate in rates)


def test_two_recordings_of_different_rates(tmp_path: Path) -> None:
    lines = [f"{i * 0.01:.3f},1,a\n" for i in range(30)]
    lines += [f"{i * 0.0103:.5f},1,b\n" for i in range(30)]
    assert "97.0874 Hz" in refused(tmp_path, "t,x,label\n" + "".join(lines), "mixed_rate")


def test_unknown_columns_are_named_with_the_nearest(tmp_path: Path) -> None:
    message = refused(tmp_path, "acc_x,kind\n1,a\n2,a\n", "column", label_column="kinds")
    assert "Did you mean 'kind'?" in message


def test_binary_garbage(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_bytes(b"x,y\n1,2\n\x00\x01\x02")
    with pytest.raises(UserError, match="not text") as e:
        FORMAT.read(path, ReadOptions())
    assert e.value.code == "data.csv.binary"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "walk.csv").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        FORMAT.read(tmp_path / "walk.csv", ReadOptions())


def test_numbers_without_header_need_a_name_for_every_column(tmp_path: Path) -> None:
    reading = read(tmp_path, " 1, -2\n 3,  4\n", channels=("x", "y"))
    assert reading.channels == (Channel("x"), Channel("y"))
    assert reading.recordings[0].values.tolist() == [[1, -2], [3, 4]]
    with pytest.raises(UserError) as e:
        read(tmp_path, "1,2\n3,4\n", channels=("x",))
    assert "name all 2 columns" in e.value.hint
    assert "--set channels=" in e.value.hint


def test_the_user_says_the_unit_of_time(tmp_path: Path) -> None:
    text = "timestamp,x\n0,1\n500,2\n1000,3\n"
    with pytest.raises(UserError, match="time_unit=ms"):
        read(tmp_path, text)
    assert read(tmp_path, text, time_unit="ms").rate_hz == 2


def test_a_name_too_few(tmp_path: Path) -> None:
    assert "every line has 3 columns" in refused(tmp_path, "x,y\n1,5,6\n7,5,6\n", "ragged")


def test_a_pipe_is_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "walk.csv")
    with pytest.raises(UserError, match="no file"):
        FORMAT.read(tmp_path / "walk.csv", ReadOptions())
