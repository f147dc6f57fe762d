"""Random graphs by every kernel that can compute them, on every kind of core: bit-equal with the
interpreter, each kernel that a core can have many times over."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from firmwares import CACHE, emulator_of
from graph_batches import EACH_LAYER, SINGLES, Batch, batch, kernels_of, least_run
from trial_families import LAYERS

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.devices.board import BOARDS
from tinsmith.ir.op import OPS
from tinsmith.prove.bits import equal

GRAPHS = 1000
TIMES = 50
"""How often each kernel runs at least on each core."""
BATCH = 10
BOARDS_RUN = ("nucleo_l4r5zi", "rpi_pico", "nucleo_u575zi", "esp32_c3", "alif_e7")
TIMEOUT_S = 600.0


def checked(made: Batch, board: str, ran: Counter[str]) -> list[str]:
    """Run a batch by the kernels that ran least so far; says what differs."""
    found = BOARDS.get(board)
    choices = least_run(made.graph, found.core, ran)
    module = compile_graph(made.graph, found, planner="first_fit", choices=choices)
    ran.update(module.kernels.values())
    port, runner = emulator_of(found.core)
    firmware = build_image(module, found, "zig", BuildOptions(CACHE, port))
    traced = runner == "unicorn"
    options = RunOptions(
        made.inputs, trace=traced, reset_each=False, timeout_s=TIMEOUT_S, cache=CACHE
    )
    outcome = run(firmware, found, runner, options)
    seen = {**outcome.outputs, **(outcome.trace or {})}
    return list(differing(module, made, seen))


def differing(module: InferenceModule, made: Batch, seen: dict[str, np.ndarray]) -> Iterator[str]:
    """Values that are not equal to the last bit, and the kernels that made them."""
    for name, value in seen.items():
        if not equal(made.wanted[name], value):
            node = module.graph.producer(name)
            yield f"{name} by {module.kernels[node.name] if node else 'nobody'}"


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("board", BOARDS_RUN)
def test_graphs(
    board: str,
    campaign: Callable[..., int],
    record_result: Callable[[str, Any], None],
    require_tool: Callable[[str], str],
) -> None:
    require_tool("qemu-system-arm")
    count, ran = campaign(GRAPHS), Counter[str]()
    if count < GRAPHS:
        count = -(-count // 4)
    for start in range(0, count, BATCH):
        wrong = checked(batch(range(start, min(start + BATCH, count))), board, ran)
        assert not wrong, f"{board}, graphs from {start}:\n" + "\n".join(wrong[:20])
    times = {k: ran[k] for k in sorted(kernels_of(BOARDS.get(board).core))}
    assert set(ran) <= set(times)
    if count == GRAPHS:
        assert not {k: n for k, n in times.items() if n < TIMES}
    record_result(f"kernel_graphs_{board}", {"graphs": count, "times": times, "differences": 0})


def test_every_operation_with_every_type_is_drawn() -> None:
    assert {op for op, _ in SINGLES} == {n for n in OPS.names() if OPS.get(n).kernels}
    assert set(EACH_LAYER) <= set(LAYERS)


def test_a_wrong_value_is_told() -> None:
    made, ran = batch(range(1)), Counter[str]()
    board = BOARDS.get("nucleo_l4r5zi")
    choices = least_run(made.graph, board.core, ran)
    module = compile_graph(made.graph, board, planner="first_fit", choices=choices)
    seen = {o: made.wanted[o].copy() for o in made.graph.outputs}
    assert not list(differing(module, made, seen))
    one = next(o for o in seen if seen[o].dtype == np.int8)
    seen[one].reshape(-1)[0] ^= 1
    (told,) = differing(module, made, seen)
    assert told.startswith(f"{one} by ")
