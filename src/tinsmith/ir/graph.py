"""Graph: nodes in execution order, typed values, constants and states. Immutable; passes return new
graphs.

Read this file first to learn the IR; `ir/rules.py` is its grammar, `ir/interp.py` its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tinsmith.ir.types import TensorType

Dialect = Literal["float", "quantised", "lowered"]


Attr = int | float | str | bool | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """One operation inside a ``fused`` node, which lists them in order.

    ``inputs`` counts the node's own operands first, then the results of the parts before.
    ``name`` and ``value`` are those of the node and of its result before it was fused.
    """

    name: str
    op: str
    inputs: tuple[int, ...]
    attrs: Mapping[str, Attr]
    value: str
    type: TensorType
    stage: str = ""


@dataclass(frozen=True)
class Node:
    """One operation. ``stage`` names the part of the story it belongs to (a DSP block, a layer),
    for people and proofs."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Attr] = field(default_factory=dict)
    stage: str = ""
    parts: tuple[Part, ...] = ()
    """What a ``fused`` node does, in order; empty for all others."""

    def __str__(self) -> str:
        attrs = "".join(f", {k}={v!r}" for k, v in sorted(self.attrs.items()))
        return f"{', '.join(self.outputs)} = {self.words}({', '.join(self.inputs)}{attrs})"

    @property
    def given(self) -> Mapping[str, Attr]:
        """What the operation gets to see: the attributes, and ``parts`` where there are any."""
        return {**self.attrs, "parts": self.parts} if self.parts else self.attrs  # type: ignore[dict-item]

    @property
    def words(self) -> str:
        """The operation, for people: ``conv2d + requantize`` of a fused node."""
        return " + ".join(p.op for p in self.parts) or self.op


@dataclass(frozen=True)
class State:
    """Memory between runs: readable as value ``name``; after a run it holds what value ``next``
    was.

    All nodes of a run read the old content. ``initial`` is what init and reset write.
    """

    name: str
    initial: np.ndarray
    next: str


@dataclass(frozen=True)
class Graph:
    """A program over tensors. ``types`` holds every value: inputs, constants, states and node
    outputs.

    ``labels``: names of classes by output, where they are known: element i of that output is of
    class i, or, where it is one integer, i stands for class i.

    ``notes``: what who made the graph has to say of it, one sentence each, for people alone: they
    are in no text form, no file and no hash of a graph, and equal graphs may differ in them.
    """

    name: str
    dialect: Dialect
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    types: Mapping[str, TensorType]
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    states: tuple[State, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def type(self, value: str) -> TensorType:
        """Type of a value by name."""
        return self.types[value]

    def producer(self, value: str) -> Node | None:
        """The node that computes a value; None for inputs, constants and states."""
        return next((n for n in self.nodes if value in n.outputs), None)

    def users(self, value: str) -> tuple[Node, ...]:
        """The nodes that read a value, in order."""
        return tuple(n for n in self.nodes if value in n.inputs)

    def with_(self, **changes: object) -> "Graph":
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def __str__(self) -> str:
        weights = sum(c.nbytes for c in self.constants.values())
        return (
            f"{self.name}: {self.dialect} graph, {len(self.nodes)} nodes, {weights} B of constants"
        )
