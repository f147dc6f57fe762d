"""Catalogues list without importing, name the nearest, and refuse what breaks their promise."""

from importlib import import_module
from pathlib import Path

import pytest

from tinsmith.core.catalogue import Catalogue, ResourceCatalogue
from tinsmith.core.errors import InternalError, MissingTool, UnknownKind


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    package = f"things_{tmp_path.name}"  # of its own: modules of a name are imported once
    folder = tmp_path / package
    folder.mkdir()
    code = "from thing_type import Thing\n"
    (tmp_path / "thing_type.py").write_text(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Thing:\n    name: str\n"
    )
    (folder / "__init__.py").write_text("")
    (folder / "_private.py").write_text("raise SystemExit")
    (folder / "dense.py").write_text(
        f'"""A dense thing.\n\nMore."""\n{code}THING = Thing("dense")\n'
    )
    (folder / "fancy.py").write_text('"""Fancy."""\nimport no_such_package_anywhere\n')
    (folder / "liar.py").write_text(f'{code}THING = Thing("other")\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    return Catalogue("thing", package, import_module("thing_type").Thing)


def test_listing_imports_nothing(things: Catalogue) -> None:
    assert things.names() == ["dense", "fancy", "liar"]


def test_get_and_summary(things: Catalogue) -> None:
    assert things.get("dense").name == "dense"
    assert things.summary("dense") == "A dense thing."


def test_an_unknown_name_gets_a_suggestion(things: Catalogue) -> None:
    with pytest.raises(UnknownKind) as e:
        things.get("dens")
    assert "Did you mean 'dense'?" in e.value.message and "fancy" in e.value.hint
    assert e.value.code == "thing.unknown"


def test_a_missing_package_is_named_when_used(things: Catalogue) -> None:
    with pytest.raises(MissingTool, match="no_such_package_anywhere"):
        things.get("fancy")


def test_a_file_whose_object_has_another_name_is_our_bug(things: Catalogue) -> None:
    with pytest.raises(InternalError, match="named 'liar'"):
        things.get("liar")


def test_resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = f"rows_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / package / "one.toml").write_text("é")
    monkeypatch.syspath_prepend(str(tmp_path))
    rows = ResourceCatalogue("row", package, ".toml", lambda name, text: (name, text))
    assert rows.names() == ["one"] and list(rows.all()) == [("one", "é")]
    with pytest.raises(UnknownKind, match="Did you mean 'one'"):
        rows.get("on")


@pytest.fixture
def grouped(things: Catalogue, tmp_path: Path) -> Catalogue:
    """A folder that is a kind, and one that holds two."""
    folder = tmp_path / things.package
    code = "from thing_type import Thing\n"
    for path, text in {
        "whole/__init__.py": f'{code}THING = Thing("whole")\n',
        "whole/inner.py": "raise SystemExit",
        "pair/__init__.py": "",
        "pair/left.py": f'"""A left thing."""\n{code}THING = Thing("left")\n',
        "pair/right.py": f"NAME = 'right'\n{code}THING = Thing(NAME)\n",
        "pair/_shared.py": "raise SystemExit",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return things


def test_a_folder_may_be_a_kind_or_hold_several(grouped: Catalogue) -> None:
    assert grouped.names() == ["dense", "fancy", "left", "liar", "right", "whole"]
    assert [grouped.get(n).name for n in ("whole", "left", "right")] == ["whole", "left", "right"]
    assert grouped.summary("left") == "A left thing."
    with pytest.raises(UnknownKind):
        grouped.get("inner")


def test_a_kind_that_two_files_declare_is_refused(grouped: Catalogue, tmp_path: Path) -> None:
    (tmp_path / grouped.package / "pair" / "dense.py").write_text("THING = None\n")
    with pytest.raises(InternalError, match="'dense' is declared twice"):
        grouped.names()


def test_a_declaration_is_read_without_importing(grouped: Catalogue, tmp_path: Path) -> None:
    assert grouped.listing("left", "name") == "left"
    with pytest.raises(InternalError, match="thing 'right': name must be a literal"):
        grouped.listing("right", "name")
    (tmp_path / grouped.package / "fancy.py").write_text(
        "import nowhere\nTHING = Thing(name='f')\n"
    )
    assert grouped.listing("fancy", "name") == "f"
    (tmp_path / grouped.package / "whole" / "__init__.py").write_text("THING = None\n")
    with pytest.raises(InternalError, match="must assign THING = Thing"):
        grouped.listing("whole", "name")
