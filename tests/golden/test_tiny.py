"""Generated C is reviewed like written C: a change shows as a diff of tests/golden/generated."""

import runpy
from pathlib import Path

TINY = runpy.run_path(str(Path(__file__).with_name("tiny.py")))


def test_generated_files_are_the_committed_ones() -> None:
    folder: Path = TINY["FOLDER"]
    committed = {
        str(p.relative_to(folder)): p.read_text(encoding="utf-8")
        for p in folder.rglob("*")
        if p.is_file()
    }
    made = TINY["generated"]()
    assert sorted(made) == sorted(committed), "run `make golden` and look at the diff"
    for path, text in made.items():
        assert text == committed[path], f"{path} changed: run `make golden` and look at the diff"


def test_update_writes_what_is_generated_and_removes_the_rest(tmp_path: Path) -> None:
    (tmp_path / "old.c").write_text("old")
    TINY["write"](tmp_path)
    assert not (tmp_path / "old.c").exists()
    name = "network/model_network.c"  # Arduino has a header Network.h
    assert (tmp_path / name).read_text() == TINY["generated"]()[name]
