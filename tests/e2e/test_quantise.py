"""`tinsmith quantise` on real float models: losses, agreement, exact integers on host and M4."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.cli.main import call
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

Call = Callable[..., subprocess.CompletedProcess]
Fold = Callable[[str], Path]
CACHE = Path(__file__).resolve().parents[2] / ".tools"
M4 = "nucleo_l4r5zi"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, frozen: dict[str, str]) -> None:
    monkeypatch.setitem(frozen, "TINSMITH_CACHE", str(CACHE))


def halves(shared: Path, name: str) -> tuple[Path, np.ndarray, np.ndarray, np.ndarray]:
    """A model, calibration cases, and held-out cases with the other framework's answers."""
    path = shared / "models" / name
    vectors = path.with_suffix("") if path.suffix != ".h5" else path
    with np.load(f"{vectors}.vectors.npz") as v:
        return path, v["in_0"][::2], v["in_0"][1::2], v["out_0"][1::2]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line in this process."""

    def run(*arguments: object) -> subprocess.CompletedProcess:
        words = list(map(str, arguments))
        code = call(words)
        texts = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, texts.out, texts.err)

    return run


@pytest.fixture
def quantised(shared: Path, here: Call, tmp_path: Path) -> Callable[..., tuple[dict, Path]]:
    """Record and file of a quantised model."""

    def make(name: str, *options: str) -> tuple[dict, Path]:
        path, x, *_ = halves(shared, name)
        np.savez(tmp_path / "x.npz", in_0=x)
        file = tmp_path / "q.tinsmith"
        words = ("quantise", path, "--calibration", tmp_path / "x.npz", "--output", file, "--json")
        done = here(*words, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), file

    return make


def sqnr(want: np.ndarray, got: np.ndarray) -> float:
    noise = np.sum(np.square(want.astype(np.float64) - got))
    return float(10 * np.log10(np.sum(np.square(want.astype(np.float64))) / noise))


def exact(graph: Graph, board: str, inputs: dict[str, np.ndarray]) -> None:
    """What a board computes is what the interpreter computes."""
    module = compile_graph(graph, board)
    if board == "host":
        firmware, runner = build_shared(module, CACHE), "host"
    else:
        firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
        runner = "unicorn"
    outcome = RUNNERS.get(runner).run(firmware, BOARDS.get(board), RunOptions(inputs, cache=CACHE))
    want = run_cases(graph, inputs)
    for mine, theirs in zip(graph.outputs, module.graph.outputs, strict=True):
        np.testing.assert_array_equal(outcome.outputs[theirs], want[mine])


LEAST_DB = {"ad01_fp32.tflite": 25.0, "ad01.h5": 25.0, "ei_accelerometer.onnx": 40.0}
"""SQNR of the output on held-out cases against the other framework's float answers."""


@pytest.mark.parametrize("name", LEAST_DB)
def test_networks_of_dense_layers(name: str, shared: Path, quantised) -> None:
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
    record, file = quantised(name)
    _, _, x, want = halves(shared, name)
    graph = read_model(file)
    got = run_cases(graph, {graph.inputs[0]: x})[graph.outputs[0]]
    assert sqnr(want, got) > LEAST_DB[name]
    assert record["outputs"][0]["sqnr_db"] > 20
    assert record["constants_bytes"]["quantised"] < 0.35 * record["constants_bytes"]["float"]
    order = [row["sqnr_db"] for row in record["layers"]]
    assert order == sorted(order) and len(order) >= 4
    assert {n["op"] for n in record["float_nodes"]} <= {"softmax"}
    for board in ("host", M4):
        exact(graph, board, {graph.inputs[0]: x[:2]})


