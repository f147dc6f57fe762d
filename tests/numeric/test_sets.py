"""Every kernel of every set computes what the interpreter computes, on the core that it is for:
random uses, each by any kernel that takes it, many in one image."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from firmwares import CACHE, emulator_of
from float_uses import LAYERS

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.kernel_set import SETS, sets_for
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS
from tinsmith.prove.bits import equal
from tinsmith.testing.uses import FAMILIES, NARROW, any_choice, draw

BOARDS_RUN = ("alif_e7", "nucleo_l4r5zi", "rpi_pico", "esp32_c3", "nucleo_u575zi", "nucleo_f103rb")
USES = 24
INTEGERS = ("dsp", "mve", "plain")
"""Sets that take every family; layers of the others: test_float_sets.py."""
PACKED = {
    "packed": ("rpi_pico", "esp32_c3", "nucleo_f103rb", "nucleo_l4r5zi"),
    "packed_dsp": ("nucleo_l4r5zi", "nucleo_u575zi"),
}
"""Sets that take layers whose weights have few values, on boards where they differ."""
SHARES = [
    *((b, kind, f) for b in BOARDS_RUN for kind in INTEGERS for f in sorted(FAMILIES)),
    *((b, kind, f) for kind, boards in PACKED.items() for b in boards for f in sorted(NARROW)),
]


@cache
def serves(board: str, kind: str) -> bool:
    return kind in {s.name for s in sets_for(BOARDS.get(board).core.features)}


@pytest.mark.parametrize(("board", "kind", "family"), [s for s in SHARES if serves(*s[:2])])
def test_emulated_kernels_equal_the_interpreter(
    board: str, kind: str, family: str, require_tool: Callable[[str], str]
) -> None:
    drawn, found = draw(1, USES, family), BOARDS.get(board)
    offers = [k for some in possible(lower(drawn.graph), found.core).values() for k in some]
    assert any(k.startswith(f"{kind}/") for k in offers)
    choices = any_choice(drawn.graph, found.core, np.random.default_rng(2), kind)
    module = compile_graph(drawn.graph, board, planner="first_fit", choices=choices)
    port, runner = emulator_of(found.core)
    if runner == "qemu":
        require_tool("qemu-system-arm")
    firmware = build_image(module, found, "zig", BuildOptions(CACHE, port))
    outcome = run(firmware, found, runner, RunOptions(drawn.inputs, cache=CACHE))
    wrong = [
        f"{name} by {module.kernels.get(name)}"
        for name, want in drawn.wanted.items()
        if not equal(outcome.outputs[name], want)
    ]
    assert not wrong


def test_every_set_is_tried() -> None:
    assert {"ref", *INTEGERS, *PACKED, *LAYERS} == set(SETS.names())
