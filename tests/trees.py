"""A copy of the tree to plant violations in, and the very commands that `make check` runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    "src", "scripts", "docs", "tests", "examples", "benchmarks", "changelog.d", "Makefile",
    "pyproject.toml", "constraints.txt", "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md",
    "SECURITY.md", "LICENSE",
)  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """A copy of the repository without its history."""

    root: Path

    def write(self, path: str, text: str) -> None:
        """Make or replace a file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def append(self, path: str, text: str) -> None:
        """Add to the end of a file."""
        with (self.root / path).open("a", encoding="utf-8") as f:
            f.write(text)

    def make(self, target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``make target`` in the copy, with the environment that runs these tests, not a new
        one."""
        venv = Path(sys.prefix)
        command = ["make", target, f"VENV={venv}", "INSTALLED=", *arguments]
        return self.run(*command)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Any command in the copy; Python finds the copy's tinsmith first."""
        env = {**os.environ, "PYTHONPATH": str(self.root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        env.pop("MAKEFLAGS", None)
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A fresh copy: plant what you like."""
    return copy_tree(tmp_path / "tree")


@pytest.fixture
def fails() -> Callable[..., None]:
    """``fails(result, *words)``: the gate said no, and named all of the words."""

    def check(result: subprocess.CompletedProcess[str], *words: str) -> None:
        output = result.stdout + result.stderr
        assert result.returncode != 0, output
        for word in words:
            assert word in output, output

    return check


def copy_tree(to: Path) -> Tree:
    to.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.pyc", "build-output")
    for part in PARTS:
        path = ROOT / part
        if path.is_dir():
            shutil.copytree(path, to / part, ignore=_without_built(ignore))
        elif path.exists():
            shutil.copy2(path, to / part)
    return Tree(to)


def _without_built(ignore: Callable) -> Callable:
    def left_out(folder: str, names: list[str]) -> set[str]:
        built = {"build"} if Path(folder).parent.name == "examples" else set()
        return set(ignore(folder, names)) | built

    return left_out