def test_a_mobilenet_with_unfolded_batch_normalisations(shared: Path, quantised) -> None:
    name = "st_mobilenet_v2_128_0.5.onnx"
    record, file = quantised(name, "--io", "int8")
    graph = read_model(file)
    assert record["float_nodes"] == []
    assert not any(t.dtype == "float32" for t in graph.types.values())
    assert record["outputs"][0]["top1"] == 1.0 and record["outputs"][0]["sqnr_db"] > 30
    assert min(row["local_db"] for row in record["layers"] if row["local_db"] is not None) > 25
    _, _, x, want = halves(shared, name)
    (fed,), (answer,) = graph.inputs, graph.outputs
    quant, meaning = graph.type(fed).quant, graph.type(answer).quant
    assert quant is not None and meaning is not None
    x8 = np.clip(np.round(x / quant.scale[0]) + quant.zero_point[0], -128, 127).astype(np.int8)
    got = run_cases(graph, {fed: x8})[answer]
    real = (got.astype(np.float64) - meaning.zero_point[0]) * meaning.scale[0]
    np.testing.assert_array_equal(want.argmax(-1), real.argmax(-1))
    assert np.abs(want - real).max() < 0.05
    exact(graph, "host", {fed: x8[:1]})


def test_the_file_is_measured_compared_and_packaged(quantised, tinsmith: Call) -> None:
    _, file = quantised("ei_accelerometer.onnx", "--rounding", "single")
    done = tinsmith("measure", file, "--board", M4, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "q.tinsmith"
    done = tinsmith("compare", file, "--json")
    assert done.returncode == 0, done.stderr
    done = tinsmith("package", file, "--kind", "c_library", "--output", file.parent / "lib")
    assert done.returncode == 0, done.stderr


def test_the_table_for_people(shared: Path, tinsmith: Call, tmp_path: Path) -> None:
    path, x, *_ = halves(shared, "ei_accelerometer.onnx")
    np.savez(tmp_path / "x.npz", in_0=x)
    file = tmp_path / "q.tinsmith"
    done = tinsmith("quantise", path, "--calibration", tmp_path / "x.npz", "--output", file)
    assert done.returncode == 0, done.stderr
    for text in ("SQNR in the network", "SQNR by itself", "its result is wanted in float",
                 "calibration cases", "class agrees in 100.0%"):  # fmt: skip
        assert text in done.stdout


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        ("ei_accelerometer.onnx", {"--output": "q.onnx"}, "does not end with .tinsmith"),
        ("ei_accelerometer.onnx", {"--io": "int4"}, "Known: float, int8"),
        ("ei_accelerometer.onnx", {"--rounding": "up"}, "Known: double, single, onnx"),
        ("ei_accelerometer.onnx", {"--method": "int4_ptq"}, "int8_ptq"),
        ("ei_accelerometer.onnx", {"--calibration": "none.npz"}, "There is no file"),
        ("hello_world_float.tflite", {}, "the model takes float32"),
        ("ad01_int8.tflite", {}, "starts from a float graph"),
        ("none.tflite", {}, "There is no file"),
    ],
)
def test_mistakes_are_said(
    model: str, change: dict, said: str, shared: Path, here: Call, tmp_path: Path
) -> None:
    np.savez(tmp_path / "x.npz", in_0=np.zeros((2, 1, 39), np.float32))
    options = {"--calibration": "x.npz", "--output": "q.tinsmith"} | change
    places = {k: tmp_path / v if v.endswith((".npz", "q.tinsmith", "q.onnx")) else v
              for k, v in options.items()}  # fmt: skip
    arguments = [a for pair in places.items() for a in pair]
    done = here("quantise", shared / "models" / model, *arguments)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not (tmp_path / "q.tinsmith").exists()


def test_cases_that_are_not_finite(shared: Path, here: Call, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", in_0=np.full((2, 1, 39), np.nan, np.float32))
    model = shared / "models" / "ei_accelerometer.onnx"
    options = ("--calibration", tmp_path / "x.npz", "--output", tmp_path / "q.tinsmith")
    done = here("quantise", model, *options)
    assert done.returncode == 2 and "hold NaN or infinity" in done.stderr
