"""Tables as people write them: delimiters, decimal marks, names, units, lines before the table."""

from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Reading, whole
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv import FORMAT

PLAIN = "ax,ay\n1.5,2\n3,4.25\n5,6\n"
VALUES = [[1.5, 2], [3, 4.25], [5, 6]]


def read(folder: Path, text: str | bytes, **options: object) -> Reading:
    path = folder / "walk.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return FORMAT.read(path, ReadOptions(**options))  # type: ignore[arg-type]


def values(reading: Reading) -> list[list[float]]:
    (recording,) = reading.recordings
    return whole(recording.values).tolist()


def refused(folder: Path, text: str, **options: object) -> UserError:
    with pytest.raises(UserError) as e:
        read(folder, text, **options)
    return e.value


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "   "),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace(",", "\t").replace(".", ","),
        PLAIN.replace(",", " ").replace(".", ","),
        "sep=,\n" + PLAIN,
        "sep=;\n" + PLAIN.replace(",", ";"),
        "Device: logger\nStarted: 2024-05-01\n\n" + PLAIN,
        "Device,logger\nSerial,17\n\n" + PLAIN,
        "# made by hand\n" + PLAIN,
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("ax,ay", '"ax","ay"').replace("3,4.25", '"3","4.25"'),
        "ax,ay\n1.5,2\n\n\n3,4.25\n,\n5,6\n\n",
        PLAIN.rstrip("\n"),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_the_same_table_in_many_ways(tmp_path: Path, text: str) -> None:
    reading = read(tmp_path, text)
    assert [c.name for c in reading.channels] == ["ax", "ay"]
    assert values(reading) == VALUES


def test_right_aligned_numbers_without_names(tmp_path: Path) -> None:
    reading = read(tmp_path, " -242, -2217,  -311\n  138, -2986,   -42\n")
    assert [c.name for c in reading.channels] == ["col_1", "col_2", "col_3"]
    assert values(reading) == [[-242, -2217, -311], [138, -2986, -42]]
    assert any("no line names the columns" in note for note in reading.notes)


def test_columns_are_named_by_the_user(tmp_path: Path) -> None:
    text = "0.00,1,rest\n0.02,2,rest\n0.04,3,rest\n"
    reading = read(tmp_path, text, columns=("time", "acc", "label"))
    assert reading.channels == (Channel("acc"),)
    assert reading.rate_hz == 50
    assert [r.label for r in reading.recordings] == ["rest"]
    assert "2 names of columns were given; lines have 3" in str(
        refused(tmp_path, text, columns=("time", "acc"))
    )


def test_a_line_of_units(tmp_path: Path) -> None:
    reading = read(tmp_path, "time,ax,label\ns,m/s2,\n0.0,1,a\n0.1,2,a\n")
    assert reading.channels == (Channel("ax", "m/s2"),)
    assert reading.rate_hz == 10
    assert reading.notes == ("line 2 holds units",)


def test_lines_before_the_table_are_noted(tmp_path: Path) -> None:
    reading = read(tmp_path, "Device: logger\nStarted: 2024-05-01\n\n" + PLAIN)
    assert reading.notes == ("lines 1 to 2 before the table were skipped",)
    with pytest.raises(UserError, match="line 6, column 'ay': 'x' is not a number"):
        read(tmp_path, "Device: logger\nStarted: 2024-05-01\n\n" + PLAIN.replace("4.25", "x"))


def test_row_numbers_without_a_name(tmp_path: Path) -> None:
    text = '"date","T"\n"1","2015-02-04 17:51:00",23.18\n"2","2015-02-04 17:52:00",23.15\n'
    reading = read(tmp_path, text)
    assert reading.channels == (Channel("T"),)
    assert reading.rate_hz == pytest.approx(1 / 60, rel=1e-5)
    (number,) = [c for c in reading.columns if c.role == "left out"]
    assert "numbers the lines" in number.why


