"""Moves transposes behind the operations that do not care about order, where they meet and cancel.

Models that keep channels first become convolutions with channels last, each between two transposes;
what lies between them (activations, sums, requantisation) works on elements one by one. So a
transpose waits: an operation on elements takes the value as it was before, and its result waits
instead; a constant that repeats is put into that order too. Two transposes in a row become one, or
none. Whoever needs the order gets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType
from tinsmith.ir.walk import Walk
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite.shrink_constants import shrunk


@dataclass(frozen=True)
class _Order:
    """A value that waits: the elements of ``source`` in the order of a walk over all of them;
    ``node`` is the one node that says so, if it is one."""

    source: str
    walk: Walk
    node: Node | None = None


@dataclass
class _Sweep:
    """The graph as it is rewritten, node by node."""

    graph: Graph
    types: dict[str, TensorType]
    nodes: list[Node] = field(default_factory=list)
    waiting: dict[str, _Order] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def visit(self, node: Node) -> None:
        """Let a node wait, let it sink, or give it what it needs."""
        order = self._reordered(node)
        if order is not None:
            self.waiting[node.outputs[0]] = order
        elif not self._sink(node):
            for operand in node.inputs:
                self.settle(operand)
            self.nodes.append(node)

    def settle(self, value: str) -> None:
        """Compute a value that waits, under its own name."""
        order = self.waiting.pop(value, None)
        if order is None:
            return
        self.settle(order.source)
        if order.node is not None:
            self.nodes.append(order.node)
            return
        name = self._fresh(value)
        stage = next((n.stage for n in self.graph.nodes if value in n.outputs), "")
        shape = self.types[value].shape
        if order.walk.straight:
            made = Node(name, "reshape", (order.source,), (value,), {"shape": shape}, stage)
        else:
            attrs: dict[str, Attr] = {
                "offset": 0, "result": shape, "shape": tuple(order.walk.lengths),
                "strides": tuple(order.walk.steps),
            }  # fmt: skip
            made = Node(name, "strided", (order.source,), (value,), attrs, stage)
        self.nodes.append(made)

    def _fresh(self, value: str) -> str:
        """Name of a node that is in neither graph."""
        taken = {n.name for n in (*self.graph.nodes, *self.nodes)}
        name, number = f"{value}_ordered", 1
        while name in taken:
            name, number = f"{value}_ordered_{number}", number + 1
        return name

    def _reordered(self, node: Node) -> _Order | None:
        """What waits for a node that only changes order or shape, over what waited before."""
        walk = _walk(self.graph, node)
        if walk is None:
            return None
        (operand,) = node.inputs
        before = self.waiting.get(operand)
        if before is None:
            return None if walk.straight else _Order(operand, walk, node)
        both = _behind(before.walk, walk)
        return None if both is None else _Order(before.source, both)

    def _sink(self, node: Node) -> bool:
        """Apply an operation on elements before the order changes; False where it is none."""
        positions = _activations(self.graph, node)
        orders = [self.waiting.get(node.inputs[i]) for i in positions]
        first = orders[0] if orders else None
        if first is None or not _alike(self.types, orders):
            return False
        (result,) = node.outputs
        raw = f"{result}_unordered"
        moved = self._constants_before(node, first)
        if moved is None or raw in self.types:
            return False
        inputs = [moved.get(v, v) for v in node.inputs]
        for i, order in zip(positions, orders, strict=True):
            assert order is not None
            inputs[i] = order.source
        for source in inputs:
            self.settle(source)
        self.types[raw] = replace(self.types[result], shape=self.types[first.source].shape)
        self.nodes.append(replace(node, inputs=tuple(inputs), outputs=(raw,)))
        self.waiting[result] = _Order(raw, first.walk)
        return True

    def _constants_before(self, node: Node, order: _Order) -> dict[str, str] | None:
        """New constants for those that repeat, as they meet the elements before these were put in
        order; None where one would have to hold more numbers."""
        made: dict[str, str] = {}
        shape, source = self.types[node.outputs[0]].shape, self.types[order.source].shape
        for value in dict.fromkeys(node.inputs):
            array = self.graph.constants.get(value)
            if array is None or array.size == 1:
                continue
            quant = self.types[value].quant
            if quant is not None and quant.axis is not None:
                return None
            moved = np.empty(prod(source), array.dtype)
            moved[order.walk.places()] = np.broadcast_to(array, shape).reshape(-1)
            small = shrunk(moved.reshape(source))
            if small.size > array.size:
                return None
            name = f"{value}_before_{node.name}"
            if name in self.types:
                return None
            self.types[name] = replace(self.types[value], shape=small.shape)
            self.constants[name] = small
            made[value] = name
        return made


def rewrite(graph: Graph) -> Graph:
    """Sink every transpose as far as it goes; the very same object where none moves."""
    sweep = _Sweep(graph, dict(graph.types))
    for node in graph.nodes:
        sweep.visit(node)
    for value in [*graph.outputs, *(s.next for s in graph.states)]:
        sweep.settle(value)
    if {n.name: n for n in sweep.nodes} == {n.name: n for n in graph.nodes}:
        return graph  # in whatever order: what waits to the end comes in that of the outputs
    made = {o for n in sweep.nodes for o in n.outputs}
    given = {*graph.inputs, *graph.constants, *(s.name for s in graph.states)}
    types = {k: t for k, t in sweep.types.items() if k in made | given}
    types |= {k: sweep.types[k] for k in sweep.constants}
    constants = {**graph.constants, **sweep.constants}
    return graph.with_(nodes=tuple(sweep.nodes), types=types, constants=constants)


def _walk(graph: Graph, node: Node) -> Walk | None:
    """The walk of a node that reads every element of its operand once; None otherwise."""
    walk = OPS.get(node.op).walk
    if walk is None or node.inputs[0] in graph.constants:
        return None
    x = graph.type(node.inputs[0])
    if x.quant is not None and x.quant.axis is not None:
        return None
    found = walk(site_of(graph, node)).shortest()
    return found if found.covers(x.elements) else None


def _behind(first: Walk, then: Walk) -> Walk | None:
    """A walk over the results of another walk, as one walk; None where an axis of the second spans
    parts of axes of the first."""
    axes = []  # of the first walk: (row-major step in its result, length, step in the source)
    due = prod(first.lengths)
    for length, step in zip(first.lengths, first.steps, strict=True):
        due //= length
        axes.append((due, length, step))
    lengths: list[int] = []
    steps: list[int] = []
    for length, step in zip(then.lengths, then.steps, strict=True):
        parts = _parts(axes, length, step)
        if parts is None:
            return None
        lengths += [n for n, _ in parts]
        steps += [s for _, s in parts]
    return Walk(tuple(lengths), tuple(steps)).shortest()


def _parts(
    axes: Sequence[tuple[int, int, int]], length: int, step: int
) -> list[tuple[int, int]] | None:
    """``length`` steps of ``step`` along row-major axes: (length, step in the source) per axis that
    is walked, outermost first."""
    found: list[tuple[int, int]] = []
    left, at = length, step
    for due, size, source in reversed(axes):
        if left == 1:
            break
        if at % due or at // due >= size:
            continue
        inside = at // due
        if size % inside:
            return None
        take = min(left, size // inside)
        if left % take or (take < left and take * inside != size):
            return None
        found.append((take, source * inside))
        left, at = left // take, at * take
    return found[::-1] if left == 1 else None


def _activations(graph: Graph, node: Node) -> tuple[int, ...]:
    """Operands of an operation on elements, if order is all the same to it: the others are single
    numbers, or constants that repeat."""
    op = OPS.get(node.op)
    if not op.pointwise or len(node.outputs) != 1:
        return ()
    result = graph.type(node.outputs[0])
    if result.quant is not None and result.quant.axis is not None:
        return ()
    count = result.elements
    full = [i for i, v in enumerate(node.inputs) if graph.type(v).elements == count]
    free = all(
        graph.type(v).elements == 1 or (i < op.pointwise and v in graph.constants)
        for i, v in enumerate(node.inputs)
        if i not in full
    )
    fits = all(i < op.pointwise for i in full)
    return tuple(full) if free and fits and count > 1 else ()


def _alike(types: dict[str, TensorType], orders: Sequence[_Order | None]) -> bool:
    """Whether all wait, in the same order, over sources of one shape."""
    first = orders[0]
    return first is not None and all(
        o is not None
        and o.walk == first.walk
        and types[o.source].shape == types[first.source].shape
        for o in orders
    )


PASS = Pass("sink_transposes", requires=("float", "quantised"), rewrite=rewrite)
