"""Moves a pad behind the node that turns its result, where transposes can meet and cancel.

Models that keep channels first pad the picture before they convolve it, so that the pad stands
between two transposes which would cancel without it. What a transpose makes of a padded value is
the pad of what it makes of the value; it then has less to move as well.
"""

from dataclasses import replace

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import TensorType
from tinsmith.rewrite._bounds import whole_numbers
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._turns import Turn, orders, reading, turn_of, turned


def rewrite(graph: Graph) -> Graph:
    """Swap every pad with the transpose that alone reads it; the very same object where there is
    none."""
    while (swapped := _swapped(graph)) is not None:
        graph = swapped
    return graph


def _swapped(graph: Graph) -> Graph | None:
    """The graph with one pad and its transpose in each other's place."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    for pad in graph.nodes:
        if pad.op != "pad" or pad.outputs[0] in kept:
            continue
        readers = graph.users(pad.outputs[0])
        turn = turn_of(graph, readers[0]) if len(readers) == 1 else None
        order = None if turn is None else _order(graph, turn)
        if turn is not None and order is not None:
            return _exchanged(graph, pad, turn.node, order)
    return None


def _order(graph: Graph, turn: Turn) -> tuple[int, ...] | None:
    """The axes of a turn's operand in the order of its result's."""
    shapes = (graph.type(v).shape for v in (turn.source, turn.node.outputs[0]))
    return next(orders(next(shapes), turn.walk, next(shapes)), None)


def _exchanged(graph: Graph, pad: Node, turn: Node, order: tuple[int, ...]) -> Graph:
    """The transpose takes the pad's name and operand, the pad the transpose's name and result."""
    x, middle = graph.type(pad.inputs[0]), pad.outputs[0]
    shape = tuple(x.shape[a] for a in order)
    first = reading(pad.name, pad.inputs[0], middle, shape, turned(x.shape, order))
    first = replace(first, stage=turn.stage)
    sides = {k: tuple(whole_numbers(pad, k)[a] for a in order) for k in ("before", "after")}
    second = replace(
        pad, name=turn.name, inputs=(middle,), outputs=turn.outputs, attrs={**pad.attrs, **sides}
    )
    nodes = {pad.name: first, turn.name: second}
    return graph.with_(
        nodes=tuple(nodes.get(n.name, n) for n in graph.nodes),
        types={**graph.types, middle: TensorType(shape, x.dtype, x.quant)},
    )


PASS = Pass("sink_pads", requires=("float", "quantised"), rewrite=rewrite)
