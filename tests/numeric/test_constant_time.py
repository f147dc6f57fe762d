"""How long an int8 model takes does not depend on what it is given: every inference executes the
same instructions."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import Quant, TensorType

MODELS = (
    "ad01_int8", "ei_gestures-i8", "ei_temperature-regression.i8", "hello_world_int8",
    "kws_ref_model", "micro_speech_quantized", "mww_v2_hey_jarvis",
)  # fmt: skip
"""The last one has states: its cases are one sequence, so they too hold different content."""
CORES = ("nucleo_l4r5zi", "rpi_pico")
INPUTS = 10_000
FEWER = 500
"""Of which a share is taken where not all are asked for."""
TOGETHER = 25
"""Cases of one process."""


@cache
def built(path: Path, board: str) -> Firmware:
    module = compile_graph(read_model(path), board)
    return build_image(module, BOARDS.get(board), "zig", BuildOptions(CACHE))


def inputs(graph: Graph, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Random bytes; of three cases one at a random scale around a random centre, so that outputs
    and what lies between are now at their limits and now in between."""
    found = {}
    for name in graph.inputs:
        type = graph.type(name)
        assert type.dtype in ("int8", "uint8")
        info, shape = np.iinfo(type.dtype), (count, *type.shape)
        drawn = rng.integers(info.min, info.max + 1, shape)
        near = rng.normal(size=shape)
        for case in range(0, count, 3):
            centre, scale = rng.uniform(info.min, info.max), rng.uniform(0, 40)
            drawn[case] = np.clip(np.rint(centre + scale * near[case]), info.min, info.max)
        found[name] = drawn.astype(type.dtype)
    return found


def counts(firmware: Firmware, rng: np.random.Generator, count: int) -> Iterator[int]:
    """Instructions of each of so many random cases."""
    for start in range(0, count, TOGETHER):
        given = inputs(firmware.module.graph, rng, min(TOGETHER, count - start))
        options = RunOptions(given, reset_each=False, timeout_s=600, cache=CACHE)
        outcome = run(firmware, BOARDS.get(firmware.board), "unicorn", options)
        assert outcome.instructions is not None
        yield from (int(c.value) for c in outcome.instructions)


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("name", MODELS)
def test_few_random_inputs_take_the_same_instructions(
    name: str, board: str, shared: Path, rng: np.random.Generator
) -> None:
    firmware = built(shared / "models" / f"{name}.tflite", board)
    assert len(set(counts(firmware, rng, 4))) == 1


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("name", MODELS)
def test_random_inputs_take_the_same_instructions(
    name: str,
    board: str,
    shared: Path,
    rng: np.random.Generator,
    campaign: Callable[..., int],
    record_result: Callable[[str, Any], None],
) -> None:
    asked = campaign(INPUTS)
    count = asked if asked == INPUTS else campaign(FEWER)
    firmware = built(shared / "models" / f"{name}.tflite", board)
    found = set(counts(firmware, rng, count))
    record_result(f"constant_time_{name}_{board}", {"inputs": count, "instructions": sorted(found)})
    assert len(found) == 1


def test_a_model_whose_time_depends_on_data_is_seen(rng: np.random.Generator) -> None:
    """A function of float32 on a core without an FPU takes as long as its operands want."""
    b = Builder("soft", "quantised")
    x = b.input("x", TensorType((1, 16), "int8", Quant((0.05,), (3,))))
    graph = b.build([b.op("exp", b.op("dequantize", x))])
    board = BOARDS.get("rpi_pico")
    module = compile_graph(graph, board)
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    assert len(set(counts(firmware, rng, 6))) > 1
