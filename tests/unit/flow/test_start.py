"""A new project: settings that suit the recordings, and a project.toml that can be read back."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.flow.project import read_project
from tinsmith.flow.sources import Imported
from tinsmith.flow.start import begin, import_into, read_settings


def test_settings() -> None:
    options = read_settings(["rate_hz=50", "label_column=activity", "channels=x,y"])
    assert (options.rate_hz, options.label_column, options.channels) == (50, "activity", ("x", "y"))
    options = read_settings(["units=x:m/s2,y:g", "resample_hz=25", "ignore=z", "gaps=cut"])
    assert (options.units, options.resample_hz) == ({"x": "m/s2", "y": "g"}, 25)
    assert (options.ignore, options.gaps) == (("z",), "cut")


@pytest.mark.parametrize(
    "wrong", ["rate_hz", "rate_hz=", "rate=3", "rate_hz=-1", "rate_hz=nan", "units=g"]
)
def test_wrong_settings(wrong: str) -> None:
    with pytest.raises(UserError):
        read_settings([wrong])


def test_begin_suits_the_recordings(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for label, peak in (("up", 7.3), ("down", 0.4)):
        for i in range(3):
            rows = "\n".join(f"{peak * np.sin(t + i):.4f},{t * t % 101}" for t in range(100))
            (source / f"{label}.{i}.csv").write_text(f"acc [m/s2],turn\n{rows}\n")
    begun = begin(tmp_path / "My Project", [source], ["rate_hz=25"], Silent())
    assert begun is not None
    project = read_project(tmp_path / "My Project")
    assert project.name == "my_project"
    assert [(c.name, c.unit) for c in project.pipeline.channels] == [("acc", "m/s2"), ("turn", "")]
    assert project.pipeline.rate_hz == 25
    assert project.pipeline.window.samples == 64
    assert project.sources == Imported(tmp_path / "My Project" / "data")
    full_scale = [lsb * 32768 for lsb in project.pipeline.sensor.lsb]
    assert full_scale == pytest.approx([8, 100])
    with pytest.raises(UserError, match="exists already"):
        begin(tmp_path / "My Project", [], [], Silent())


def test_begin_without_recordings_writes_an_example(tmp_path: Path) -> None:
    assert begin(tmp_path / "2nd", [], [], Silent()) is None
    (tmp_path / "2nd" / "recordings").mkdir()
    (tmp_path / "2nd" / "recordings" / "a.csv").write_text("x\n1\n")
    assert read_project(tmp_path / "2nd").name == "model_2nd"


def test_a_failed_beginning_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        begin(tmp_path / "new", [tmp_path / "lost.csv"], [], Silent())
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    with pytest.raises(UserError):
        begin(tmp_path / "mine", [tmp_path / "lost.csv"], [], Silent())
    assert (tmp_path / "mine").exists()


def test_letters_with_accents_make_a_name(tmp_path: Path) -> None:
    begin(tmp_path / "Überwachung 2", [], [], Silent())
    text = (tmp_path / "Überwachung 2" / "project.toml").read_text(encoding="utf-8")
    assert 'name = "uberwachung_2"' in text


def test_recordings_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no file or folder {tmp_path}/lost") as e:
        begin(tmp_path / "new", [tmp_path / "lost"], [], Silent())
    assert e.value.code == "import.missing" and not (tmp_path / "new").exists()


def test_import_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        import_into(tmp_path / "lost", "data", [tmp_path], [], Silent())
    assert not (tmp_path / "lost").exists()


@pytest.mark.parametrize("into", ["..", ".", "../other", "/elsewhere", "sets/../.."])
def test_a_dataset_lies_in_its_project(tmp_path: Path, into: str) -> None:
    with pytest.raises(UserError, match="is not inside"):
        import_into(tmp_path, into, [tmp_path], [], Silent())


def test_a_dataset_may_lie_deeper_and_is_named_after_the_project(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "a.csv").write_text("x\n1\n2\n")
    arguments = (tmp_path / "mine", "sets/first", [tmp_path / "a.csv"], ["rate_hz=5"], Silent())
    dataset = import_into(*arguments)
    assert dataset.root == tmp_path / "mine" / "sets" / "first"
    assert dataset.manifest.name == "mine"


def test_what_is_made_again_is_ignored_by_git(tmp_path: Path) -> None:
    begin(tmp_path / "new", [], [], Silent())
    lines = (tmp_path / "new" / ".gitignore").read_text().splitlines()
    assert {".tinsmith/", "build/"} <= set(lines) and "tinsmith.lock" not in lines
    (tmp_path / ".gitignore").write_text("mine\n")
    begin(tmp_path, [], [], Silent())
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
