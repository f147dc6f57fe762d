"""Exit codes and messages: 0 done, 2 the user can mend it, 1 our bug with an id and a log."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from tinsmith.cli import main
from tinsmith.core.errors import Cancelled, MissingTool, UserError


def app_that(error: BaseException | None) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def do() -> None:
        if error is not None:
            raise error

    return app


def raised_from(cause: BaseException, error: Exception, hidden: bool = False) -> Exception:
    """An error that something else was turned into; ``hidden``: without naming it as its cause."""
    try:
        try:
            raise cause
        except BaseException:  # noqa: BLE001 - as libraries do
            raise error from (None if hidden else cause)
    except Exception as e:  # noqa: BLE001
        return e


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (None, 0, ""),
        (raised_from(KeyboardInterrupt(), ImportError("init")), 130, "Cancelled."),
        (raised_from(KeyboardInterrupt(), UserError("a.b", "c", "")), 130, "Cancelled."),
        (raised_from(KeyboardInterrupt(), PermissionError(13, "no"), True), 130, "Cancelled."),
        (raised_from(KeyError("x"), UserError("a.b", "An x is missing.", "")), 2, "is missing."),
        (UserError("a.b", "The file is empty.", "Record again."), 2, "The file is empty."),
        (MissingTool("zig", "Try: pip install ziglang"), 2, "pip install ziglang"),
        (KeyboardInterrupt(), 130, "Cancelled."),
        (Cancelled(), 130, "the same command goes on from there."),
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
    assert (done.returncode, done.stderr.count("Cancelled.\n")) == (130, 1), done.stderr


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


def test_with_json_errors_are_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """On stderr, the last line; the exit code is the same as without."""

    def error(arguments: list[str]) -> tuple[int, dict]:
        code, said = main.call(arguments), capsys.readouterr()
        assert said.out == ""
        return code, json.loads(said.err.splitlines()[-1])["error"]

    code, got = error(["board", "show", "rpi_pic", "--json"])
    assert (code, got["code"]) == (2, "board.unknown")
    assert "Did you mean 'rpi_pico'?" in got["message"] and got["hint"].startswith("Known: ")
    for wrong in (["run", "--nonsense", "--json"], ["nonsense", "--json"], ["board", "--json"]):
        code, got = error(wrong)
        assert (code, got["code"]) == (2, "cli.usage") and got["message"]
    bug = ZeroDivisionError("7/0")
    for raised, code, name in ((KeyboardInterrupt(), 130, "cancelled"), (bug, 1, "bug")):
        app = typer.Typer()

        def do(json: bool = False) -> None:
            raise raised  # noqa: B023 - called in this turn

        app.command()(do)
        monkeypatch.setattr(main, "make_app", lambda: app)  # noqa: B023 - called in this turn
        got_code, got = error(["--json"])
        assert (got_code, got["code"]) == (code, name)
        assert set(got) == {"code", "message", "hint"}
    Path(got["hint"].removeprefix("Please send us ").removesuffix(".")).unlink()


@pytest.mark.parametrize(
    ("system", "machine", "works"),
    [("linux", "x86_64", True), ("linux", "aarch64", True), ("darwin", "arm64", True),
     ("win32", "AMD64", False), ("linux", "riscv64", False), ("freebsd14", "amd64", False)],
)  # fmt: skip
def test_a_system_that_does_not_work_is_told_first(
    system: str, machine: str, works: bool, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(main.sys, "platform", system)
    monkeypatch.setattr(main.platform, "machine", lambda: machine)
    assert main.call(["--version"]) == (0 if works else 2)
    said = capsys.readouterr().err.splitlines()
    if not works:
        assert said[0] == f"tinsmith: tinsmith does not work on this system ({system}, {machine})."
        assert "Linux on x86-64 and aarch64" in said[1]


def test_a_ctrl_c_that_python_drops_is_raised_again() -> None:
    """One that comes while a finaliser runs is only printed by Python."""

    class Dropping:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", main._heard)
        with pytest.raises(KeyboardInterrupt):
            _drop(Dropping())
            time.sleep(5)


def _drop(thing: object) -> None:
    del thing
