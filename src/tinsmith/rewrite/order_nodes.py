"""Chooses the order of nodes in which fewest bytes are live at once.

Where branches are independent, running one to its end before the next begins may need less memory
than running them side by side, or more. All orders are walked together, step by step: which nodes
have run says what is live, so of all ways to have run the same nodes the one with the smallest peak
is kept. That is exact for small graphs; where more than `MOST_TRIES` would be made, ways with the
largest peaks are given up. Ways that are no better than the order as it is are not
followed, so the order changes only where that lowers the peak. Inputs are live until they were
read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
from tinsmith.rewrite._pass import Pass

MOST_TRIES = 50_000
"""Nodes that are tried as the next one, over all steps."""
LEAST_WAYS = 4
"""So many are followed at any step."""
_ALIGNMENT = 8


def rewrite(graph: Graph) -> Graph:
    """The graph in a better order; the very same object where none was found."""
    while True:
        order = _Orders(graph).better()
        if order is None:
            return graph
        graph = graph.with_(nodes=tuple(graph.nodes[i] for i in order))


def peak_bytes(graph: Graph) -> int:
    """The most bytes of values that are live while a node runs, in the order as it is."""
    return _Orders(graph).given().peak


@dataclass(frozen=True)
class _Way:
    """Nodes that have run and that may run next (a bit for each), the bytes that are live now and
    the most so far; ``last`` ran behind all ``before``."""

    ran: int
    ready: int
    live: int = 0
    peak: int = 0
    last: int = -1
    before: "_Way | None" = field(default=None, repr=False, compare=False)

    def numbers(self) -> list[int]:
        """The nodes in the order in which they ran."""
        found: list[int] = []
        way = self
        while way.before is not None:
            found.append(way.last)
            way = way.before
        return found[::-1]


class _Orders:
    """What the orders of one graph have in common."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.nodes
        made = {o: i for i, n in enumerate(graph.nodes) for o in n.outputs}
        kept = {*graph.outputs, *(s.next for s in graph.states)}
        held = [*graph.inputs, *made]
        self.size = {v: -(-graph.type(v).nbytes // _ALIGNMENT) * _ALIGNMENT for v in held}
        self.read_by = dict.fromkeys(held, 0)
        for i, node in enumerate(graph.nodes):
            for value in self.size.keys() & set(node.inputs):
                self.read_by[value] |= 1 << i
        self.passing = {v for v in held if v not in kept}  # die with their last reader
        self.needs = [_bits(made[i] for i in n.inputs if i in made) for n in graph.nodes]
        self.shares = [_shared(graph, n, self.size) for n in graph.nodes]
        given = sum(self.size[i] for i in graph.inputs)
        ready = _bits(i for i, needs in enumerate(self.needs) if not needs)
        self.start = _Way(0, ready, given, given)

    def given(self) -> _Way:
        """The order as it is."""
        way = self.start
        for number in range(len(self.nodes)):
            way = self.after(way, number)
        return way

    def better(self) -> Sequence[int] | None:
        """An order with a lower peak than the nodes' own; None where none was found."""
        most = self.given().peak
        if most <= max((self._least(n) for n in range(len(self.nodes))), default=0):
            return None
        ways = [self.start]
        for _ in self.nodes:
            found: dict[int, _Way] = {}
            for way in ways:
                for further in (self.after(way, n) for n in _numbers(way.ready)):
                    other = found.get(further.ran)
                    if further.peak < most and (other is None or further.peak < other.peak):
                        found[further.ran] = further
            ways = self._best(found.values())
        return ways[0].numbers() if ways else None

    def _best(self, ways: Iterable[_Way]) -> list[_Way]:
        """The ways that are followed, the best first."""
        left = MOST_TRIES // len(self.nodes)
        found: list[_Way] = []
        for way in sorted(ways, key=lambda w: (w.peak, w.live, w.ran)):
            left -= way.ready.bit_count()
            if left < 0 and len(found) >= LEAST_WAYS:
                break
            found.append(way)
        return found

    def after(self, way: _Way, number: int) -> _Way:
        """The way with one node more."""
        node, ran = self.nodes[number], way.ran | 1 << number
        new = sum(self.size[o] for o in node.outputs)
        dying = [v for v in dict.fromkeys(node.inputs) if self._dies(v, ran)]
        over = max((self.size[v] for v in dying if v in self.shares[number]), default=0)
        peak = max(way.peak, way.live + max(0, new - over))
        unread = sum(self.size[o] for o in node.outputs if self._dies(o, ran))
        live = way.live + new - unread - sum(self.size[v] for v in dying)
        readers = _bits(n for o in node.outputs for n in _numbers(self.read_by[o]))
        next = _bits(n for n in _numbers(readers) if self.needs[n] & ~ran == 0)
        return _Way(ran, way.ready & ~(1 << number) | next, live, peak, number, way)

    def _dies(self, value: str, ran: int) -> bool:
        return value in self.passing and self.read_by[value] & ~ran == 0

    def _least(self, number: int) -> int:
        """What a node needs while it runs, whatever the order."""
        node = self.nodes[number]
        read = [self.size[v] for v in dict.fromkeys(node.inputs) if v in self.size]
        over = max((self.size[v] for v in self.shares[number]), default=0)
        return sum(read) + max(0, sum(self.size[o] for o in node.outputs) - over)


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _bits(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def _shared(graph: Graph, node: Node, size: dict[str, int]) -> set[str]:
    """Operands that a node's result may lie over as soon as they are read."""
    op = OPS.get(node.parts[0].op if node.parts else node.op)
    if op.access != "elementwise" or len(node.outputs) > 1:
        return set()
    elements = graph.type(node.outputs[0]).elements
    over = [node.inputs[k] for k in op.alias]
    return {
        v for v in over
        if v in size and node.inputs.count(v) == 1 and graph.type(v).elements == elements
    }  # fmt: skip


PASS = Pass("order_nodes", requires=("float", "quantised", "lowered"), rewrite=rewrite)
