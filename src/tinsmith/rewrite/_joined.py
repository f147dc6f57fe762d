"""Several nodes as one ``fused`` node (`ir/ops/fused.py`), and such nodes in their graph."""

from collections.abc import Collection, Sequence

from tinsmith.ir.graph import Graph, Node, Part


def joined(graph: Graph, nodes: Sequence[Node], stage: str) -> Node:
    """The nodes, in order, with the last one's name and result: operands that come from outside,
    behind each other, then what the parts make."""
    made = [n.outputs[0] for n in nodes]
    given = [i for n in nodes for i in n.inputs if i not in made]
    place = {v: len(given) + k for k, v in enumerate(made)}
    parts, at = [], 0
    for node in nodes:
        reads = []
        for value in node.inputs:
            reads.append(place.get(value, at))
            at += value not in place
        value = node.outputs[0]
        type = graph.type(value)
        parts.append(Part(node.name, node.op, tuple(reads), node.attrs, value, type, node.stage))
    last = nodes[-1]
    return Node(last.name, "fused", tuple(given), last.outputs, {}, stage, tuple(parts))


def with_joined(graph: Graph, found: Collection[Node]) -> Graph:
    """The graph with fused nodes in the places of their last parts, without the others; the very
    same object where there are none."""
    if not found:
        return graph
    last = {n.name: n for n in found}
    inner = [p for n in found for p in n.parts[:-1]]
    gone, hidden = {p.name for p in inner}, {p.value for p in inner}
    nodes = tuple(last.get(n.name, n) for n in graph.nodes if n.name not in gone)
    return graph.with_(nodes=nodes, types={k: t for k, t in graph.types.items() if k not in hidden})
