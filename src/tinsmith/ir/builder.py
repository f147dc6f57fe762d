"""Builder: the convenient way to write a graph; types are inferred op by op."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tinsmith.ir.graph import Attr, Dialect, Graph, Node, State
from tinsmith.ir.op import OPS
from tinsmith.ir.types import Quant, TensorType, type_of


class Builder:
    """Collects nodes in order; `build` makes the immutable graph."""

    def __init__(self, name: str, dialect: Dialect = "float") -> None:
        self.name = name
        self.dialect: Dialect = dialect
        self.stage = ""
        self._inputs: list[str] = []
        self._nodes: list[Node] = []
        self._types: dict[str, TensorType] = {}
        self._constants: dict[str, np.ndarray] = {}
        self._states: list[State] = []
        self._notes: dict[str, None] = {}  # each once, in order
        self._labels: dict[str, tuple[str, ...]] = {}
        self._unnamed = ""  # result of the last node, where that was given no name
        self._earlier: dict[str, str] = {}  # earlier names of values -> their names
        self._tried: dict[str, int] = {}  # name -> all numbers up to this are taken behind it

    def input(self, name: str, type: TensorType) -> str:
        """Declare an input."""
        self._types[name] = type
        self._inputs.append(name)
        return name

    def constant(self, name: str, array: np.ndarray, quant: Quant | None = None) -> str:
        """Add a constant under ``name`` (made unique)."""
        name = self._fresh(name)
        self._constants[name] = np.asarray(array, order="C")  # keeps a scalar a scalar
        self._types[name] = type_of(array, quant)
        return name

    def state(self, name: str, initial: np.ndarray, quant: Quant | None = None) -> str:
        """Declare a state; `update` says what it holds after a run."""
        self._types[name] = type_of(initial, quant)
        self._states.append(State(name, np.asarray(initial, order="C"), name))
        return name

    def update(self, state: str, next: str) -> None:
        """The state holds value ``next`` after a run."""
        self._states = [
            State(s.name, s.initial, next) if s.name == state else s for s in self._states
        ]

    def label(self, value: str, classes: Iterable[str]) -> None:
        """Name the classes that a value is about, should it become an output (`Graph.labels`)."""
        self._labels[value] = tuple(classes)

    def note(self, text: str) -> None:
        """Say something of the graph to whoever uses it: one sentence, shown once."""
        self._notes[text] = None

    def op(
        self, op: str, *inputs: str, name: str = "", quant: Quant | None = None, **attrs: Attr
    ) -> str:
        """Append a node with one result; returns the result's name. ``quant`` overrides the
        inferred meaning."""
        (inferred,) = OPS.get(op).infer([self._types[i] for i in inputs], attrs)
        given, name = name, self._fresh(name or op)
        type = TensorType(inferred.shape, inferred.dtype, quant or inferred.quant)
        self._types[name] = type
        now = tuple(self._now(i) for i in inputs)
        self._nodes.append(Node(name, op, now, (name,), dict(attrs), self.stage))
        self._unnamed = "" if given else name
        return name

    def renamed(self, value: str, name: str) -> str:
        """Give the last node and its result a name, where `op` was given none; returns the name
        that the value has then.

        It is for functions that append as many nodes as it takes, perhaps none, and do not take a
        name themselves: ``b.renamed(transpose(b, x, order), "turned")``. ``value`` is renamed if it
        is the result of the last node appended, that node was appended by `op` without a name and
        has not been renamed since, and ``name`` is not empty. Otherwise everything stays as it is:
        inputs, constants, states and what has a name already keep it, so that a function that
        changes nothing does not take x's name away.

        ``name`` is made unique. The name before goes on standing for the same value in this
        builder, and no other value gets it.
        """
        if not name or value != self._unnamed:
            return value
        self._unnamed = ""
        type = self._types.pop(value)  # its own name is free for it
        fresh = self._fresh(name)
        self._types[value] = self._types[fresh] = type
        if fresh != value:
            self._earlier[value] = fresh
            self._nodes[-1] = replace(self._nodes[-1], name=fresh, outputs=(fresh,))
        return fresh

    def type(self, value: str) -> TensorType:
        """Type of a value added so far."""
        return self._types[value]

    def is_constant(self, value: str) -> bool:
        """Whether a value is a constant."""
        return value in self._constants

    def is_fixed(self, value: str) -> bool:
        """Whether a value is a constant or made of constants alone."""
        wanted = {self._now(value)}
        for node in reversed(self._nodes):
            if wanted.intersection(node.outputs):
                wanted.difference_update(node.outputs)
                wanted.update(node.inputs)
        return wanted <= self._constants.keys()

    def inline(self, graph: Graph, *inputs: str) -> tuple[str, ...]:
        """Append all of another graph, its inputs bound to values; returns the names of its
        outputs here."""
        names = dict(zip(graph.inputs, map(self._now, inputs), strict=True))
        for key, array in graph.constants.items():
            names[key] = self.constant(key, array, graph.type(key).quant)
        for s in graph.states:
            names[s.name] = self.state(self._fresh(s.name), s.initial, graph.type(s.name).quant)
        if graph.nodes:
            self._unnamed = ""
        for n in graph.nodes:
            out = tuple(self._fresh(o) for o in n.outputs)
            names.update(zip(n.outputs, out, strict=True))
            self._types.update({o: graph.type(k) for o, k in zip(out, n.outputs, strict=True)})
            self._nodes.append(
                Node(
                    out[0],
                    n.op,
                    tuple(names[i] for i in n.inputs),
                    out,
                    n.attrs,
                    n.stage or self.stage,
                )
            )
        for s in graph.states:
            self.update(names[s.name], names[s.next])
        for text in graph.notes:
            self.note(text)
        for value, classes in graph.labels.items():
            self.label(names[value], classes)
        return tuple(names[o] for o in graph.outputs)

    def build(self, outputs: Iterable[str]) -> Graph:
        """The graph that computes ``outputs``."""
        ends = tuple(map(self._now, outputs))
        labels = {self._now(v): c for v, c in self._labels.items()}
        types = {v: t for v, t in self._types.items() if v not in self._earlier}
        states = tuple(replace(s, next=self._now(s.next)) for s in self._states)
        return Graph(
            self.name, self.dialect, tuple(self._inputs), ends,
            tuple(self._nodes), types, dict(self._constants), states, notes=tuple(self._notes),
            labels={o: labels[o] for o in ends if o in labels},
        )  # fmt: skip

    def _now(self, value: str) -> str:
        """The name of a value that may be given by the one it had before."""
        return self._earlier.get(value, value)

    def _fresh(self, name: str) -> str:
        if name not in self._types:
            return name
        i = self._tried.get(name, 0) + 1
        while f"{name}_{i}" in self._types:
            i += 1
        self._tried[name] = i - 1
        return f"{name}_{i}"
