"""Turns weights in place of what they meet: a transpose in front of a fully connected layer.

Models with channels first flatten pictures channel by channel. A layer that reads them with
channels last has the same sums if its weights stand in that order. Integers alone: the order of a
float sum is part of its result.
"""

from dataclasses import replace

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.walk import Walk
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._turns import Turn, reading, turn_of


def rewrite(graph: Graph) -> Graph:
    """Turn the weights of every layer that alone reads something turned; the very same object where
    there is none."""
    makers = {o: n for n in graph.nodes for o in n.outputs}
    reads = [i for n in graph.nodes for i in n.inputs]
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    changed, straight = graph, {}
    for node in graph.nodes:
        x = node.inputs[0]
        alone = reads.count(x) == 1 and x not in kept
        turn = turn_of(graph, makers.get(x)) if node.op == "dense" and alone else None
        columns = None if turn is None else _columns(graph, node, turn)
        if turn is not None and columns is not None:
            changed = _with_weights(changed, node, columns)
            rows = Walk((graph.type(x).elements,), (1,))
            flat = reading(turn.node.name, turn.source, x, graph.type(x).shape, rows)
            straight[turn.node.name] = replace(flat, stage=turn.node.stage)
    if not straight:
        return graph
    nodes = tuple(straight.get(n.name, n) for n in changed.nodes)
    return eliminate_dead.rewrite(changed.with_(nodes=nodes))


def _columns(graph: Graph, node: Node, turn: Turn) -> np.ndarray | None:
    """For each column of the weights the place in a row of the source that it meets; None where
    rows get mixed, or the weights are not known or real."""
    rows, depth = graph.type(node.inputs[0]).shape
    weights = graph.constants.get(node.inputs[1])
    if weights is None or weights.dtype != np.int8:
        return None
    places = turn.walk.places().reshape(rows, depth) - depth * np.arange(rows)[:, None]
    return places[0] if np.all(places == places[0]) and np.all(places >= 0) else None


def _with_weights(graph: Graph, node: Node, columns: np.ndarray) -> Graph:
    """The graph with other weights for one layer."""
    w, name = node.inputs[1], f"{node.inputs[1]}_turned"
    while name in graph.types:
        name += "_"
    array = np.empty_like(graph.constants[w])
    array[:, columns] = graph.constants[w]
    layer = replace(node, inputs=(node.inputs[0], name, *node.inputs[2:]))
    return graph.with_(
        nodes=tuple(layer if n.name == node.name else n for n in graph.nodes),
        types={**graph.types, name: graph.type(w)},
        constants={**graph.constants, name: array},
    )


PASS = Pass("fold_turns", requires=("float", "quantised"), rewrite=rewrite)
