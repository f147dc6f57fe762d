"""Spectra of frames read raw integers where that changes no bit and nobody else needs floats."""

import numpy as np
import pytest

from tinsmith.codegen.compile import compile_graph
from tinsmith.dsp.block import BLOCKS, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import DType, Quant, TensorType
from tinsmith.rewrite import PASSES

READ_RAW = PASSES.get("read_raw")


def sound(
    *blocks: str, dtype: DType = "int16", channels: int = 1, zero: int = 0, second: int = 0
) -> Graph:
    """Blocks over raw readings: 300 at 1 kHz, or a second of them."""
    signal = Signal(second or 300, tuple("ab"[:channels]), float(second or 1000))
    b, lsb = Builder("sound"), np.linspace(1e-4, 2e-4, channels).astype(np.float32)
    quant = Quant(tuple(lsb.tolist()), (zero,) * channels, 1)
    raw = b.input("raw", TensorType((signal.samples, channels), dtype, quant))
    x = b.op("dequantize", raw, b.constant("lsb", lsb), name="physical")
    made = [BLOCKS.get(name) for name in blocks]
    return b.build([block.lower(b, x, signal, block.complete({})) for block in made])


@pytest.mark.parametrize("channels", [1, 2])
def test_the_copy_in_floats_goes_and_no_bit_changes(
    channels: int, rng: np.random.Generator
) -> None:
    graph = sound("mfe", "spectrogram", channels=channels)
    small = READ_RAW(graph)
    assert [n.op for n in small.nodes].count("stft_bands") == 2
    assert "dequantize" not in {n.op for n in small.nodes}
    raw = {"raw": rng.integers(-32768, 32768, (2, 300, channels)).astype(np.int16)}
    before, after = run_cases(graph, raw), run_cases(small, raw)
    for old, new in zip(graph.outputs, small.outputs, strict=True):
        assert before[old].tobytes() == after[new].tobytes()


@pytest.mark.parametrize(
    "graph",
    [sound("mfe", "statistics"), sound("mfe", dtype="int32"), sound("mfe", zero=5)],
    ids=["another reader", "int32", "zero point"],
)
def test_floats_stay_where_they_are_needed(graph: Graph) -> None:
    assert READ_RAW(graph) is graph


def test_an_output_stays() -> None:
    graph = sound("mfe")
    seen = graph.with_(outputs=(*graph.outputs, "physical"))
    assert READ_RAW(seen) is seen


def test_a_second_of_sound_needs_little_beside_its_readings() -> None:
    """32 000 B of readings, 61 frames of 40 bands, one frame at work."""
    plan = compile_graph(sound("mfe", second=16000), "nucleo_l4r5zi").plan
    assert plan.arena_bytes <= 32_000 + 61 * 40 * 4 + 2048 + 64
