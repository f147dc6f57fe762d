"""Removes nodes that return their operand unchanged: a reshape to the same shape, a whole slice, a
transpose that permutes nothing."""

from dataclasses import replace

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """Let users read the operand. A node stays where its result is an output or a state's next
    value: those keep their names."""
    kept = set(graph.outputs) | {s.next for s in graph.states}
    source: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(source.get(i, i) for i in node.inputs))
        if is_identity(graph, node) and node.outputs[0] not in kept:
            source[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    if not source:
        return graph
    types = {k: t for k, t in graph.types.items() if k not in source}
    return graph.with_(nodes=tuple(nodes), types=types)


def is_identity(graph: Graph, node: Node) -> bool:
    """Whether a node's result is its operand: same type, Quant included, same order of elements."""
    walk = OPS.get(node.op).walk
    same = graph.type(node.inputs[0]) == graph.type(node.outputs[0])
    return walk is not None and same and walk(site_of(graph, node)).straight


PASS = Pass("remove_identities", requires=("float", "quantised", "lowered"), rewrite=rewrite)
