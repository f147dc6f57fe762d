"""Regions of a graph that can be computed stripe by stripe: some rows of the result after the
other, each by the same layers over the rows that it needs. Rows in which stripes overlap are
computed anew.

What a region reads gets shorter from stripe to stripe, what it makes gets longer. In memory rows
lie behind each other, so both are movements in place at most.
Source: Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference", arXiv 2110.15352.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import TensorType
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._rows import ROWS, Local, Named, Rows, local, of_rows, parts_of, with_rows

ALIGNMENT = 8
"""Bytes of which the addresses that kernels get are multiples."""


@dataclass(frozen=True)
class Region:
    """Nodes ``first`` to ``last`` of a graph, by number: all that they read of others is the value
    ``x`` and constants, all that others read of them is the last one's result. ``dies``: nobody
    reads x behind them."""

    graph: Graph
    first: int
    last: int
    x: str
    dies: bool
    locals: Sequence[Local]

    @property
    def nodes(self) -> Sequence[Node]:
        """Its nodes, in order."""
        return self.graph.nodes[self.first : self.last + 1]

    @property
    def result(self) -> str:
        """What it makes."""
        return self.nodes[-1].outputs[0]

    @property
    def height(self) -> int:
        """Rows of the result."""
        return int(self.graph.type(self.result).shape[ROWS])

    @cached_property
    def last_reader(self) -> int:
        """Which of its nodes reads x last, by number in the region."""
        return max(k for k, n in enumerate(self.nodes) if self.x in n.inputs)

    def needs(self, rows: Rows) -> dict[str, Rows]:
        """Which rows of x and of the values inside some rows of the result need; of each value one
        run."""
        found = {self.result: rows}
        for node, own in zip(reversed(self.nodes), reversed(self.locals), strict=True):
            needed = own.needed(found[node.outputs[0]])
            for name in {node.inputs[k] for k in own.operands}:
                found[name] = needed.joined(found.get(name, needed))
        return found


class Regions:
    """All regions of a graph. Nodes in ``whole``, by name, are in none."""

    def __init__(self, graph: Graph, whole: Collection[str] = ()) -> None:
        self._graph = graph
        self._locals = [None if n.name in whole else local(graph, n) for n in graph.nodes]
        self._kept = {*graph.outputs, *(s.next for s in graph.states)}
        self._given = graph.constants.keys()
        self._states = {s.name for s in graph.states}
        self._last = {i: k for k, n in enumerate(graph.nodes) for i in n.inputs}

    def may(self, number: int) -> bool:
        """Whether a node may be in a region."""
        return self._locals[number] is not None

    def beginning(self, first: int, most: int) -> Iterator[Region]:
        """Those that begin with a node and have so many at most, the shortest first."""
        made: set[str] = set()
        outer: set[str] = set()
        locals: list[Local] = []
        for last, node in enumerate(self._graph.nodes[first : first + most], first):
            own = self._locals[last]
            outer |= {i for i in node.inputs if i not in made and i not in self._given}
            if own is None or len(outer) > 1 or outer & self._states:
                return
            locals.append(own)
            inner = [v for v in made if v in self._kept or self._last.get(v, last) > last]
            made.update(node.outputs)
            quant = self._graph.type(node.outputs[0]).quant
            if not inner and (
                quant is None or quant.axis is None
            ):  # only then stripes can be joined
                (x,) = outer
                dies = x not in self._kept and self._last[x] <= last
                yield Region(self._graph, first, last, x, dies, tuple(locals))


def aligned(type: TensorType, held: Rows, needed: Rows) -> bool:
    """Whether some rows of a value, of which others are held, begin at an address as kernels expect
    them."""
    return (needed.start - held.start) * (type.nbytes // type.shape[ROWS]) % ALIGNMENT == 0


def split(region: Region, ends: Sequence[int], crops: bool) -> Graph:
    """The graph in which a region is computed in stripes that end before these rows of its result,
    the last with the last row.

    Args:
        crops: what the region reads is made shorter where rows of it are not needed any more; it
            has to die in the region.
    """
    graph = region.graph
    nodes = graph.nodes[: region.first], graph.nodes[region.last + 1 :]
    made = _Stripes(region, crops)
    for start, stop in pairwise([0, *ends]):
        made.add(Rows(start, stop), [e for e in ends if e > stop][:1])
    inside = {o for n in region.nodes for o in n.outputs} - {region.result}
    types = {k: t for k, t in graph.types.items() if k not in inside} | made.types
    own = graph.with_(nodes=(*nodes[0], *made.nodes, *nodes[1]), types=types)
    return Pass("split_rows", requires=("lowered",), rewrite=lambda graph: own)(graph)


class _Stripes:
    """The nodes of stripes, one stripe after the other."""

    def __init__(self, region: Region, crops: bool) -> None:
        self._region = region
        self._crops = crops and region.dies
        self._names = _Names(region.graph)
        self._x = region.x, Rows(0, region.graph.type(region.x).shape[ROWS])
        self._whole = ""
        self.nodes: list[Node] = []
        self.types: dict[str, TensorType] = {}
        """Of the values that are new."""

    def add(self, rows: Rows, following: Sequence[int]) -> None:
        """The stripe of some rows; ``following``: where the next one ends, if there is one."""
        region, needs = self._region, self._region.needs(rows)
        have = {region.x: self._x}
        for number, (node, own) in enumerate(zip(region.nodes, region.locals, strict=True)):
            reads, held = list(node.inputs), {}
            (value,), stage = node.outputs, node.stage
            for k in own.operands:
                whole = node.inputs[k]
                reads[k], there = self._near(whole, have[whole], own.needed(needs[value]), stage)
                held[k] = there, region.graph.type(whole)
            made = self._stripe((node, own), needs[value], tuple(reads), held)
            have[value] = made, needs[value]
            if number == region.last_reader and following:
                self._crop(region.needs(Rows(rows.stop, following[0]))[region.x], stage)
        self._join(have[region.result][0], rows)

    def _near(
        self, value: str, held: tuple[str, Rows], needed: Rows, stage: str
    ) -> tuple[str, Rows]:
        """What holds some rows so that a kernel may be called with the address of the first: a copy
        of them, if need be."""
        if aligned(self._region.graph.type(value), held[1], needed):
            return held
        return self._slice(value, held, needed, stage), needed

    def _stripe(
        self,
        node: tuple[Node, Local],
        rows: Rows,
        reads: tuple[str, ...],
        held: Mapping[int, tuple[Rows, TensorType]],
    ) -> str:
        """One node's rows, of operands that hold some; returns the name of its result."""
        whole, own = node
        graph, names = self._region.graph, self._names
        names.begin(_told(rows))
        parts = parts_of(graph, whole)
        made = of_rows(whole, own, rows, parts, Named(reads, held, names.value, names.node))
        self.nodes.append(made)
        (value,) = made.outputs
        self.types[value] = with_rows(graph.type(whole.outputs[0]), rows.height)
        return value

    def _crop(self, needed: Rows, stage: str) -> None:
        """Lets x be only what the stripes from the next one on need."""
        if self._crops and needed.start != self._x[1].start:
            rows = Rows(needed.start, self._x[1].stop)
            self._x = self._slice(self._region.x, self._x, rows, stage), rows

    def _slice(self, value: str, held: tuple[str, Rows], rows: Rows, stage: str) -> str:
        """A step that takes some rows of what holds more of a value; returns its name."""
        source, there = held
        self._names.begin(_told(rows))
        name, made = self._names.node(value), self._names.value(value)
        attrs = {"axis": ROWS, "start": rows.start - there.start, "size": rows.height}
        self.nodes.append(Node(name, "slice", (source,), (made,), attrs, stage))
        self.types[made] = with_rows(self._region.graph.type(value), rows.height)
        return made

    def _join(self, made: str, rows: Rows) -> None:
        """What there is of the result so far."""
        if not self._whole:
            self._whole = made
            return
        last, value = self._region.nodes[-1], self._region.result
        self._names.begin(_told(Rows(0, rows.stop)))
        name = self._names.node(last.name)  # never a layer's own: choices name those
        if rows.stop < self._region.height:
            value = self._names.value(value)
        node = Node(name, "concat", (self._whole, made), (value,), {"axis": ROWS}, last.stage)
        self.nodes.append(node)
        self.types[value] = with_rows(self._region.graph.type(self._region.result), rows.stop)
        self._whole = value


class _Names:
    """Names of nodes and of values that are not taken yet."""

    def __init__(self, graph: Graph) -> None:
        hidden = [p for n in graph.nodes for p in n.parts]
        self._nodes = {*(n.name for n in graph.nodes), *(p.name for p in hidden)}
        self._values = {*graph.types, *(p.value for p in hidden)}
        self._suffix = ""
        self._now: dict[tuple[bool, str], str] = {}

    def begin(self, suffix: str) -> None:
        """From now on new names end so."""
        self._suffix = suffix
        self._now = {}

    def node(self, name: str) -> str:
        """That of a node or part; the same one again until `begin`."""
        return self._of((True, name), self._nodes)

    def value(self, name: str) -> str:
        """That of a value, likewise."""
        return self._of((False, name), self._values)

    def _of(self, key: tuple[bool, str], taken: set[str]) -> str:
        if key not in self._now:
            found, number = f"{key[1]}_{self._suffix}", 1
            while found in taken:
                found, number = f"{key[1]}_{self._suffix}_{number}", number + 1
            taken.add(found)
            self._now[key] = found
        return self._now[key]


def _told(rows: Rows) -> str:
    return f"rows{rows.start}to{rows.stop - 1}"
