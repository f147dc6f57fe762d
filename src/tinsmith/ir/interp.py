"""The interpreter: runs a graph by the ops' numpy references. It is the law that compiled code
is held to."""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS, Site


def site_of(graph: Graph, node: Node) -> Site:
    """What an op's functions get to see of a node."""
    return Site(
        node.given, tuple(map(graph.type, node.inputs)), tuple(map(graph.type, node.outputs))
    )


class Interpreter:
    """Executes a graph case by case, keeping its states between runs; ends with its ``job``."""

    def __init__(self, graph: Graph, job: Progress = SILENT) -> None:
        self.graph = graph
        self._job = job
        self._plan = [(n, OPS.get(n.op).reference, site_of(graph, n)) for n in graph.nodes]
        self.reset()

    def reset(self) -> None:
        """Set all states to their initial content."""
        self._states = {s.name: s.initial.copy() for s in self.graph.states}

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One run; returns every value of the graph except constants, by name.

        Raises:
            UserError: an input is missing or has another shape or dtype.
        """
        values: dict[str, np.ndarray] = dict(self.graph.constants) | self._states
        for name in self.graph.inputs:
            values[name] = _checked(name, inputs.get(name), self.graph)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for node, reference, site in self._plan:
                self._job.check()
                results = reference([values[i] for i in node.inputs], site)
                values.update(zip(node.outputs, results, strict=True))
        self._states = {s.name: values[s.next] for s in self.graph.states}
        return {k: v for k, v in values.items() if k not in self.graph.constants}


def run_cases(
    graph: Graph,
    inputs: Mapping[str, np.ndarray],
    reset_each: bool = True,
    job: Progress = SILENT,
) -> dict[str, np.ndarray]:
    """All cases of ``inputs`` ([case, *shape] each): every value of the graph, stacked by case."""
    machine = Interpreter(graph, job)
    rows = []
    for i in range(len(next(iter(inputs.values())))):
        if reset_each:
            machine.reset()
        rows.append(machine.run({k: v[i] for k, v in inputs.items()}))
    return {k: np.stack([r[k] for r in rows]) for k in rows[0]}


def _checked(name: str, array: np.ndarray | None, graph: Graph) -> np.ndarray:
    want = graph.type(name)
    if array is None:
        raise UserError(
            "ir.input.missing",
            f"Input {name!r} is missing; the model takes {', '.join(graph.inputs)}.",
        )
    if array.shape != want.shape or array.dtype.name != want.dtype:
        raise UserError(
            "ir.input.type",
            f"Input {name!r} is {array.dtype.name}{list(array.shape)}; the model takes {want}.",
        )
    return array
