"""A missing tool fails `make check` by name; without --require-tools it is a named skip."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

TEST = """
def test_needs_a_tool(require_tool):
    assert require_tool("no-such-tool-anywhere")
"""
ONLY = "TEST_ARGS=-rs -p no:cacheprovider tests/unit/test_planted.py"


def test_a_missing_tool_fails_with_require_tools(tree, fails: Callable) -> None:
    tree.write("tests/unit/test_planted.py", TEST)
    fails(tree.make("test", "REQUIRE=1", ONLY), "no-such-tool-anywhere is not there")


def test_a_missing_tool_is_a_named_skip_without(tree, monkeypatch) -> None:
    monkeypatch.delenv("REQUIRE", raising=False)  # where continuous integration runs this
    tree.write("tests/unit/test_planted.py", TEST)
    result = tree.make("test", ONLY)
    assert result.returncode == 0 and "no-such-tool-anywhere is not there" in result.stdout


def test_a_missing_compiler_fails_check_before_any_test(tree, fails: Callable, monkeypatch) -> None:
    """The very command of `make check` behind its gates, on a machine without the apt tools."""
    tree.write("tests/unit/test_planted.py", "def test_nothing(): pass\n")
    bare = tree.root / "bin"
    bare.mkdir()
    for tool in ("make", "git", "sh"):
        (bare / tool).symlink_to(_which(tool))
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
    asked = pytestconfig.pluginmanager.get_plugin(str(tests / "conftest.py")).MODULES
    skipped = {
        name
        for path in tests.rglob("test_*.py")
        for name in re.findall(r'importorskip\(\s*"(\w+)', path.read_text(encoding="utf-8"))
    }
    assert skipped == set(asked)


def test_check_runs_every_gate(tree) -> None:
    """What the other tests of this folder plant into is what `make check` runs."""
    plan = tree.make("check", "--dry-run").stdout
    for part in ("ruff format --check", "ruff check", "-m mypy", "lint-imports", "sizes.py",
                 "words.py", "documented.py", "reference.py --check",
                 "--require-tools --campaign 0.01"):  # fmt: skip
        assert part in plan, plan


def _which(tool: str) -> Path:
    found = shutil.which(tool)
    assert found
    return Path(found)
