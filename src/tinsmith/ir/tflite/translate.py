"""Translation of a parsed TensorFlow Lite model, operator by operator, into a graph.

`rules.py` says what each operator becomes; here are the values that it works with, and the names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.tflite.flatbuffer import broken, refuse
from tinsmith.ir.tflite.rounding import FLOAT32_PRODUCT, ROUNDING
from tinsmith.ir.tflite.schema import Model, Operator, Tensor
from tinsmith.ir.types import DType, Quant, TensorType

ACTIVATIONS: Mapping[str, DType] = {"float32": "float32", "int8": "int8"}
"""Types that values between operators may have."""
_LONGEST_NAME = 48


class Unsupported(Exception):
    """A use of an operator that cannot be expressed; the message says why, in a clause."""


@dataclass(frozen=True)
class Rule:
    """How one operator is translated.

    Args:
        stage: stem of the names of the stages that it makes.
        options: code of its options table in the schema's union BuiltinOptions.
        translate: appends nodes, returns the name of the result.
    """

    stage: str
    options: int
    translate: Callable[["Use"], str]


class Translation:
    """The graph that grows; ``values`` maps tensor indices to the names of values."""

    def __init__(self, model: Model, name: str, semantics: str) -> None:
        self.model = model
        self.semantics = semantics
        quantised = any(t.dtype == "int8" for t in model.tensors)
        self.builder = Builder(name, "quantised" if quantised else "float")
        self.values: dict[int, str] = {}
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
            if index in self.values or tensor.constant:
                broken(f"{tensor} cannot be an input")
            name, number = readable(tensor.name) or "input", 1
            stem = name
            while name in self.values.values():
                name, number = f"{stem}_{number}", number + 1
            self.values[index] = self.builder.input(name, type_of(tensor))

    def finish(self) -> Graph:
        """The graph of all that was translated."""
        outputs = [self.values.get(i, "") for i in self.model.outputs]
        if not outputs or "" in outputs or len(set(outputs)) != len(outputs):
            broken(f"its outputs {list(self.model.outputs)} are not computed, each once")
        return self.builder.build(outputs)


class Use:
    """One operator while it is translated.

    Attributes: ``result`` is its output tensor, ``name`` what the value should be called.
    """

    def __init__(self, t: Translation, operator: Operator, rule: Rule) -> None:
        self.t, self.operator, self.rule = t, operator, rule
        if len(operator.outputs) != 1:
            raise Unsupported(f"it has {len(operator.outputs)} results; expected one")
        self.result = t.model.tensor(operator.outputs[0])
        self.name = readable(self.result.name) or rule.stage
        if operator.options is not None and operator.options_type != rule.options:
            raise Unsupported(f"its options are of type {operator.options_type}")

    @property
    def operands(self) -> int:
        """How many operands it lists."""
        return len(self.operator.inputs)

    @property
    def is_int8(self) -> bool:
        """Whether the result is int8."""
        return self.result.dtype == "int8"

    @property
    def rounding(self) -> str:
        """How it rounds under the semantics that are meant."""
        return ROUNDING[self.t.semantics][self.operator.kind]

    @property
    def float32_product(self) -> bool:
        """Whether it multiplies scales in float32 under the semantics that are meant."""
        return (self.t.semantics, self.operator.kind) in FLOAT32_PRODUCT

    def tensor(self, position: int) -> Tensor | None:
        """Operand by position; None where it is left out."""
        index = self.operator.inputs[position] if position < self.operands else -1
        return None if index == -1 else self.t.model.tensor(index)

    def value(self, position: int) -> str:
        """Name of an operand's value: an activation, or a constant of such a type."""
        tensor = self.tensor(position)
        if tensor is None:
            raise Unsupported(f"operand {position} is missing")
        if tensor.variable:
            raise Unsupported(f"{tensor} keeps its content from run to run")
        if tensor.index not in self.t.values:
            type = type_of(tensor)
            if not tensor.constant:
                raise Unsupported(f"{tensor} is read before anything writes it")
            return self.constant(readable(tensor.name), tensor.array(), type.quant)
        return self.t.values[tensor.index]

    def type(self, value: str) -> TensorType:
        """Type of a value."""
        return self.t.builder.type(value)

    def weights(self, position: int, dtype: str) -> np.ndarray:
        """Content of a constant operand of one dtype."""
        tensor = self.tensor(position)
        if tensor is None or not tensor.constant or tensor.index in self.t.values:
            raise Unsupported(f"operand {position} ({tensor}) is no constant")
        if tensor.dtype != dtype:
            raise Unsupported(f"operand {position} ({tensor}) is not {dtype}")
        return tensor.array()

    def option(self, id: int, code: str = "<b", default: int = 0) -> int:
        """A whole number of the options table."""
        options = self.operator.options
        return default if options is None else options.integer(id, code, default)

    def constant(self, name: str, array: np.ndarray, quant: Quant | None = None) -> str:
        """Add a constant."""
        return self.t.builder.constant(name or "constant", array, quant)

    def op(
        self, op: str, *inputs: str, name: str = "", quant: Quant | None = None, **attrs: Attr
    ) -> str:
        """Append a node; the op's own complaint becomes a refusal of the operator."""
        try:
            return self.t.builder.op(op, *inputs, name=name or self.name, quant=quant, **attrs)
        except UserError as e:
            raise Unsupported(e.message) from e
        except ValueError as e:
            raise Unsupported(str(e)) from e

    def reshape(self, value: str, shape: tuple[int, ...], name: str = "") -> str:
        """The same elements in another shape; no node where it is the same."""
        if self.type(value).shape == shape:
            return value
        return self.op("reshape", value, name=name, shape=shape)


