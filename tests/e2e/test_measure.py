"""Model files at the command line: figures as JSON, answers as files, messages for what fails."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from inputs import fnv1a
from tflites import dense

from tinsmith.importers import read_model
from tinsmith.ir.interp import run_cases

Call = Callable[..., subprocess.CompletedProcess]
CACHE = Path(__file__).resolve().parents[2] / ".tools"
BOARDS = ("rpi_pico", "nucleo_l4r5zi", "esp32_c3", "alif_e7", "host")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, frozen: dict[str, str]) -> None:
    monkeypatch.setitem(frozen, "TINSMITH_CACHE", str(CACHE))


@pytest.fixture
def model(tmp_path: Path, rng: np.random.Generator) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(dense(rng).bytes())
    return path


def cases(path: Path, count: int, rng: np.random.Generator) -> tuple[Path, dict[str, np.ndarray]]:
    """Random cases of a model as a file, and by the model's own names."""
    graph = read_model(path)
    (name,) = graph.inputs
    values = rng.integers(-128, 128, (count, *graph.type(name).shape)).astype(np.int8)
    np.savez(path.parent / "x.npz", in_0=values)
    return path.parent / "x.npz", {name: values}


def test_one_model_on_every_instruction_set(
    model: Path, tmp_path: Path, tinsmith: Call, rng: np.random.Generator, require_tool
) -> None:
    require_tool("qemu-system-arm")
    x, values = cases(model, 3, rng)
    graph = read_model(model)
    want = run_cases(graph, values)[graph.outputs[0]]
    counts = set()
    for board in BOARDS:
        y = tmp_path / f"{board}.npz"
        options = ("--board", board, "--inputs", x, "--outputs", y, "--json")
        done = tinsmith("measure", model, *options)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)  # nothing else is on stdout
        assert (found["board"], found["cases"], found["model"]) == (board, 3, "small.tflite")
        assert re.search(r"(executed|served) +measure ", done.stderr)
        if board != "host":
            assert found["instructions"]["min"] > 0
            assert found["flash_bytes"] == found["weights_bytes"] + found["code_bytes"]
            counts.add(found["instructions"]["max"])
        assert (found["cycles"] is not None) == (board == "nucleo_l4r5zi")
        with np.load(y) as answers:
            np.testing.assert_array_equal(answers["out_0"], want)
    assert len(counts) == 4


def test_text_has_units_method_and_board(model: Path, tinsmith: Call) -> None:
    done = tinsmith("measure", model, "--board", "nucleo_l4r5zi")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "small.tflite on nucleo_l4r5zi" in text
    assert " per inference" in text and "(estimated)" in text
    assert "method emulated: unicorn" in text and "core and memories, not peripherals" in text
    assert "toolchain zig" in text
    done = tinsmith("measure", model, "--board", "rpi_pico", "--toolchain", "zig")
    assert "not given: the board has no calibrated cycle model" in done.stdout


def test_which_kernel_computes_which_layer(model: Path, tinsmith: Call) -> None:
    asked = ("measure", model, "--board", "nucleo_l4r5zi", "--kernels")
    record = json.loads(tinsmith(*asked, "--json").stdout)
    ((layer, kernel),) = record["kernels"].items()
    done = tinsmith(*asked)
    assert done.returncode == 0, done.stderr
    head, row = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    assert head == ["layer", "operation", "kernel", "instructions"]
    assert (row[0], row[2]) == (layer, kernel)
    assert int(row[3].replace(" ", "")) == record["instructions_by_node"][layer] > 0


