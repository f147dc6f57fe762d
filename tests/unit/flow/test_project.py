"""project.toml: what is read, and what each mistake is told."""

import re
from pathlib import Path

import pytest

from tinsmith.core.errors import MissingTool, UnknownKind, UserError
from tinsmith.devices.board import BOARDS
from tinsmith.flow.project import read_project
from tinsmith.flow.sources import Recordings, display, expand

GOOD = """
name = "wrist"
boards = ["rpi_pico", "host"]
[data]
sources = ["*.csv"]
[signal]
channels = ["x", "y"]
units = "m/s2"
rate_hz = 20
[sensor]
dtype = "int16"
lsb = [0.001, 0.002]
[window]
samples = 16
stride = 8
[[block]]
name = "statistics"
[model]
family = "linear"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project.toml").write_text(GOOD)
    for name in ("b.csv", "a.csv", "notes.txt"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_read(folder: Path) -> None:
    project = read_project(folder)
    assert project.boards == (BOARDS.get("rpi_pico"), BOARDS.get("host"))
    assert isinstance(project.sources, Recordings)
    assert [p.name for p in project.sources.files] == ["a.csv", "b.csv"]
    assert project.sources.options.rate_hz == 20
    assert project.sources.options.channels == ("x", "y")
    assert project.sources.options.units == {"x": "m/s2", "y": "m/s2"}
    assert project.pipeline.name == "wrist"
    assert project.pipeline.sensor.lsb == (0.001, 0.002)
    assert (project.method, project.toolchain, project.golden) == ("int8_ptq", "zig", 20)
    assert project.limits.max_accuracy_drop == 0.05


def test_what_is_said_of_files(folder: Path) -> None:
    file = folder / "project.toml"
    assert read_project(folder).sources.options.strict  # type: ignore[union-attr]
    text = file.read_text()
    more = (
        'gaps = "cut"\nresample_hz = 20\ncolumns = ["t", "x", "y"]\nrows = "alone"\nstrict = false'
    )
    file.write_text(text.replace('sources = ["*.csv"]', 'sources = ["*.csv"]\n' + more))
    sources = read_project(folder).sources
    assert isinstance(sources, Recordings)
    found = sources.options
    assert (found.gaps, found.resample_hz, found.rate_hz, found.rows) == ("cut", 20, None, "alone")
    assert (found.columns, found.strict) == (("t", "x", "y"), False)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('["*.csv"]', '["*.csv"]\nresample_hz = 0', "data.resample_hz is 0"),
        ('["*.csv"]', '["*.csv"]\nstrict = "yes"', "allowed is true or false"),
        ('name = "wrist"', 'name = "Wrist"', "name is 'Wrist'; allowed is lower-case"),
        ('name = "wrist"', "", "name is missing"),
        ("boards = [", "boads = [", "key 'boads' is unknown. Did you mean 'boards'?"),
        ('"host"]', '"rpi_pico"]', "allowed is each board once"),
        ('["*.csv"]', "[]", "data.sources is []; allowed is one or more files"),
        ("samples = 16", "samples = 99999999999999999999", "at most 64 bits"),
        ('"m/s2"', '"\\u0000"', "control characters"),
        ('sources = ["*.csv"]', 'sources = ["*.csv"]\nunits = "g"', "key 'data.units' is unknown"),
        (
            'boards = ["rpi_pico", "host"]',
            "boards = []",
            "one or more of alif_e7, b_l475e_iot01a, ek_ra6m4",
        ),
        ("[data]", "golden = 0\n[data]", "golden is 0; allowed is a whole number from 1 up"),
        ("[data]", "seed = true\n[data]", "seed is True; allowed is a whole number"),
        ("[data]", "limits = 3\n[data]", "limits is 3; allowed is a table, written [limits]"),
        ("[model]", "[limits]\nram_bytes = -1\n[model]", "limits.ram_bytes is -1"),
        ("[model]", "[limits]\nmin_accuracy = 80\n[model]", "limits.min_accuracy is 80"),
        ("[model]", "[limits]\nrambytes = 1\n[model]", "Did you mean 'limits.ram_bytes'?"),
        ('sources = ["*.csv"]', "", "[data] needs either 'dataset' or 'sources'"),
        ('sources = ["*.csv"]', 'sources = "a.csv"', "data.sources is 'a.csv'; allowed is a list"),
        ('sources = ["*.csv"]', 'sources = ["*.bin"]', "'*.bin' names no file"),
        ("rate_hz = 20", "rate_hz = 0", "signal.rate_hz"),
        ("samples = 16", "samples = 0", "window.samples is 0"),
        ("lsb = [0.001, 0.002]", "lsb = [0.001]", "sensor.lsb"),
        ('"statistics"', '"statistics"\nddoff = 1', "Did you mean 'ddof'?"),
        ('"linear"', '"linear"\nepoch = 1', "Did you mean 'epochs'?"),
    ],
)
def test_mistakes_name_file_and_key(folder: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    (folder / "project.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(UserError, match=re.escape(says)) as caught:
        read_project(folder)
    if "names no file" not in says:
        assert str(folder / "project.toml") in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("rpi_pico", "rpi_pica", "rpi_pico"),
        ("[data]", 'toolchain = "zigg"\n[data]', "zig"),
        ("[model]", '[compression]\nmethod = "int8"\n[model]', "int8_ptq"),
    ],
)
def test_unknown_kinds_have_a_suggestion(folder: Path, old: str, new: str, near: str) -> None:
    (folder / "project.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(UnknownKind, match=f"Did you mean '{near}'"):
        read_project(folder)


def test_a_project_is_a_folder(folder: Path) -> None:
    with pytest.raises(UserError, match="is a file; a project is a folder") as e:
        read_project(folder / "project.toml")
    assert e.value.hint == f"Write: --project {folder}"


def test_sources(folder: Path) -> None:
    nested = folder / "more" / "deep"
    nested.mkdir(parents=True)
    (nested / "c.csv").write_text("")
    (nested / ".hidden").write_text("")
    assert [p.name for p in expand(folder, "more")] == ["c.csv"]
    assert [p.name for p in expand(folder, "a.csv")] == ["a.csv"]


def test_sources_inside_a_package(folder: Path) -> None:
    (found,) = expand(folder, "package:numpy/version.py")
    assert found.is_file()
    assert display(found) == "numpy/version.py"
    with pytest.raises(UserError, match="names no file"):
        expand(folder, "package:numpy/nothing.csv")
    with pytest.raises(MissingTool, match="nowhere_to_be_found"):
        expand(folder, "package:nowhere_to_be_found/x.csv")


def test_a_dataset_takes_no_words_about_its_files(folder: Path) -> None:
    text = GOOD.replace('sources = ["*.csv"]', 'dataset = "data"\nrate_hz = 20')
    (folder / "project.toml").write_text(text)
    with pytest.raises(UserError, match=r"data\.rate_hz has no effect"):
        read_project(folder)


def test_a_file_is_named_once_in_a_message(folder: Path) -> None:
    (folder / "project.toml").write_text(GOOD.replace('"wrist"', "3"))
    with pytest.raises(UserError) as e:
        read_project(folder)
    assert str(e.value).count("project.toml") == 1


def test_stars_in_folders(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c.csv").write_text("")
    assert expand(folder, "a/*/*.csv") == expand(folder, "a/**/*.csv") == [folder / "a/b/c.csv"]


@pytest.mark.parametrize("name", ["os", "a.b", "..", ""])
def test_what_is_no_package_of_files(folder: Path, name: str) -> None:
    with pytest.raises(UserError, match="names no Python package") as e:
        expand(folder, f"package:{name}/x")
    assert "install" not in str(e.value)
