"""Random graphs: reference = host C = emulated C in every intermediate tensor, on M4F and M0+.

Linking one image per graph would take hours. So graphs are compiled in batches: each batch is the
disjoint union of its graphs, one module with one arena. Every graph is also compiled by itself,
which plans its memory with every planner and has each plan judged by the verifier.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from firmwares import CACHE
from programs import program
from unions import prefixed

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.module import InferenceModule
from tinsmith.codegen.planner import PLANNERS
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.testing.graphs import RandomGraph, random_graph

USES = 30
"""In how many of the graphs each op occurs, at least."""
SAMPLE = 40
BATCH = 20
REQUIRED = 4
"""How many ops are required of a graph: its fewest nodes."""
DRAWN = [n for n in OPS.names() if OPS.get(n).kernels]
"""All operations but `fused`, which the compiler makes of them."""
FULL = BATCH * -(-max(300, USES * len(DRAWN) // REQUIRED) // BATCH)
LEAST = 60
"""Graphs of the smallest campaign, behind those of the sample: each op is required of two."""
BOARDS_RUN = ("host", "nucleo_l4r5zi", "rpi_pico")


@cache
def made(number: int) -> RandomGraph:
    """Graph ``number`` of the campaign: the same in every run, as many ops required in turn as it
    takes for each to occur often enough."""
    return random_graph(np.random.default_rng([2026, number]), must_use=required(number))


def required(number: int) -> tuple[str, ...]:
    """The ops that graph ``number`` must use."""
    ops = DRAWN
    each = min(REQUIRED, -(-USES * len(ops) // FULL))
    return tuple(ops[(number * each + i) % len(ops)] for i in range(each))


def union(numbers: range) -> tuple[Graph, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """One graph that holds all, its inputs, and the reference of every value, each graph run by
    itself with its states kept from case to case."""
    builder = Builder("batch", "quantised")
    outputs, inputs, reference = [], {}, {}
    for number in numbers:
        one, prefix = made(number), f"g{number:03d}_"
        graph = prefixed(one.graph, prefix)
        bound = [builder.input(i, graph.type(i)) for i in graph.inputs]
        outputs += builder.inline(graph, *bound)
        inputs |= {prefix + k: v for k, v in one.inputs.items()}
        values = run_cases(one.graph, one.inputs, reset_each=False)
        reference |= {prefix + k: v for k, v in values.items()}
    return builder.build(outputs), inputs, reference


def execute(module: InferenceModule, inputs: dict[str, np.ndarray]) -> Outcome:
    board = BOARDS.get(module.board)
    options = RunOptions(inputs, trace=True, reset_each=False, cache=CACHE)
    if board.id == "host":
        return run(build_shared(module, CACHE), board, "host", options)
    firmware = build_image(module, board, "zig", BuildOptions(cache=CACHE))
    return run(firmware, board, "unicorn", options)


def differences(seen: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> Iterator[str]:
    """One line per tensor that is not equal to the last bit."""
    for name, got in seen.items():
        want = reference[name]
        if got.dtype != want.dtype or got.shape != want.shape:
            yield f"{name}: {got.dtype}{got.shape}, expected {want.dtype}{want.shape}"
        elif got.tobytes() != want.tobytes():
            bits = f"u{got.itemsize}"  # compared as bits: 0.0 and -0.0 are different
            other = np.flatnonzero(got.ravel().view(bits) != want.ravel().view(bits))
            at = int(other[0])
            values = f"{got.ravel()[at]!r}, expected {want.ravel()[at]!r}"
            yield f"{name}, element {at}: {values} ({len(other)} elements differ)"


def same_shape(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape


def check_batch(numbers: range) -> int:
    """Compare a batch on all boards; returns how many tensors were compared on each."""
    graph, inputs, reference = union(numbers)
    for board in BOARDS_RUN:
        module = compile_graph(graph, board, planner="first_fit")
        outcome = execute(module, inputs)
        assert outcome.trace is not None
        computed = {o for n in module.graph.nodes for o in n.outputs}
        assert set(outcome.trace) == computed and set(outcome.outputs) == set(graph.outputs)
        whole = {n for n in computed & set(reference) if same_shape(reference[n], outcome.trace[n])}
        inside = reference
        if others := computed - whole:  # passes add values, and take constant channels from some
            values = run_cases(module.graph, inputs, reset_each=False)
            inside = {**reference, **{name: values[name] for name in others}}
        for seen, wanted in ((outcome.trace, inside), (outcome.outputs, reference)):
            wrong = list(differences(dict(seen), wanted))
            assert not wrong, f"{board}, {len(wrong)} tensors differ:\n" + "\n".join(wrong[:20])
    return len(computed)


def check_plans(number: int) -> None:
    """Every planner's plan of one graph passes the verifier (plan_memory has it judged)."""
    planned = program(lower(made(number).graph))
    sizes = {name: plan_memory(planned, name).arena_bytes for name in PLANNERS.names()}
    assert plan_memory(planned).arena_bytes == min(sizes.values())


