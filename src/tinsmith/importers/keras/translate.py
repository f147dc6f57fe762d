"""Translation of a Keras model, call by call, into a float graph; `rules.py` has the layers."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported, distinct
from tinsmith.importers.keras.document import Document, refuse
from tinsmith.importers.keras.model import Layer, Model, Ref
from tinsmith.importers.keras.weights import roles
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import SIZES, TensorType

_CLASHES = (LookupError, TypeError, ArithmeticError, ValueError, AttributeError)
"""What rules that take a file's word for its settings and weights raise on others."""
LISTED = "Layers that are supported: tinsmith kinds ops."
MOST_CALLS = 100_000
MOST_BYTES = 2**28
"""Largest value between layers."""


@dataclass(frozen=True)
class Rule:
    """How a layer is translated; ``note`` says what of it is refused."""

    translate: Callable[["Use"], str | Sequence[str]]
    note: str = ""


class Translation:
    """The graph that grows."""

    def __init__(self, document: Document, rules: Mapping[str, Rule], name: str) -> None:
        self.document = document
        self.rules = rules
        self.kinds: frozenset[str] = frozenset()
        """Classes of all layers of the model."""
        self.builder = Builder(name)
        self.calls = 0

    def run(self, model: Model, given: Sequence[str] | None) -> list[str]:
        """Append all of a model; returns its outputs. ``given``: its inputs (declared as inputs of
        the graph where None)."""
        values: dict[Ref, str] = {}
        for ref, value in zip(model.inputs, given or [], strict=bool(given)):
            values[ref] = value
        for ref in model.inputs if given is None else ():
            if ref.layer in model.layers:
                values[ref] = self._input(model.layers[ref.layer])
        pending = [
            (layer, number, operands)
            for layer in model.layers.values()
            for number, operands in enumerate(layer.calls or ((),))
        ]
        while pending:
            ready = [p for p in pending if all(r in values for r in p[2])]
            if not ready:
                refuse("config", f"Layer {pending[0][0].name!r} waits for itself or for nothing.")
            for layer, number, operands in ready:
                self._call(layer, number, operands, values)
            pending = [p for p in pending if p not in ready]
        missing = [r for r in model.outputs if r not in values]
        if missing or not model.outputs:
            refuse("config", "An output of the model is computed by no layer.")
        return [values[r] for r in model.outputs]

    def _call(
        self, layer: Layer, number: int, operands: Sequence[Ref], values: dict[Ref, str]
    ) -> None:
        self.calls += 1
        if self.calls > MOST_CALLS:
            refuse("limit", f"The model calls layers more than {MOST_CALLS} times.")
        first = Ref(layer.name, number, 0)
        if layer.kind == "InputLayer":
            if first not in values:
                values[first] = self._input(layer)
            return
        self.builder.stage = layer.name
        given = layer.keywords[number] if number < len(layer.keywords) else {}
        named = {k: values[v] if isinstance(v, Ref) else v for k, v in given.items()}
        results = self._results(layer, [values[r] for r in operands], named)
        for tensor, value in enumerate(results):
            values[Ref(layer.name, number, tensor)] = value

    def _results(
        self, layer: Layer, operands: list[str], named: Mapping[str, Any]
    ) -> Sequence[str]:
        if layer.model:
            return self.run(layer.model, operands)
        where = f"layer {layer.name!r} ({layer.kind})"
        rule = self.rules.get(layer.kind)
        if rule is None:
            refuse("layer", f"Not supported: {where}.", LISTED)
        if named.get("training") is True or named.get("mask") is not None:
            refuse("layer", f"Not supported: {where}: it is called with training=True or a mask.")
        with refuse.at(f"Not supported: {where}", "layer", *_CLASHES):
            made = rule.translate(Use(self, layer, operands, named))
        found = [made] if isinstance(made, str) else made
        for value in found:
            self._bounded(where, self.builder.type(value))
        return found

    def _bounded(self, where: str, type: TensorType) -> None:
        if type.nbytes > MOST_BYTES:
            refuse("limit", f"The result of {where} is {type}: more than {MOST_BYTES} bytes.")

    def _input(self, layer: Layer) -> str:
        shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape")
        dtype: Any = layer.config.get("dtype") or "float32"
        if not isinstance(shape, list) or not shape or any(d is None for d in shape[1:]):
            refuse(
                "shape",
                f"Input {layer.name!r} has shape {shape}.",
                "All dimensions but the batch must be fixed when the model is built.",
            )
        if dtype not in SIZES:
            refuse("type", f"Input {layer.name!r} is {dtype}.", f"Allowed: {', '.join(SIZES)}.")
        try:
            type = TensorType((1, *(int(d) for d in shape[1:])), dtype)
        except (ValueError, TypeError, OverflowError) as e:
            refuse("shape", f"Input {layer.name!r} has shape {shape}: {e}.")
        self._bounded(f"input {layer.name!r}", type)
        if shape[0] not in (None, 1):
            self.builder.note(
                f"It was built for a batch of {shape[0]}; it is imported for a batch of 1: one run "
                "takes one sample."
            )
        return self.builder.input(identifier(layer.name), type)


class Use:
    """One call of a layer while it is translated."""

    def __init__(
        self, t: Translation, layer: Layer, operands: list[str],
        keywords: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.t, self.layer, self.operands = t, layer, operands
        self.keywords: Mapping[str, Any] = keywords or {}
        """What the call was given by name; operands by their names in the graph."""
        self.b = t.builder
        self.config: Mapping[str, Any] = layer.config
        self.name = identifier(layer.name)

    @property
    def x(self) -> str:
        """The one operand."""
        if len(self.operands) != 1:
            raise Unsupported(f"it has {len(self.operands)} operands; expected one")
        return self.operands[0]

    def type(self, value: str) -> TensorType:
        """Type of a value."""
        return self.b.type(value)

    def weights(self, *names: str, part: str = "", inner: str = "") -> Mapping[str, np.ndarray]:
        """Arrays by role, see `weights.roles`; ``inner`` is the part's name in ``.h5`` files."""
        legacy = self.t.document.legacy
        return roles(self.t.document, self.layer, names, inner if legacy and inner else part)

    def constant(self, role: str, array: np.ndarray) -> str:
        """A constant called after the layer and its role."""
        return self.b.constant(f"{self.name}_{role}", np.ascontiguousarray(array))

    def require(self, key: str, *allowed: Any) -> None:
        """Refuse a setting outside of what is allowed."""
        if (value := self.config.get(key, allowed[0])) not in allowed:
            raise Unsupported(f"{key} is {value!r}")


def identifier(name: str) -> str:
    """A layer's name as a C identifier."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:48] or "layer"
    return f"l_{plain}" if plain[0].isdigit() else plain


def kinds_of(model: Model) -> Iterator[str]:
    """Classes of a model's layers, of inner models and of layers inside of others."""
    for layer in model.layers.values():
        inner = layer.config.get("layer") if isinstance(layer.config, Mapping) else None
        yield layer.kind
        if isinstance(inner, Mapping):
            yield str(inner.get("class_name"))
        if layer.model:
            yield from kinds_of(layer.model)


def translate(document: Document, model: Model, rules: Mapping[str, Rule], name: str) -> Graph:
    """A float graph that computes what the model computes, for a batch of one.

    Raises:
        UserError: ``import.keras.layer`` (names the layer and its class), ``.weights``, ``.shape``,
            ``.config``.
    """
    t = Translation(document, rules, name)
    t.kinds = frozenset(kinds_of(model))
    return t.builder.build(distinct(t.builder, t.run(model, None)))