def test_a_comma_may_be_a_decimal_mark_or_part_thousands(tmp_path: Path) -> None:
    e = refused(tmp_path, "x;y\n1,500;2,250\n1,750;3,125\n")
    assert "'1,500' is 1.500 or 1500" in e.message
    assert "decimal=comma" in e.hint
    text = "x;y\n1,500;2,250\n1,750;3,125\n"
    assert values(read(tmp_path, text, decimal="comma")) == [[1.5, 2.25], [1.75, 3.125]]
    assert values(read(tmp_path, "x;y\n0,500;2,250\n1,750;3,125\n")) == [[0.5, 2.25], [1.75, 3.125]]


def test_the_user_says_the_delimiter(tmp_path: Path) -> None:
    assert values(read(tmp_path, PLAIN.replace(",", ";"), delimiter="semicolon")) == VALUES
    assert "Allowed: comma, semicolon" in refused(tmp_path, PLAIN, delimiter="colon").hint


@pytest.mark.parametrize(
    "raw",
    [
        ("T [°C],x\n1,2\n3,4\n").encode("cp1252"),
        ("T [°C],x\n1,2\n3,4\n").encode("utf-16"),
        ("T [°C],x\n1,2\n3,4\n").encode("utf-8-sig"),
    ],
    ids=["windows", "utf-16", "mark"],
)
def test_encodings(tmp_path: Path, raw: bytes) -> None:
    assert read(tmp_path, raw).channels == (Channel("T", "°C"), Channel("x"))


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    text = "x,y,label\n1.5,2,a"
    (recording,) = read(tmp_path, text, rows="alone").recordings
    assert (whole(recording.values).tolist(), recording.label) == ([[1.5, 2]], "a")
    assert "line 2" in refused(tmp_path, text).message


def test_prose_is_no_table(tmp_path: Path) -> None:
    e = refused(tmp_path, "The licence\n\nYou may, if you like, copy it.\nBut, please, tell us.\n")
    assert e.code == "data.csv.table"
    assert "no number in the first 3 lines" in e.message


def test_a_million_columns(tmp_path: Path) -> None:
    e = refused(tmp_path, ",".join(f"c{i}" for i in range(10**6)) + "\n")
    assert e.code == "data.csv.columns"
    assert "line 1 has more than 4096 columns" in e.message


def test_a_line_without_end(tmp_path: Path) -> None:
    e = refused(tmp_path, "x" * (17 << 20))
    assert e.code == "data.csv.long_line"


def test_blocks_are_joined_without_a_seam(tmp_path: Path) -> None:
    """More than one block, a quoted cell with a line end at the seam of the first two."""
    rows = [f"{i * 300 % 977},{i % 7}.5,plain" for i in range(60_000)]
    text = "x,y,label\n" + "\n".join(rows) + "\n"
    seam = text[: 1 << 18].count("\n") - 1
    rows[seam] = rows[seam].replace("plain", '"pl\nain"')
    reading = read(tmp_path, "x,y,label\n" + "\n".join(rows) + "\n")
    assert sum(len(r.values) for r in reading.recordings) == 60_000 - 1
    found = [row for r in reading.recordings for row in whole(r.values).tolist()]
    del rows[seam]
    assert found == [[float(row.split(",")[0]), float(row.split(",")[1])] for row in rows]


def test_the_odd_line_of_a_long_file_is_named(tmp_path: Path) -> None:
    rows = [f"{i * 300 % 977},{i % 7}.5" for i in range(90_000)]
    rows[80_000] = "1,oops"
    e = refused(tmp_path, "x,y\n" + "\n".join(rows) + "\n")
    assert "line 80002, column 'y': 'oops' is not a number" in e.message
    rows[80_000] = "1,2,3"
    e = refused(tmp_path, "x,y\n" + "\n".join(rows) + "\n")
    assert "line 80002 has 3 columns, the header 2" in e.message
