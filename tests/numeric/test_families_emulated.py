"""Every family, trained and quantised, on emulated cores with an FPU and without: the answers of
compiled C equal the interpreter's to the last bit, and int8 answers as float does."""

from functools import cache

import numpy as np
import pytest
from firmwares import CACHE
from toys import toy_windows, trained

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration
from tinsmith.data.windows import TEST, TRAIN
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import to_raw
from tinsmith.prove.bits import equal

pytest.importorskip("torch")
pytest.importorskip("sklearn")
CORES = ("rpi_pico", "nucleo_l4r5zi", "nucleo_u575zi", "esp32_c3")
"""Cortex-M0+, M4F, M33 and RV32IMC."""


def raw(family: str, part: int) -> np.ndarray:
    return to_raw(toy_windows().of(part)[0], trained(family).pipeline.sensor)


@cache
def quantised(family: str) -> Graph:
    cases = {"raw": raw(family, TRAIN)}
    return apply(trained(family).to_graph(), "int8_ptq", Calibration(cases)).graph


@pytest.mark.parametrize("family", FAMILIES.names())
def test_int8_answers_as_float_does(family: str) -> None:
    cases = {"raw": raw(family, TEST)}
    float_graph, graph = trained(family).to_graph(), quantised(family)
    wanted = run_cases(float_graph, cases)[float_graph.outputs[0]]
    got = run_cases(graph, cases)[graph.outputs[0]]
    assert (got[:, 0].argmax(1) == wanted[:, 0].argmax(1)).all()


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("family", FAMILIES.names())
def test_emulated_c_equals_the_interpreter(family: str, board: str) -> None:
    graph, inputs = quantised(family), {"raw": raw(family, TEST)[:6]}
    wanted = run_cases(graph, inputs)
    module, found = compile_graph(graph, board), BOARDS.get(board)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    outputs = run(firmware, found, "unicorn", RunOptions(inputs, cache=CACHE)).outputs
    assert [o for o in graph.outputs if not equal(outputs[o], wanted[o])] == []
