"""Translation of a parsed TensorFlow Lite model, operator by operator, into a graph.

`rules.py` says what each operator becomes, `use.py` what a rule gets to work with; here the graph
grows and its values are kept.

Quantised uint8 is int8 inside of the graph: the top bit is flipped and the zero point lies 128
lower, so every real number stays what it was; inputs and outputs keep the file's type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.flatbuffer import broken, refuse
from tinsmith.importers.tflite.schema import Model, Operator, Tensor
from tinsmith.importers.tflite.use import Unsupported, Use
from tinsmith.importers.tflite.values import is_shifted, readable, shifted, type_of
from tinsmith.importers.tflite.variables import Variables
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

__all__ = ["Rule", "Translation", "Unsupported", "Use", "translate"]


@dataclass(frozen=True)
class Rule:
    """How one operator is translated.

    Args:
        stage: stem of the names of the stages that it makes.
        options: code of its options table in the schema's union BuiltinOptions.
        translate: appends nodes, returns the name of the result, or of each in order; empty where
            it is no value (the handle of a variable).
        types: types of operand ``typed`` that it takes (shown in the support table); any, and the
            translation itself refuses, where empty.
        note: what of it is refused, for the support table.
        typed: which operand's type counts.
    """

    stage: str
    options: int
    translate: Callable[[Use], str | tuple[str, ...]]
    types: tuple[str, ...] = ()
    note: str = ""
    typed: int = 0


class Translation:
    """The graph that grows; ``values`` maps tensor indices of the subgraph to names of values."""

    def __init__(self, model: Model, name: str, semantics: str, rules: Mapping[str, Rule]) -> None:
        self.model = model
        self.semantics = semantics
        self.rules = rules
        quantised = any(_has_meaning(t) for t in model.tensors)
        self.builder = Builder(name, "quantised" if quantised else "float")
        self.values: dict[int, str] = {}
        self.variables = Variables(self.builder)
        self._stages: dict[str, int] = {}

    def stage(self, stem: str) -> str:
        """The next stage of its kind: ``dense_0``, ``dense_1``, ..."""
        number = self._stages.get(stem, 0)
        self._stages[stem] = number + 1
        return f"{stem}_{number}"

    def bind_inputs(self) -> None:
        """Declare the inputs of the graph."""
        for index in self.model.inputs:
            tensor = self.model.tensor(index)
            if index in self.values or tensor.constant or tensor.variable:
                broken(f"{tensor} cannot be an input")
            name, number = readable(tensor.name) or "input", 1
            stem = name
            while name in self.values.values():
                name, number = f"{stem}_{number}", number + 1
            self.values[index] = self._input(name, tensor)

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
        self.builder.stage = self.stage(rule.stage)
        try:
            use = Use(self, operator, rule)
            with np.errstate(all="ignore"):  # scales of a file may be anything; nodes check them
                found = rule.translate(use)
            values = (found,) if isinstance(found, str) else found
            if len(values) != len(use.results):
                raise Unsupported(f"it has {len(use.results)} results; expected {len(values)}")
            for tensor, value in zip(use.results, values, strict=True):
                if value:
                    self._keep(tensor, value)
        except Unsupported as e:
            refuse("op", f"{_where(self.model, operator)}: {e}.")
        except UserError as e:
            if e.code.startswith("import.tflite."):
                raise
            refuse("op", f"{_where(self.model, operator)}: {e.message}")
        except ValueError as e:
            refuse("op", f"{_where(self.model, operator)}: {e}.")

    def _keep(self, tensor: Tensor, value: str) -> None:
        """What was built must be what the file declares; each tensor is written once."""
        type, wanted = self.builder.type(value), type_of(tensor)
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
            elif value in found:
                shape = self.builder.type(value).shape
                value = self.builder.op("reshape", value, name=f"{value}_again", shape=shape)
            found.append(value)
        if not found or len(set(self.model.outputs)) != len(found):
            broken(f"its outputs {list(self.model.outputs)} are not computed, each once")
        return found

    def finish(self) -> Graph:
        """The graph of all that was translated."""
        outputs = self.outputs()
        self.variables.settle()
        return self.builder.build(outputs)


def translate(model: Model, rules: Mapping[str, Rule], name: str, semantics: str) -> Graph:
    """A graph that computes what the model computes.

    Raises:
        UserError: ``import.tflite.op`` (an operator outside the table, or a use of one that cannot
            be expressed; names operator and node), and what `schema.py` raises.
    """
    _require_known(model, rules)
    t = Translation(model, name, semantics, rules)
    t.bind_inputs()
    t.run()
    return t.finish()


def _require_known(model: Model, rules: Mapping[str, Rule]) -> None:
    unknown = [f"{_where(model, o)}{_of(model, o)}" for o in model.operators if o.kind not in rules]
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        refuse(
            "op",
            f"Not supported: {'; '.join(unknown[:8])}{more}.",
            "`tinsmith kinds ops tflite` lists what is read.",
        )


def initial_contents(t: Translation, number: int) -> dict[str, np.ndarray]:
    """What the subgraph ``number``, which takes nothing, assigns to variables: it is translated and
    run once, here.

    Raises:
        Unsupported: there is no such subgraph, it has inputs, calls others or reads variables.
        UserError: as `translate`.
    """
    if not 0 < number < len(t.model.subgraphs):
        raise Unsupported(f"subgraph {number} of {len(t.model.subgraphs)} cannot be called")
    model = t.model.subgraphs[number]
    _require_known(model, t.rules)
    inner = Translation(replace(model, subgraphs=()), "initial", t.semantics, t.rules)
    if model.inputs:
        raise Unsupported(f"subgraph {number} has inputs")
    inner.run()
    return inner.variables.contents()


def _where(model: Model, operator: Operator) -> str:
    """An operator and its node, for people."""
    found = [model.tensors[o].name for o in operator.outputs if 0 <= o < len(model.tensors)]
    return f"operator {operator.kind} (node {operator.index}, {', '.join(found)!r})"


def _of(model: Model, operator: Operator) -> str:
    """Type of an operator's first operand, for people."""
    known = [model.tensors[i].dtype for i in operator.inputs if 0 <= i < len(model.tensors)]
    return f" of {known[0]}" if known else ""


def _has_meaning(tensor: Tensor) -> bool:
    return tensor.dtype in ("int8", "uint8", "int16") and len(tensor.scales) > 0


def _outside(type: TensorType) -> TensorType:
    """The uint8 type that an int8 one stands for."""
    assert type.quant is not None, "only quantised uint8 is int8 inside"
    return TensorType(type.shape, "uint8", shifted(type.quant, 128))
