"""A missing tool fails `make check` by name; without --require-tools it is a named skip."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from trees import Tree

TEST = """
def test_needs_a_tool(require_tool):
    assert require_tool("no-such-tool-anywhere")
"""
ONLY = "TEST_ARGS=-rs -p no:cacheprovider tests/unit/test_planted.py"


def test_a_missing_tool_fails_with_require_tools(
    tree, fails: Callable, monkeypatch, pytestconfig: pytest.Config
) -> None:
    tree.write("tests/unit/test_planted.py", TEST)
    stand_ins(tree, conftest(pytestconfig).TOOLS, 0, monkeypatch)  # all that is asked for at once
    fails(tree.make("test", "REQUIRE=1", ONLY), "no-such-tool-anywhere is not there")


def test_a_missing_tool_is_a_named_skip_without(tree, monkeypatch) -> None:
    monkeypatch.delenv("REQUIRE", raising=False)  # where continuous integration runs this
    tree.write("tests/unit/test_planted.py", TEST)
    result = tree.make("test", ONLY)
    assert result.returncode == 0 and "no-such-tool-anywhere is not there" in result.stdout


HALF = """
def test_needs_a_whole_compiler(require_tool):
    assert require_tool("half-gcc")
    require_tool("half-gcc", "stdio.h")
"""


def test_a_compiler_without_its_library_is_a_named_skip(tree, monkeypatch) -> None:
    """gcc-arm-none-eabi without newlib is there and compiles no program of a user."""
    tree.write("tests/unit/test_planted.py", HALF)
    stand_ins(tree, ["half-gcc"], 1, monkeypatch)
    monkeypatch.delenv("REQUIRE", raising=False)
    result = tree.make("test", ONLY)
    assert result.returncode == 0 and "stdio.h of half-gcc is not there" in result.stdout


def test_check_names_the_library_that_a_compiler_lacks(tree, fails: Callable, monkeypatch) -> None:
    tree.write("tests/unit/test_planted.py", "def test_nothing(): pass\n")
    stand_ins(tree, ["arm-none-eabi-gcc"], 1, monkeypatch)
    result = tree.make("check-tests", ONLY)
    fails(result, "missing on this machine", "stdio.h of arm-none-eabi-gcc")


def stand_ins(tree: Tree, tools: Sequence[str], status: int, monkeypatch) -> None:
    """Tools that do nothing and exit with this status, first in PATH."""
    for tool in tools:
        tree.write(f"bin/{tool}", f"#!/bin/sh\nexit {status}\n")
        (tree.root / "bin" / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tree.root / 'bin'}{os.pathsep}{os.environ['PATH']}")


def test_a_missing_compiler_fails_check_before_any_test(
    tree, fails: Callable, monkeypatch, require_tool
) -> None:
    """The very command of `make check` behind its gates, on a machine without the apt tools."""
    tree.write("tests/unit/test_planted.py", "def test_nothing(): pass\n")
    bare = tree.root / "bin"
    bare.mkdir()
    for tool in ("make", "git", "sh"):
        (bare / tool).symlink_to(require_tool(tool))
    monkeypatch.setenv("PATH", str(bare))
    result = tree.make("check-tests", ONLY)
    fails(result, "missing on this machine", "arm-none-eabi-gcc", "qemu-system-riscv32")


def test_a_missing_package_fails_check_before_any_test(tree, fails: Callable) -> None:
    tree.write("tests/unit/test_planted.py", "def test_nothing(): pass\n")
    conftest = tree.root / "tests" / "conftest.py"
    text = conftest.read_text().replace('"wasmtime")', '"wasmtime", "no_such_package")')
    conftest.write_text(text)
    fails(tree.make("check-tests", ONLY), "missing on this machine", "no_such_package")


def test_every_package_that_tests_go_without_is_asked_for(pytestconfig: pytest.Config) -> None:
    tests = Path(__file__).resolve().parents[1]
    skipped = {
        name
        for path in tests.rglob("test_*.py")
        for name in re.findall(r'importorskip\(\s*"(\w+)', path.read_text(encoding="utf-8"))
    }
    assert skipped == set(conftest(pytestconfig).MODULES)


def conftest(config: pytest.Config) -> Any:
    """The conftest.py that all tests share."""
    return config.pluginmanager.get_plugin(str(Path(__file__).resolve().parents[1] / "conftest.py"))


def test_check_runs_every_gate(tree) -> None:
    """What the other tests of this folder plant into is what `make check` runs."""
    plan = tree.make("check", "--dry-run").stdout
    for part in ("ruff format --check", "ruff check", "-m mypy", "lint-imports", "sizes.py",
                 "words.py", "documented.py", "reference.py --check",
                 "--require-tools --campaign 0.01"):  # fmt: skip
        assert part in plan, plan
