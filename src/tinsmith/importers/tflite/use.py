"""One use of an operator, as the rules see it: operands, options, results and the graph's end."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.schema import Operator, Tensor
from tinsmith.importers.tflite.translation import Translation
from tinsmith.importers.tflite.values import content_of, known, readable, type_of
from tinsmith.ir.graph import Attr
from tinsmith.ir.types import Quant, TensorType


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
    translate: Callable[["Use"], str | tuple[str, ...]]
    types: tuple[str, ...] = ()
    note: str = ""
    typed: int = 0


class Use:
    """One operator while it is translated.

    Attributes: ``results`` are its output tensors, ``result`` the first; ``name`` is what the value
    should be called; ``b`` the builder.
    """

    def __init__(self, t: Translation, operator: Operator, rule: Rule) -> None:
        self.t, self.operator, self.rule, self.b = t, operator, rule, t.builder
        self.results = tuple(t.model.tensor(i) for i in operator.outputs)
        self.name = self.name_of(0) or rule.stage
        if operator.options is not None and rule.options != operator.options_type:
            raise Unsupported(f"its options are of type {operator.options_type}")
        seen = self.tensor(rule.typed) if rule.types else None
        if seen is not None and seen.dtype not in rule.types:
            raise Unsupported(f"{seen}; supported: {', '.join(rule.types)}")

    @property
    def result(self) -> Tensor:
        """The first result."""
        if not self.results:
            raise Unsupported("it has no result")
        return self.results[0]

    @property
    def wanted(self) -> TensorType:
        """Type of the first result."""
        return type_of(self.result)

    def declared(self, computed: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the first result: what the file declares, or ``computed`` where it leaves
        lengths free."""
        return computed if self.t.model.free else self.result.checked().shape

    @property
    def operands(self) -> int:
        """How many operands it lists."""
        return len(self.operator.inputs)

    @property
    def is_int8(self) -> bool:
        """Whether the result is int8."""
        return self.result.dtype == "int8"

    def name_of(self, number: int) -> str:
        """What the value of a result should be called."""
        return readable(self.results[number].name) if number < len(self.results) else ""

    def tensor(self, position: int) -> Tensor | None:
        """Operand by position, in the shape that it has; None where it is left out."""
        index = self.operator.inputs[position] if position < self.operands else -1
        if index == -1:
            return None
        tensor, value = self.t.model.tensor(index), self.t.values.get(index)
        return replace(tensor, shape=self.type(value).shape) if value else tensor

    def given(self, position: int) -> Tensor:
        """Operand by position, which must be there."""
        tensor = self.tensor(position)
        if tensor is None:
            raise Unsupported(f"operand {position} is missing")
        return tensor

    def value(self, position: int) -> str:
        """Name of an operand's value: an activation, or a constant of such a type."""
        tensor = self.given(position)
        if tensor.variable:
            return self.t.variables.tensor(tensor)
        if tensor.index not in self.t.values:
            type = type_of(tensor)
            if not tensor.constant:
                raise Unsupported(f"{tensor} is read before anything writes it")
            value = self.constant(readable(tensor.name), content_of(tensor), type.quant)
            self.t.values[tensor.index] = value
        return self.t.values[tensor.index]

    def type(self, value: str) -> TensorType:
        """Type of a value."""
        return self.b.type(value)

    def weights(self, position: int, dtype: str) -> np.ndarray:
        """Content of a constant operand of one dtype."""
        tensor = self.tensor(position)
        if tensor is None or not tensor.constant or tensor.variable:
            raise Unsupported(f"operand {position} ({tensor}) is no constant")
        if tensor.dtype != dtype:
            raise Unsupported(f"operand {position} ({tensor}) is not {dtype}")
        return tensor.array()

    def known(self, position: int) -> np.ndarray:
        """Content of an operand that is a constant, or computed of constants only."""
        tensor = self.given(position)
        if tensor.constant and not tensor.variable:
            return content_of(tensor)
        value = self.value(position)
        found = known(self.b, value)
        if found is None:
            raise Unsupported(f"operand {position} ({tensor}) is not known before it runs")
        return found

    def integers(self, position: int) -> tuple[int, ...]:
        """Content of a known operand of int32 or int64, in order."""
        if self.given(position).dtype not in ("int32", "int64"):
            raise Unsupported(f"operand {position} ({self.tensor(position)}) is not int32 or int64")
        return tuple(int(i) for i in self.known(position).reshape(-1))

    def option(self, id: int, code: str = "<b", default: int = 0) -> int:
        """A whole number of the options table."""
        options = self.operator.options
        return default if options is None else options.integer(id, code, default)

    def real_option(self, id: int, default: float = 0) -> float:
        """A float32 number of the options table, which must be finite."""
        options = self.operator.options
        value = float(np.float32(options.number(id, "<f", default) if options else default))
        if not np.isfinite(value):
            raise Unsupported(f"its option {id} is {value}")
        return value

    def constant(self, name: str, array: np.ndarray, quant: Quant | None = None) -> str:
        """Add a constant."""
        return self.b.constant(name or "constant", array, quant)

    def op(
        self, op: str, *inputs: str, name: str = "", quant: Quant | None = None, **attrs: Attr
    ) -> str:
        """Append a node; the op's own complaint becomes a refusal of the operator."""
        try:
            return self.b.op(op, *inputs, name=name or self.name, quant=quant, **attrs)
        except UserError as e:
            raise Unsupported(e.message) from e
        except ValueError as e:
            raise Unsupported(str(e)) from e

    def reshape(self, value: str, shape: tuple[int, ...], name: str = "") -> str:
        """The same elements in another shape; no node where it is the same."""
        if self.type(value).shape == shape:
            return value
        return self.op("reshape", value, name=name, shape=shape)

    def alike(self, *positions: int, number: int = 0) -> None:
        """Refuse where operands and a result differ in the file's type."""
        for position in positions:
            if number >= len(self.results) or self.given(position).dtype != (
                self.results[number].dtype
            ):
                raise Unsupported(
                    f"it makes {list(map(str, self.results))} of {self.given(position)}"
                )

    def moved(self, value: str, number: int = 0) -> str:
        """Elements that were only moved: the file's scale and zero point are what they mean now."""
        self.alike(self.rule.typed, number=number)
        wanted, type = type_of(self.results[number]), self.type(value)
        if wanted.quant is None or type.quant == wanted.quant:
            return value
        name = self.name_of(number) or self.name
        return self.op("reshape", value, name=name, quant=wanted.quant, shape=type.shape)
