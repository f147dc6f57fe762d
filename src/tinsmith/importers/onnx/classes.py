"""Names of the classes that outputs are about, where operators or tables of a file say them.

A classifier says them by its labels; other models look up the index of the largest score in a
table of them. They hold for an output that is such an index, and for scores of as many elements
that the index was chosen from, or that are computed from a classifier's scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node

MOVES = ("reshape", "cast", "transpose")
CHOICES = ("winner", "argmax")


@dataclass(frozen=True)
class Classes:
    """Names of classes, and values of the builder that are about them: the index of one (or
    empty), and the scores of all (or empty)."""

    names: tuple[str, ...]
    index: str = ""
    scores: str = ""


def built(b: Builder, outputs: Sequence[str], known: Sequence[Classes]) -> Graph:
    """The graph of these outputs, with labels where the classes of one are known."""
    told = [v for c in known for v in (c.index, c.scores) if v]
    graph = b.build((*outputs, *told))  # what is told was renamed since, perhaps
    now = dict(zip(told, graph.outputs[len(outputs) :], strict=True))
    ends = graph.outputs[: len(outputs)]
    made = {n.outputs[0]: n for n in graph.nodes}
    current = [Classes(c.names, now.get(c.index, ""), now.get(c.scores, "")) for c in known]
    current += [c for o in ends for c in _looked_up(graph, made, o)]
    labels = {o: graph.labels[o] for o in ends if o in graph.labels}
    for classes in current:
        for output in ends:
            if output not in labels and _is_about(graph, made, output, classes):
                labels[output] = classes.names
    return graph.with_(outputs=ends, labels=labels)


def _origin(made: dict[str, Node], value: str) -> str:
    """What a value is that was moved or converted only."""
    while value in made and made[value].op in MOVES:
        value = made[value].inputs[0]
    return value


def _looked_up(graph: Graph, made: dict[str, Node], output: str) -> Iterator[Classes]:
    """Classes that an output is looked up among: whole numbers by the index of a largest score."""
    node = made.get(_origin(made, output))
    if node is None or node.op != "gather":
        return
    table, index = graph.constants.get(node.inputs[0]), _origin(made, node.inputs[1])
    if table is None or table.ndim != 1 or table.dtype.kind != "i" or len(table) < 2:
        return
    if index in made and made[index].op in CHOICES:
        names = tuple(map(str, table.tolist()))
        own = np.array_equal(table, np.arange(len(table)))
        yield Classes(names, node.outputs[0] if own else "", made[index].inputs[0])


def _is_about(graph: Graph, made: dict[str, Node], output: str, classes: Classes) -> bool:
    type = graph.type(output)
    if type.elements == 1:
        whole = type.dtype.startswith("int")
        return bool(classes.index) and whole and _same(made, output, classes.index)
    if type.elements != len(classes.names):
        return False
    chosen = made.get(_origin(made, classes.index))
    from_choice = (chosen.inputs[0],) if chosen is not None and chosen.op in CHOICES else ()
    scores = {s for s in (classes.scores, *from_choice) if s}
    return _reached(graph, scores, output)


def _same(made: dict[str, Node], output: str, index: str) -> bool:
    """Whether an output is an index, moved or converted: where the index was, too, both are of one
    origin."""
    return _origin(made, output) in (index, _origin(made, index))


def _reached(graph: Graph, sources: set[str], output: str) -> bool:
    """Whether an output is one of the values, or computed from one."""
    found = set(sources)
    for node in graph.nodes:
        if found.intersection(node.inputs):
            found.update(node.outputs)
    return output in found
