"""Places to write to are refused before the work begins."""

from pathlib import Path

import pytest

from tinsmith.core.errors import UserError
from tinsmith.flow.model_target import choose_target
from tinsmith.flow.places import check_cache, check_output, check_output_folder


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

    def refusing(path: Path, mode: int) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr("tinsmith.flow.places.os.access", refusing)  # root may write anywhere
    with pytest.raises(UserError, match=f"{tmp_path} cannot be written"):
        check_output_folder(tmp_path / "new")
    assert asked == [tmp_path]


def test_a_cache_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_cache(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told_before_any_compiler_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cache folder .*file.* cannot be written") as e:
        choose_target("host", cache=tmp_path / "file")
    assert e.value.code == "cache.folder" and "TINSMITH_CACHE" in e.value.hint
