"""Where compiled things are kept, by the environment."""

from pathlib import Path

import pytest

from tinsmith.flow.places import default_cache


@pytest.mark.parametrize(
    ("named", "folder"),
    [
        ({}, "home/.cache/tinsmith"),
        ({"XDG_CACHE_HOME": "{}/xdg"}, "xdg/tinsmith"),
        ({"XDG_CACHE_HOME": "relative"}, "home/.cache/tinsmith"),
        ({"LOCALAPPDATA": "{}/local"}, "local/tinsmith"),
        ({"XDG_CACHE_HOME": "{}/xdg", "TINSMITH_CACHE": "{}/own"}, "own"),
    ],
)
def test_the_users_cache(
    named: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TINSMITH_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for name, value in named.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    assert default_cache() == tmp_path / folder
