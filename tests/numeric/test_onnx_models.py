"""Public ONNX models: ONNX Runtime's vectors = interpreter = host C, within the tolerance.

Vectors and provenance: README.md and manifest.json beside the models.
"""

from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

MODELS = ("ei_accelerometer", "st_mobilenet_v2_128_0.5")
FEW = {"st_mobilenet_v2_128_0.5": 1}
"""How many cases of the slow one the interpreter runs; compiled C runs all."""
TOLERANCE = 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_models_give_what_onnx_runtime_gives(name: str, shared: Path) -> None:
    path = shared / "models" / f"{name}.onnx"
    graph = read_model(path)
    with np.load(path.with_suffix(".vectors.npz")) as found:
        inputs = {x: found[f"in_{i}"] for i, x in enumerate(graph.inputs)}
        wanted = [found[f"out_{i}"] for i in range(len(graph.outputs))]
    module = compile_graph(graph, "host")
    firmware, options = build_shared(module, CACHE), RunOptions(inputs, cache=CACHE)
    outcome = run(firmware, BOARDS.get("host"), "host", options)
    for got, want in zip(outcome.outputs.values(), wanted, strict=True):
        assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
    few = {k: v[: FEW.get(name, len(v))] for k, v in inputs.items()}
    values = run_cases(module.graph, few)
    for key, got in outcome.outputs.items():
        assert equal(got[: len(values[key])], values[key])


def test_every_model_is_run(shared: Path) -> None:
    assert {p.stem for p in (shared / "models").glob("*.onnx")} == set(MODELS)
