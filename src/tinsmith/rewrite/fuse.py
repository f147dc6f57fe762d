"""Joins a layer with what follows it, so that its sums are never kept: convolution and
requantisation, or convolution, lower and upper bound.

Which operations may follow is said by the layer's own operation (`Op.followed_by`). What a kernel
can do in one step is another question, answered where kernels are chosen.
"""

from collections.abc import Collection, Iterator

from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.ir.op import OPS
from tinsmith.rewrite._joined import joined, with_joined
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of


def rewrite(graph: Graph) -> Graph:
    """One ``fused`` node for each layer and those that follow it.

    A node follows where it alone reads the value, as its first operand, is element by element, and
    all else that it reads is constant; nobody outside may need what disappears (outputs, next
    values of states). The fused node has the last one's name and place, and the layer's stage.
    """
    return with_joined(graph, [joined(graph, c, c[0].stage) for c in _chains(graph)])


def _chains(graph: Graph) -> Iterator[list[Node]]:
    kept = set(graph.outputs) | {s.next for s in graph.states}
    readers = readers_of(graph)
    for node in graph.nodes:
        chain, allowed = [node], OPS.get(node.op).followed_by
        while allowed and (value := chain[-1].outputs[0]) not in kept:
            reader, *others = readers.get(value, [])
            again = reader.op in {n.op for n in chain[1:]}  # no kernel does the same twice
            if others or again or reader.op not in allowed or not _follows(graph, value, reader):
                break
            chain.append(reader)
        if len(chain) > 1:
            yield chain


def _follows(graph: Graph, value: str, node: Node) -> bool:
    op = OPS.get(node.op)
    return (
        len(node.outputs) == 1
        and node.inputs[0] == value
        and op.access == "elementwise"
        and graph.type(value).elements == graph.type(node.outputs[0]).elements
        and all(i in graph.constants for i in node.inputs[1:])
    )


def taken_apart(graph: Graph, names: Collection[str] | None = None) -> Graph:
    """The graph with fused nodes, all or those named, as the nodes that they were made of."""
    return _split(graph, names, 1)


def shortened(graph: Graph, names: Collection[str]) -> Graph:
    """The graph with the last part of fused nodes, of those named, as a node of its own again; all
    parts where not each reads what the one before it makes."""
    return _split(graph, names, None)


def _split(graph: Graph, names: Collection[str] | None, keep: int | None) -> Graph:
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        parts = node.parts if names is None or node.name in names else ()
        if not parts:
            nodes.append(node)
            continue
        first = keep or (len(parts) - 1 if _chained(node) else 1)
        types |= {p.value: p.type for p in parts[first - 1 : -1]}
        nodes.append(_whole(node, first))
        nodes += [_alone(node, p) for p in parts[first:]]
    return graph.with_(nodes=tuple(nodes), types=types) if len(nodes) > len(graph.nodes) else graph


def _chained(node: Node) -> bool:
    """Whether each part reads what the one before it makes."""
    own = len(node.inputs)
    return all(own + k in p.inputs for k, p in enumerate(node.parts[1:]))


def _whole(node: Node, count: int) -> Node:
    """The first parts of a fused node: a plain node where that is one."""
    parts = node.parts[:count]
    if count == 1:
        return _alone(node, parts[0])
    own = max(i for p in parts for i in p.inputs if i < len(node.inputs)) + 1
    moved = []
    for p in parts:
        inputs = tuple(i if i < own else i - len(node.inputs) + own for i in p.inputs)
        moved.append(Part(p.name, p.op, inputs, p.attrs, p.value, p.type, p.stage))
    last = parts[-1]
    return Node(last.name, "fused", node.inputs[:own], (last.value,), {}, node.stage, tuple(moved))


def _alone(node: Node, part: Part) -> Node:
    values = [*node.inputs, *(p.value for p in node.parts)]
    return Node(
        part.name, part.op, tuple(values[i] for i in part.inputs), (part.value,), part.attrs,
        part.stage,
    )  # fmt: skip


PASS = Pass("fuse", requires=("lowered",), rewrite=rewrite)
