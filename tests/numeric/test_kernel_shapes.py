"""Every kernel by itself on thousands of uses, on the core that it is for: results painted, all
memory around watched, results equal to the interpreter's to the last bit."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trial_families import FAMILIES, LAYERS, OPERATIONS, draw
from trial_runs import Way, faults, roomy
from trials import tried

from tinsmith.ir.op import OPS

SHAPES = 10_000
FEWER = 2_500
COUNTS = {
    "host": SHAPES, "nucleo_l4r5zi": SHAPES, "rpi_pico": SHAPES, "alif_e7": SHAPES,
    "esp32_c3": FEWER, "nucleo_u575zi": FEWER,
}  # fmt: skip
"""Shapes of a family on each board: fewer where the same C runs as on another of them."""
OFTEN = {
    "nucleo_l4r5zi": ("dsp", "float", "packed_dsp", "wide"), "nucleo_u575zi": ("dsp", "packed_dsp"),
    "alif_e7": ("mve",),
}  # fmt: skip
"""Sets that are for a board's core: there kernels of others, which are for another of these boards,
are tried on fewer shapes."""
PACK = 250
"""Shapes of one image."""
WAYS: tuple[Way, ...] = (("zig", "size"), ("zig", "speed"))
MORE_WAYS: tuple[Way, ...] = (*WAYS, ("zig", "balanced"), ("arm_gcc", "speed"))
"""Of families that have kernels for several cores."""


def way_of(family: str, part: int, board: str) -> Way:
    """How an image is compiled; gcc serves Arm cores."""
    ways = MORE_WAYS if family in LAYERS else WAYS
    way = ways[part % len(ways)]
    return way if board not in ("host", "esp32_c3") else ("zig", way[1])


def shares(family: str, asked: int) -> dict[str, int]:
    """Board -> how many shapes; a small part of the campaign runs on one of the boards."""
    if asked == SHAPES:
        return COUNTS
    board = list(COUNTS)[sorted(FAMILIES).index(family) % len(COUNTS)]
    return {board: -(-asked // 4)}


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("family", FAMILIES)
def test_shapes(
    family: str,
    campaign: Callable[..., int],
    record_result: Callable[[str, Any], None],
    require_tool: Callable[..., str],
) -> None:
    require_tool("qemu-system-arm")
    require_tool("arm-none-eabi-gcc", "stdio.h")
    asked = shares(family, campaign(SHAPES))
    ran: dict[str, Counter[str]] = {board: Counter() for board in asked}
    for part in range(-(-max(asked.values()) // PACK)):
        shapes = draw(family, part, min(PACK, max(asked.values())))
        for board in [b for b, count in asked.items() if part * PACK < count]:
            made = tried(shapes, roomy(board), OFTEN.get(board, ()))
            rng = np.random.default_rng(part)
            wrong = faults(made, roomy(board), way_of(family, part, board), rng)
            assert not wrong, f"{family}, part {part}, {board}:\n" + "\n".join(wrong[:20])
            ran[board].update(t.kernel for t in made.trials)
    figures = {"shapes": asked, "kernels": {b: dict(sorted(c.items())) for b, c in ran.items()}}
    record_result(f"kernel_shapes_{family}", {**figures, "differences": 0, "escapes": 0})


def test_every_operation_is_in_one_family() -> None:
    listed = sorted(op for ops in OPERATIONS.values() for op in ops.split())
    assert listed == sorted(set(OPS.names()) - {"fused"})
