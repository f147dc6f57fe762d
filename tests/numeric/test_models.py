"""Public TensorFlow Lite models: vectors of LiteRT's reference = interpreter = host C = emulated C.

Vectors and provenance: README.md and manifest.json beside the models.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE
from inputs import fnv1a, lcg_bytes

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.importers.tflite.convert import convert
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

INT8 = (
    "ad01_int8", "ei_gestures-i8", "ei_temperature-regression.i8", "hello_world_int8",
    "kws_ref_model", "micro_speech_quantized",
)  # fmt: skip
STATEFUL = ("mww_v2_hey_jarvis",)
"""Their cases are one sequence."""
FLOAT32 = (
    "ad01_fp32", "ei_fan-v3.f32", "ei_temperature-regression.f32", "fan_low_autoencoder",
    "hello_world_float", "kws_ref_model_float32", "trained_lstm",
)  # fmt: skip
REFUSED = {
    "audio_preprocessor_int8": ("SignalWindow", "signal_window", "SignalFftAutoScale"),
}
TOLERANCE = 1e-5
FEW = {
    "kws_ref_model": 2,
    "kws_ref_model_float32": 1,
    "trained_lstm": 1,
    "micro_speech_quantized": 4,
}
"""How many cases of the slow ones run in the emulator; all of the others."""


def model(shared: Path, name: str) -> Path:
    path = shared / "models" / f"{name}.tflite"
    assert path.is_file(), f"the shared models lack {path.name}"
    return path


def vectors(path: Path, graph: Graph) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Inputs by name, and the reference's outputs in order."""
    with np.load(path.with_suffix(".vectors.npz")) as found:
        inputs = {name: found[f"in_{i}"] for i, name in enumerate(graph.inputs)}
        return inputs, [found[f"out_{i}"] for i in range(len(graph.outputs))]


@pytest.mark.parametrize("name", INT8 + STATEFUL)
def test_int8_models_give_the_references_integers(name: str, shared: Path) -> None:
    path = model(shared, name)
    graph = read_model(path)
    inputs, wanted = vectors(path, graph)
    values = run_cases(graph, inputs, reset_each=name not in STATEFUL)
    for output, want in zip(graph.outputs, wanted, strict=True):
        np.testing.assert_array_equal(values[output], want)


@pytest.mark.parametrize("name", FLOAT32)
def test_float_models_are_within_the_tolerance(name: str, shared: Path) -> None:
    path = model(shared, name)
    graph = read_model(path)
    inputs, wanted = vectors(path, graph)
    values = run_cases(graph, inputs)
    for output, want in zip(graph.outputs, wanted, strict=True):
        assert np.abs(values[output] - want).max() <= TOLERANCE * np.abs(want).max()


@pytest.mark.parametrize("name", INT8 + FLOAT32)
def test_c_on_this_computer_equals_the_interpreter_in_every_tensor(name: str, shared: Path) -> None:
    path = model(shared, name)
    graph = read_model(path)
    inputs, _ = vectors(path, graph)
    module = compile_graph(graph, "host")
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    wanted = run_cases(module.graph, inputs)
    assert outcome.trace is not None and len(outcome.trace) == len(module.graph.nodes)
    for key, got in {**outcome.trace, **outcome.outputs}.items():
        assert equal(got, wanted[key]), key


