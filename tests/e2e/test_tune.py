"""`tinsmith tune`: what changed as table and JSON, and what is wrong with arguments."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tinsmith.flow.model import write_graph
from tinsmith.testing.uses import draw


def run(folder: Path, *arguments: str, command: str = "tune") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "tinsmith.cli", command, *arguments]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.emulator
def test_before_and_after_are_told_and_then_taken(tmp_path: Path) -> None:
    write_graph(draw(5, 3, "dense").graph, tmp_path / "m.tinsmith")
    how = ("m.tinsmith", "--board", "nucleo_l4r5zi", "--optimize", "size")
    done = run(tmp_path, *how, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["after"]["flash"] <= found["before"]["flash"]
    assert {"layer", "before", "after", "time_before", "time_after"} == found["layers"][0].keys()
    text = run(tmp_path, *how).stdout
    assert "0 built and 0 run now" in text and "m.tinsmith.lock" in text
    measured = json.loads(run(tmp_path, *how, "--json", command="measure").stdout)
    assert measured["flash_bytes"] == found["after"]["flash"]
    assert measured["ram_bytes"] == found["after"]["ram"]
    other = run(tmp_path, *how[:3], "--optimize", "speed", command="measure")
    assert "m.tinsmith.lock is not used for nucleo_l4r5zi: it was tuned for size" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("m.tinsmith", "-b", "host"), "Nothing counts the instructions of layers on 'host'"),
        (("m.tinsmith", "-b", "rpi_pico", "--max-flash", "0"), "max-flash"),
        (("none.tinsmith", "-b", "rpi_pico"), "There is no file"),
        (("m.tinsmith", "-b", "rpi_pico", "--choices", "."), "is a folder"),
        (("m.tinsmith", "-b", "rpi_pico", "--optimize", "beauty"), "beauty"),
    ],
)
def test_wrong_input_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    write_graph(draw(5, 1, "dense").graph, tmp_path / "m.tinsmith")
    done = run(tmp_path, *arguments)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "m.tinsmith.lock").exists()
