"""An int8 LSTM of TensorFlow Lite, compiled: the outputs and states of LiteRT's reference on this
computer and on an emulated core, cases in sequence; many drawn models in the interpreter."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE
from tflite_recurrent import Drawn, compared, drawn, litert, lstm8

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers.tflite.convert import convert

DRAWN = Drawn(steps=9, batch=2, depth=11, units=7, first=False, clip=10.0)


@pytest.mark.parametrize(
    "board", ["host", pytest.param("nucleo_l4r5zi", marks=pytest.mark.emulator)]
)
def test_compiled_lstm_gives_the_references_integers(board: str, tmp_path: Path) -> None:
    file, x = lstm8(np.random.default_rng(17), DRAWN)
    (tmp_path / "net.tflite").write_bytes(file.bytes())
    graph = convert(tmp_path / "net.tflite", "net", "litert")
    module, target = compile_graph(graph, board), BOARDS.get(board)
    options = RunOptions({graph.inputs[0]: x}, reset_each=False, timeout_s=600, cache=CACHE)
    if board == "host":
        outcome = run(build_shared(module, CACHE), target, "host", options)
    else:
        firmware = build_image(module, target, "zig", BuildOptions(cache=CACHE))
        outcome = run(firmware, target, "unicorn", options)
    (got,), (want,) = outcome.outputs.values(), litert(file.bytes(), x)
    assert len(np.unique(want)) > 50
    np.testing.assert_array_equal(got, want)


@pytest.mark.slow
def test_many_drawn_lstms(campaign: Callable[..., int], tmp_path: Path) -> None:
    for number in range(campaign(2000, least=20)):
        rng = np.random.default_rng([33, number])
        compared(*lstm8(rng, drawn(rng, number)), tmp_path, varied=False)
