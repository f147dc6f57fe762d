"""What columns are taken for: by what is said, by name, by values; each field case once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Reading, whole
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv import FORMAT


def read(folder: Path, text: str, **options: object) -> Reading:
    path = folder / "walk.1.csv"
    path.write_text(text, encoding="utf-8")
    return FORMAT.read(path, ReadOptions(**options))  # type: ignore[arg-type]


def refused(folder: Path, text: str, **options: object) -> UserError:
    with pytest.raises(UserError) as e:
        read(folder, text, **options)
    return e.value


def names(reading: Reading) -> list[str]:
    return [c.name for c in reading.channels]


def roles(reading: Reading) -> dict[str, str]:
    return {c.name: c.role for c in reading.columns}


def table(head: str, row: Callable[[int], str], rows: int = 60) -> str:
    return head + "\n" + "".join(row(i) + "\n" for i in range(rows))


def wave(i: int) -> int:
    return (i * 3 + 3) % 7


def test_a_number_beside_the_label_is_no_channel(tmp_path: Path) -> None:
    text = table("time,ax,activity_id,activity", lambda i: f"{i * 0.02:.2f},{wave(i)},1,b")
    reading = read(tmp_path, text)
    assert names(reading) == ["ax"]
    assert roles(reading) == {
        "time": "time", "ax": "channel", "activity_id": "left out", "activity": "label"
    }  # fmt: skip
    assert reading.recordings[0].label == "b"


def test_a_second_time_is_no_channel(tmp_path: Path) -> None:
    head = "time,seconds_elapsed,ax"
    text = table(head, lambda i: f"{10**18 + i * 10**7},{i * 0.01:.2f},{wave(i)}")
    for options in ({}, {"time_column": "seconds_elapsed"}, {"time_column": "time"}):
        reading = read(tmp_path, text, **options)
        assert names(reading) == ["ax"]
        assert reading.rate_hz == pytest.approx(100)


def test_the_time_that_tells_lines_apart_is_used(tmp_path: Path) -> None:
    head = "date,millis,ax"
    text = table(head, lambda i: f"2024-05-01 10:00:{i // 50:02d},{i * 20},{wave(i)}", 200)
    reading = read(tmp_path, text)
    assert (names(reading), reading.rate_hz) == (["ax"], 50)


@pytest.mark.parametrize(
    ("name", "step", "rate"),
    [
        ("millis", 20, 50), ("micros", 500, 2000), ("time_ns", 10**7, 100), ("Time (ms)", 2.5, 400),
        ("seconds_elapsed", 0.25, 4), ("t_us", 100, 10_000), ("time [min]", 5, 1 / 300),
        ("time_h", 1, 1 / 3600), ("Timestamp [µs]", 1000, 1000), ("sampleTime_s", 2, 0.5),
    ],
)  # fmt: skip
def test_names_say_the_unit_of_time(tmp_path: Path, name: str, step: float, rate: float) -> None:
    reading = read(tmp_path, table(f"{name},ax", lambda i: f"{i * step:g},{wave(i)}"))
    assert names(reading) == ["ax"]
    assert reading.rate_hz == pytest.approx(rate, rel=1e-5)


@pytest.mark.parametrize(
    ("start", "step", "rate"),
    [
        (1_700_000_000, 0.02, 50), (1_700_000_000_000, 20, 50), (1_700_000_000_000_000, 20_000, 50),
        (1_700_000_000_000_000_000, 20_000_000, 50), (1_700_000_000, 300, 1 / 300),
        (43000.5, 0.02 / 86400, 50), (45123.25, 0.001 / 86400, 1000), (0, 0.02, 50),
        (12.5, 1e-4, 10_000),
    ],
)  # fmt: skip
def test_values_say_the_unit_of_time(
    tmp_path: Path, start: float, step: float, rate: float
) -> None:
    whole_numbers = isinstance(start, int) and isinstance(step, int)

    def stamp(i: int) -> str:
        return str(start + i * step) if whole_numbers else f"{start + i * step:.12f}"

    reading = read(tmp_path, table("Time,ax", lambda i: f"{stamp(i)},{wave(i)}"))
    assert names(reading) == ["ax"]
    assert reading.rate_hz == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize(
    ("step", "meant"),
    [
        (0.25, ("4 Hz if in s", "4 kHz if in ms")),
        (20, ("0.05 Hz if in s", "50 Hz if in ms", "50 kHz if in us")),
        (1, ("1 Hz if in s", "1 kHz if in ms")),
        (1e-6, ("16.67 kHz if in min", "11.57 Hz if in d")),
    ],
)
def test_an_ambiguous_unit_is_asked_for(
    tmp_path: Path, step: float, meant: tuple[str, ...]
) -> None:
    text = table("time,ax", lambda i: f"{5 + i * step:.8g},{wave(i)}")
    e = refused(tmp_path, text)
    assert e.code == "data.csv.time_unit"
    assert all(m in e.message for m in meant), e.message
    assert "--set time_unit=" in e.hint


def test_the_rate_that_is_given_decides_the_unit(tmp_path: Path) -> None:
    text = table("time,ax", lambda i: f"{i * 0.25},{wave(i)}")
    assert read(tmp_path, text, rate_hz=4000.0).rate_hz == 4000
    assert read(tmp_path, text, rate_hz=4.0).rate_hz == 4
    assert refused(tmp_path, text, rate_hz=50.0).code == "data.csv.time_unit"
    assert read(tmp_path, text, time_unit="ms").rate_hz == 4000


@pytest.mark.parametrize(
    "stamp",
    [
        lambda i: f"2024-05-01T10:00:{i * 0.02:06.3f}Z",
        lambda i: f"2024-05-01 10:00:{i * 0.02:06.3f}",
        lambda i: f"2024-05-01T10:00:{i * 0.02:06.3f}+02:00",
        lambda i: f"01.05.2024 10:00:{i * 0.02:06.3f}",
        lambda i: f"5/1/2024 10:00:{i * 0.02:06.3f}",
        lambda i: f"2024/05/01 10:00:{i * 0.02:06.3f}",
        lambda i: f"10:00:{i * 0.02:06.3f}",
        lambda i: f"23:59:{59.5 + i * 0.02:06.3f}" if i < 25 else f"00:00:{i * 0.02 - 0.5:06.3f}",
    ],
    ids=["z", "blank", "zone", "dots", "slashes", "year", "clock", "midnight"],
)
def test_dates_and_times_of_day(tmp_path: Path, stamp: Callable[[int], str]) -> None:
    text = table("timestamp,ax", lambda i: f"{stamp(i)},{wave(i)}")
    for options in ({}, {"rate_hz": 50.0, "channels": ("ax",)}):
        reading = read(tmp_path, text, **options)
        assert names(reading) == ["ax"]
        assert reading.rate_hz == pytest.approx(50)


def test_dates_by_their_values_alone(tmp_path: Path) -> None:
    text = table("when,ax", lambda i: f"2024-05-01T10:{i:02d}:00Z,{wave(i)}")
    assert roles(read(tmp_path, text)) == {"when": "time", "ax": "channel"}


def test_a_date_and_a_time_of_day_in_two_columns(tmp_path: Path) -> None:
    text = table("Date;Time;ax", lambda i: f"01.05.2024;10:00:{i * 0.02:06.3f};{wave(i)}")
    reading = read(tmp_path, text.replace(".0", ",0").replace("01,05", "01.05"))
    assert (names(reading), reading.rate_hz) == (["ax"], 50)


def test_days_and_months_that_cannot_be_told_apart(tmp_path: Path) -> None:
    text = table("date,ax", lambda i: f"0{i + 1}/01/2024,{wave(i)}", 9)
    e = refused(tmp_path, text)
    assert "day/month or month/day" in e.message
    assert "date_order=dmy" in e.hint
    assert read(tmp_path, text, date_order="dmy").rate_hz == pytest.approx(1 / 86400, rel=1e-5)


def test_a_cell_that_is_no_time_is_named(tmp_path: Path) -> None:
    text = table("timestamp,ax", lambda i: f"2024-05-01T10:00:{i:02d}Z,{wave(i)}", 20)
    e = refused(tmp_path, text.replace("10:00:07", "10:00:xx"))
    assert "line 9: '2024-05-01T10:00:xxZ' is no time" in e.message


def test_columns_that_count_are_left_out(tmp_path: Path) -> None:
    text = table("n,packet,ax", lambda i: f"{i},{i * 4 + 100},{wave(i)}")
    reading = read(tmp_path, text, rate_hz=50.0)
    assert names(reading) == ["ax"]
    plain = table("foo,ax", lambda i: f"{i},{wave(i)}")
    assert names(read(tmp_path, plain)) == ["ax"]


def test_a_steady_column_without_a_name_may_be_the_time(tmp_path: Path) -> None:
    text = table("foo,ax", lambda i: f"{i * 20},{wave(i)}")
    e = refused(tmp_path, text)
    assert "'foo' grows by 20 with each line: is it the time?" in e.message
    assert "--set time_column=foo" in e.hint and "--set ignore=foo" in e.hint
    assert read(tmp_path, text, time_column="foo", time_unit="ms").rate_hz == 50
    assert names(read(tmp_path, text, ignore=("foo",))) == ["ax"]
    assert names(read(tmp_path, text, channels=("foo", "ax"))) == ["foo", "ax"]


def test_the_only_text_is_the_label(tmp_path: Path) -> None:
    text = table("ax,ay,state", lambda i: f"{wave(i)},{wave(i + 1)},{'on' if i < 30 else 'off'}")
    reading = read(tmp_path, text)
    assert [r.label for r in reading.recordings] == ["on", "off"]
    assert names(reading) == ["ax", "ay"]


def test_two_texts_are_asked_about(tmp_path: Path) -> None:
    text = table("ax,state,place", lambda i: f"{wave(i)},{'ab'[i % 2]},{'cd'[i // 30]}")
    e = refused(tmp_path, text)
    assert "'state', 'place'" in e.message and "--set label_column=state" in e.hint
    assert [r.label for r in read(tmp_path, text, label_column="place").recordings] == ["c", "d"]
    assert read(tmp_path, text, ignore=("state", "place")).recordings[0].label == "walk"


def test_texts_beside_a_label_are_left_out(tmp_path: Path) -> None:
    text = table("ax,label,remark,subject_id", lambda i: f"{wave(i)},a,fine,p{i // 30}")
    reading = read(tmp_path, text)
    assert (names(reading), [r.group for r in reading.recordings]) == (["ax"], ["p0", "p1"])


def test_a_long_table_is_made_wide(tmp_path: Path) -> None:
    rows = [
        f"{i * 0.02:.2f},{name},{wave(i) + j},g\n" for i in range(60) for j, name in enumerate("xy")
    ]
    reading = read(tmp_path, "time,sensor,value,unit\n" + "".join(rows))
    assert (names(reading), reading.rate_hz) == (["x", "y"], 50)
    (recording,) = reading.recordings
    assert whole(recording.values).tolist() == [[wave(i), wave(i) + 1] for i in range(60)]
    del rows[7]
    assert (
        len(read(tmp_path, "time,sensor,value,unit\n" + "".join(rows), gaps="cut").recordings) == 2
    )


def test_newest_first_is_read_backwards(tmp_path: Path) -> None:
    text = table("time,ax", lambda i: f"{2 - i * 0.02:.2f},{i}")
    reading = read(tmp_path, text.replace("\n", "\n"), channels=("ax",))
    assert reading.rate_hz == 50
    assert whole(reading.recordings[0].values)[:2].tolist() == [[59], [58]]
    assert any("newest" in note for note in reading.notes)


def test_bad_options(tmp_path: Path) -> None:
    text = table("time,ax", lambda i: f"{i * 0.02:.2f},{wave(i)}")
    for options in (
        {"gaps": "fill"},
        {"decimal": "dot"},
        {"date_order": "ymd"},
        {"time_unit": "w"},
    ):
        own = text if "date_order" not in options else text.replace("0.00", "2024-05-01")
        assert "llowed" in refused(tmp_path, own, **options).hint
    assert "Did you mean 'ax'?" in refused(tmp_path, text, ignore=("axx",)).message
    assert "Say both" in refused(tmp_path, text, name_column="ax").hint


def test_a_zone_inside_a_date_is_no_date(tmp_path: Path) -> None:
    text = "timestamp,ax\n2024-05-01T10:00:00Z,1\n2024-05-01T10.00Z,1\n2024-05-01T10:00:02Z,2\n"
    assert "line 3: '2024-05-01T10.00Z' is no time" in refused(tmp_path, text).message
