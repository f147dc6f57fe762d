"""Translation: the state of an import: the graph that grows and what names of the file stand for.

What a node becomes is not known here: who starts a translation passes a function for that.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace

import numpy as np

from tinsmith.compose.movement import expand
from tinsmith.importers._frame import Stages, Unsupported
from tinsmith.importers.onnx.classes import Classes
from tinsmith.importers.onnx.content import (
    MOST_BYTES,
    bounded,
    constant,
    readable,
    snake,
    unrepeated,
)
from tinsmith.importers.onnx.parse import Model, OpNode, Subgraph, known_as
from tinsmith.importers.onnx.quantised import dequantised, unflipped
from tinsmith.importers.onnx.refusal import InnerConstant, NotConstant, refuse
from tinsmith.importers.onnx.values import Chosen, Items, Maps, Real, Unsigned, Value, contents
from tinsmith.ir.builder import Builder

MOST_TRANSLATED = 50_000
"""Nodes of all turns of loops and all calls of functions."""
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError)
"""What numbers of a file that do not fit raise."""


class Translation:
    """The graph that grows; ``values`` maps names of the file to what they stand for, ``classes``
    are those that are known of values.

    Args:
        model: the file.
        name: the graph's name.
        one: translates one node of the file: appends to ``b``, binds the results by `set`.
    """

    def __init__(
        self, model: Model, name: str, one: Callable[["Translation", OpNode], None]
    ) -> None:
        self.model, self._translate_one = model, one
        self.b = Builder(name)
        self.values: MutableMapping[str, Value] = {}
        self.users = known_as(model.graph.nodes)
        self.outputs = {o.name for o in model.graph.outputs}
        self.done: set[int] = set()
        self.classes: list[Classes] = []
        self.depth = self.translated = 0
        self._whole: OpNode | None = None
        self._parts: Mapping[str, OpNode] = {}
        self._stages = Stages()
        self._materialised: dict[int, tuple[Value, str]] = {}

    def nodes(self, nodes: Iterable[OpNode]) -> None:
        """Translate nodes in order."""
        for node in nodes:
            if id(node) not in self.done:
                self._node(node)

    def _node(self, node: OpNode) -> None:
        self.translated += 1
        if self.translated > MOST_TRANSLATED:
            refuse("limit", f"Loops and functions make more than {MOST_TRANSLATED} nodes.")
        if not self.depth:  # what a function is written out to is one stage
            self.b.stage = self._stages.next(snake(node.kind))
        whole = self._whole or node
        with refuse.at(str(whole), "op", *_FAULTS):
            try:
                self._translate_one(self, node)
            except NotConstant as e:
                where = self._source(node.inputs[e.position])
                if self.depth:
                    raise InnerConstant(where) from None
                wanted = NotConstant(whole.inputs.index(where))
                made = f"what {where!r} is computed from" if whole.call else repr(where)
                refuse("constant", f"{whole}: {wanted}.", f"Make {made} a constant.")

    def parts(self, node: OpNode, parts: Sequence[OpNode]) -> None:
        """Translate the nodes that one of the file means; refusals name that one."""
        for part in parts:
            for name in part.inputs:
                self.users.setdefault(name, []).append(part)
        outer = self._whole, self._parts
        self._whole = self._whole or node
        self._parts = {**self._parts, **{o: p for p in parts for o in p.outputs}}
        try:
            self.nodes(parts)
        finally:
            self._whole, self._parts = outer

    def _source(self, name: str) -> str:
        """A name of the file: what a value between parts is computed from, first of all."""
        while name in self._parts:
            name = self._parts[name].inputs[0]
        return name

    def set(self, name: str, value: Value) -> None:
        """Bind a result of a node; each once, none too large."""
        if name in self.values:
            raise Unsupported(f"it writes {name!r}, which is there already")
        if isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value)
            if value.nbytes > MOST_BYTES:
                raise Unsupported(f"its result has {value.nbytes} bytes; at most {MOST_BYTES}")
        elif isinstance(value, str):
            bounded(self.b.type(value))
        self.values[name] = value

    def inline(self, graph: Subgraph, inputs: Mapping[str, Value] | None = None) -> list[Value]:
        """Translate a subgraph here, where outer names are known; returns its results."""
        outer = self.values
        self.values = ChainMap({}, outer)
        self.values.update(graph.constants)
        self.values.update(inputs or {})
        try:
            self.nodes(graph.nodes)
            return [self.read(o.name) for o in graph.outputs]
        finally:
            self.values = outer

    def call(
        self, body: Subgraph, inputs: Mapping[str, Value], opsets: Mapping[str, int]
    ) -> list[Value]:
        """Translate the body of a function here: it sees only its inputs, and means the operators
        of its own versions; returns its results."""
        outer = self.values, self.users, self.outputs, self.model, self.done
        self.values, self.users = dict(inputs), known_as(body.nodes)
        self.outputs, self.done = {o.name for o in body.outputs}, set()
        self.model = replace(self.model, opsets={**self.model.opsets, **opsets})
        self.depth += 1
        try:
            self.nodes(body.nodes)
            return [self.read(o.name) for o in body.outputs]
        finally:
            self.depth -= 1
            self.values, self.users, self.outputs, self.model, self.done = outer

    def read(self, name: str) -> Value:
        """What a name stands for."""
        if name not in self.values:
            raise Unsupported(f"it reads {name!r}, which nothing that is supported computes")
        return self.values[name]

    def named(self, value: Value, name: str) -> str:
        """The value in the builder: constants are added, delayed conversions computed, once."""
        if isinstance(value, str):
            return value
        if id(value) not in self._materialised:
            self._materialised[id(value)] = (value, self._materialise(value, readable(name)))
        return self._materialised[id(value)][1]

    def _materialise(self, value: Value, name: str) -> str:
        if isinstance(value, np.ndarray):
            once = constant(self.b, unrepeated(value), name or "constant")
            return self.b.renamed(expand(self.b, once, value.shape), name)
        if isinstance(value, Unsigned):
            return unflipped(self.b, value)
        if isinstance(value, Real):
            return dequantised(self.b, value)
        if isinstance(value, Chosen | Maps | Items):
            raise Unsupported(f"it computes with {name!r}, which is {contents(value)}")
        raise TypeError(type(value))
