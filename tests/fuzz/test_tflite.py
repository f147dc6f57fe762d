"""Mutated model files: each is refused with a UserError, or imported, and then its C on this
computer equals the interpreter. The parent process never crashes."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import litert_child
import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

FULL = 1000
SAMPLE = 24
MODELS = (
    "hello_world_int8", "hello_world_float", "ei_fan-v3.f32", "ei_temperature-regression.i8",
    "fan_low_autoencoder", "micro_speech_quantized", "ei_gestures-i8",
    "kws_ref_model", "mww_v2_hey_jarvis", "trained_lstm",
)  # fmt: skip


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """One of: flipped bits, bytes set to ends of ranges, a block moved or zeroed, the end cut."""
    out = bytearray(data)
    match int(rng.integers(5)):
        case 0:
            for at in rng.integers(len(out), size=int(rng.integers(1, 9))):
                out[at] ^= 1 << int(rng.integers(8))
        case 1:
            for at in rng.integers(len(out), size=int(rng.integers(1, 9))):
                out[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
        case 2:
            n = int(rng.integers(1, 33))
            source, target = (int(v) for v in rng.integers(len(out) - n, size=2))
            out[target : target + n] = out[source : source + n]
        case 3:
            at = 4 * int(rng.integers(len(out) // 4))
            out[at : at + 4] = int(rng.choice([0, 1, -1, 2**31 - 1, -(2**31)])).to_bytes(
                4, "little", signed=True
            )
        case 4:
            del out[int(rng.integers(len(out))) :]
    return bytes(out)


def random_inputs(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    found = {}
    for name in graph.inputs:
        type = graph.type(name)
        shape = (2, *type.shape)
        whole = rng.integers(-128, 128, shape)
        found[name] = (whole / 16 if type.dtype == "float32" else whole).astype(type.dtype)
    return found


def outcome_of(path: Path, rng: np.random.Generator) -> str:
    """``equal``, also to LiteRT's reference unless that refuses the file, or the code of our
    refusal; anything else fails."""
    try:
        graph = read_model(path)
        module = compile_graph(graph, "host")
    except UserError as e:
        assert e.code.startswith(("import.tflite.", "sandbox.")), e.code
        return e.code
    inputs = random_inputs(graph, rng)
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    wanted = run_cases(module.graph, inputs)
    assert outcome.trace is not None
    for name, got in {**outcome.trace, **outcome.outputs}.items():
        assert equal(got, wanted[name]), name
    first = [inputs[name][0] for name in graph.inputs]
    reference = litert_child.outputs(path.read_bytes(), first)
    if reference is None:
        return "equal, refused by LiteRT"
    for got, want in zip(outcome.outputs.values(), reference, strict=True):
        litert_child.require_close(got[0], want, largest(outcome.trace))
    return "equal"


def largest(values: Mapping[str, np.ndarray]) -> float:
    """Largest magnitude among the finite float32 values of the first case."""
    floats = [np.abs(v[0]) for v in values.values() if v.dtype == np.float32]
    return max((float(f[np.isfinite(f)].max(initial=0.0)) for f in floats), default=0.0)


def campaign_of(numbers: range, shared: Path, folder: Path) -> Counter[str]:
    seen: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([2026, number])
        source = shared / "models" / f"{MODELS[number % len(MODELS)]}.tflite"
        path = folder / f"m{number}.tflite"
        path.write_bytes(mutated(source.read_bytes(), rng))
        seen[outcome_of(path, rng)] += 1
    return seen


def test_sample(shared: Path, tmp_path: Path) -> None:
    seen = campaign_of(range(SAMPLE), shared, tmp_path)
    assert seen["equal"] and len(seen) > 1, seen


@pytest.mark.slow
def test_full(
    campaign: Callable[..., int], record_result: Callable[..., None], shared: Path, tmp_path: Path
) -> None:
    files = campaign(FULL, least=SAMPLE)
    seen = campaign_of(range(files), shared, tmp_path)
    assert seen["equal"] and seen.total() == files, seen
    record_result(
        "tflite_mutations", {"files": seen.total(), "outcomes": dict(sorted(seen.items()))}
    )