@pytest.mark.emulator
@pytest.mark.parametrize("name", INT8 + FLOAT32)
def test_emulated_c_equals_the_interpreter(name: str, shared: Path) -> None:
    path, board = model(shared, name), BOARDS.get("nucleo_l4r5zi")
    graph = read_model(path)
    inputs = {k: v[: FEW.get(name, len(v))] for k, v in vectors(path, graph)[0].items()}
    module = compile_graph(graph, board.id)
    firmware = build_image(module, board, "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, board, "unicorn", RunOptions(inputs, timeout_s=600, cache=CACHE))
    wanted = run_cases(graph, inputs)
    for got, output in zip(outcome.outputs.values(), graph.outputs, strict=True):
        assert equal(got, wanted[output])


@pytest.mark.parametrize(
    ("name", "semantics", "digest"),
    [
        ("kws_ref_model", "litert", "f0b57151"),
        ("kws_ref_model", "tflm", "f0b57151"),
        ("ad01_int8", "litert", "30fcf77d"),
        ("ad01_int8", "tflm", "1fd3ed06"),
    ],
)
def test_each_reference_has_its_own_integers(
    name: str, semantics: str, digest: str, shared: Path
) -> None:
    graph = read_model(model(shared, name), semantics=semantics)
    (x,), (y,) = graph.inputs, graph.outputs
    type = graph.type(x)
    case = lcg_bytes(type.elements).view(np.int8).reshape(1, *type.shape)
    assert fnv1a(run_cases(graph, {x: case})[y].tobytes()) == digest


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_run_is_refused_by_operator_and_node(name: str, shared: Path) -> None:
    with pytest.raises(UserError) as e:
        read_model(model(shared, name))
    assert e.value.code == "import.tflite.op"
    assert all(word in e.value.message for word in REFUSED[name])


def int16_models(shared: Path) -> list[Path]:
    found = sorted((shared / "models" / "tflm_int16_ops").glob("*.tflite"))
    assert len(found) == 64
    return found


def golden(path: Path, graph: Graph) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Inputs by name and the outputs that go with them, [case, *shape] each."""
    with np.load(path.with_suffix(".golden.npz")) as found:
        inputs = {
            name: found[f"in_{i}"].reshape(-1, *graph.type(name).shape)
            for i, name in enumerate(graph.inputs)
        }
        outputs = [
            found[f"out_{i}"].reshape(-1, *graph.type(name).shape)
            for i, name in enumerate(graph.outputs)
        ]
    return inputs, outputs


def test_int16_operators_give_their_golden_outputs(shared: Path) -> None:
    """Each of the 64 models of one operator."""
    for path in int16_models(shared):
        graph = convert(path, "net", "litert")
        inputs, wanted = golden(path, graph)
        values = run_cases(graph, inputs)
        for output, want in zip(graph.outputs, wanted, strict=True):
            np.testing.assert_array_equal(values[output], want, err_msg=path.name)


INT16 = ("add3", "conv11", "leaky_relu11", "pad12", "quantize1", "strided_slice9", "sub1",
         "transpose_conv0")  # fmt: skip
"""One model of each operator, small ones."""


@pytest.mark.parametrize("name", INT16)
def test_int16_operators_in_c_on_this_computer(name: str, shared: Path) -> None:
    _int16_in_c(shared / "models" / "tflm_int16_ops" / f"{name}.tflite")


@pytest.mark.slow
def test_every_int16_operator_in_c_on_this_computer(shared: Path) -> None:
    for path in int16_models(shared):
        _int16_in_c(path)


def _int16_in_c(path: Path) -> None:
    graph = convert(path, "net", "litert")
    inputs, wanted = golden(path, graph)
    module = compile_graph(graph, "host")
    options = RunOptions(inputs, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    for got, want in zip(outcome.outputs.values(), wanted, strict=True):
        np.testing.assert_array_equal(got, want, err_msg=path.name)


@pytest.mark.emulator
@pytest.mark.parametrize("name", INT16)
def test_int16_operators_in_emulated_c(name: str, shared: Path) -> None:
    path = shared / "models" / "tflm_int16_ops" / f"{name}.tflite"
    graph, board = convert(path, "net", "litert"), BOARDS.get("nucleo_l4r5zi")
    inputs, wanted = golden(path, graph)
    firmware = build_image(compile_graph(graph, board.id), board, "zig", BuildOptions(cache=CACHE))
    few = {key: array[:1] for key, array in inputs.items()}
    outcome = run(firmware, board, "unicorn", RunOptions(few, timeout_s=600, cache=CACHE))
    for got, want in zip(outcome.outputs.values(), wanted, strict=True):
        np.testing.assert_array_equal(got, want[:1])


def in_emulated_c(
    graph: Graph, inputs: dict[str, np.ndarray], reset_each: bool
) -> list[np.ndarray]:
    """Outputs on the emulated Cortex-M4F of a board with 640 kB of RAM."""
    board = BOARDS.get("nucleo_l4r5zi")
    firmware = build_image(compile_graph(graph, board.id), board, "zig", BuildOptions(cache=CACHE))
    options = RunOptions(inputs, reset_each=reset_each, timeout_s=1800, cache=CACHE)
    return list(run(firmware, board, "unicorn", options).outputs.values())


@pytest.mark.emulator
@pytest.mark.parametrize("name", STATEFUL)
def test_states_are_kept_from_case_to_case_in_emulated_c(name: str, shared: Path) -> None:
    path = model(shared, name)
    graph = read_model(path)
    inputs = {k: v[:3] for k, v in vectors(path, graph)[0].items()}
    values = run_cases(graph, inputs, reset_each=False)
    for got, output in zip(in_emulated_c(graph, inputs, False), graph.outputs, strict=True):
        assert equal(got, values[output])


@pytest.mark.slow
@pytest.mark.emulator
def test_every_integer_model_with_all_vectors_in_emulated_c(
    shared: Path, campaign: Callable[..., int], record_result: Callable[..., None]
) -> None:
    """Public int8 models, the stateful one in sequence, and the 64 operators of int16."""
    paths = [model(shared, n) for n in (*INT8, *STATEFUL)] + int16_models(shared)
    cases: dict[str, int] = {}
    for path in paths[: campaign(len(paths))]:
        graph = convert(path, "net", "litert")
        public = path.with_suffix(".vectors.npz").is_file()
        inputs, wanted = (vectors if public else golden)(path, graph)
        for got, want in zip(
            in_emulated_c(graph, inputs, path.stem not in STATEFUL), wanted, strict=True
        ):
            np.testing.assert_array_equal(got, want, err_msg=path.name)
            cases[path.stem] = len(want)
    record_result("integer_models", {"board": "nucleo_l4r5zi", "cases_equal": cases})


def test_every_model_is_run_or_refused(shared: Path) -> None:
    found = {p.stem for p in (shared / "models").glob("*.tflite")}
    assert found == {*INT8, *STATEFUL, *FLOAT32, *REFUSED}
