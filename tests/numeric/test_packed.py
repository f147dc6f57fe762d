"""Kernels with packed weights where random uses rarely go: sums as large as their codes allow, uses
that are refused, the same number of instructions whatever the input, and when they are chosen."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.kernel_set import SETS, symbol_of
from tinsmith.codegen.kernels import kernel_sources
from tinsmith.codegen.select import possible
from tinsmith.codegen.uses import use_of
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import equal
from tinsmith.prove.certificate.checker.check import check
from tinsmith.prove.certificate.make import make
from tinsmith.prove.certificate.stimuli import Stimuli
from tinsmith.testing.kernels import compile_kernels
from tinsmith.testing.networks import WHOLE, Growing, Network, Window
from tinsmith.testing.uses import NARROW, draw

WAYS = [
    ("rpi_pico", "packed"), ("esp32_c3", "packed"), ("nucleo_f103rb", "packed"),
    ("nucleo_l4r5zi", "packed"), ("nucleo_l4r5zi", "packed_dsp"),
]  # fmt: skip
DEPTHS = (3, 15, 16, 17, 79, 80, 81, 239, 240, 241, 300)
"""Around what is summed up before two sums of 16 bits come apart."""


def emulated(
    graph: Graph, board: str, kind: str, inputs: dict[str, np.ndarray]
) -> tuple[Outcome, set[str]]:
    """What a board makes of a graph with kernels of a set, and the kernels that it uses."""
    offers = possible(lower(graph), BOARDS.get(board).core).items()
    own = {n: [k for k in kernels if k.startswith(f"{kind}/")] for n, kernels in offers}
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, BOARDS.get(board), "unicorn", RunOptions(inputs, cache=CACHE))
    return outcome, set(module.kernels.values())


def dense(b: Builder, w: np.ndarray, name: str) -> str:
    """Over an input of its own, scaled so that the largest sum is near the end of int8."""
    out, depth = w.shape
    x = b.input(f"{name}_x", TensorType((1, depth), "int8", Quant((0.05,), (3,))))
    most = float(np.abs(w.astype(np.int64)).sum(axis=1).max() * 131 + 1)
    m, s = multipliers([min(0.2, 120 / most)] * out)
    sums = b.op(
        "dense", x, b.constant(f"{name}_w", w, Quant((1.0,), (0,))),
        b.constant(f"{name}_b", np.zeros(out, np.int32)), name=f"{name}_sum", quant=None,
    )  # fmt: skip
    return b.op(
        "requantize", sums, b.constant(f"{name}_m", m), b.constant(f"{name}_s", s), name=name,
        quant=Quant((0.1,), (0,)), rounding="double", zero_point=0, act_min=-128, act_max=127,
    )  # fmt: skip


def at_limits(ends: tuple[int, int], spacing: int) -> Graph:
    """Layers of many depths whose rows hold the one end, the other, or both in turn; one weight
    says how far apart codes are."""
    b = Builder("limits", "quantised")
    made = []
    for depth in DEPTHS:
        rows = np.empty((5, depth), np.int8)
        rows[:] = ends[1]
        rows[1], rows[2, ::2], rows[3, 1::2] = ends[0], ends[0], ends[0]
        rows[4, 0] = ends[0] + spacing
        made.append(dense(b, rows, f"d{depth}"))
    return b.build(made)


@pytest.mark.parametrize(("board", "kind"), WAYS)
@pytest.mark.parametrize(("bits", "ends"), [(4, (-8, 7)), (2, (-2, 1)), (1, (-127, 127))])
def test_the_largest_sums_are_exact(
    board: str, kind: str, bits: int, ends: tuple[int, int]
) -> None:
    graph = at_limits(ends, 254 if bits == 1 else 1)
    inputs = {}
    for name in graph.inputs:
        depth = graph.type(name).shape[1]
        turns = np.where(np.arange(depth) % 2 == 0, 127, -128)
        cases = [np.full(depth, 127), np.full(depth, -128), turns, -1 - turns]
        inputs[name] = np.stack(cases).astype(np.int8)[:, None]
    outcome, kernels = emulated(graph, board, kind, inputs)
    assert all(k.startswith(f"{kind}/dense_{bits}bit") for k in kernels)
    wanted = run_cases(graph, inputs)
    assert all(equal(outcome.outputs[o], wanted[o]) for o in graph.outputs)
    assert max(int(np.abs(wanted[o].astype(int)).max()) for o in graph.outputs) > 100


def offers(graph: Graph, board: str) -> set[str]:
    core = BOARDS.get(board).core
    return {k for kernels in possible(lower(graph), core).values() for k in kernels}


def one(w: np.ndarray) -> Graph:
    b = Builder("one", "quantised")
    return b.build([dense(b, w.astype(np.int8), "y")])


def test_seventeen_values_are_not_packed() -> None:
    taken = np.resize(np.arange(-8, 8), (4, 40))
    assert "packed/dense_4bit" in offers(one(taken), "rpi_pico")
    refused = np.resize(np.arange(-8, 9), (4, 40))
    assert not [k for k in offers(one(refused), "rpi_pico") if k.startswith("packed")]


def test_sums_of_a_channel_that_a_word_has_no_room_for_are_left_to_the_portable_kernel() -> None:
    """Of four channels, the last one's codes lie highest in a word."""
    for depth, fits in ((511, True), (512, False)):
        rows = np.zeros((4, depth), int)
        rows[3], rows[0, 0] = -8, 7
        found = offers(one(rows), "nucleo_l4r5zi")
        assert ("packed_dsp/dense_4bit_double" in found) == fits
        assert "packed/dense_4bit" in found


