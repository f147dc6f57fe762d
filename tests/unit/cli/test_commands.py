"""Every command of the catalogue has help, an example and few lines."""

import inspect

import pytest
from typer.testing import CliRunner

from tinsmith.cli.command import COMMANDS
from tinsmith.cli.kinds import listing
from tinsmith.cli.main import make_app
from tinsmith.core.errors import UnknownKind


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
