"""Translation of a parsed TensorFlow Lite model, operator by operator, into a graph.

`rules.py` says what each operator becomes, `use.py` what a rule gets to work with; here the graph
grows and its values are kept.

Quantised uint8 is int8 inside of the graph: the top bit is flipped and the zero point lies 128
lower, so every real number stays what it was; inputs and outputs keep the file's type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinsmith.importers._frame import Stages, Unsupported, distinct
from tinsmith.importers.tflite.flatbuffer import broken, refuse
from tinsmith.importers.tflite.schema import BITS, Model, Operator, Tensor, brief
from tinsmith.importers.tflite.translation import Translation
from tinsmith.importers.tflite.use import Rule, Use
from tinsmith.importers.tflite.values import is_shifted, readable, shifted, type_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType


class _Translator:
    """Reads one subgraph from its inputs to its outputs."""

    def __init__(self, model: Model, name: str, semantics: str, rules: Mapping[str, Rule]) -> None:
        quantised = any(_has_meaning(t) for t in model.tensors)
        self.model, self.rules, self.stages = model, rules, Stages()
        self.builder = Builder(name, "quantised" if quantised else "float")
        self.t = Translation(model, semantics, self.builder, self._first_contents)
        self.values = self.t.values

    def bind_inputs(self) -> None:
        """Declare the inputs of the graph."""
        for index in self.model.inputs:
            tensor = self._of_one_case(self.model.tensor(index))
            if index in self.values or tensor.constant or tensor.variable:
                broken(f"{tensor} cannot be an input")
            name, number = readable(tensor.name) or "input", 1
            stem = name
            while name in self.values.values():
                name, number = f"{stem}_{number}", number + 1
            self.values[index] = self._input(name, tensor)

    def _of_one_case(self, tensor: Tensor) -> Tensor:
        """An input whose batch is free is compiled for a batch of 1."""
        if tensor.signature[:1] != (-1,) or tensor.shape[:1] in ((), (1,)):
            return tensor
        self.builder.note(
            f"Input {readable(tensor.name)!r} has a free batch, declared as {tensor.shape[0]}: it "
            "is compiled for a batch of 1."
        )
        return replace(tensor, shape=(1, *tensor.shape[1:]))

    def _input(self, name: str, tensor: Tensor) -> str:
        inside = type_of(tensor)
        if not is_shifted(tensor):
            return self.builder.input(name, inside)
        outside = self.builder.input(name, _outside(inside))
        return self.builder.op("recentre", outside, name=f"{name}_centred")

    def run(self) -> None:
        """Translate every operator in order."""
        for operator in self.model.operators:
            self._operator(operator)

    def _operator(self, operator: Operator) -> None:
        rule = self.rules[operator.kind]
        self.builder.stage = self.stages.next(rule.stage)
        with refuse.at(_where(self.model, operator), "op", ValueError):
            use = Use(self.t, operator, rule)
            with np.errstate(all="ignore"):  # scales of a file may be anything; nodes check them
                found = rule.translate(use)
            values = (found,) if isinstance(found, str) else found
            if len(values) != len(use.results):
                raise Unsupported(f"it has {len(use.results)} results; expected {len(values)}")
            for tensor, value in zip(use.results, values, strict=True):
                if value:
                    self._keep(tensor, value)

    def _keep(self, tensor: Tensor, value: str) -> None:
        """What was built must be what the file declares; each tensor is written once. Where the
        file leaves lengths free, the shape that was computed counts."""
        type = self.builder.type(value)
        if self.model.free:
            tensor = replace(tensor, shape=type.shape)
        wanted = type_of(tensor)
        if tensor.index in self.values or tensor.variable or tensor.constant:
            raise Unsupported(f"{tensor} is written twice")
        if (type.shape, type.dtype) != (wanted.shape, wanted.dtype):
            raise Unsupported(f"it computes {type}, but the file declares {tensor}")
        if type.quant != wanted.quant and wanted.quant is not None:
            raise Unsupported(f"its result keeps {type}, but the file declares {wanted}")
        self.values[tensor.index] = value

    def outputs(self) -> list[str]:
        """Names of the values of the graph's outputs, each of its own."""
        found: list[str] = []
        for index in self.model.outputs:
            if index not in self.values:
                broken(f"its output {index} is not computed")
            tensor, value = self.model.tensor(index), self.values[index]
            if is_shifted(tensor):
                value = self.builder.op("recentre", value, name=f"{value}_uint8")
            found.append(value)
        if not found or len(set(self.model.outputs)) != len(found):
            broken(f"its outputs {list(self.model.outputs)} are not computed, each once")
        return distinct(self.builder, found)

    def finish(self) -> Graph:
        """The graph of all that was translated."""
        outputs = self.outputs()
        self.t.variables.settle()
        return self.builder.build(outputs)

    def _first_contents(self, number: int) -> dict[str, np.ndarray]:
        """What the subgraph ``number``, which takes nothing, assigns to variables: it is translated
        and run once, here.

        Raises:
            Unsupported: there is no such subgraph, it has inputs, calls others or reads variables.
            UserError: as `translate`.
        """
        if not 0 < number < len(self.model.subgraphs):
            raise Unsupported(f"subgraph {number} of {len(self.model.subgraphs)} cannot be called")
        model = self.model.subgraphs[number]
        _require_known(model, self.rules)
        if model.inputs:
            raise Unsupported(f"subgraph {number} has inputs")
        alone = replace(model, subgraphs=())  # so it calls no other, and itself neither
        inner = _Translator(alone, "initial", self.t.semantics, self.rules)
        inner.run()
        return inner.t.variables.contents()


