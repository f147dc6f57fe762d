"""Graphs of many files compiled for this computer as one module, and run: C = interpreter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from firmwares import CACHE
from inputs import lcg_bytes

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, State
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

CASES = 2
MOST_BYTES = 1 << 22
"""A graph with more than these bytes in values is only interpreted: what it computes with is the
same, and a module of many would not fit a computer's arena."""
Arrays = Mapping[str, np.ndarray]


def inputs_of(graph: Graph) -> dict[str, np.ndarray]:
    """Two cases for every input, from the bytes of one generator: a byte per element, floats as
    the byte / 128."""
    return {n: _drawn(graph.type(n), 12345 + i) for i, n in enumerate(graph.inputs)}


def _drawn(type: TensorType, seed: int) -> np.ndarray:
    whole = np.resize(lcg_bytes(min(CASES * type.elements, 4099), seed), CASES * type.elements)
    shaped = whole.reshape(CASES, *type.shape)
    if type.dtype == "float32":
        return shaped.view(np.int8).astype(np.float32) / np.float32(128)
    if type.dtype == "bool":
        return (shaped & 1).astype(np.bool_)
    return shaped.astype(np.uint8).view(np.int8).astype(type.dtype)


def interpreted(graph: Graph) -> Arrays:
    """Every value of both cases, one after the other with the states kept."""
    with np.errstate(all="ignore"):
        return run_cases(graph, inputs_of(graph), reset_each=False)


def refusals_and_differences(graphs: Sequence[Graph]) -> tuple[list[str], list[str]]:
    """Codes of the graphs that are not compiled, and a line for each value that differs."""
    fit = [g for g in graphs if sum(t.nbytes for t in g.types.values()) <= MOST_BYTES]
    try:
        return [], list(_differences(fit))
    except UserError as e:
        if len(fit) == 1:
            return [e.code], []
    parts = [refusals_and_differences([g]) for g in fit]
    return [c for codes, _ in parts for c in codes], [d for _, found in parts for d in found]


def _differences(graphs: Sequence[Graph]) -> Iterator[str]:
    if not graphs:
        return
    joint, inputs, wanted = _union(graphs)
    module = compile_graph(joint, "host", planner="first_fit")
    options = RunOptions(inputs, trace=True, reset_each=False, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    assert outcome.trace is not None
    # passes add and remove some, and remove channels of others
    computed = {
        o: o for o, v in outcome.trace.items() if o in wanted and v.shape == wanted[o].shape
    }
    ends = dict(zip(joint.outputs, module.graph.outputs, strict=True))  # an input is copied
    for names, seen in ((computed, outcome.trace), (ends, outcome.outputs)):
        for name, here in names.items():
            if not equal(wanted[name], seen[here]):
                yield f"{name}: {seen[here].ravel()[:4]}, expected {wanted[name].ravel()[:4]}"


def _union(graphs: Sequence[Graph]) -> tuple[Graph, dict[str, np.ndarray], dict[str, np.ndarray]]:
    builder = Builder("batch", "quantised")
    outputs, inputs, wanted = [], {}, {}
    for number, graph in enumerate(graphs):
        prefix = f"g{number:02d}_"
        one = _prefixed(graph, prefix)
        outputs += builder.inline(one, *(builder.input(i, one.type(i)) for i in one.inputs))
        inputs |= {prefix + k: v for k, v in inputs_of(graph).items()}
        wanted |= {prefix + k: v for k, v in interpreted(graph).items()}
    return builder.build(outputs), inputs, wanted


def _prefixed(graph: Graph, prefix: str) -> Graph:
    def names(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(prefix + v for v in values)

    nodes = (
        replace(n, name=prefix + n.name, inputs=names(n.inputs), outputs=names(n.outputs))
        for n in graph.nodes
    )
    return graph.with_(
        inputs=names(graph.inputs), outputs=names(graph.outputs), nodes=tuple(nodes),
        types={prefix + k: t for k, t in graph.types.items()},
        constants={prefix + k: c for k, c in graph.constants.items()},
        states=tuple(State(prefix + s.name, s.initial, prefix + s.next) for s in graph.states),
        labels={prefix + k: v for k, v in graph.labels.items()},
    )  # fmt: skip
