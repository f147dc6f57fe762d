"""Lets a product read values of eight bits as they are and be brought to eight bits at once,
instead of through copies in 32 bits."""

from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of
from tinsmith.rewrite.fuse_sums import widens


def rewrite(graph: Graph) -> Graph:
    """A ``fused`` node of each product of int32, the requantisations that make its operands of
    values of eight bits, and the one that alone reads it; with the last one's name and place, and
    the product's stage. An operand may be constant. The very same object where there is none."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers = readers_of(graph)
    makers = {n.outputs[0]: n for n in graph.nodes if widens(graph, n)}

    def alone(value: str) -> bool:
        return value not in kept and len(readers.get(value, [])) == 1

    made: dict[str, Node] = {}
    gone: set[str] = set()
    for node in graph.nodes:
        if node.op != "mul" or not alone(node.outputs[0]):
            continue
        (last,) = readers[node.outputs[0]]
        before = [makers[i] for i in node.inputs if i in makers and alone(i)]
        known = [i for i in node.inputs if i in graph.constants]
        if before and len(before) + len(known) == 2 and last.op == "requantize":
            made[last.name] = _joined(graph, (*before, node, last))
            gone |= {n.name for n in (*before, node)}
    if not made:
        return graph
    nodes = tuple(made.get(n.name, n) for n in graph.nodes if n.name not in gone)
    inner = {p.value for n in made.values() for p in n.parts[:-1]}
    return graph.with_(nodes=nodes, types={k: t for k, t in graph.types.items() if k not in inner})


def _joined(graph: Graph, nodes: tuple[Node, ...]) -> Node:
    """Operands that come from outside, behind each other, then what the parts make."""
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
        parts.append(Part(node.name, node.op, tuple(reads), node.attrs, value,
                          graph.type(value), node.stage))  # fmt: skip
    last = nodes[-1]
    return Node(last.name, "fused", tuple(given), last.outputs, {}, nodes[-2].stage, tuple(parts))


PASS = Pass("fuse_products", requires=("lowered",), rewrite=rewrite)
