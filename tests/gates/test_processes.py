"""One place starts processes, and only the command line's side reads the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "tinsmith"
STARTS = {"core/process.py"}
"""Files that start processes."""
READS = {"flow/places.py", "core/sandbox.py"}
"""Files that read the environment: the default place of the cache; the sandbox's child empties
it."""


def imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def starters(files: dict[str, str]) -> set[str]:
    modules = {"subprocess", "multiprocessing", "pty"}
    return {
        name
        for name, text in files.items()
        if modules & set(imports(text)) or re.search(r"os\.(fork|spawn|posix_spawn|system)", text)
    }


def readers(files: dict[str, str]) -> set[str]:
    return {n for n, text in files.items() if re.search(r"os\.(environ|getenv)\b", text)}


def sources() -> dict[str, str]:
    return {p.relative_to(SOURCES).as_posix(): p.read_text() for p in SOURCES.rglob("*.py")}


def test_processes_are_started_in_one_place() -> None:
    found = {f for f in starters(sources()) if f != "core/sandbox.py"}  # names what it refuses
    assert found == STARTS
    planted = {"a.py": "from subprocess import run", "b.py": "import subprocess", "c.py": "x = 1"}
    assert starters(planted) == {"a.py", "b.py"}


def test_the_environment_is_read_in_one_place() -> None:
    assert {f for f in readers(sources()) if not f.startswith("cli/")} == READS
    assert readers({"a.py": "import os\nos.environ['X']", "b.py": "os.getenv('X')"}) == {
        "a.py", "b.py"
    }  # fmt: skip
