"""ONNX's backend node tests as graphs: which there are, how they are bound, run and judged.

The cases come inside the `onnx` package. Its models take everything as inputs, also what exporters
always write as constants (shapes, axes, bounds): where the importer asks for a constant, the inputs
that it depends on become constants with the values of the test.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from firmwares import CACHE
from onnx import numpy_helper

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

RTOL, ATOL = 1e-3, 1e-7
"""ONNX's own backend runner compares with these; integers are compared exactly here."""
_ASKED = re.compile(r"Make '(.*)' a constant")
VALUES = 160
"""Values of the graphs that share a module."""


@dataclass(frozen=True)
class NodeCase:
    """One case: a model, the arrays that go in and those that must come out."""

    name: str
    model: Any
    inputs: Sequence[Any]
    outputs: Sequence[Any]

    @property
    def operators(self) -> set[str]:
        """Types of all nodes, subgraphs included."""
        return {n.op_type for n in nodes_of(self.model.graph)}


@dataclass(frozen=True)
class Imported:
    """A case with the graph of it; ``fed``: input of the graph -> array."""

    case: NodeCase
    graph: Graph
    fed: dict[str, np.ndarray]

    @property
    def values(self) -> int:
        """How many tensors a run computes or gets."""
        return len(self.graph.nodes) + len(self.graph.inputs) + len(self.graph.outputs)


def nodes_of(graph: Any) -> Iterator[Any]:
    """Nodes of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from nodes_of(attribute.g)


@cache
def node_cases() -> tuple[NodeCase, ...]:
    """All cases of the installed package, sorted by name."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = load_model_tests(kind="node")
    made = [
        NodeCase(c.name, c.model, *data)
        for c in found
        if c.model is not None
        for data in c.data_sets[:1]
    ]
    stored = [_stored(c.name, Path(c.model_dir)) for c in found if c.model is None]
    return tuple(sorted(made + stored, key=lambda c: c.name))


def _stored(name: str, folder: Path) -> NodeCase:
    """A case as onnx before 1.23 holds it: a model and a file for each value."""
    model = onnx.load(folder / "model.onnx")
    data = folder / "test_data_set_0"
    inputs = [_value(v, data / f"input_{i}.pb") for i, v in enumerate(model.graph.input)]
    outputs = [_value(v, data / f"output_{i}.pb") for i, v in enumerate(model.graph.output)]
    return NodeCase(name, model, inputs, outputs)


def _value(declared: Any, path: Path) -> Any:
    kind, read = {
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
    }[declared.type.WhichOneof("value")]
    return read(kind.FromString(path.read_bytes()))


def imported(case: NodeCase) -> Imported:
    """A case as a graph.

    Raises:
        UserError: the importer refuses it.
    """
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    arrays = {v.name: a for v, a in zip(case.model.graph.input, case.inputs, strict=False)}
    bind(model, arrays, {n for n, a in arrays.items() if isinstance(a, np.ndarray) and not a.size})
    while True:
        try:
            graph = from_bytes(model.SerializeToString(), "m")
            break
        except UserError as e:
            asked = _ASKED.search(e.hint) if e.code == "import.onnx.constant" else None
            free = {v.name for v in model.graph.input}
            wanted = ancestors(model.graph, asked[1]) & free if asked else set()
            if not wanted:
                raise
            bind(model, arrays, wanted)
    left = [arrays[v.name] for v in model.graph.input]
    return Imported(case, graph, dict(zip(graph.inputs, map(np.asarray, left), strict=True)))


def ancestors(graph: Any, name: str) -> set[str]:
    """All values that a value is computed from, itself included."""
    makers = {o: n for n in nodes_of(graph) for o in n.output}
    seen, todo = set(), [name]
    while todo:
        if (value := todo.pop()) not in seen:
            seen.add(value)
            todo += makers[value].input if value in makers else ()
            branches = makers[value].attribute if value in makers else ()
            todo += [o.name for a in branches for o in a.g.output]
    return seen


def bind(model: Any, arrays: dict[str, Any], names: set[str]) -> None:
    """Make inputs constants."""
    kept = [v for v in model.graph.input if v.name not in names]
    for v in model.graph.input:
        if v.name in names:
            model.graph.initializer.append(numpy_helper.from_array(arrays[v.name], v.name))
    del model.graph.input[:]
    model.graph.input.extend(kept)


def in_c(cases: Sequence[Imported]) -> list[list[np.ndarray]]:
    """Outputs of every case by compiled C on this computer, all in one module; each tensor equal
    to the interpreter's."""
    builder, places = Builder("nodes", "quantised"), []
    inputs: dict[str, np.ndarray] = {}
    for number, one in enumerate(cases):
        names = {i: builder.input(f"n{number}_{i}", one.graph.type(i)) for i in one.graph.inputs}
        inputs |= {names[i]: a[None] for i, a in one.fed.items()}
        outputs = builder.inline(one.graph, *names.values())
        places.append([_own(builder, o) for o in outputs])
    graph = builder.build([o for outputs in places for o in outputs])
    module = compile_graph(graph, "host", planner="first_fit")
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    wanted = run_cases(module.graph, inputs)
    assert outcome.trace is not None
    for key, got in {**outcome.trace, **outcome.outputs}.items():
        assert equal(got, wanted[key]), key
    flat = dict(zip(graph.outputs, outcome.outputs.values(), strict=True))
    return [[flat[o][0] for o in outputs] for outputs in places]


def _own(builder: Builder, value: str) -> str:
    """A value of its own, so that each output is listed once and computed by a node."""
    return builder.op("reshape", value, shape=builder.type(value).shape)


def wrong(case: NodeCase, outputs: Iterable[np.ndarray]) -> str:
    """What is wrong with the outputs of a case; empty if nothing is."""
    for position, (got, want) in enumerate(zip(outputs, case.outputs, strict=True)):
        want = np.asarray(want)
        if got.shape != want.shape or got.dtype != want.dtype:
            return f"output {position} is {got.dtype}{got.shape}, not {want.dtype}{want.shape}"
        if want.dtype.kind == "f":
            if not np.allclose(got, want, RTOL, ATOL, equal_nan=True):
                with np.errstate(all="ignore"):
                    return f"output {position} differs by {np.nanmax(np.abs(got - want))}"
        elif not np.array_equal(got, want):
            return f"output {position} differs"
    return ""


def batches(cases: Sequence[Imported]) -> Iterator[list[Imported]]:
    """Cases that share a module: planning memory takes the cube of the number of values."""
    batch: list[Imported] = []
    for case in cases:
        if batch and sum(one.values for one in [*batch, case]) > VALUES:
            yield batch
            batch = []
        batch.append(case)
    if batch:
        yield batch


def judged(cases: Sequence[Imported]) -> dict[str, str]:
    """Case -> what is wrong with it ("" for nothing), by compiled C."""
    found: dict[str, str] = {}
    for batch in batches(cases):
        for one, outputs in zip(batch, in_c(batch), strict=True):
            found[one.case.name] = wrong(one.case, outputs)
    return found
