"""Depthwise convolutions, poolings and additions on cores with the DSP extension, where shapes,
factors and ties are rarest: each kernel that is offered computes what the interpreter computes, in
as many instructions for any input."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE
from integer_uses import addition, any_size, function, movement, pooling, small

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS, Core
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

BOARDS_RUN = (("nucleo_l4r5zi", "zig"), ("nucleo_l4r5zi", "arm_gcc"), ("nucleo_u575zi", "zig"))
LAYERS = 30

FAMILIES = {
    "function": function,
    "movement": movement,
    "3x3": small,
    "any size": any_size,
    "pooling": pooling,
    "addition": addition,
}


def drawn(seed: int, draw: Callable[[Builder, np.random.Generator, str], str]) -> Graph:
    rng, b = np.random.default_rng(seed), Builder("rows", "quantised")
    return b.build([draw(b, rng, f"u{k:02d}") for k in range(LAYERS)])


def contents(graph: Graph) -> dict[str, np.ndarray]:
    """Two random cases, and one with all values at a limit."""
    rng, made = np.random.default_rng(5), {}
    for name in graph.inputs:
        made[name] = rng.integers(-128, 128, (3, *graph.type(name).shape)).astype(np.int8)
        made[name][2] = rng.choice([-128, 127])
    return made


def outcome(graph: Graph, board: str, toolchain: str, choices: Choices) -> Outcome:
    module = compile_graph(graph, board, choices=choices)
    firmware = build_image(module, BOARDS.get(board), toolchain, BuildOptions(cache=CACHE))
    return run(firmware, BOARDS.get(board), "unicorn", RunOptions(contents(graph), cache=CACHE))


def taken_in_turn(graph: Graph, core: Core) -> Iterator[dict[str, str]]:
    """Each kernel of the set that is offered, once for each node."""
    offers = {
        node: [k for k in kernels if k.startswith("dsp/")]
        for node, kernels in possible(lower(graph), core).items()
    }
    assert sum(bool(own) for own in offers.values()) > LAYERS / 2
    for turn in range(max(map(len, offers.values()))):
        yield {n: own[turn % len(own)] for n, own in offers.items() if own}


def wrong(graph: Graph, found: Outcome, taken: dict[str, str]) -> list[str]:
    """Results that differ, and by which kernels they were made."""
    wanted = run_cases(graph, contents(graph))
    return [
        f"{name} by {taken.get(name)}" for name in graph.outputs
        if not np.array_equal(found.outputs[name], wanted[name])
    ]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("board", "toolchain"), BOARDS_RUN)
def test_every_offer_computes_what_the_interpreter_computes(
    board: str, toolchain: str, family: str, require_tool: Callable[[str], str]
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    graph = drawn(1, FAMILIES[family])
    for taken in taken_in_turn(graph, BOARDS.get(board).core):
        found = outcome(graph, board, toolchain, Choices(taken))
        assert not wrong(graph, found, taken)
        counts = [0] if found.instructions is None else [c.value for c in found.instructions]
        if len(taken) == LAYERS:  # the reference takes as long as values ask for
            assert len(set(counts)) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_c_of_every_offer_computes_the_same(family: str) -> None:
    host, graph = BOARDS.get("host"), drawn(2, FAMILIES[family])
    board = replace(host, core=replace(host.core, extensions=("dsp",)))
    for taken in taken_in_turn(graph, board.core):
        module = compile_graph(graph, board, choices=Choices(taken))
        found = run(build_shared(module, CACHE), host, "host", RunOptions(contents(graph)))
        assert not wrong(graph, found, taken)
