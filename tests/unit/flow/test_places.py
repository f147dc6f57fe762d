"""Places to write to are refused before the work begins."""

import re
import shutil
from pathlib import Path

import pytest

import tinsmith
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.flow.journal import Nobody
from tinsmith.flow.model_target import choose_target
from tinsmith.flow.open import open_project
from tinsmith.flow.places import check_cache, check_output, check_output_folder
from tinsmith.flow.start import begin, import_into


def test_good_places_are_taken_and_nothing_is_made(tmp_path: Path) -> None:
    check_output(tmp_path / "new" / "deep" / "y.npz")
    check_output_folder(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "y.npz").touch()
    check_output(tmp_path / "y.npz")


def test_a_relative_place_is_meant_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_output(Path("y.npz"))
    check_output_folder(Path("a/b"))
    Path("a").touch()
    with pytest.raises(UserError, match="a is a file"):
        check_output_folder(Path("a/b"))


def test_a_folder_as_file_and_a_file_as_folder_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError, match=f"{tmp_path} is a folder") as e:
        check_output(tmp_path)
    assert e.value.code == "output.place" and e.value.hint
    for place in (file / "y.npz", file / "deep" / "y.npz"):
        with pytest.raises(UserError, match=f"{file} is a file"):
            check_output(place)


def test_a_folder_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refusing(dir: Path) -> None:
        asked.append(dir)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tinsmith.flow.places.tempfile.TemporaryFile", refusing)  # root may write
    with pytest.raises(UserError, match=rf"{tmp_path} cannot be written \(Permission denied\)"):
        check_output_folder(tmp_path / "new")
    assert asked == [tmp_path]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc on this system")
@pytest.mark.parametrize("place", ["/proc/x", "/proc/x/y.npz", "/dev/null", "/proc/self/exe/y"])
def test_file_systems_that_take_no_files_are_named(place: str) -> None:
    """Of all users: root has every permission there and still cannot write."""
    with pytest.raises(UserError) as e:
        check_output(Path(place))
    assert e.value.code == "output.place"


def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UserError, match="link is no plain file"):
        check_output(tmp_path / "link")
    with pytest.raises(UserError, match="too long"):
        check_output(tmp_path / ("x" * 300))


def test_a_cache_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_cache(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told_before_any_compiler_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cache folder .*file.* cannot be written") as e:
        choose_target("host", cache=tmp_path / "file")
    assert e.value.code == "cache.folder" and "TINSMITH_CACHE" in e.value.hint


def test_one_function_reads_the_environment() -> None:
    """Beside it only the sandbox's child, which empties its own."""
    package = Path(tinsmith.__file__).parent
    reading = {
        path.relative_to(package).as_posix(): re.findall(r"os\.environ\b.*|getenv.*", text)
        for path in package.rglob("*.py")
        if re.search(r"os\.environ\b|getenv", text := path.read_text(encoding="utf-8"))
    }
    assert reading.pop("core/sandbox.py")
    assert list(reading) == ["flow/places.py"] and len(reading["flow/places.py"]) == 2


def test_a_project_that_compiles_nothing_needs_no_cache(tmp_path: Path) -> None:
    """Its data can be looked at from a home that cannot be written."""
    begin(tmp_path, [], [], Silent())
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.csv").write_text("")
    (tmp_path / "file").touch()
    steps = open_project(tmp_path, Nobody(), tmp_path / "file")
    with pytest.raises(UserError, match=r"cache folder .*file.* cannot be written") as e:
        assert steps.objects
    assert e.value.code == "cache.folder"


def test_the_users_projects_share_what_compilers_make(tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        begin(tmp_path / name, [], [], Silent())
        (tmp_path / name / "recordings").mkdir()
        (tmp_path / name / "recordings" / "a.csv").write_text("")
        folders.append(open_project(tmp_path / name, Nobody(), tmp_path / "user").objects)
    assert folders == [tmp_path / "user" / "objects"] * 2


def test_what_a_project_writes_is_tried_before_its_first_step(tmp_path: Path) -> None:
    begin(tmp_path, [], [], Silent())
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.csv").write_text("acc_x,acc_y,acc_z\n1,2,3\n")
    (tmp_path / "build").touch()
    open_project(tmp_path, Nobody(), tmp_path)
    with pytest.raises(UserError, match="build is a file"):
        open_project(tmp_path, Nobody(), tmp_path, delivers=True)
    shutil.rmtree(tmp_path / ".tinsmith")
    (tmp_path / ".tinsmith").touch()
    with pytest.raises(UserError, match=r"\.tinsmith is a file"):
        open_project(tmp_path, Nobody(), tmp_path)


def test_a_project_and_a_dataset_need_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file"):
        begin(tmp_path / "file" / "new", [], [], Silent())
    with pytest.raises(UserError, match="file is a file"):
        import_into(tmp_path, "file/data", [tmp_path / "lost.csv"], [], Silent())
