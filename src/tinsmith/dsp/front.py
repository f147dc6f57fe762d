"""Where signal processing ends in a graph: what makes the features, told from the network."""

from tinsmith.ir.graph import Graph, Node

FEATURES = "features"
"""Stage that gathers the features: everything up to its last node is signal processing. No other
part of a model may use the name (`learn/export.py` sees to it)."""


def last_feature_node(graph: Graph) -> Node | None:
    """The node whose result are the features; None where the graph has no signal processing."""
    return next((n for n in reversed(graph.nodes) if n.stage == FEATURES), None)


def signal_processing(graph: Graph) -> frozenset[str]:
    """Names of the nodes that make the features; empty where no node is of that stage."""
    last = last_feature_node(graph)
    if last is None:
        return frozenset()
    wanted, found = set(last.outputs), set()
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            found.add(node.name)
            wanted |= set(node.inputs)
    return frozenset(found)
