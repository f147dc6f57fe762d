"""Computes nodes whose operands are all constants, once, at compile time."""

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.rewrite._pass import Pass

MOST_GROWTH = 4
"""How many times larger than its operands a constant may become ..."""
ALWAYS_BYTES = 4000
"""... unless it is no larger than this."""


def rewrite(graph: Graph) -> Graph:
    """Replace such nodes by constants of the same names, in order, so that chains fold.

    A node stays where its result would hold a NaN or an infinity (constants may not), or where its
    result is an output of the graph (outputs are computed by nodes), or much larger than its
    operands (a value that is repeated costs less as a node than as a table).
    """
    constants = dict(graph.constants)
    nodes = []
    for node in graph.nodes:
        known = all(i in constants for i in node.inputs)
        if not known or set(node.outputs) & set(graph.outputs) or _bloats(graph, node):
            nodes.append(node)
            continue
        with np.errstate(all="ignore"):
            site = site_of(graph, node)
            results = OPS.get(node.op).reference([constants[i] for i in node.inputs], site)
        if not all(np.all(np.isfinite(r)) for r in results):
            nodes.append(node)
            continue
        constants.update(
            zip(node.outputs, (np.asarray(r, order="C") for r in results), strict=True)
        )
    if len(nodes) == len(graph.nodes):
        return graph
    return graph.with_(nodes=tuple(nodes), constants=constants)


def _bloats(graph: Graph, node: Node) -> bool:
    before = sum(graph.type(i).nbytes for i in set(node.inputs))
    after = sum(graph.type(o).nbytes for o in node.outputs)
    return after > max(ALWAYS_BYTES, MOST_GROWTH * before)


PASS = Pass("fold_constants", requires=("float", "quantised", "lowered"), rewrite=rewrite)
