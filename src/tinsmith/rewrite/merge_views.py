"""Joins operations that only give elements another shape or order with a reshape in front of them
or behind.

A reshape of a reshape is one reshape; what picks elements by strides reads its operand as one row,
so a reshape in front of it says nothing, and one behind it is its result's shape. An output that
only repeats a value gives that value its name.
"""

from dataclasses import replace

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite.remove_identities import is_identity

VIEWS = ("reshape", "strided")
"""Operations that take their operand as one row and whose attributes say their result's shape."""


def rewrite(graph: Graph) -> Graph:
    """Join all that can be; the very same object where nothing can. A node between stays where
    others need it."""
    makers = {o: n for n in graph.nodes for o in n.outputs}
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers = [i for n in graph.nodes for i in n.inputs]
    became: dict[str, Node] = {}
    for node in graph.nodes:
        changed = _like_result(graph, node, makers)
        maker = (
            makers.get(node.inputs[0]) if node.op in VIEWS and not _scaled(graph, node) else None
        )
        if maker is not None:
            maker = became.get(maker.name, maker)
            alone = readers.count(maker.outputs[0]) == 1 and maker.outputs[0] not in kept
            changed = _joined(graph, maker, node, alone)
        if changed is not None:
            became[node.name] = changed
    if not became:
        return _named(graph)
    joined = graph.with_(nodes=tuple(became.get(n.name, n) for n in graph.nodes))
    return rewrite(_without_identities(eliminate_dead.rewrite(joined), became))


def _named(graph: Graph) -> Graph:
    """The graph in which values have the names of outputs and next states that only repeat them."""
    made = {o for n in graph.nodes for o in n.outputs}
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    names: dict[str, str] = {}
    gone = set()
    for node in graph.nodes:
        x, y = node.inputs[0], node.outputs[0]
        if y in kept and x in made - kept - names.keys() and is_identity(graph, node):
            names[x] = y
            gone.add(node.name)
    if not names:
        return graph
    nodes = [
        replace(
            n, inputs=tuple(names.get(i, i) for i in n.inputs),
            outputs=tuple(names.get(o, o) for o in n.outputs),
        )
        for n in graph.nodes if n.name not in gone
    ]  # fmt: skip
    types = {k: t for k, t in graph.types.items() if k not in names}
    return rewrite(graph.with_(nodes=tuple(nodes), types=types))


def _joined(graph: Graph, maker: Node, node: Node, alone: bool) -> Node | None:
    """A view over what another view reads; None where they cannot be one. ``alone``: nobody else
    needs what lies between."""
    if maker.op == "reshape":
        return replace(node, inputs=maker.inputs)
    if maker.op == "strided" and node.op == "reshape" and alone:
        attrs = {**maker.attrs, "result": graph.type(node.outputs[0]).shape}
        return replace(node, op="strided", inputs=maker.inputs, attrs=attrs)
    return None


def _like_result(graph: Graph, node: Node, makers: dict[str, Node]) -> Node | None:
    """An operation on elements whose further operands are read in the result's shape, where that
    is how they were before a reshape; None where none was."""
    inputs, shape = list(node.inputs), graph.type(node.outputs[0]).shape
    for k in range(1, OPS.get(node.op).pointwise):
        maker = makers.get(inputs[k])
        while maker is not None and maker.op == "reshape" and not _scaled(graph, maker):
            if graph.type(maker.inputs[0]).shape == shape:
                inputs[k] = maker.inputs[0]
                break
            maker = makers.get(maker.inputs[0])
    return replace(node, inputs=tuple(inputs)) if tuple(inputs) != node.inputs else None


def _scaled(graph: Graph, node: Node) -> bool:
    """Whether scales lie along an axis: a shape is part of what they mean."""
    quant = graph.type(node.inputs[0]).quant
    return quant is not None and quant.axis is not None


def _without_identities(graph: Graph, changed: dict[str, Node]) -> Graph:
    """The graph without those of the changed nodes that change nothing any more."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    source: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(source.get(i, i) for i in node.inputs))
        plain = node.name in changed and node.outputs[0] not in kept and is_identity(graph, node)
        if plain and OPS.get(node.op).moves:
            source[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    types = {k: t for k, t in graph.types.items() if k not in source}
    return graph.with_(nodes=tuple(nodes), types=types)


PASS = Pass("merge_views", requires=("float", "quantised"), rewrite=rewrite)
