"""Lets a sum along an axis read values of eight bits as they are, instead of a copy in 32 bits: a
global mean needs four times the memory of its operand otherwise."""

from tinsmith.ir.graph import Graph, Node
from tinsmith.rewrite._joined import joined, with_joined
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
    made = []
    for node in graph.nodes:
        chain = [node]
        while (value := chain[-1].outputs[0]) not in kept and len(readers.get(value, [])) == 1:
            chain.append(readers[value][0])
            if not is_view(graph, chain[-1]):
                break
        if widens(graph, node) and chain[-1].op == "reduce_sum":
            made.append(joined(graph, chain, node.stage))
    return with_joined(graph, made)


def widens(graph: Graph, node: Node) -> bool:
    """Whether a node brings values of eight bits to int32."""
    narrow = node.op == "requantize" and graph.type(node.inputs[0]).dtype in NARROW
    return narrow and graph.type(node.outputs[0]).dtype == "int32"


PASS = Pass("fuse_sums", requires=("lowered",), rewrite=rewrite)
