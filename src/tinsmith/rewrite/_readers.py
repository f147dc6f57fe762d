"""Who reads a value: what passes ask that join a node with the one behind it."""

from tinsmith.ir.graph import Graph, Node


def readers_of(graph: Graph) -> dict[str, list[Node]]:
    """Value -> the nodes that read it, in order, once for each operand that it is."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            found.setdefault(value, []).append(node)
    return found
