"""Which rows of its operands a node needs for some rows of its result, and the node that makes just
those: pictures [1, rows, columns, channels], where rows lie behind each other in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from tinsmith.ir.graph import Attr, Graph, Node, Part
from tinsmith.ir.op import OPS
from tinsmith.ir.ops._window import window_of
from tinsmith.ir.types import TensorType

ROWS = 1
"""The axis."""


class Rows(NamedTuple):
    """From one row up to another, which is not among them."""

    start: int
    stop: int

    @property
    def height(self) -> int:
        """How many."""
        return self.stop - self.start

    def joined(self, other: "Rows") -> "Rows":
        """All from the first to the last of both."""
        return Rows(min(self.start, other.start), max(self.stop, other.stop))


def with_rows(type: TensorType, rows: int) -> TensorType:
    """The type of so many rows."""
    return replace(type, shape=(type.shape[0], rows, *type.shape[ROWS + 1 :]))


@dataclass(frozen=True)
class Local:
    """A node whose result's rows each need some rows of its operands. ``operands``: those that are
    pictures; ``attrs``: of the first operation, whose windows lie over operand 0 and are ``extent``
    rows high; None where it goes element by element."""

    operands: tuple[int, ...]
    attrs: Mapping[str, Attr]
    extent: int | None
    height: int

    def needed(self, rows: Rows) -> Rows:
        """Rows of each operand that some rows of the result need."""
        if self.extent is None:
            return rows
        start, stop = self._reach(rows)
        return Rows(max(0, start), min(self.height, stop))

    def cut(self, rows: Rows) -> Mapping[str, Attr]:
        """Attributes with which the first operation makes some rows from just those it needs."""
        if self.extent is None:
            return self.attrs
        start, stop = self._reach(rows)
        _, _, left, right = self._numbers("padding", (0, 0, 0, 0))
        border = max(0, -start), max(0, stop - self.height)
        return {**self.attrs, "padding": (*border, left, right)}

    def _reach(self, rows: Rows) -> Rows:
        """With rows in the border, which count from -1 on upwards."""
        step, top = self._numbers("stride", (1, 1))[0], self._numbers("padding", (0, 0, 0, 0))[0]
        start = rows.start * step - top
        return Rows(start, start + (rows.height - 1) * step + (self.extent or 1))

    def _numbers(self, name: str, absent: tuple[int, ...]) -> tuple[int, ...]:
        found = self.attrs.get(name, absent)
        assert isinstance(found, tuple)  # the operation's inference has looked
        return tuple(int(n) for n in found)


def parts_of(graph: Graph, node: Node) -> tuple[Part, ...]:
    """The operations of a node, itself if it is not fused."""
    return node.parts or (
        Part(
            node.name, node.op, tuple(range(len(node.inputs))), node.attrs, node.outputs[0],
            graph.type(node.outputs[0]), node.stage,
        ),
    )  # fmt: skip


def local(graph: Graph, node: Node) -> Local | None:
    """How a node works by rows; None where it does not, or that is not known."""
    if len(node.outputs) != 1 or not _picture(graph.type(node.outputs[0])):
        return None
    first, *rest = parts_of(graph, node)
    moving = tuple(k for k, i in enumerate(node.inputs) if i not in graph.constants)
    if not moving or not all(_by_element(graph, node, p) for p in rest):
        return None
    types = [graph.type(node.inputs[k]) for k in moving]
    if not all(_picture(t) and k in first.inputs for k, t in zip(moving, types, strict=True)):
        return None
    if OPS.get(first.op).access == "windows":
        return _windowed(graph, node, first) if moving == (0,) else None
    rows = graph.type(node.outputs[0]).shape[ROWS]
    if _by_element(graph, node, first) and all(t.shape[ROWS] == rows for t in types):
        return Local(moving, first.attrs, None, rows)
    return None


def _picture(type: TensorType) -> bool:
    along = type.quant.axis if type.quant else None
    return len(type.shape) == 4 and type.shape[0] == 1 and along != ROWS


def _windowed(graph: Graph, node: Node, part: Part) -> Local | None:
    x = graph.type(node.inputs[0])
    size = part.attrs.get("size") or graph.type(node.inputs[part.inputs[1]]).shape[1:3]
    assert isinstance(size, tuple)
    window = window_of(part.op, x, (int(size[0]), int(size[1])), part.attrs)
    if window.empty():
        return None
    return Local((0,), part.attrs, window.extent[0], x.shape[ROWS])


def _by_element(graph: Graph, node: Node, part: Part) -> bool:
    """Whether an operation goes element by element, and its constants are the same for all rows."""
    op = OPS.get(part.op)
    if not op.pointwise or op.access != "elementwise":
        return False
    read = [node.inputs[k] for k in part.inputs if k < len(node.inputs)]
    shapes = [graph.type(i).shape for i in read if i in graph.constants]
    return _picture(part.type) and all(len(s) < 3 or s[-3] == 1 for s in shapes)


@dataclass(frozen=True)
class Named:
    """What a node that makes some rows reads and is called. ``reads``: its operands; ``held``:
    which rows these hold, by their number, of pictures, and the whole picture's type; ``value``,
    ``node``: the name of a value, of a node or part -> here."""

    reads: tuple[str, ...]
    held: Mapping[int, tuple[Rows, TensorType]]
    value: Callable[[str], str]
    node: Callable[[str], str]


def of_rows(node: Node, own: Local, rows: Rows, parts: tuple[Part, ...], named: Named) -> Node:
    """The node that makes some rows; ``own``, ``parts``: the whole node's. It begins with slices of
    those operands that hold more than it needs."""
    slices = _slices(node, own.needed(rows), named)
    count = len(node.inputs)
    place = {s.inputs[0]: count + i for i, s in enumerate(slices)}
    made = []
    for number, part in enumerate(parts):
        inputs = tuple(place.get(k, k) if k < count else k + len(slices) for k in part.inputs)
        attrs = own.cut(rows) if number == 0 else part.attrs
        type = with_rows(part.type, rows.height)
        name, value = named.node(part.name), named.value(part.value)
        made.append(Part(name, part.op, inputs, attrs, value, type, part.stage))
    name, results = named.node(node.name), (made[-1].value,)
    if len(made) == 1 and not slices:
        return Node(name, node.op, named.reads, results, made[0].attrs, node.stage)
    return Node(name, "fused", named.reads, results, {}, node.stage, (*slices, *made))


def _slices(node: Node, needed: Rows, named: Named) -> list[Part]:
    """Parts that take the rows in need out of operands that hold more."""
    found = []
    for k, (held, whole) in named.held.items():
        if held != needed:
            name = f"{node.name}_operand{k}"
            attrs = {"axis": ROWS, "start": needed.start - held.start, "size": needed.height}
            type = with_rows(whole, needed.height)
            own = named.node(name), named.value(name)
            found.append(Part(own[0], "slice", (k,), attrs, own[1], type, node.stage))
    return found
