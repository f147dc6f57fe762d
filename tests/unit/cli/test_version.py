"""The program says its version and needs no command for it."""

import pytest

from tinsmith import __version__
from tinsmith.cli.main import call


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["--version"]) == 0
    assert capsys.readouterr().out == f"tinsmith {__version__}\n"
