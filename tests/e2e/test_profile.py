"""`tinsmith profile`: where the time of an inference goes, as table, JSON and picture."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinsmith.flow.model import write_graph
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType


def model(folder: Path) -> Path:
    """Two layers of floats, the first with nearly all products."""
    rng = np.random.default_rng(2)
    b = Builder("two", "float")
    x = b.input("x", TensorType((1, 64), "float32"))
    for name, out, depth in (("wide", 128, 64), ("narrow", 4, 128)):
        w = b.constant(f"{name}_w", rng.normal(size=(out, depth)).astype("float32"))
        bias = b.constant(f"{name}_b", rng.normal(size=out).astype("float32"))
        x = b.op("dense", x, w, bias, name=name)
    return write_graph(b.build([x]), folder / "two.tinsmith")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tinsmith.cli", "profile", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_layers_are_counted_with_their_share_and_bound(tmp_path: Path) -> None:
    model(tmp_path)
    done = run(tmp_path, "two.tinsmith", "--board", "nucleo_l4r5zi", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wide, narrow = found["layers"]
    assert (wide["node"], wide["products"], narrow["products"]) == ("wide", 8192, 512)
    assert wide["bound"] == 8192 and wide["instructions"] > 8192
    assert wide["instructions_per_product"] == wide["instructions"] / 8192
    assert wide["share"] + narrow["share"] == pytest.approx(1)
    assert found["longest_step"] == "wide" and found["instructions"] >= wide["instructions"]
    assert wide["cycles"] > wide["instructions"]
    assert any("quantise" in text for text in found["advice"])


def test_as_text_with_a_picture(tmp_path: Path) -> None:
    model(tmp_path)
    done = run(tmp_path, "two.tinsmith", "-b", "rpi_pico", "--picture", "p.svg")
    assert done.returncode == 0, done.stderr
    assert "longest step  wide" in done.stdout and "of bound" in done.stdout
    assert "model cycles  " not in done.stdout  # this core has no table
    picture = (tmp_path / "p.svg").read_text()
    assert picture.startswith("<svg") and "wide" in picture and "narrow" in picture


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("two.tinsmith", "-b", "host"), "counts no instructions on host"),
        (("two.tinsmith", "-b", "rpi_pico", "--picture", "p.png"), "does not end with .svg"),
        (("none.tinsmith", "-b", "rpi_pico"), "There is no file"),
        (("two.tinsmith", "-b", "nothing"), "nothing"),
    ],
)
def test_wrong_input_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    model(tmp_path)
    done = run(tmp_path, *arguments)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr


def test_inputs_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    """Their memory is the arena's otherwise: the wide layer's operand is free for the last one."""
    model(tmp_path)
    arenas = []
    for more in ((), ("--keep-inputs",)):
        command = [sys.executable, "-m", "tinsmith.cli", "measure", "two.tinsmith", "--board"]
        done = subprocess.run([*command, "nucleo_l4r5zi", "--json", *more], cwd=tmp_path,
                              capture_output=True, text=True, check=True)  # fmt: skip
        arenas.append(json.loads(done.stdout)["arena_bytes"])
    assert arenas[0] < arenas[1]
