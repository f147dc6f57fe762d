"""The size gate: it holds here, and it catches what is too large."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ALLOW_LIST = Path(__file__).with_name("allow_list.toml")


def long_function(lines: int, name: str = "long") -> str:
    body = "\n".join(f"    x = {n}" for n in range(lines - 1))
    return f'\n\ndef {name}() -> int:\n    """Too long."""\n{body}\n    return x\n'


def test_the_tree_keeps_its_sizes(tree) -> None:
    result = tree.make("gate-sizes")
    assert result.returncode == 0, result.stdout


def test_a_body_of_30_lines_passes_and_31_do_not(tree, fails: Callable) -> None:
    tree.append("src/tinsmith/core/units.py", long_function(30))
    assert "units.py" not in tree.make("gate-sizes").stdout
    tree.append("src/tinsmith/core/units.py", long_function(31, "longer"))
    fails(tree.make("gate-sizes"), "core/units.py:longer: function has 31, allowed are 30")


@pytest.mark.parametrize(
    ("path", "lines", "allowed"),
    [("src/tinsmith/core/new.py", 401, 400), ("src/tinsmith/kernels/ref/new.c", 401, 400),
     ("tests/unit/test_new.py", 801, 800)],
)  # fmt: skip
def test_a_long_file_is_named(tree, fails: Callable, path: str, lines: int, allowed: int) -> None:
    tree.write(path, "\n" * lines)
    fails(tree.make("gate-sizes"), f"{path}: file has {lines}, allowed are {allowed}")


def test_a_sixth_parameter_is_named(tree, fails: Callable) -> None:
    tree.append("src/tinsmith/core/units.py", "\n\ndef f(a, b, c, *, d, e, f): ...\n")
    fails(tree.make("gate-sizes"), "units.py:f: parameters has 6, allowed are 5")


def test_a_checker_that_grows_is_named(tree, fails: Callable) -> None:
    folder = "src/tinsmith/prove/certificate/checker"
    text = '"""Words."""\n# words\n\n'
    tree.write(f"{folder}/more.py", text * 100)
    assert "allowed are" not in tree.make("gate-sizes").stdout
    tree.write(f"{folder}/more.py", text + "x = 1\n" * 300)
    fails(tree.make("gate-sizes"), "allowed are 499")


def entry(where: str, size: int, reason: str = "because") -> str:
    text = f'[[allow]]\nkind = "function"\nwhere = "{where}"\nsize = {size}\n'
    return f'\n{text}reason = "{reason}"\n'


def test_the_allow_list_cannot_grow_or_pass_the_hard_limit(tree, fails: Callable) -> None:
    where = "src/tinsmith/core/units.py:long"
    tree.append("src/tinsmith/core/units.py", long_function(40))
    tree.append("tests/gates/allow_list.toml", entry(where, 40))
    assert "units.py" not in tree.make("gate-sizes").stdout
    units = tree.root / "src/tinsmith/core/units.py"
    units.write_text(units.read_text().replace("    x = 7\n", "    x = 7\n    x = 8\n"))
    fails(tree.make("gate-sizes"), "function has 41, allowed are 40")
    tree.append("src/tinsmith/core/units.py", long_function(61, "huge"))
    tree.append("tests/gates/allow_list.toml", entry(where.replace("long", "huge"), 61))
    fails(tree.make("gate-sizes"), "units.py:huge: function has 61, allowed are 60")


def test_an_entry_that_nothing_needs_is_an_error(tree, fails: Callable) -> None:
    tree.append("tests/gates/allow_list.toml", entry("src/tinsmith/core/units.py:bytes_text", 40))
    fails(tree.make("gate-sizes"), "bytes_text: function needs no entry")


def test_an_entry_without_a_reason_allows_nothing(tree, fails: Callable) -> None:
    tree.append("src/tinsmith/core/units.py", long_function(40))
    tree.append("tests/gates/allow_list.toml", entry("src/tinsmith/core/units.py:long", 40, ""))
    fails(tree.make("gate-sizes"), "allowed are 30")


def test_each_entry_has_a_size_and_a_reason() -> None:
    for row in tomllib.loads(ALLOW_LIST.read_text()).get("allow", []):
        assert len(row["reason"]) > 20 and row["size"] > 5 and row["kind"] and row["where"]
