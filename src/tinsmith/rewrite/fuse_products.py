"""Lets a product read values of eight bits as they are and be brought to eight bits at once,
instead of through copies in 32 bits."""

from tinsmith.ir.graph import Graph
from tinsmith.rewrite._joined import joined, with_joined
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

    made = []
    for node in graph.nodes:
        if node.op != "mul" or not alone(node.outputs[0]):
            continue
        (last,) = readers[node.outputs[0]]
        before = [makers[i] for i in node.inputs if i in makers and alone(i)]
        known = [i for i in node.inputs if i in graph.constants]
        if before and len(before) + len(known) == 2 and last.op == "requantize":
            made.append(joined(graph, (*before, node, last), node.stage))
    return with_joined(graph, made)


PASS = Pass("fuse_products", requires=("lowered",), rewrite=rewrite)