def translate(model: Model, rules: Mapping[str, Rule], name: str, semantics: str) -> Graph:
    """A graph that computes what the model computes.

    Raises:
        UserError: ``import.tflite.op`` (an operator outside the table, or a use of one that cannot
            be expressed; names operator and node), and what `schema.py` raises.
    """
    _require_known(model, rules)
    translator = _Translator(model, name, semantics, rules)
    translator.bind_inputs()
    translator.run()
    return translator.finish()


_SHOWN = 3
"""Kinds of operators that a refusal names: it is to be read at a glance."""


def _require_known(model: Model, rules: Mapping[str, Rule]) -> None:
    unknown: dict[str, list[Operator]] = {}
    for operator in model.operators:
        if operator.kind not in rules:
            unknown.setdefault(operator.kind, []).append(operator)
    if not unknown:
        return
    kinds = [_first_of(model, found) for found in unknown.values()]
    left = len(kinds) - _SHOWN
    more = f"; {left} kinds more" if left > 0 else ""
    hint = "`tinsmith kinds ops tflite` lists what is read."
    if "WHILE" in unknown:
        hint = (
            "Keras 3 writes LSTM and GRU so: build them with `unroll=True`, or use the `.keras` "
            "file."
        )
    refuse("op", f"Not supported: {'; '.join(kinds[:_SHOWN])}{more}.", hint)


def _first_of(model: Model, found: Sequence[Operator]) -> str:
    """The first operator of a kind, and how many more there are."""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_where(model, found[0])}{_of(model, found[0])}{more}"


def _where(model: Model, operator: Operator) -> str:
    """An operator and its node, for people."""
    found = [model.tensors[o].name for o in operator.outputs if 0 <= o < len(model.tensors)]
    kind, name = brief(operator.kind), brief(", ".join(found))
    return f"operator {kind} (node {operator.index}, {name!r})"


def _of(model: Model, operator: Operator) -> str:
    """Type of an operator's first operand, for people."""
    known = [model.tensors[i].dtype for i in operator.inputs if 0 <= i < len(model.tensors)]
    return f" of {known[0]}" if known else ""


def _has_meaning(tensor: Tensor) -> bool:
    return tensor.dtype in ("int8", "uint8", "int16", *BITS) and len(tensor.scales) > 0


def _outside(type: TensorType) -> TensorType:
    """The uint8 type that an int8 one stands for."""
    assert type.quant is not None, "only quantised uint8 is int8 inside"
    return TensorType(type.shape, "uint8", shifted(type.quant, 128))
