"""`tinsmith tune`: what changed as table and JSON, what takes it, and wrong arguments."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tinsmith.flow.model import write_graph
from tinsmith.testing.uses import draw

Call = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_graph(draw(5, 3, "dense").graph, tmp_path / "m.tinsmith")


def answer(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.emulator
def test_before_and_after_are_told_and_then_taken(model: Path, tinsmith: Call) -> None:
    how = (model, "--board", "nucleo_l4r5zi", "--optimize", "size")
    found = answer(tinsmith("tune", *how, "--json"))
    assert found["after"]["flash"] <= found["before"]["flash"]
    names = {"layer", "stage", "before", "after", "time_before", "time_after"}
    assert names == found["layers"][0].keys()
    text = tinsmith("tune", *how).stdout
    assert "0 built and 0 run now" in text and "m.tinsmith.lock" in text
    measured = answer(tinsmith("measure", *how, "--json"))
    assert measured["flash_bytes"] == found["after"]["flash"]
    assert measured["ram_bytes"] == found["after"]["ram"]
    other = tinsmith("measure", *how[:3], "--optimize", "speed")
    assert "m.tinsmith.lock is not used for nucleo_l4r5zi: it was tuned for size" in other.stderr


@pytest.mark.emulator
def test_a_project_is_tuned_and_its_runs_take_it(small: Path, tinsmith: Call) -> None:
    """Signal processing and network apart."""
    how = ("--project", small, "--board", "nucleo_l4r5zi", "--json")
    found = answer(tinsmith("tune", *how, "--optimize", "speed"))
    assert found["after"]["time"] < found["before"]["time"] and found["unit"] == "model cycles"
    assert {"statistics", "quantise"} < found["stages"].keys()
    assert f'nucleo_l4r5zi".tuned."{found["toolchain"]}' in (small / "tinsmith.lock").read_text()
    (measured,) = answer(tinsmith("measure", *how))  # type: ignore[misc]
    assert measured["quantities"]["flash"]["value"] == found["after"]["flash"]
    again = answer(tinsmith("tune", *how, "--optimize", "speed"))
    assert (again["built"], again["ran"]) == (0, 0)


def test_a_project_is_tuned_for_a_known_aim_only(small: Path, tinsmith: Call) -> None:
    done = tinsmith("tune", "--project", small, "--board", "rpi_pico", "--optimize", "fast")
    assert done.returncode == 2 and "Optimisation 'fast' is unknown" in done.stderr
    assert "executed" not in done.stderr and not (small / "tinsmith.lock").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("m.tinsmith", "-b", "host"), "Nothing counts the instructions of layers on 'host'"),
        (("m.tinsmith", "-b", "no_such_board"), "no_such_board"),
        (("m.tinsmith", "-b", "rpi_pico", "--max-flash", "0"), "max-flash"),
        (("none.tinsmith", "-b", "rpi_pico"), "There is no file"),
        (("m.tinsmith", "-b", "rpi_pico", "--choices", "/"), "is a folder"),
        (("m.tinsmith", "-b", "rpi_pico", "--optimize", "beauty"), "beauty"),
        (("-b", "rpi_pico", "--runner", "unicorn"), "--runner: only for a model file"),
    ],
)
def test_wrong_input_is_told(
    model: Path, tinsmith: Call, arguments: tuple[str, ...], told: str
) -> None:
    done = tinsmith("tune", *(model.parent / a if "tinsmith" in a else a for a in arguments))
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    assert not model.with_name("m.tinsmith.lock").exists()