@pytest.mark.emulator
@pytest.mark.parametrize("start", range(0, SAMPLE, BATCH))
def test_sample(start: int) -> None:
    check_batch(range(start, start + BATCH))


def test_plans_of_the_sample() -> None:
    for number in range(SAMPLE):
        check_plans(number)


@pytest.mark.slow
@pytest.mark.emulator
def test_full(campaign: Callable[..., int], record_result: Callable[..., None]) -> None:
    """At least 300 graphs at full size, more where there are many ops; a part begins behind the
    sample."""
    count = BATCH * -(-campaign(FULL, least=LEAST) // BATCH)
    first = min(SAMPLE, FULL - count)
    numbers = range(first, first + count)
    tensors = sum(check_batch(numbers[i : i + BATCH]) for i in range(0, count, BATCH))
    for number in numbers:
        check_plans(number)
    counts = op_counts(numbers)
    if count == FULL:
        assert not {op: n for op, n in counts.items() if n < USES}
    figures = {"graphs": count, "tensors_equal": tensors, "boards": BOARDS_RUN}
    record_result("random_graphs", {**figures, "graphs_with_op": counts})


def op_counts(numbers: Iterable[int]) -> dict[str, int]:
    """Op -> in how many of the graphs it occurs."""
    counts = Counter(dict.fromkeys(DRAWN, 0))
    for number in numbers:
        counts.update({n.op for n in made(number).graph.nodes})
    return dict(sorted(counts.items()))


def test_each_op_is_required_of_thirty_graphs() -> None:
    counts = Counter(op for number in range(FULL) for op in set(required(number)))
    assert set(counts) >= set(DRAWN) and min(counts.values()) >= USES


def test_the_graphs_use_what_is_required_of_them() -> None:
    for number in range(SAMPLE + BATCH):
        nodes = made(number).graph.nodes
        assert 4 <= len(nodes) <= 12 and set(required(number)) <= {n.op for n in nodes}


def test_a_wrong_kernel_line_is_seen() -> None:
    """About a unit in the last place, in one kernel."""
    number = next(n for n in range(1, FULL) if multiplies_floats(made(n).graph))
    graph, inputs, reference = union(range(number - 1, number + 2))
    low = lower(graph)
    pins = {n.name: "ref/mul_float32" for n in low.nodes if n.op == "mul" and floats(low, n)}
    module = compile_graph(graph, "host", choices=Choices(pins))
    path, right, wrong = "kernels/mul_float32.c", "(x) * (b)", "1.0000001f * (x) * (b)"
    assert right in module.sources[path]
    broken = module.sources[path].replace(right, wrong)
    outcome = execute(replace(module, sources={**module.sources, path: broken}), inputs)
    assert outcome.trace is not None
    assert any(line.startswith(f"g{number:03d}_mul") for line in
               differences(dict(outcome.trace), reference))  # fmt: skip


def multiplies_floats(graph: Graph) -> bool:
    return any(n.op == "mul" and floats(graph, n) for n in graph.nodes)


def floats(graph: Graph, node: Node) -> bool:
    return graph.type(node.inputs[0]).dtype == "float32"


def test_a_wrong_bit_is_seen() -> None:
    good = {"y": np.float32([0.0, 1.0])}
    assert list(differences({"y": np.float32([-0.0, 1.0])}, good))
    assert list(differences({"y": np.float32([0.0, np.nextafter(1, 2, dtype="f4")])}, good))
    assert not list(differences({"y": good["y"].copy()}, good))