def sources(kernel: str) -> dict[str, str]:
    """A kernel's file and all that it includes; functions keep their names."""
    own = kernel_sources([kernel], "m")
    found = {path.removeprefix("kernels/"): text for path, text in own.items()}
    return {**found, "ts_kernels.h": '#include "ts_module.h"\n'}


@pytest.mark.parametrize("family", sorted(NARROW))
def test_plain_c_beside_the_assembly_is_right(family: str, kernel_folder: Path) -> None:
    drawn, compiled = draw(3, 16, family), {}
    graph = lower(drawn.graph)
    for node in graph.nodes:
        use = use_of(graph, node)
        for binding in SETS.get("packed_dsp").bind(use):
            kernel = f"packed_dsp/{binding.name}"
            if kernel not in compiled:
                flags = ("-O1", "-std=c99", "-fno-strict-aliasing")
                compiled[kernel] = compile_kernels(kernel_folder, flags, sources(kernel))
            given = [graph.constants.get(i, drawn.inputs.get(i, [None])[0]) for i in node.inputs]
            symbol = f"ts_{symbol_of(kernel)}"
            (made,) = compiled[kernel].call_bound(symbol, binding, given, use.site)
            wanted = drawn.wanted[node.outputs[0]][0]
            assert equal(made.reshape(wanted.shape), wanted), (node.name, kernel)
    assert compiled


@cache
def network(codes: str) -> Network:
    """One layer of each kind, each over an input of its own."""
    net = Growing("narrow", WHOLE, np.random.default_rng(6), 16, codes=codes)
    made = [
        net.layer(net.picture(7, 3), np.ones(6, bool), Window(3)),
        net.layer(net.picture(6, 5), np.ones(5, bool), Window(3, 1, depthwise=True)),
        net.layer(net.picture(3, 13), np.ones(7, bool), Window(1)),
        net.dense(net.picture(0, 37), 11, rectified=False),
    ]
    return Network(net.builder.build([v.name for v in made]), net.inputs)


KERNELS = {
    "packed": {"conv2d_{}bit", "depthwise", "dense_{}bit"},
    "packed_dsp": {"conv_{}bit_double", "depthwise3x3_relu", "dense_{}bit_double"},
}


@pytest.mark.parametrize(("board", "kind"), WAYS)
@pytest.mark.parametrize(("codes", "bits"), [("4 bit", 4), ("ternary", 2), ("binary", 1)])
def test_every_input_takes_the_same_instructions(
    board: str, kind: str, codes: str, bits: int
) -> None:
    net = network(codes)
    given = dict(net.inputs)
    for cases in given.values():
        cases[:2] = np.array([-128, 127], np.int8).reshape(2, *[1] * (cases.ndim - 1))
    outcome, kernels = emulated(net.graph, board, kind, given)
    assert {f"{kind}/{k.format(bits)}" for k in KERNELS[kind]} <= kernels
    wanted = run_cases(net.graph, given)
    assert all(equal(outcome.outputs[o], wanted[o]) for o in net.graph.outputs)
    assert outcome.layers is not None and outcome.instructions is not None
    assert len({c.value for c in outcome.instructions}) == 1


@pytest.mark.parametrize(("board", "kind"), [WAYS[0], WAYS[-1]])
def test_modules_with_packed_weights_are_certified(board: str, kind: str) -> None:
    graph = network("4 bit").graph
    offered = possible(lower(graph), BOARDS.get(board).core).items()
    own = {n: [k for k in kernels if k.startswith(f"{kind}/")] for n, kernels in offered}
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, board, choices=choices)
    assert len([k for k in module.kernels.values() if k.startswith(f"{kind}/")]) == 4
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(CACHE))
    claims = check(make(firmware, BOARDS.get(board), graph, CACHE), Stimuli(), CACHE)
    assert claims.constant


def heavy(codes: str) -> Graph:
    """A layer whose weights are most of a module."""
    net = Growing("heavy", WHOLE, np.random.default_rng(7), 16, codes=codes)
    y = net.dense(net.picture(0, 256), 64, rectified=True)
    return net.builder.build([y.name])


@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "rpi_pico", "esp32_c3"])
@pytest.mark.parametrize(("codes", "bits"), [("4 bit", 4), ("ternary", 2), ("binary", 1)])
def test_size_takes_packed_weights(board: str, codes: str, bits: int) -> None:
    (kernel,) = compile_graph(heavy(codes), board, choices=Choices(aim="size")).kernels.values()
    assert kernel.startswith("packed") and f"{bits}bit" in kernel


@pytest.mark.parametrize("codes", ["4 bit", "ternary", "binary"])
def test_speed_leaves_them_where_that_is_faster(codes: str) -> None:
    module = compile_graph(heavy(codes), "nucleo_l4r5zi", choices=Choices(aim="speed"))
    (kernel,) = module.kernels.values()
    assert kernel.startswith("dsp/dense_")
