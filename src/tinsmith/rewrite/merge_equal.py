"""Computes once what a graph computes twice: nodes of float32 of one operation on the same
operands, with the same attributes. Steps between integers stay: each is fused with what reads it.

What is computed once lives from its first reader to its last. Where that would take more memory at
the peak than computing it again, each in the best order of nodes, the graph stays as it is.
"""

from dataclasses import replace

from tinsmith.ir.graph import Graph, Node
from tinsmith.rewrite import order_nodes
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """All that are equal at once; the very same object where none are, or where it does not pay."""
    merged = _merged(graph)
    if merged is graph or _peak(merged) > _peak(graph):
        return graph
    return merged


def _peak(graph: Graph) -> int:
    return order_nodes.peak_bytes(order_nodes.rewrite(graph))


def _merged(graph: Graph) -> Graph:
    """A node stays where its result is no float, and where it is an output or a state's next value:
    those keep their names."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    first: dict[object, Node] = {}
    source: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(source.get(i, i) for i in node.inputs))
        equal = first.setdefault(_key(graph, node), node)
        real = all(graph.type(o).dtype == "float32" for o in node.outputs)
        if equal is node or not real or kept & set(node.outputs):
            nodes.append(node)
        else:
            source.update(zip(node.outputs, equal.outputs, strict=True))
    if not source:
        return graph
    types = {k: t for k, t in graph.types.items() if k not in source}
    return graph.with_(nodes=tuple(nodes), types=types)


def _key(graph: Graph, node: Node) -> object:
    """What is equal in nodes that compute the same; attributes as they are written, since -0.0
    equals 0.0."""
    attrs = tuple((k, repr(v)) for k, v in sorted(node.attrs.items()))
    return node.op, node.inputs, attrs, tuple(graph.type(o) for o in node.outputs)


PASS = Pass("merge_equal", requires=("float", "quantised"), rewrite=rewrite)
