"""Translation of a parsed ONNX model, node by node, into a graph.

`registry.py` says what each operator becomes; here are the values that it works with, and names.
"""

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.content import (
    MOST_BYTES,
    NEWEST,
    OLDEST,
    bounded,
    constant,
    readable,
    snake,
    unique,
)
from tinsmith.importers.onnx.fuse import fused
from tinsmith.importers.onnx.parse import MAPS, Info, Model, OpNode, Subgraph, known_as
from tinsmith.importers.onnx.quantised import dequantised, unflipped
from tinsmith.importers.onnx.refusal import InnerConstant, NotConstant, Unsupported, broken, refuse
from tinsmith.importers.onnx.registry import Operator, registry
from tinsmith.importers.onnx.tables import MOVES, held
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Chosen, Items, Maps, Real, Scale, Unsigned, Value
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import SIZES, Quant, TensorType

MOST_TRANSLATED = 50_000
"""Nodes of all turns of loops and all calls of functions."""
_BATCH = re.compile(r"batch|^[nb]$|^unk__", re.IGNORECASE)


class Translation:
    """The graph that grows; ``values`` maps names of the file to what they stand for."""

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.b = Builder(name)
        self.values: MutableMapping[str, Value] = {}
        self.users = known_as(model.graph.nodes)
        self.outputs = {o.name for o in model.graph.outputs}
        self.done: set[int] = set()
        self.depth = self.translated = 0
        self._stages: dict[str, int] = {}
        self._materialised: dict[int, tuple[Value, str]] = {}

    def bind(self, graph: Subgraph) -> None:
        """Declare the inputs of the graph, and its constants."""
        self.values.update(graph.constants)
        for info in graph.inputs:
            if info.name in self.values:
                broken(f"the input {info.name!r} is declared twice")
            type = replace(self._input_type(info), quant=self._meaning(info))
            name = unique(readable(info.name) or "input", self.b)
            self.values[info.name] = self.b.input(name, type)

    def _input_type(self, info: Info) -> TensorType:
        if info.dtype not in SIZES:
            refuse(
                "type",
                f"The input {info.name!r} is {info.dtype}.",
                f"Supported between nodes: {', '.join(SIZES)}.",
            )
        if info.shape is None:
            refuse("shape", f"The input {info.name!r} declares no shape.", "Export fixed shapes.")
        shape = tuple(self._dimension(info, axis, d) for axis, d in enumerate(info.shape))
        if min(shape, default=1) < 1:
            refuse("shape", f"The input {info.name!r} has the shape {shape}: it is empty.")
        return bounded(TensorType(shape, info.dtype))  # type: ignore[arg-type]

    def _meaning(self, info: Info) -> Quant | None:
        """What the integers of an int8 input mean, where all that reads them agrees."""
        users = self.users.get(info.name, [])
        if info.dtype != "int8" or {(n.domain, n.kind) for n in users} != {
            ("", "DequantizeLinear")
        }:
            return None
        scales = {n.inputs[1:] for n in users}
        known = [self.values.get(name) for name in min(scales)]
        if len(scales) > 1 or not all(isinstance(v, np.ndarray) and v.size == 1 for v in known):
            return None
        scale, *zeros = (np.asarray(v) for v in known)
        zero = zeros[0] if zeros else np.zeros((), np.int8)
        fits = zero.dtype == np.int8 and scale.dtype == np.float32
        return Scale(scale, zero, 0).quant() if fits else None

    def _dimension(self, info: Info, axis: int, given: int | str) -> int:
        if isinstance(given, int):
            return given
        first = {i.shape[0] for i in self.model.graph.inputs if i.shape}
        if axis == 0 or (given and (given in first or _BATCH.search(given))):
            return 1
        return refuse(
            "shape",
            f"Dimension {axis} of the input {info.name!r} ({given or 'unnamed'}) is not known.",
            "Only a batch dimension may be open (it becomes 1); export fixed shapes.",
        )

    def nodes(self, nodes: Iterable[OpNode]) -> None:
        """Translate nodes in order."""
        for node in nodes:
            if id(node) in self.done:
                continue
            self.translated += 1
            if self.translated > MOST_TRANSLATED:
                refuse("limit", f"Loops and functions make more than {MOST_TRANSLATED} nodes.")
            operator = known_operator(node)
            if not self.depth:  # what a function is written out to is one stage
                self.b.stage = self.stage(snake(node.kind))
            try:
                if not fused(self, node):
                    self._one(node, operator)
            except NotConstant as e:
                where = node.inputs[e.position]
                if self.depth:
                    raise InnerConstant(where) from None
                refuse("constant", f"{node}: {e}.", f"Make {where!r} a constant.")
            except Unsupported as e:
                refuse("op", f"{node}: {e}.")
            except UserError as e:
                if e.code.startswith("import."):
                    raise
                refuse("op", f"{node}: {e.message}", e.hint)
            except (ArithmeticError, LookupError, TypeError, ValueError) as e:
                refuse("op", f"{node}: its attributes or operands do not fit: {e}.")

    def _one(self, node: OpNode, operator: Operator) -> None:
        use = Use(self, node)
        if self.reads_chosen(node) and operator.key in MOVES:
            results: Any = MOVES[operator.key](use, operator)
        elif operator.fold and use.all_known():
            with np.errstate(all="ignore"):
                results = operator.fold(use)
        else:
            results = operator.translate(use)
        if not isinstance(results, list | tuple):
            results = [results]
        for name, value in zip(node.outputs, results, strict=False):
            if name and value is not None:
                self.set(name, value)

    def reads_chosen(self, node: OpNode) -> bool:
        """Whether the first operand is elements of a table that are not computed."""
        return bool(node.inputs) and isinstance(self.values.get(node.inputs[0]), Chosen)

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
            return constant(self.b, value, name or "constant")
        if isinstance(value, Unsigned):
            return unflipped(self.b, value)
        if isinstance(value, Real):
            return dequantised(self.b, value)
        if isinstance(value, Chosen | Maps | Items):
            raise Unsupported(f"it computes with {name!r}, which is {held(value)}")
        raise TypeError(type(value))

    def stage(self, stem: str) -> str:
        """The next stage of its kind: ``conv_0``, ``conv_1``, ..."""
        number = self._stages.get(stem, 0)
        self._stages[stem] = number + 1
        return f"{stem}_{number}"

    def finish(self) -> Graph:
        """The graph of all that was translated."""
        names: list[str] = []
        for info in self.model.graph.outputs:
            if info.name not in self.values:
                broken(f"its output {info.name!r} is not computed")
            try:
                value = self._ended(info)
            except Unsupported as e:
                refuse("shape", f"The output {info.name!r} is not supported: {e}.")
            if value in names:
                value = self.b.op("reshape", value, shape=self.b.type(value).shape)
            names.append(value)
        if not names:
            broken("it has no outputs")
        graph = self.b.build(names)
        meant = any(t.quant for t in graph.types.values())
        return graph.with_(dialect="quantised" if meant else "float")

    def _ended(self, info: Info) -> str:
        """The value of an output: of texts their indices, of maps the probabilities."""
        value = self.values[info.name]
        if isinstance(value, Chosen) and value.texts and info.dtype in ("string", "undefined"):
            info, value = replace(info, dtype=self.b.type(value.index).dtype), value.index
        elif isinstance(value, Maps) and info.dtype in (MAPS, "undefined"):
            info, value = replace(info, dtype="float32"), value.scores
        name = self.named(value, info.name)
        self._check_output(info, self.b.type(name))
        return name

    def _check_output(self, info: Info, type: TensorType) -> None:
        wanted = info.shape
        if wanted and not all(isinstance(w, int) for w in wanted):
            wanted = None  # exporters leave out or add axes, or guess lengths: it is no promise
        same = info.dtype in (type.dtype, "undefined")
        fits = wanted is None or (
            len(wanted) == len(type.shape)
            and all(isinstance(w, str) or w == d for w, d in zip(wanted, type.shape, strict=True))
        )
        if not same or not fits:
            refuse(
                "shape",
                f"The output {info.name!r} is declared as {info.dtype}{list(wanted or ())}, but "
                f"the nodes compute {type}.",
            )


def translate(model: Model, name: str) -> Graph:
    """A graph that computes what the model computes.

    Raises:
        UserError: ``import.onnx.opset``, ``.op`` (an operator that is not supported, or a use of
            one; names operator and node), ``.constant``, ``.type``, ``.shape``, ``.broken``.
    """
    version = model.opsets.get("", NEWEST)
    if not OLDEST <= version <= NEWEST:
        refuse(
            "opset",
            f"The model uses version {version} of the operators ai.onnx.",
            f"Read are versions {OLDEST} to {NEWEST}; export again or convert it.",
        )
    missing = [str(n) for n in model.graph.nodes if (n.domain, n.kind) not in registry()]
    if missing:
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        refuse(
            "op",
            f"Not supported: {'; '.join(missing[:8])}{more}.",
            "See the support table: tinsmith kinds ops.",
        )
    t = Translation(model, name)
    t.bind(model.graph)
    t.nodes(model.graph.nodes)
    return t.finish()


def known_operator(node: OpNode) -> Operator:
    """The registry's entry of a node's operator."""
    found = registry().get((node.domain, node.kind))
    if found is None:
        refuse("op", f"Not supported: {node}.", "See the support table: tinsmith kinds ops.")
    return found
