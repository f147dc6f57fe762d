"""Computes nodes whose operands are all constants, once, at compile time."""

from tinsmith.ir.graph import Graph, Node
from tinsmith.rewrite._constants import folded
from tinsmith.rewrite._pass import Pass

MOST_GROWTH = 4
"""How many times larger than its operands a constant may become ..."""
ALWAYS_BYTES = 4000
"""... unless it is no larger than this."""


def rewrite(graph: Graph) -> Graph:
    """Replace such nodes by constants of the same names.

    A node stays where its result would hold a NaN or an infinity, is an output of the graph
    (outputs are computed by nodes), or is much larger than its operands (a value that is repeated
    costs less as a node than as a table).
    """
    outputs = set(graph.outputs)
    return folded(graph, lambda n: not outputs.intersection(n.outputs) and not _bloats(graph, n))


def _bloats(graph: Graph, node: Node) -> bool:
    before = sum(graph.type(i).nbytes for i in set(node.inputs))
    after = sum(graph.type(o).nbytes for o in node.outputs)
    return after > max(ALWAYS_BYTES, MOST_GROWTH * before)


PASS = Pass("fold_constants", requires=("float", "quantised", "lowered"), rewrite=rewrite)
