"""Lets a node make its result in the shape that its reader asks for, so that a reshape is no step.

In memory a reshape changes nothing: whoever writes the elements has written them in their new shape
as well. Kernels are chosen for the node without it (`codegen/select.py`).
"""

from dataclasses import replace

from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of


def rewrite(graph: Graph) -> Graph:
    """A ``fused`` node of each node and the reshape that alone reads its result, in the node's
    place and with its name; the very same object where there is none."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers = readers_of(graph)
    nodes: list[Node] = []
    gone, hidden = set(), set()
    for node in graph.nodes:
        if node.name in gone:
            continue
        value = node.outputs[0]
        view, *others = readers.get(value, [node])
        alone = not others and value not in kept and len(node.outputs) == 1
        if alone and is_view(graph, view):
            nodes.append(_joined(graph, node, view))
            gone.add(view.name)
            hidden.add(value)
        else:
            nodes.append(node)
    if not gone:
        return graph
    types = {k: t for k, t in graph.types.items() if k not in hidden}
    return graph.with_(nodes=tuple(nodes), types=types)


def is_view(graph: Graph, node: Node) -> bool:
    """Whether a node is a reshape."""
    walk = OPS.get(node.op).walk
    return node.op == "reshape" and walk is not None and walk(site_of(graph, node)).straight


def _joined(graph: Graph, node: Node, view: Node) -> Node:
    parts = node.parts or (
        Part(
            node.name, node.op, tuple(range(len(node.inputs))), node.attrs, node.outputs[0],
            graph.type(node.outputs[0]), node.stage,
        ),
    )  # fmt: skip
    last = Part(
        view.name, view.op, (len(node.inputs) + len(parts) - 1,), view.attrs, view.outputs[0],
        graph.type(view.outputs[0]), view.stage,
    )  # fmt: skip
    return replace(node, op="fused", outputs=view.outputs, attrs={}, parts=(*parts, last))


PASS = Pass("fuse_views", requires=("lowered",), rewrite=rewrite)
