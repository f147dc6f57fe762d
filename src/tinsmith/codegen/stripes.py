"""Which regions of a graph are computed in stripes, so that the arena gets smaller.

For an arena of some size each step either fits into it or belongs to a region whose stripes do.
Each of them is as high as it may be, as rows in which stripes overlap are computed anew. Of all
ways through the graph the one that takes least time is taken. The smallest arena for which that is
not too much is found by halving; then memory is planned for the best few, as only the planner knows
how large the arena gets. A step is code, so each has to save some memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.choose import PATIENCE
from tinsmith.codegen.footprints import MOVED, Footprints, Offer, fastest, least, room_of
from tinsmith.codegen.program import Program
from tinsmith.codegen.select import select
from tinsmith.devices.board import Core
from tinsmith.ir.graph import Graph, Node
from tinsmith.rewrite._rows import ROWS, Named, Rows, of_rows, parts_of, with_rows
from tinsmith.rewrite._stripes import Region, Regions, aligned, split

WORTH = 0.02
"""Share of the arena that stripes have to save."""
RESERVE = 0.07
"""Share of the time that is allowed which stripes leave: costs are estimates."""
LEEWAY = 0.03
"""Share of their time that stripes may turn out to take more than what was looked for."""
FINENESS = 0.01
"""Share of the arena to which the smallest one is looked for."""
MOST_STRIPES, MOST_STEPS, REACH = 32, 16, 6
"""Of a region: stripes; steps; so many in front of one that does not fit."""
HASTE = 1.2
"""So much more time than the fastest kernel one may take that leaves room for higher stripes."""
PLANS = 5
"""So many graphs are planned."""
STEP = 8
"""Bytes of the arena that each step more has to save: its code takes 100 to 200 of flash."""

Way = tuple[tuple[Region, tuple[int, ...]], ...]
"""Regions, in order, and where their stripes end."""


def striped(graph: Graph, core: Core, choices: Choices) -> Program:
    """The program of a lowered graph, with regions in stripes where that makes its arena smaller
    and takes at most `PATIENCE` times what the fastest kernels take for the whole.

    Which regions these are does not depend on kernels that are chosen: who names a layer of a
    region gets it whole, who names its stripes gets these.

    Raises:
        UserError: as `select`.
    """
    made, most = _cut(graph, core, choices, frozenset())
    names, left = ({n.name for n in g.nodes} for g in (graph, made))
    if gone := frozenset(choices.kernels.keys() & names - left):
        made, most = _cut(graph, core, choices, gone)
    return select(made, core, choices, most)


def _cut(
    graph: Graph, core: Core, choices: Choices, whole: frozenset[str]
) -> tuple[Graph, float | None]:
    """The graph with the best regions in stripes, and the time that it may take; without stripes
    what its aim says. ``whole``: layers that are in none."""
    footprints, free = Footprints(core), Choices(aim=choices.aim, keep_inputs=choices.keep_inputs)
    search = _Search(graph, footprints, (free.keep_inputs, whole))
    best, ways, least = graph, search.ways()[:PLANS], 0.0
    if ways:
        before = select(graph, core, free)
        least = (1 - WORTH) * _arena(before, free) + STEP * len(before.calls)
    most = (1 + LEEWAY) * search.most
    for way in ways:
        made = _applied(graph, way, free.keep_inputs)
        program = select(made, core, free, most)
        price = _arena(program, free) + STEP * len(program.calls)
        if sum(map(footprints.time, program.calls)) <= most and price < least:
            best, least = made, price
    return best, None if best is graph else most


def _arena(program: Program, choices: Choices) -> int:
    return plan_memory(program, keep_inputs=choices.keep_inputs).arena_bytes


def _applied(graph: Graph, way: Way, keep_inputs: bool) -> Graph:
    for region, ends in reversed(way):  # the numbers of nodes in front stay as they are
        crops = not (keep_inputs and region.x in graph.inputs)
        graph = split(replace(region, graph=graph), ends, crops)
    return graph


class _Lives:
    """Values of a graph: the steps at which they are live, and their bytes."""

    def __init__(self, graph: Graph, keep_inputs: bool) -> None:
        end = len(graph.nodes)
        self.first = dict.fromkeys(graph.inputs, -1)
        self.first |= {o: k for k, n in enumerate(graph.nodes) for o in n.outputs}
        self.last = dict(self.first)
        self.last |= {i: k for k, n in enumerate(graph.nodes) for i in n.inputs if i in self.first}
        held = [*graph.outputs, *(s.next for s in graph.states)]
        held += graph.inputs if keep_inputs else ()
        self.last |= {v: end for v in held if v in self.first}
        self.size = {v: room_of(graph.type(v)) for v in self.first}

    def at(self, step: int) -> int:
        """Bytes that are live at a step."""
        return self.across(step, step)

    def across(self, first: int, last: int) -> int:
        """Bytes of what is live from one step to another, both included."""
        return sum(
            size for v, size in self.size.items() if self.first[v] <= first and last <= self.last[v]
        )

    def dying(self, node: Node, step: int) -> set[int]:
        """Operands that a step reads for the last time."""
        return {k for k, i in enumerate(node.inputs) if self.last.get(i) == step}


@dataclass(frozen=True)
class _Step:
    """A step of the whole graph: `footprints.fastest` asks for these."""

    offers: Sequence[Offer]
    live: int
    result: int
    dying: set[int]

    @cached_property
    def least(self) -> int:
        """Bytes that it needs in any case."""
        return least(self.offers, self.live, self.result, self.dying)

    def time(self, room: int) -> float:
        """The time of the fastest kernel that fits."""
        return fastest(self.offers, self.live, self.result, self.dying, room)


class _Search:
    """Ways through a graph for arenas of any size; ``asked``: whether inputs are kept, and layers
    that stay whole."""

    def __init__(
        self, graph: Graph, footprints: Footprints, asked: tuple[bool, frozenset[str]]
    ) -> None:
        keep_inputs, whole = asked
        self._graph, self._footprints = graph, footprints
        self._lives = _Lives(graph, keep_inputs)
        self._steps = [self._whole(k, n) for k, n in enumerate(graph.nodes)]
        self._regions = Regions(graph, whole)
        self._found: dict[int, list[_Stripes]] = {}
        self.most = (1 - RESERVE) * PATIENCE * sum(s.time(1 << 40) for s in self._steps)
        """The most time that all may take."""

    def _whole(self, number: int, node: Node) -> _Step:
        result = sum(self._lives.size[o] for o in node.outputs)
        offers = self._footprints.kept((node.name,), lambda: self._graph.with_(nodes=(node,)))
        return _Step(offers, self._lives.at(number), result, self._lives.dying(node, number))

    def ways(self) -> list[Way]:
        """For smaller and smaller arenas, the smallest first; none where the largest step cannot be
        cut."""
        steps = list(enumerate(self._steps))
        high = max((s.least for _, s in steps), default=0)
        low = max((s.least for k, s in steps if not self._regions.may(k)), default=0)
        found: list[Way] = []
        while high - low > FINENESS * high:
            middle = (low + high) // 2
            way = self._way(middle)
            if way is None:
                low = middle
            else:
                high = middle
                found = [way, *(w for w in found if w != way)]
        return found

    def _way(self, room: int) -> Way | None:
        """The fastest way through all steps in an arena; None where there is none, or it takes too
        much time."""
        count = len(self._steps)
        best: list[tuple[float, Way]] = [(0.0, ()), *[(inf, ())] * count]

        def better(step: int, time: float, way: Way) -> None:
            if time < best[step][0]:
                best[step] = time, way

        tight = [k for k, s in enumerate(self._steps) if s.least > room]
        for k in range(count):
            before, way = best[k]
            better(k + 1, before + self._steps[k].time(room), way)
            if before == inf or not any(k <= t <= k + REACH for t in tight):
                continue
            for stripes in self._beginning(k):
                region = stripes.region
                if any(region.first <= t <= region.last for t in tight):
                    ends, time = stripes.fitting(room, self.most - before)
                    better(region.last + 1, before + time, (*way, (region, ends)))
        time, way = best[count]
        return way if time <= self.most and way else None

    def _beginning(self, first: int) -> "list[_Stripes]":
        if first not in self._found:
            found = self._regions.beginning(first, MOST_STEPS)
            self._found[first] = [_Stripes(r, self._lives, self._footprints) for r in found]
        return self._found[first]


class _Stripes:
    """Stripes of a region."""

    def __init__(self, region: Region, lives: _Lives, footprints: Footprints) -> None:
        self.region = region
        self._footprints = footprints
        self._graph = region.graph
        self._crops = lives.last[region.x] <= region.last
        around = lives.across(region.first - 1, region.last + 1)
        self._around = around if self._crops else lives.across(region.first, region.last)
        self._last = {i: k for k, n in enumerate(region.nodes) for i in n.inputs}

    def fitting(self, room: int, most: float) -> tuple[tuple[int, ...], float]:
        """Where stripes end that fit, each as high as it may be, and their time; `inf` where none
        do in ``most``. Slow kernels are for where fast ones leave not even one row."""
        ends, time = [0], 0.0
        while ends[-1] < self.region.height:
            for haste in (HASTE, inf):
                end, took = self._highest(ends[-1], room, haste)
                if took < inf:
                    break
            time += took
            if time > most or len(ends) > MOST_STRIPES:
                return (), inf
            ends.append(end)
        return tuple(ends[1:]), time if len(ends) > 2 else inf

    def _highest(self, start: int, room: int, haste: float) -> tuple[int, float]:
        """Where the highest stripe that fits ends, and its time."""
        low, high, took = start, self.region.height, inf
        middle = high
        while low < high:  # stripes up to low fit, those above high do not
            own = self._time(Rows(start, middle), room, haste)
            low, high, took = (middle, high, own) if own < inf else (low, middle - 1, took)
            middle = (low + high + 1) // 2
        return low, took

    def _time(self, rows: Rows, room: int, haste: float) -> float:
        """Of one stripe; `inf` where it does not fit."""
        region, needs = self.region, self.region.needs(rows)
        held = self._held(rows.start)
        left = self._held(rows.stop) if rows.stop < region.height else 0
        own = {"": self._around + self._bytes(region.result, rows.start)}
        time = MOVED * (left + self._bytes(region.result, rows.stop)) if rows.start or left else 0.0
        for number, node in enumerate(region.nodes):
            (value,) = node.outputs
            result = own[value] = self._bytes(value, needs[value].height)
            gone = {i for i in node.inputs if self._last.get(i) == number}
            dying = gone if not left or region.x not in gone else gone - {region.x}
            offers = self._offered(number, needs)
            time += fastest(
                [o for o in offers if o.time <= haste * offers[0].time],
                sum(own.values()) + held, result,
                {k for k, i in enumerate(node.inputs) if i in dying}, room,
            )  # fmt: skip
            if time == inf:
                return inf
            own = {v: size for v, size in own.items() if v not in gone}
            held = left if region.x in gone and self._crops else held
        return time

    def _held(self, row: int) -> int:
        """Bytes that are held of x from a stripe on that begins with a row of the result."""
        region = self.region
        if not self._crops:
            return 0  # it is among what is around
        needed = region.needs(Rows(row, row + 1))[region.x]
        whole = self._graph.type(region.x).shape[ROWS]
        return self._bytes(region.x, whole - needed.start)

    def _bytes(self, value: str, rows: int) -> int:
        return room_of(with_rows(self._graph.type(value), rows)) if rows else 0

    def _offered(self, number: int, needs: Mapping[str, Rows]) -> Sequence[Offer]:
        """What kernels offer for a node of a stripe, as if x were just the rows that it needs: of a
        larger one they know nothing else."""
        node, own = self.region.nodes[number], self.region.locals[number]
        rows = needs[node.outputs[0]]
        needed = own.needed(rows)
        have = {}
        for k in own.operands:
            value, held = node.inputs[k], needs[node.inputs[k]]
            near = aligned(self._graph.type(value), held, needed)  # else there is a copy
            have[k] = held if near and value != self.region.x else needed
        told = [(k, h.height, needed.start - h.start) for k, h in have.items()]
        key = (node.name, rows.height, own.cut(rows).get("padding"), *told)
        return self._footprints.kept(key, lambda: self._small(number, rows, have))

    def _small(self, number: int, rows: Rows, have: Mapping[int, Rows]) -> Graph:
        """A graph of a node that makes some rows."""
        graph, node, own = self._graph, self.region.nodes[number], self.region.locals[number]
        held = {k: (h, graph.type(node.inputs[k])) for k, h in have.items()}
        named = Named(node.inputs, held, str, str)
        made = of_rows(node, own, rows, parts_of(graph, node), named)
        types = {node.inputs[k]: with_rows(type, h.height) for k, (h, type) in held.items()}
        types |= {o: with_rows(graph.type(o), rows.height) for o in node.outputs}
        return graph.with_(nodes=(made,), types={**graph.types, **types})
