"""Exit codes and messages: 0 done, 2 the user can mend it, 1 our bug with an id and a log."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tinsmith.cli import main
from tinsmith.core.errors import MissingTool, UserError


def app_that(error: BaseException | None) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def do() -> None:
        if error is not None:
            raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (None, 0, ""),
        (UserError("a.b", "The file is empty.", "Record again."), 2, "The file is empty."),
        (MissingTool("zig", "Try: pip install ziglang"), 2, "pip install ziglang"),
        (KeyboardInterrupt(), 2, "interrupted."),
    ],
)
def test_exit_codes(
    error: BaseException | None,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(main, "make_app", lambda: app_that(error))
    assert main.call([]) == code
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err
    assert err.count("tinsmith: ") == (code != 0)


def test_a_bug_has_an_id_and_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(main, "make_app", lambda: app_that(ZeroDivisionError("7/0")))
    assert main.call([]) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    found = re.search(r"Please send us (\S+)\.$", err, re.MULTILINE)
    assert found
    log = Path(found[1])
    assert "ZeroDivisionError: 7/0" in log.read_text()
    assert log.stem in err
    log.unlink()


def test_an_interrupt_inside_exec_is_an_interrupt(tmp_path: Path) -> None:
    lines = (
        "import sys, typer",
        "from tinsmith.cli import main",
        "app = typer.Typer()",
        "app.command()(lambda: exec('raise KeyboardInterrupt'))",
        "main.make_app = lambda: app",
        "sys.exit(main.call([]))",
    )
    (tmp_path / "interrupted.py").write_text("\n".join(lines))
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("interrupted.\n")) == (2, 1), done.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["run", "--nonsense"], ["board", "show"]])
def test_wrong_usage_is_the_users(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main.call(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_is_light() -> None:
    """--help imports nothing heavy, so it is there at once."""
    heavy = "numpy torch matplotlib sklearn unicorn jinja2"
    code = (
        "import sys; from tinsmith.cli.main import call; assert call(['--help']) == 0;"
        f"sys.exit(str([m for m in {heavy.split()} if m in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    for command in ("init", "data", "train", "compile", "measure", "prove", "run", "report"):
        assert re.search(rf"\b{command}\b", done.stdout)


def test_a_disk_that_refuses_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert main.call(["init", str(tmp_path / "file" / "x")]) == 2
    assert "is a file; a folder is needed" in capsys.readouterr().err
    monkeypatch.setattr(main, "make_app", lambda: app_that(OSError(28, "No space left", "/full")))
    assert main.call([]) == 2
    assert "tinsmith: /full: No space left." in capsys.readouterr().err


def test_a_reader_that_has_enough_meets_no_bug() -> None:
    """As in `tinsmith kinds | head -1`: nobody reads on."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "tinsmith.cli", "kinds"]
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")
