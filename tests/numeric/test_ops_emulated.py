"""Every row of every operation's table on emulated cores, with an FPU and without.

Compiled C equals the reference bit for bit, infinities, NaN and denormal numbers included.

The rows of one operation are the nodes of one graph, so that an image is linked per operation.
"""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS, Op
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import case_site

BOARDS_RUN = ("nucleo_l4r5zi", "rpi_pico", "esp32_c3")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built")


def table(op: Op) -> tuple[Graph, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """One node per row; its inputs ([1, *shape]) and the reference of every result."""
    builder = Builder(op.name, "quantised")
    inputs, wanted = {}, {}
    for row, case in op.cases.items():
        site, names = case_site(op, case), []
        for i, (array, type) in enumerate(zip(case.operands, site.inputs, strict=True)):
            if i in case.constant and np.isfinite(array).all():
                names.append(builder.constant(f"{row}_c{i}", array, type.quant))
            else:
                names.append(builder.input(f"{row}_in{i}", type))
                inputs[names[-1]] = array[None]
        y = builder.op(op.name, *names, name=row, quant=site.outputs[0].quant, **case.attrs)
        with np.errstate(all="ignore"):
            (wanted[y],) = op.reference(case.operands, site)
    return builder.build(wanted), inputs, wanted


@pytest.mark.parametrize("board", BOARDS_RUN)
@pytest.mark.parametrize("name", OPS.names())
def test_emulated_c_equals_the_reference(name: str, board: str, built: Path) -> None:
    graph, inputs, wanted = table(OPS.get(name))
    module = compile_graph(graph, board)
    found = BOARDS.get(board)
    firmware = build_image(module, found, "zig", BuildOptions(cache=built))
    outputs = run(firmware, found, "unicorn", RunOptions(inputs, cache=built)).outputs
    wrong = [row for row, want in wanted.items() if not equal(outputs[row][0], want)]
    assert not wrong