def test_layers_side_by_side(model: Path, tinsmith: Call, tmp_path: Path) -> None:
    done = tinsmith("compare", model, "--board", "rpi_pico", "--dump", tmp_path / "dump")
    assert done.returncode == 0, done.stderr
    assert "first that differs  none" in done.stdout
    assert {p.name for p in (tmp_path / "dump").iterdir()} == {
        "reference.npz",
        "rpi_pico-unicorn.npz",
    }
    done = tinsmith("compare", model, "--against", "nucleo_f103rb", "--json")
    found = json.loads(done.stdout)
    assert found["equal"] is True and found["origins"] == ["nucleo_f103rb/unicorn", "host/host"]
    assert found["layers"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("MODEL", "--board", "rpi_pcio"), "Did you mean 'rpi_pico'?"),
        (("MODEL",), "measured on one board; got none"),
        (
            ("MODEL", "--board", "host", "--board", "rpi_pico"),
            "measured on one board; got host, rpi_pico",
        ),
        (("MODEL", "--board", "host", "--inputs", "none.npz"), "no file none.npz"),
        (("MODEL", "--board", "host", "--inputs", "MODEL"), "no .npz file of plain arrays"),
        (("none.tflite", "--board", "host"), "no file none.tflite"),
        (("MODEL", "--board", "host", "--semantics", "onnx"), "Semantics 'onnx' are not known"),
        (("--inputs", "x.npz", "--reset-each"), "--inputs, --reset-each: only for a model file"),
        (("MODEL", "--board", "nucleo_f103rb", "--runner", "host"), "unicorn, qemu"),
    ],
)
def test_messages_say_what_to_do(arguments: tuple, words: str, model: Path, tinsmith: Call) -> None:
    done = tinsmith("measure", *[model if a == "MODEL" else a for a in arguments])
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "emulated" not in done.stdout


def test_answers_are_compared_with_labels(
    model: Path, tmp_path: Path, tinsmith: Call, rng: np.random.Generator
) -> None:
    x, values = cases(model, 8, rng)
    graph = read_model(model)
    best = run_cases(graph, values)[graph.outputs[0]].reshape(8, -1).argmax(1)
    best[0] = (best[0] + 1) % 2  # one label is wrong
    np.savez(tmp_path / "l.npz", labels=best)
    options = ("--board", "host", "--labels", tmp_path / "l.npz")
    done = tinsmith("measure", model, *options, "--inputs", x)
    assert done.returncode == 0, done.stderr
    assert "87.5 % (7 of 8 cases)" in done.stdout and "fixed generator" not in done.stdout
    found = json.loads(tinsmith("measure", model, *options, "--inputs", x, "--json").stdout)
    assert (found["inputs"], found["judged"]["accuracy"]["value"]) == ("given", 0.875)
    alone = tinsmith("measure", model, *options)
    assert alone.returncode == 2 and "no cases are given" in alone.stderr
    drawn = tinsmith("measure", model, "--board", "host")
    assert "1, drawn by a fixed generator: --inputs X.npz gives your own" in drawn.stdout


def test_a_model_that_does_not_fit_says_what_it_needs(
    tmp_path: Path, tinsmith: Call, rng: np.random.Generator
) -> None:
    path = tmp_path / "tall.tflite"
    path.write_bytes(dense(rng, rows=9000).bytes())
    done = tinsmith("measure", path, "--board", "nucleo_f103rb", "--json")
    assert done.returncode == 2
    assert "does not fit nucleo_f103rb: needs " in done.stderr
    assert "B of RAM, has 20480 B" in done.stderr and "B too many)" in done.stderr
    assert "Boards with enough memory: " in done.stderr


def test_what_importers_know(tinsmith: Call) -> None:
    done = tinsmith("kinds", "ops", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert rows and all(set(r) == {"importer", "operator", "types", "note"} for r in rows)
    assert tinsmith("kinds", "ops", "tflit").returncode == 2
    assert "Did you mean 'tflite'?" in tinsmith("kinds", "ops", "tflit").stderr


@pytest.mark.parametrize(
    ("name", "semantics", "digest"),
    [
        ("kws_ref_model", "litert", "f0b57151"),
        ("kws_ref_model", "tflm", "f0b57151"),
        ("ad01_int8", "litert", "30fcf77d"),
        ("ad01_int8", "tflm", "1fd3ed06"),
    ],
)
def test_default_inputs_give_the_digests_that_are_published(
    name: str, semantics: str, digest: str, shared: Path, tmp_path: Path, tinsmith: Call
) -> None:
    """FNV-1a of the answers to the generator's bytes."""
    y = tmp_path / "y.npz"
    path = shared / "models" / f"{name}.tflite"
    options = ("--board", "nucleo_l4r5zi", "--semantics", semantics, "--outputs", y)
    done = tinsmith("measure", path, *options)
    assert done.returncode == 0, done.stderr
    with np.load(y) as answers:
        assert fnv1a(answers["out_0"].tobytes()) == digest
