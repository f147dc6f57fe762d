"""Moves transposes behind operations that work along an axis: joining, cutting, sums and largest
values of an axis; and behind operations on elements one of whose operands repeats.

`sink_transposes` does so where order is all the same. Here the axis moves: what is joined along the
channels in front is joined along the channels behind, and then turned; a mean over pictures with
channels first is one over pictures with channels last, whose elements come in the same order. What
meets behind cancels. Functions of single elements go in front of what repeats elements, too.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.ir.types import TensorType, type_of
from tinsmith.ir.walk import Walk
from tinsmith.rewrite import eliminate_dead, sink_transposes
from tinsmith.rewrite._bounds import padded, whole_numbers
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._turns import Shape, Turn, orders, reading, turn_of, turned
from tinsmith.rewrite.merge_tables import is_function

REDUCTIONS = ("reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum")
POOLINGS = ("avg_pool2d", "max_pool2d")


def rewrite(graph: Graph) -> Graph:
    """Move all that can be; the very same object where nothing can, or where it would only be moved
    elsewhere: less has to be written in the end."""
    best = graph
    while (moved := _Step(best).moved()) is not None:
        best = sink_transposes.rewrite(eliminate_dead.rewrite(moved))
    return best if _written(best) < _written(graph) else graph


def _written(graph: Graph) -> tuple[int, int]:
    """Bytes of all results, twice, but of reshapes once (most go into other nodes); and nodes."""
    sizes = (
        graph.type(o).nbytes * (1 if n.op == "reshape" else 2)
        for n in graph.nodes
        for o in n.outputs
    )
    return sum(sizes), len(graph.nodes)


@dataclass
class _Step:
    """Nodes that change places with the turns in front of them."""

    graph: Graph
    stage: str = ""
    nodes: list[Node] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.graph
        self.constants = dict(graph.constants)
        self.makers = {o: n for n in graph.nodes for o in n.outputs}
        self.reads = Counter(i for n in graph.nodes for i in n.inputs)
        self.kept = {*graph.outputs, *(s.next for s in graph.states)}
        self.taken = set(graph.types) | {n.name for n in graph.nodes}

    def moved(self) -> Graph | None:
        """The graph with every node that can be moved, but those behind another one that was; None
        where there is none."""
        nodes: list[Node] = []
        new: set[str] = set()
        for node in self.graph.nodes:
            self.stage, self.nodes = node.stage, []
            if new.isdisjoint(node.inputs) and self._changed(node):
                new |= {o for n in self.nodes for o in n.outputs}
                nodes += self.nodes
            else:
                nodes.append(node)
        if not new:
            return None
        types = {**self.graph.types, **self.types}
        return self.graph.with_(nodes=tuple(nodes), types=types, constants=self.constants)

    def _changed(self, node: Node) -> bool:
        if node.op in ("concat", "slice"):
            return self._along(node)
        if node.op in REDUCTIONS:
            return self._reduced(node)
        if node.op in POOLINGS:
            return self._pooled(node)
        if is_function(self.graph, node):
            return self._function(node)
        return OPS.get(node.op).pointwise == 2 and self._repeated(node)

    def _turn(self, value: str) -> Turn | None:
        """The turn that makes a value which nobody else reads."""
        alone = self.reads[value] == 1 and value not in self.kept
        return turn_of(self.graph, self.makers.get(value)) if alone else None

    def _function(self, node: Node) -> bool:
        """A function of single elements before they are turned, or repeated."""
        x, (result,) = node.inputs[0], node.outputs
        maker, final = self.makers.get(x), self.graph.type(result)
        if maker is None or x in self.kept or OPS.get(maker.op).walk is None:
            return False
        others = [n for n in self.graph.nodes if x in n.inputs and n is not node]
        follow = all(is_function(self.graph, n) or OPS.get(n.op).walk is not None for n in others)
        source = self.graph.type(maker.inputs[0])
        repeats = source.elements < final.elements and not others
        turns = turn_of(self.graph, maker) is not None and follow
        if not (repeats or turns) or maker.inputs[0] in self.constants:
            return False
        raw = self._name(f"{result}_unturned")
        self.types[raw] = replace(final, shape=source.shape)
        self.nodes.append(replace(node, inputs=(maker.inputs[0], *node.inputs[1:]), outputs=(raw,)))
        name = self._name(f"{result}_turned")
        self.nodes.append(replace(maker, name=name, inputs=(raw,), outputs=(result,)))
        return True

    def _pooled(self, node: Node) -> bool:
        """A window over whole pictures, which are runs of pixels of the source."""
        x, final = node.inputs[0], self.graph.type(node.outputs[0])
        turn, (count, height, width, _) = self._turn(x), self.graph.type(x).shape
        whole = whole_numbers(node, "size") == (height, width) and not padded(node)
        if turn is None or not whole or final.shape[1:3] != (1, 1):
            return False
        source, places = self.graph.type(turn.source), height * width
        flat, order = _fewest(turn.walk)
        at = _matching(tuple(flat[a] for a in order), (count, places), 1)
        if at is None:
            return False
        spot = order[at]
        front, behind = prod(flat[:spot]), prod(flat[spot + 1 :])
        shape = source.shape
        if len(shape) != 4 or (shape[0], shape[3]) != (front, behind):
            shape = (front, places, 1, behind)
        view = self._read(turn.source, replace(source, shape=shape), _straight(shape), f"{x}_flat")
        window: dict[str, Attr] = {"size": shape[1:3], "stride": shape[1:3], "dilation": (1, 1)}
        made = replace(node, inputs=(view,), attrs={**node.attrs, **window})
        rest = tuple(n for a, n in enumerate(flat) if a != spot)
        left = [a - (a > spot) for a in order if a != spot]
        self._back(node, made, replace(final, shape=(front, 1, 1, behind)), turned(rest, left))
        return True

    def _name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.taken:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name

    def _read(self, value: str, type: TensorType, walk: Walk, wanted: str) -> str:
        """A new value: another along a walk; that itself where nothing changes."""
        own = self.types.get(value) or self.graph.type(value)
        if own.shape == type.shape and walk.straight:
            return value
        name = self._name(wanted)
        self.nodes.append(replace(reading(name, value, name, type.shape, walk), stage=self.stage))
        self.types[name] = type
        return name

    def _back(self, node: Node, made: Node, type: TensorType, walk: Walk) -> None:
        """``made`` in place of a node, and the turn that gives the node's result of it."""
        (result,), final = node.outputs, self.graph.type(node.outputs[0])
        if type.shape == final.shape and walk.straight:
            self.nodes.append(replace(made, outputs=(result,)))
            return
        raw = self._name(f"{result}_unturned")
        self.types[raw] = type
        self.nodes.append(replace(made, outputs=(raw,)))
        turn = reading(self._name(f"{result}_turned"), raw, result, final.shape, walk)
        self.nodes.append(replace(turn, stage=self.stage))

    def _along(self, node: Node) -> bool:
        """Operands that all come turned alike, or are constants, joined or cut before they turn."""
        graph, final = self.graph, self.graph.type(node.outputs[0])
        if len(set(node.inputs)) < len(node.inputs):
            return False
        order = self._common(node)
        if order is None:
            return False
        inputs = []
        for value in node.inputs:
            maker = self.makers.get(value)
            if maker is not None:
                inputs.append(maker.inputs[0])
                continue
            inverse = [order.index(a) for a in range(len(order))]
            array, quant = self.constants[value].transpose(inverse).copy(), graph.type(value).quant
            inputs.append(name := self._name(f"{value}_turned"))
            self.constants[name], self.types[name] = array, type_of(array, quant)
        axis = int(node.attrs["axis"]) % len(order)  # type: ignore[arg-type]  # a whole number
        made = replace(node, inputs=tuple(inputs), attrs={**node.attrs, "axis": order[axis]})
        shape = tuple(final.shape[order.index(a)] for a in range(len(order)))
        self._back(node, made, replace(final, shape=shape), turned(shape, order))
        return True

    def _common(self, node: Node) -> Shape | None:
        """The order of axes in which all operands come that are no constants."""
        found: list[set[Shape]] = []
        for value in node.inputs:
            if value in self.constants:
                continue
            turn = self._turn(value)
            if turn is None:
                return None
            source = self.graph.type(turn.source).shape
            found.append(set(orders(source, turn.walk, self.graph.type(value).shape)))
        return min(set.intersection(*found), default=None) if found else None

    def _reduced(self, node: Node) -> bool:
        """An axis that is one axis of the source, or a whole run of them."""
        x, final = node.inputs[0], self.graph.type(node.outputs[0])
        turn = self._turn(x)
        if turn is None:
            return False
        shape, axis = self.graph.type(x).shape, int(node.attrs["axis"])  # type: ignore[arg-type]  # a whole number
        source = self.graph.type(turn.source)
        for flat, order in _views(source.shape, turn.walk, shape):
            at = _matching(tuple(flat[a] for a in order), shape, axis % len(shape))
            if at is None:
                continue
            view = self._read(
                turn.source, replace(source, shape=flat), _straight(flat), f"{x}_flat"
            )
            made = replace(node, inputs=(view,), attrs={**node.attrs, "axis": order[at]})
            rest = tuple(n for a, n in enumerate(flat) if a != order[at])
            left = [a - (a > order[at]) for a in order if a != order[at]]
            self._back(node, made, replace(final, shape=rest), turned(rest, left))
            return True
        return False

    def _repeated(self, node: Node) -> bool:
        """One operand turned, the other one's elements repeated, so that the second repeats along
        the first axes of the other as it is."""
        if len(node.inputs) != 2 or len(node.outputs) != 1:
            return False
        for at in (0, 1):
            turn, other = self._turn(node.inputs[at]), node.inputs[1 - at]
            if turn is None or (at and not OPS.get(node.op).commutes):
                continue
            small = self._tail(turn, other)
            if small is not None:
                return self._applied(node, turn, *small)
        return False

    def _tail(self, turn: Turn, other: str) -> tuple[str, int] | None:
        """(value, count): its elements are what ``other`` repeats along the source's first axes;
        None where it does not."""
        maker = self.makers.get(other)
        walk = OPS.get(maker.op).walk if maker is not None else None
        if maker is None or walk is None or self.graph.type(maker.inputs[0]).quant:
            return None
        own = walk(site_of(self.graph, maker)).shortest()
        if tuple(own.lengths) != tuple(turn.walk.lengths) or own.offset:
            return None
        along = sorted(zip(turn.walk.steps, own.lengths, own.steps, strict=True), reverse=True)
        while along and along[0][2] == 0:
            along.pop(0)
        tail = Walk(tuple(n for _, n, _ in along), tuple(s for *_, s in along))
        count = prod(tail.lengths)
        whole = count == self.graph.type(maker.inputs[0]).elements
        return (maker.inputs[0], count) if along and whole and tail.straight else None

    def _applied(self, node: Node, turn: Turn, small: str, count: int) -> bool:
        source, final = self.graph.type(turn.source), self.graph.type(node.outputs[0])
        behind: Shape = ()
        while prod(behind) < count and len(behind) < len(source.shape):
            behind = source.shape[len(source.shape) - len(behind) - 1 :]
        if prod(behind) != count or final.quant is not None:
            return False
        type = replace(self.graph.type(small), shape=behind)
        try:
            OPS.get(node.op).infer([source, type], node.attrs)
        except ShapeError:
            return False
        row = self._read(small, type, _straight(behind), f"{small}_row")
        made = replace(node, inputs=(turn.source, row))
        self._back(node, made, replace(final, shape=source.shape), turn.walk)
        return True


def _straight(shape: Shape) -> Walk:
    return Walk((prod(shape),), (1,))


def _views(shape: Shape, walk: Walk, result: Shape) -> Iterator[tuple[Shape, Shape]]:
    """Shapes of a source and orders of their axes that give the elements of a walk: its own shape,
    then the one with as few axes as the walk has."""
    for order in orders(shape, walk, result):
        yield shape, order
    yield _fewest(walk)


def _fewest(walk: Walk) -> tuple[Shape, Shape]:
    """A shape of the source with one axis for each of a walk over all of it, and their order."""
    by_step = sorted(range(len(walk.steps)), key=lambda i: -walk.steps[i])
    flat = tuple(walk.lengths[i] for i in by_step)
    return flat, tuple(by_step.index(i) for i in range(len(by_step)))


def _matching(lengths: Shape, shape: Shape, axis: int) -> int | None:
    """Which of the lengths is an axis of a shape with as many elements in front and in it."""
    for at, length in enumerate(lengths):
        if prod(lengths[:at]) == prod(shape[:axis]) and length == shape[axis]:
            return at
    return None


PASS = Pass("sink_turns", requires=("float", "quantised"), rewrite=rewrite)
