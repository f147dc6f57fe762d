"""Every command of the catalogue has help, an example and few lines."""

import inspect

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tinsmith.cli import show
from tinsmith.cli.command import COMMANDS
from tinsmith.cli.console import shown
from tinsmith.cli.kinds import listing
from tinsmith.cli.main import make_app
from tinsmith.cli.show import show_table
from tinsmith.core.errors import UnknownKind
from tinsmith.flow.journal import StepRecord


@pytest.mark.parametrize("name", COMMANDS.names())
def test_help_has_an_example(name: str) -> None:
    app = COMMANDS.get(name).app
    for info in app.registered_commands:
        part = [] if len(app.registered_commands) == 1 else [info.name or info.callback.__name__]
        shown = CliRunner().invoke(make_app(), [name, *part, "--help"])
        assert shown.exit_code == 0
        assert f"tinsmith {' '.join([name, *part])}" in " ".join(shown.output.split())


@pytest.mark.parametrize("name", COMMANDS.names())
def test_commands_hold_no_logic(name: str) -> None:
    for info in COMMANDS.get(name).app.registered_commands:
        lines, _ = inspect.getsourcelines(info.callback)
        assert len(lines) <= 30, info.callback


def test_kinds_listing() -> None:
    assert {"block", "board", "command", "op"} <= {row["kind"] for row in listing("", "")}
    assert "rpi_pico" in {row["board"] for row in listing("board", "")}
    assert listing("block", "spectral")[0]["parameter"] == "spectral"
    with pytest.raises(UnknownKind, match="Did you mean 'family'"):
        listing("famly", "")


def test_a_table_in_a_file_is_not_cut(capsys: pytest.CaptureFixture) -> None:
    show_table(("id", "what"), [("a", "[red]" + 300 * "x")])
    assert "[red]" + 300 * "x" in capsys.readouterr().out


def test_a_table_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(show, "out", lambda: Console(width=20, soft_wrap=True))
    show_table(("id", "what", "more"), [("nucleo_l4r5zi", "something", "else")])
    assert capsys.readouterr().out == "\nnucleo_l4r5zi\n  what  something\n  more  else\n"


def test_a_step_leaves_no_empty_line_in_a_file(capsys: pytest.CaptureFixture) -> None:
    with shown() as listener:
        listener.started("cut").advance(1, 2, "half")
        listener.finished(StepRecord("cut", "key", served=True, seconds=0.5))
    assert capsys.readouterr().out == f"  served    {'cut':<28}    0.50 s\n"
