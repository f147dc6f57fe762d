"""No unfinished marks, stubs, swallowed errors or paths of one machine."""

from collections.abc import Callable

import pytest

# in pieces, so that this file itself passes the gate
PLANTS = {
    "an unfinished mark": "# TO" + "DO: later",
    "a stub": "raise NotImpl" + "ementedError",
    "a path of one machine": "x = '/ho" + "me/someone/data'",
    "a bare type: ignore": "x = 1  # type: " + "ignore",
    "a bare noqa": "x = 1  # no" + "qa",
    "an error swallowed": "except Exception" + ":",
    "a folder name that says nothing": "import tinsmith.core." + "utils",
}


def test_the_tree_is_clean(tree) -> None:
    result = tree.make("gate-words")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("what", PLANTS)
def test_a_planted_word_is_named(tree, fails: Callable, what: str) -> None:
    path = "src/tinsmith/core/units.py"
    line = len((tree.root / path).read_text("utf-8").splitlines()) + 1
    tree.append(path, PLANTS[what] + "\n")
    fails(tree.make("gate-words"), f"units.py:{line}: {what}")


@pytest.mark.parametrize("path", ["docs/howto/x.md", "Makefile", "src/tinsmith/build/x/x.ld"])
def test_all_kinds_of_files_are_read(tree, fails: Callable, path: str) -> None:
    if not (tree.root / path).exists():
        tree.write(path, "")
    tree.append(path, "# " + PLANTS["an unfinished mark"] + "\n")
    fails(tree.make("gate-words"), "an unfinished mark")