def translate(model: Model, rules: Mapping[str, Rule], name: str, semantics: str) -> Graph:
    """A graph that computes what the model computes.

    Raises:
        UserError: ``import.tflite.op`` (an operator outside the table, or a use of one that cannot
            be expressed; names operator and node), and what `schema.py` raises.
    """
    _require_known(model, rules)
    t = Translation(model, name, semantics)
    t.bind_inputs()
    for operator in model.operators:
        rule = rules[operator.kind]
        t.builder.stage = t.stage(rule.stage)
        try:
            use = Use(t, operator, rule)
            value = rule.translate(use)
            _check_result(use, value)
        except Unsupported as e:
            refuse("op", f"{_where(model, operator)}: {e}.")
        t.values[use.result.index] = value
    return t.finish()


def _require_known(model: Model, rules: Mapping[str, Rule]) -> None:
    unknown = [_where(model, o) for o in model.operators if o.kind not in rules]
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        refuse(
            "op",
            f"Not supported: {'; '.join(unknown[:8])}{more}.",
            f"Supported: {', '.join(sorted(rules))}.",
        )


def _where(model: Model, operator: Operator) -> str:
    """An operator and its node, for people."""
    found = [model.tensors[o].name for o in operator.outputs if 0 <= o < len(model.tensors)]
    return f"operator {operator.kind} (node {operator.index}, {', '.join(found)!r})"


def _check_result(use: Use, value: str) -> None:
    """What was built must be what the file declares; each tensor is written once."""
    type, wanted = use.type(value), type_of(use.result)
    if use.result.index in use.t.values:
        raise Unsupported(f"{use.result} is written twice")
    if (type.shape, type.dtype) != (wanted.shape, wanted.dtype):
        raise Unsupported(f"it computes {type}, but the file declares {use.result}")
    if type.quant != wanted.quant and use.is_int8:
        raise Unsupported(f"its result keeps {type}, but the file declares {wanted}")


def type_of(tensor: Tensor) -> TensorType:
    """Type of a value between operators.

    Raises:
        UserError: ``import.tflite.type``, ``.shape``, ``.quant``.
    """
    dtype = ACTIVATIONS.get(tensor.checked().dtype)
    if dtype is None:
        refuse(
            "type",
            f"The type of {tensor} is not supported between operators.",
            f"Supported: {', '.join(ACTIVATIONS)}.",
        )
    return TensorType(tensor.shape, dtype, tensor.quant() if dtype == "int8" else None)


def readable(name: str) -> str:
    """A short identifier from a tensor's name: of its first part, the last two steps of the path,
    without what exporters put around it."""
    first = name.split(";")[0].removeprefix("serving_default_").split(":")[0]
    steps = [s for s in first.split("/") if s not in ("", "ReadVariableOp", "resource")][-2:]
    words = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(steps)).strip("_")[:_LONGEST_NAME]
    return f"t_{words}" if words[:1].isdigit() else words
