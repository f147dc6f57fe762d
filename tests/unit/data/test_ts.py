"""UCR/UEA .ts: the header, the data and what is refused."""

from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Reading
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.ts import FORMAT

HEAD = "#comment\n@problemName P\n@timeStamps false\n@univariate false\n@dimensions 2\n"
CLASSES = "@classLabel true a b\n@data\n"


def read(folder: Path, text: str, **options: object) -> Reading:
    path = folder / "p.ts"
    path.write_text(text, encoding="utf-8")
    return FORMAT.read(path, ReadOptions(**options))  # type: ignore[arg-type]


def test_dimensions_become_channels(tmp_path: Path) -> None:
    reading = read(tmp_path, HEAD + CLASSES + "1,2,3:4,5,6:a\n7,8:9,10:b\n")
    assert reading.channels == (Channel("dim_0"), Channel("dim_1"))
    assert reading.rate_hz is None
    assert reading.recordings[0].values.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert [r.label for r in reading.recordings] == ["a", "b"]


def test_the_user_names_dimensions_units_and_label(tmp_path: Path) -> None:
    text = HEAD + "@classLabel false\n@data\n1,2:3,4\n"
    reading = read(tmp_path, text, channels=("x", "y"), units={"y": "g"}, label="still")
    assert reading.channels == (Channel("x"), Channel("y", "g"))
    assert reading.recordings[0].label == "still"


@pytest.mark.parametrize(
    ("text", "what", "says"),
    [
        (HEAD, "header", "no @data line"),
        (HEAD + CLASSES, "empty", "no recording"),
        (HEAD + "@colour blue\n@data\n", "header", "line 6: '@colour blue'"),
        ("1,2,3\n@data\n1:a\n", "header", "line 1"),
        (HEAD.replace("false", "true", 1) + CLASSES + "1,2:1,2:a\n", "kind", "@timestamps true"),
        (HEAD.replace("@dimensions 2", "@dimensions two") + CLASSES, "header", "'two'"),
        (HEAD + CLASSES + "1,2:3,4:a\n1,2:a\n1,2:3,4:a\n", "ragged", "line 9 has 1 dimensions"),
        (HEAD + CLASSES + "1,2:3,4:a\n1,2:3,4,5:a\n1,2:3,4:a\n", "ragged", "2 samples where 3"),
        (HEAD + CLASSES + "1,2:3,4:a\n1,2:3\n", "truncated", "line 9, the last one"),
        (HEAD + "@equalLength true\n@seriesLength 3\n" + CLASSES + "1,2:3,4:a\n", "truncated", "3"),
        (HEAD + CLASSES + "1,?:3,4:a\n", "missing_value", "line 8, dimension 0, sample 1"),
        (HEAD + CLASSES + "1,2:3,NaN:a\n", "nonfinite", "line 8, dimension 1, sample 1"),
        (HEAD + CLASSES + "1,2:3,x:a\n", "number", "'x'"),
        (HEAD + CLASSES + "1,2:3,4:c\n", "label", "line 8: label 'c'"),
        (HEAD + CLASSES + "1:3:a\n", "one_sample", "line 8"),
        (HEAD + "@classLabel false\n@data\n1,2:3,4\n", "label", "line 8 has no label"),
    ],
)
def test_bad_text(tmp_path: Path, text: str, what: str, says: str) -> None:
    with pytest.raises(UserError) as e:
        read(tmp_path, text)
    assert e.value.code == f"data.ts.{what}"
    assert says in e.value.message
    assert e.value.hint or what == "header"


def test_wrong_number_of_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 channel names for 2 dimensions"):
        read(tmp_path, HEAD + CLASSES + "1,2:3,4:a\n", channels=("x", "y", "z"))


def test_the_hint_says_what_can_be_said(tmp_path: Path) -> None:
    with pytest.raises(UserError) as e:
        read(tmp_path, HEAD + "@classLabel false\n@data\n1,2:3,4\n")
    assert "--set label=" in e.value.hint
