"""Kernels of every set, on the core that they are for, compute the right results where their
results share memory with an operand at the least distances that they declare."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE, emulator_of
from float_uses import LAYERS, drawn

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.buffers import buffers_of
from tinsmith.codegen.compile import lower
from tinsmith.codegen.emit import Target, emit
from tinsmith.codegen.kernel_set import SETS, sets_for
from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.order import Reads, windows
from tinsmith.codegen.planner import align_up
from tinsmith.codegen.program import Program
from tinsmith.codegen.select import select
from tinsmith.codegen.verify import verify_plan
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.fused import part_sites
from tinsmith.ir.types import DType, TensorType
from tinsmith.prove.bits import equal
from tinsmith.testing.uses import FAMILIES, NARROW, Drawn, any_choice, draw

BOARDS_RUN = ("nucleo_l4r5zi", "rpi_pico", "esp32_c3", "nucleo_u575zi", "alif_e7")
USES = 16
STEP = 8


class Sharing:
    """A plan in which every result that may lies over an operand, as near as is declared."""

    def __init__(self, made: Program, rng: np.random.Generator) -> None:
        self.buffers, self.rng, self.end = buffers_of(made), rng, 0
        self.at: dict[str, int] = {}
        self.shared: set[str] = set()
        for call in made.calls:
            for result in call.node.outputs:
                self._put(result)
                self.shared |= {call.kernel} if self.buffers[result].over else set()
        for name in self.buffers:
            if name not in self.at:
                self._put(name)
        places = {n: Place(self.at[n], b.nbytes, b.first, b.last) for n, b in self.buffers.items()}
        self.plan = MemoryPlan("sharing", align_up(self.end, STEP), places, 0, {})
        verify_plan(made, self.plan)

    def _put(self, name: str) -> None:
        """The value, and with it an operand that has no place yet; else with room on both sides for
        what will share its memory."""
        over = self.buffers[name].over
        if not over:
            self._alone(name)
            return
        operand = str(self.rng.choice(sorted(over)))
        distances = [align_up(over[operand].least, STEP), *over[operand].exact]
        distance = int(self.rng.choice(distances))
        if operand not in self.at:
            self._alone(operand)
        self.at[name] = self.at[operand] - distance
        self.end = max(self.end, self.at[name] + self.buffers[name].nbytes)

    def _alone(self, name: str) -> None:
        room = max(b.nbytes for b in self.buffers.values() if b.first <= self.buffers[name].last)
        self.at[name] = align_up(self.end + 2 * room, STEP)
        self.end = self.at[name] + self.buffers[name].nbytes + room


def tried() -> dict[str, str]:
    """Each set with the first board that it serves."""
    return {
        s.name: board
        for board in reversed(BOARDS_RUN) for s in sets_for(BOARDS.get(board).core.features)
    }  # fmt: skip


def wrong(made: Program, plan: MemoryPlan, board: str, uses: Drawn) -> list[str]:
    """Values that differ from the interpreter's, with their kernels."""
    found = BOARDS.get(board)
    module = emit(made, plan, Target(board, False, "0" * 64))
    port, runner = emulator_of(found.core)
    firmware = build_image(module, found, "zig", BuildOptions(CACHE, port))
    outputs = run(firmware, found, runner, RunOptions(uses.inputs, cache=CACHE)).outputs
    return [
        f"{name} by {module.kernels.get(name)}"
        for name, want in uses.wanted.items()
        if not equal(outputs[name], want)
    ]


def families() -> list[tuple[str, str]]:
    """Each set with the families of layers that it is for: all of int8, or some of its own."""
    own = {kind: [kind] for kind in LAYERS} | {k: sorted(NARROW) for k in ("packed", "packed_dsp")}
    return [(kind, f) for kind in sorted(tried()) for f in own.get(kind, sorted(FAMILIES))]


@pytest.mark.parametrize(("kind", "family"), families())
def test_shared_memory_changes_no_result(
    kind: str, family: str, require_tool: Callable[[str], str]
) -> None:
    board, rng = tried()[kind], np.random.default_rng(4)
    core = BOARDS.get(board).core
    uses = drawn(kind, rng, USES) if family in LAYERS else draw(3, USES, family)
    if emulator_of(core)[1] == "qemu":
        require_tool("qemu-system-arm")
    made = select(lower(uses.graph), core, any_choice(uses.graph, core, rng, kind))
    assert any(k.startswith(f"{kind}/") for k in made.kernels.values())
    sharing = Sharing(made, rng)
    assert not wrong(made, sharing.plan, board, uses)
    assert sharing.shared or family.endswith("dense")  # which reads all of a row


def copies(rng: np.random.Generator) -> Drawn:
    """Runs of rows taken and joined, each from values that only they read."""
    b, inputs = Builder("net", "lowered"), {}

    def value(rows: int, width: int, dtype: DType) -> str:
        x = b.input(f"x{len(inputs)}", TensorType((1, rows, width), dtype))
        inputs[x] = rng.integers(-99, 99, (1, 1, rows, width)).astype(dtype)
        return b.op("reshape", x, shape=(1, rows, width))

    ends = []
    for number in range(USES):
        dtype: DType = ("int8", "int16", "int64")[number % 3]
        width, rows = int(rng.integers(8, 40)), int(rng.integers(3, 9))
        start = int(rng.integers(1, rows))
        taken = value(rows, width, dtype)
        ends.append(b.op("slice", taken, axis=1, start=start, size=rows - start))
        pair = [value(n, width, dtype) for n in (start, rows - start)]
        ends.append(b.op("concat", *pair, axis=1))
    graph = b.build(ends)
    found = run_cases(graph, inputs)
    return Drawn(graph, inputs, {e: found[e] for e in ends})


@pytest.mark.parametrize("kind", ["dsp", "ref"])
def test_rows_move_over_each_other(kind: str) -> None:
    board, rng = BOARDS_RUN[0], np.random.default_rng(8)
    uses, core = copies(rng), BOARDS.get(board).core
    for _ in range(2):
        made = select(uses.graph, core, any_choice(uses.graph, core, rng, kind))
        kernels = {made.kernels[n.name] for n in made.graph.nodes if n.op in ("slice", "concat")}
        assert all(k.startswith(f"{kind}/") for k in kernels)
        sharing = Sharing(made, rng)
        assert not wrong(made, sharing.plan, board, uses)
        assert kernels <= sharing.shared


@pytest.mark.parametrize("reads", ["before", "once"])
def test_a_wrong_declaration_is_seen(reads: Reads) -> None:
    """Planted: kernels of ref that read while they write, but say that they do not."""
    board, uses = BOARDS_RUN[0], draw(3, USES, "conv")
    core, rng = BOARDS.get(board).core, np.random.default_rng(4)
    made = select(lower(uses.graph), core, any_choice(uses.graph, core, rng, "ref"))
    lying = []
    for call in made.calls:
        layer = next(part_sites(call.site))[1] if call.node.parts else call.site
        orders = (windows(layer, "pixel", 1, reads),) if "conv" in call.kernel else ()
        lying.append(replace(call, binding=replace(call.binding, orders=orders)))
    made = replace(made, calls=tuple(lying))
    assert wrong(made, Sharing(made, rng).plan, board, uses)


def test_every_set_is_tried() -> None:
    assert set(tried()) == set(SETS.names())
