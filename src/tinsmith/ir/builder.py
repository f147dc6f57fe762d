"""Builder: the convenient way to write a graph; types are inferred op by op."""

from collections.abc import Iterable

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

    def op(
        self, op: str, *inputs: str, name: str = "", quant: Quant | None = None, **attrs: Attr
    ) -> str:
        """Append a node with one result; returns the result's name. ``quant`` overrides the
        inferred meaning."""
        (inferred,) = OPS.get(op).infer([self._types[i] for i in inputs], attrs)
        name = self._fresh(name or op)
        type = TensorType(inferred.shape, inferred.dtype, quant or inferred.quant, inferred.storage)
        self._types[name] = type
        self._nodes.append(Node(name, op, tuple(inputs), (name,), dict(attrs), self.stage))
        return name

    def type(self, value: str) -> TensorType:
        """Type of a value added so far."""
        return self._types[value]

    def inline(self, graph: Graph, *inputs: str) -> tuple[str, ...]:
        """Append all of another graph, its inputs bound to values; returns the names of its
        outputs here."""
        names = dict(zip(graph.inputs, inputs, strict=True))
        for key, array in graph.constants.items():
            names[key] = self.constant(key, array, graph.type(key).quant)
        for s in graph.states:
            names[s.name] = self.state(self._fresh(s.name), s.initial, graph.type(s.name).quant)
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
        return tuple(names[o] for o in graph.outputs)

    def build(self, outputs: Iterable[str]) -> Graph:
        """The graph that computes ``outputs``."""
        return Graph(
            self.name, self.dialect, tuple(self._inputs), tuple(outputs), tuple(self._nodes),
            dict(self._types), dict(self._constants), tuple(self._states),
        )  # fmt: skip

    def _fresh(self, name: str) -> str:
        if name not in self._types:
            return name
        i = 1
        while f"{name}_{i}" in self._types:
            i += 1
        return f"{name}_{i}"
