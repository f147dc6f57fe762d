"""What steps need of the arena and how long they take, for each kernel that may compute them; asked
again and again while regions for stripes are looked for (`codegen/stripes.py`)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from math import inf

from tinsmith.codegen.buffers import ALIGNMENT, scratch_bytes
from tinsmith.codegen.costs import costs_of, work
from tinsmith.codegen.kernel_set import sets_for
from tinsmith.codegen.planner import Buffer, align_up, saved
from tinsmith.codegen.program import Call
from tinsmith.codegen.select import first_of_sets
from tinsmith.codegen.uses import offers_of
from tinsmith.devices.board import Core
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType

WORK, LOOKS = 100_000_000, 50_000
"""Elements of operands and results for which kernels are asked, in all, and how often anything is
asked: a search in a large graph ends with what it has found."""
MOVED = 0.5
"""Instructions to move a byte, about."""


def room_of(type: TensorType) -> int:
    """Bytes that a value takes in the arena."""
    return align_up(type.nbytes, ALIGNMENT)


class Offer:
    """A kernel for a step: its scratch and its time."""

    def __init__(self, call: Call, time: float) -> None:
        self._call = call
        self.scratch = scratch_bytes(call)
        self.time = time
        self._shared: dict[int, int] = {}

    def shared(self, operand: int) -> int:
        """Bytes that the result may have in common with an operand, by its number, if that dies."""
        if operand not in self._shared:
            self._shared[operand] = self._common(operand)
        return self._shared[operand]

    def _common(self, operand: int) -> int:
        call = self._call
        known = call.binding.order(operand) is not None and len(call.site.outputs) == 1
        if not known or call.node.inputs.count(call.node.inputs[operand]) > 1:
            return 0
        x, y = call.site.inputs[operand], call.site.outputs[0]
        result = Buffer("y", y.nbytes, 1, 1, {"x": call.distances(operand)})
        return saved(result, {"x": room_of(x), "y": room_of(y)}, ALIGNMENT)


class Footprints:
    """Offers for the steps of graphs on a core."""

    def __init__(self, core: Core) -> None:
        self._sets, self._costs = sets_for(core.features), costs_of(core.name)
        self._kept: dict[object, Sequence[Offer]] = {}
        self._left, self._looks = WORK, LOOKS

    def kept(self, key: object, make: Callable[[], Graph]) -> Sequence[Offer]:
        """Offers for the one node of a graph, the fastest first; none where no kernel takes it, or
        the work is spent. They are found once for each key."""
        self._looks -= 1
        if self._looks < 0:
            return ()
        if key not in self._kept:
            graph = make()
            (node,) = graph.nodes
            values = [v for v in node.inputs if v not in graph.constants]
            self._left -= sum(graph.type(v).elements for v in (*values, *node.outputs))
            calls = first_of_sets(offers_of(graph, node, self._sets)) if self._left > 0 else []
            self._kept[key] = sorted((Offer(c, self.time(c)) for c in calls), key=lambda o: o.time)
        return self._kept[key]

    def time(self, call: Call) -> float:
        """Instructions; products and moved bytes where the kernel was not measured."""
        levels = self._costs.get(call.kernel)
        if levels:
            return min(cost.instructions(work(call)) for cost in levels.values())
        macs = OPS.get(call.node.op).cost(call.site).macs
        return macs + MOVED * sum(t.nbytes for t in call.site.outputs)


def fastest(
    offers: Iterable[Offer], live: int, result: int, dying: Collection[int], room: int = 1 << 40
) -> float:
    """The time of the fastest that fits; `inf` where none does.

    Args:
        offers: the fastest first.
        live: bytes of all values that are live, operands and result among them.
        result: bytes of the result.
        dying: operands that are read for the last time.
        room: bytes of the arena.
    """
    for offer in offers:
        needed = live + offer.scratch
        if needed <= room:
            return offer.time
        if needed - result <= room and needed - _common(offer, result, dying) <= room:
            return offer.time
    return inf


def least(offers: Iterable[Offer], live: int, result: int, dying: Collection[int]) -> int:
    """Bytes that the step needs with the offer that needs least."""
    return live - max((_common(o, result, dying) - o.scratch for o in offers), default=0)


def _common(offer: Offer, result: int, dying: Collection[int]) -> int:
    return min(result, sum(map(offer.shared, dying)))
