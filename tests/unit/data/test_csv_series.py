"""Where recordings begin and end: odd lines, gaps, uneven rates, times that go back."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Reading, whole
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats import csv
from tinsmith.data.formats.csv import FORMAT
from tinsmith.data.resample import resample


def read(folder: Path, text: str, **options: object) -> Reading:
    path = folder / "walk.1.csv"
    path.write_text(text, encoding="utf-8")
    return FORMAT.read(path, ReadOptions(**options))  # type: ignore[arg-type]


def stamped(times: np.ndarray, tail: str = "") -> str:
    return "time,ax\n" + "".join(f"{t:.4f},{i % 7}{tail}\n" for i, t in enumerate(times))


def test_one_odd_line_refuses_nothing(tmp_path: Path) -> None:
    rows = [f"{i * 0.02:.2f},{i % 7},{'c' if i == 30 else 'b'}\n" for i in range(60)]
    reading = read(tmp_path, "time,ax,activity\n" + "".join(rows))
    assert [(r.label, len(r.values)) for r in reading.recordings] == [("b", 30), ("b", 29)]
    assert reading.notes == ("a segment of one sample (line 32) left out",)


def test_time_that_goes_backwards_is_named(tmp_path: Path) -> None:
    times = np.arange(60) * 0.02
    times[30] = 0.2
    with pytest.raises(UserError, match=r"line 32: time goes backwards, by 0.38 s") as e:
        read(tmp_path, stamped(times))
    assert e.value.code == "data.csv.time"
    assert "--set gaps=cut" in e.value.hint
    reading = read(tmp_path, stamped(times), gaps="cut")
    assert [len(r.values) for r in reading.recordings] == [30, 29]
    assert reading.notes[0] == "line 32: time goes backwards, by 0.38 s: cut there"


def test_time_that_begins_again_begins_a_recording(tmp_path: Path) -> None:
    times = np.concatenate([np.arange(20) * 0.02 + 5, np.arange(30) * 0.02 + 1])
    assert [len(r.values) for r in read(tmp_path, stamped(times)).recordings] == [20, 30]


def test_recordings_end_at_gaps_if_so_said(tmp_path: Path) -> None:
    times = np.arange(60) * 0.02
    times[40:] += 0.5
    text = stamped(times)
    with pytest.raises(UserError) as e:
        read(tmp_path, text)
    assert "--set gaps=cut" in e.value.hint and "--set resample_hz=50" in e.value.hint
    reading = read(tmp_path, text, gaps="cut")
    assert ([len(r.values) for r in reading.recordings], reading.rate_hz) == ([40, 20], 50)
    assert reading.notes == ("cut at 1 gap, the longest of 0.52 s before line 42",)


def test_recordings_end_at_missing_values_if_so_said(tmp_path: Path) -> None:
    rows = [f"{i % 7},{'' if i in (10, 11) else i % 5}\n" for i in range(30)]
    with pytest.raises(UserError, match="line 12, column 'y': the value is missing") as e:
        read(tmp_path, "x,y\n" + "".join(rows))
    assert "--set gaps=cut" in e.value.hint
    reading = read(tmp_path, "x,y\n" + "".join(rows), gaps="cut")
    assert [len(r.values) for r in reading.recordings] == [10, 18]
    assert "2 lines with missing values left out" in reading.notes[0]
    rows = [row.replace(",\n", ",NaN\n") for row in rows]
    assert len(read(tmp_path, "x,y\n" + "".join(rows), gaps="cut").recordings) == 2


def test_uneven_times_are_brought_to_one_rate(tmp_path: Path, rng: np.random.Generator) -> None:
    times = np.cumsum(rng.uniform(0.002, 0.018, 400))
    rows = "".join(f"{t:.6f},{3 * t + 1:.6f}\n" for t in times)
    with pytest.raises(UserError) as e:
        read(tmp_path, "time,ax\n" + rows, time_unit="s")
    assert "--set resample_hz=" in e.value.hint
    reading = read(tmp_path, "time,ax\n" + rows, time_unit="s", resample_hz=50.0)
    assert reading.rate_hz == 50
    (recording,) = reading.recordings
    found = whole(recording.values)[1:-1, 0]
    line = 3 * (times[0] + np.arange(1, len(found) + 1) / 50) + 1
    assert found == pytest.approx(line, abs=1e-4)
    assert reading.notes[-1].endswith("to 50 Hz")


def test_resampling_draws_no_line_over_long_gaps(tmp_path: Path) -> None:
    times = np.arange(60) * 0.02
    times[40:] += 0.5
    with pytest.raises(UserError, match="too long to be drawn over") as e:
        read(tmp_path, stamped(times), resample_hz=100.0)
    assert "--set gaps=cut" in e.value.hint
    reading = read(tmp_path, stamped(times), resample_hz=100.0, gaps="cut")
    assert [len(r.values) for r in reading.recordings] == [79, 39]


def test_resampling_by_a_rate_without_times(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{i},{i * i % 7}\n" for i in range(100))
    with pytest.raises(UserError, match="needs a time column or the rate"):
        read(tmp_path, text, resample_hz=25.0, channels=("x", "y"))
    reading = read(tmp_path, text, resample_hz=25.0, rate_hz=50.0, channels=("x", "y"))
    assert reading.rate_hz == 25
    assert whole(reading.recordings[0].values)[1:-1, 0].tolist() == list(range(2, 98, 2))


def test_lines_of_one_time(tmp_path: Path) -> None:
    times = np.repeat(np.arange(30) * 0.02, 2)
    with pytest.raises(UserError, match="does not increase"):
        read(tmp_path, stamped(times), time_unit="s")
    reading = read(tmp_path, stamped(times), time_unit="s", resample_hz=50.0)
    assert len(reading.recordings[0].values) == 30
    assert any("30 lines with the time of the line before" in note for note in reading.notes)


def test_resampling_keeps_means_and_removes_what_it_cannot_show() -> None:
    seconds = np.arange(4000) / 1000
    values = np.stack([np.sin(2 * np.pi * 5 * seconds), np.sin(2 * np.pi * 400 * seconds)], axis=1)
    found = resample(values.astype(np.float32), seconds, 100.0)
    times = np.arange(len(found)) / 100
    assert found[1:-1, 0] == pytest.approx(np.sin(2 * np.pi * 5 * times[1:-1]), abs=0.01)
    assert np.abs(found[1:-1, 1]).max() < 0.1


def table(times: np.ndarray, rng: np.random.Generator) -> str:
    rows = [
        f"{t:.4f},{rng.normal():.4f},{'ab'[i // 700 % 2]},p{i // 2100}\n"
        for i, t in enumerate(times)
    ]
    return "time,ax,label,subject\n" + "".join(rows)


@pytest.mark.parametrize(
    "case", ["plain", "gap", "again", "back", "missing", "odd", "quoted", "dates"]
)
def test_a_file_that_is_not_held_reads_the_same(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    times = np.arange(20_000) * 0.02
    if case == "again":
        times[9000:] -= times[9000]
    if case == "gap":
        times[9000:] += 3
    if case == "back":
        times[9000:] -= 3
    text = table(times, rng)
    lines = text.split("\n")
    if case == "missing":
        lines[8000] = lines[8000].split(",")[0] + ",,b,p3"
    if case == "odd":
        lines[8000] = lines[8000].replace(",a,", ",c,").replace(",b,", ",c,")
    if case == "quoted":
        lines = [line.replace(",a,", ',"a",') for line in lines]
    text = "\n".join(lines)
    if case == "dates":
        text = text.replace("\n", "\n2024-05-01T00:", 1)
        head, *rest = lines
        clock = [f"2024-05-01T{i // 180000:02d}:{i // 3000 % 60:02d}:{i % 3000 / 50:06.3f}" for i in
                 range(len(rest))]  # fmt: skip
        rest = [f"{c},{r.partition(',')[2]}" for c, r in zip(clock, rest, strict=True) if r]
        text = "\n".join([head, *rest, ""])
    options = {"gaps": "cut"} if case in ("gap", "back", "missing") else {}
    held = read(tmp_path, text, **options)
    monkeypatch.setattr(csv, "HELD_BYTES", 0)
    found = read(tmp_path, text, **options)
    assert (found.channels, found.columns) == (held.channels, held.columns)
    assert found.rate_hz == pytest.approx(held.rate_hz, rel=1e-6)
    assert len(found.recordings) > 20
    for a, b in zip(found.recordings, held.recordings, strict=True):
        assert (a.id, a.label, a.group) == (b.id, b.label, b.group)
        assert whole(a.values).tobytes() == np.ascontiguousarray(b.values).tobytes()


def test_faults_of_a_file_that_is_not_held(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv, "HELD_BYTES", 0)
    times = np.arange(20_000) * 0.02
    times[9000:] += 3
    with pytest.raises(UserError, match=r"50 Hz, but 0\.331126 Hz at line 9002"):
        read(tmp_path, table(times, rng))
    times = np.arange(20_000) * 0.02
    times[9000] = times[8980]
    with pytest.raises(UserError, match="line 9002: time goes backwards"):
        read(tmp_path, table(times, rng))
    times = np.concatenate([np.arange(10_000) * 0.02, 200 + np.arange(10_000) * 0.0205])
    with pytest.raises(UserError, match="mixed sampling rates"):
        read(tmp_path, table(times, rng))
    with pytest.raises(UserError, match="are not resampled"):
        read(tmp_path, table(np.arange(100) * 0.02, rng), resample_hz=25.0)


def test_lines_that_are_examples_of_their_own(tmp_path: Path) -> None:
    rows = [f"{i % 7}.5,{i % 5}.25,{'abc'[i % 3]}\n" for i in range(90)]
    reading = read(tmp_path, "x,y,species\n" + "".join(rows), rows="alone")
    assert reading.rate_hz == 1
    assert {r.label: 30 for r in reading.recordings} == {"a": 30, "b": 30, "c": 30}
    assert len(reading.recordings) == 90
    assert all(r.metadata == {"rows": "alone"} for r in reading.recordings)
    by_line = {int(r.id): whole(r.values).tolist() for r in reading.recordings}
    assert [by_line[i + 2] for i in range(90)] == [[[i % 7 + 0.5, i % 5 + 0.25]] for i in range(90)]
    many = read(tmp_path, "x,y,species\n" + "".join(rows * 10), rows="alone")
    assert (len(many.recordings), sum(len(r.values) for r in many.recordings)) == (120, 900)
    with pytest.raises(UserError, match="rows=mixed is unknown"):
        read(tmp_path, "x,y,species\n" + "".join(rows), rows="mixed")


def test_lines_without_a_label_are_left_out(tmp_path: Path) -> None:
    rows = [f"{i % 7},{'' if i < 10 else 'a'}\n" for i in range(30)]
    reading = read(tmp_path, "x,label\n" + "".join(rows))
    assert [(r.label, len(r.values)) for r in reading.recordings] == [("a", 20)]
    assert reading.notes == ("1 segment without a label (line 2) left out",)


def test_resampling_makes_no_endless_recording(tmp_path: Path) -> None:
    text = "timestamp,ax\n2024-05-01T10:00:00Z,1\n9024-05-01T10:00:00Z,2\n"
    with pytest.raises(UserError, match=r"would make 5\.5\S+ samples of 2"):
        read(tmp_path, text, resample_hz=25.0)
