"""What follows from constants alone, computed when a graph is made: the one place that does it, for
importers, rewrites and compression."""

from collections.abc import Callable, Sequence

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, Site


def evaluate(op: str, operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """What one use of an op makes of known operands, by its reference; a result may hold NaN and
    infinities."""
    with np.errstate(all="ignore"):
        results = OPS.get(op).reference(operands, site)
    return tuple(np.asarray(r, order="C") for r in results)


def known_value(source: Builder | Graph, value: str, most: int | None = None) -> np.ndarray | None:
    """Content of a value that depends on constants only; None for any other.

    It may hold NaN and infinities.

    Args:
        source: the graph, or what is built of it so far.
        most: the largest number of elements that is computed; None for any.
    """
    graph = source.build((value,)) if isinstance(source, Builder) else source
    value = graph.outputs[0] if isinstance(source, Builder) else value  # its name by now
    if most is not None and graph.type(value).elements > most:
        return None
    known = dict(graph.constants)
    needed = _makers(graph, value)
    if needed is None:
        return None
    for node in needed:
        operands = [known[i] for i in node.inputs]
        results = evaluate(node.op, operands, site_of(graph, node))
        known.update(zip(node.outputs, results, strict=True))
    return known[value]


def _makers(graph: Graph, value: str) -> list[Node] | None:
    """The nodes that make a value of constants, in order; None where it depends on more."""
    wanted, nodes = {value}, []
    for node in reversed(graph.nodes):
        if wanted.intersection(node.outputs):
            wanted.difference_update(node.outputs)
            wanted.update(node.inputs)
            nodes.append(node)
    return nodes[::-1] if wanted <= graph.constants.keys() else None


def folded(graph: Graph, may: Callable[[Node], bool]) -> Graph:
    """The graph with constants of the same names in place of nodes whose operands are constants, in
    order, so that chains fold; the very same object where there are none.

    A node stays where a result would hold a NaN or an infinity: constants may not.

    Args:
        may: whether a node may be replaced; asked of those only whose operands are constants.
    """
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        results = None
        if all(i in constants for i in node.inputs) and may(node):
            operands = [constants[i] for i in node.inputs]
            results = evaluate(node.op, operands, site_of(graph, node))
        if results is None or not all(bool(np.all(np.isfinite(r))) for r in results):
            nodes.append(node)
        else:
            constants.update(zip(node.outputs, results, strict=True))
    if len(nodes) == len(graph.nodes):
        return graph
    return graph.with_(nodes=tuple(nodes), constants=constants)
