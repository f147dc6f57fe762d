"""docs/howto/notebook.md: its blocks run in order, print what the page says, and are typed."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tinsmith.cli.main import call

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "notebook.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of the page and what stands under it as its output."""

    language: str
    text: str
    line: int
    prints: str | None


def blocks(file: Path = PAGE) -> Iterator[Block]:
    """All blocks of a page that do something, in order."""
    page = file.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(page))
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block[1] != "text":
            line = page[: block.start()].count("\n") + 2
            said = after[2] if after is not None and after[1] == "text" else None
            yield Block(block[1], block[2], line, said)


def agrees(wanted: str, got: str) -> bool:
    """Whether a text is the page's, in which ``...`` stands for anything in a line, and alone for
    any lines."""
    parts = re.split(r"(^\.\.\.\n|\.\.\.)", wanted, flags=re.MULTILINE)
    rest = {"...": "[^\n]*", "...\n": "(?:.*\n)*"}
    pattern = "".join(rest.get(p, re.escape(re.sub(r" +", " ", p))) for p in parts)
    return re.fullmatch(pattern, re.sub(r" +", " ", got)) is not None


def test_the_comparison_can_fail() -> None:
    assert agrees("a ... c\n...\nend\n", "a b c\nmore\nlines\nend\n")
    assert not agrees("25 324 instructions\n", "25 325 instructions\n")
    assert not agrees("a ... c\n", "a\nc\n")


def test_the_page_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("torch", "sklearn", "unicorn"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINSMITH_CACHE", str(ROOT / ".tools"))  # results hold the code's hash
    names: dict[str, object] = {"__name__": "notebook"}
    for block in blocks():
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            if block.language == "sh":
                assert call(block.text.split()[1:]) == 0, block.text
            else:
                # Empty lines before it, so that a traceback names the line of the page.
                code = compile("\n" * (block.line - 1) + block.text, str(PAGE), "exec")
                exec(code, names)
        if block.prints is not None:
            where = f"{PAGE.name}:{block.line} printed\n{out.getvalue()}"
            assert agrees(block.prints, out.getvalue()), where


CONFIG = """
[mypy]
strict = True
[mypy-tinsmith.*]
follow_imports = silent
[mypy-torch.*,sklearn.*]
ignore_missing_imports = True
follow_imports = skip
"""
REVEALS = {
    "model": "tinsmith.facade.model.Model",
    "small": "tinsmith.facade.quantise.Quantised",
    "compiled": "tinsmith.facade.compiled.Compiled",
    "proof.equal": "bool",
    "package.path": "pathlib.Path",
    "run.boards": "typing.Mapping[str, tinsmith.facade.project.BoardRun]",
    "ts.Compiled.load('x')": "tinsmith.facade.compiled.Compiled",
    "measured.flash": "tinsmith.core.quantity.Emulated",
    "ts.boards()['host']": "tinsmith.devices.board.Board",
}


def mypy(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    (folder / "mypy.ini").write_text(CONFIG)
    (folder / "notebook.py").write_text(script)
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--no-error-summary",
               f"--cache-dir={folder / 'kept'}", "notebook.py"]  # fmt: skip
    env = {"MYPYPATH": str(ROOT / "src"), "PATH": "", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_a_strict_type_checker_sees_the_types_of_the_page(tmp_path: Path) -> None:
    script = "\n".join(b.text for b in blocks() if b.language == "python")
    asked = script + "".join(f"\nreveal_type({e})" for e in REVEALS)
    found = mypy(tmp_path, asked)
    seen = re.findall(r'Revealed type is "(.*)"', found.stdout.replace("builtins.", ""))
    assert seen == list(REVEALS.values()), found.stdout + found.stderr
    assert "error:" not in found.stdout
    short = "\n".join(b.text for b in blocks(ROOT / "README.md") if b.language == "python")
    assert "ts.load(" in short
    assert mypy(tmp_path, short).stdout == ""
    wrong = mypy(tmp_path, script + "\nmeasured.flsh\nts.compile(small, board=3)\nts.lod('x')\n")
    assert wrong.stdout.count("error:") == 3, wrong.stdout
