"""Lets a sum along an axis read values of eight bits as they are, instead of a copy in 32 bits: a
global mean needs four times the memory of its operand otherwise."""

from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of
from tinsmith.rewrite.fuse_views import is_view

NARROW = ("int8", "uint8")


def rewrite(graph: Graph) -> Graph:
    """A ``fused`` node of each requantisation of such values to int32, the reshape behind it if
    there is one, and the sum that alone reads it; with the sum's name and place, and the first
    one's stage. The very same object where there is none."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers = readers_of(graph)
    made: dict[str, Node] = {}
    gone: set[str] = set()
    for node in graph.nodes:
        chain = [node]
        while (value := chain[-1].outputs[0]) not in kept and len(readers.get(value, [])) == 1:
            chain.append(readers[value][0])
            if not is_view(graph, chain[-1]):
                break
        if widens(graph, node) and chain[-1].op == "reduce_sum":
            made[chain[-1].name] = _joined(graph, chain)
            gone |= {n.name for n in chain[:-1]}
    if not made:
        return graph
    nodes = tuple(made.get(n.name, n) for n in graph.nodes if n.name not in gone)
    inner = {p.value for n in made.values() for p in n.parts[:-1]}
    return graph.with_(nodes=nodes, types={k: t for k, t in graph.types.items() if k not in inner})


def widens(graph: Graph, node: Node) -> bool:
    """Whether a node brings values of eight bits to int32."""
    narrow = node.op == "requantize" and graph.type(node.inputs[0]).dtype in NARROW
    return narrow and graph.type(node.outputs[0]).dtype == "int32"


def _joined(graph: Graph, chain: list[Node]) -> Node:
    first, last = chain[0], chain[-1]
    parts, reads = [], tuple(range(len(first.inputs)))
    for number, node in enumerate(chain):
        value = node.outputs[0]
        type = graph.type(value)
        parts.append(Part(node.name, node.op, reads, node.attrs, value, type, node.stage))
        reads = (len(first.inputs) + number,)
    return Node(last.name, "fused", first.inputs, last.outputs, {}, first.stage, tuple(parts))


PASS = Pass("fuse_sums", requires=("lowered",), rewrite=rewrite)
