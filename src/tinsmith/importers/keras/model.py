"""The layers of a Keras model and how they are connected, from its configuration.

Functional models list layers with the calls that were made of each; Sequential ones list layers in
order. Both nest. Keras 2 and Keras 3 write calls differently; both are read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from tinsmith.importers.keras.document import Document, refuse

MODELS = ("Functional", "Model", "Sequential")
MOST_DEPTH = 16
MOST_LAYERS = 10_000


@dataclass(frozen=True)
class Ref:
    """A tensor: result number ``tensor`` of call number ``call`` of a layer."""

    layer: str
    call: int
    tensor: int


@dataclass(frozen=True)
class Layer:
    """A layer: its class, configuration and the operands of each call; ``folder`` is where a
    ``.keras`` file keeps its weights, ``top`` the outermost layer that it lies in; ``keywords``
    what each call was given by name, tensors as `Ref`."""

    name: str
    kind: str
    config: Mapping[str, Any]
    calls: tuple[tuple[Ref, ...], ...]
    folder: str
    top: str
    model: "Model | None" = None
    keywords: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Model:
    """Layers by name; ``inputs`` and ``outputs`` are tensors of them."""

    layers: Mapping[str, Layer]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]


@dataclass
class _Place:
    """Where in the file a model is: folder of its layers, outermost layer, how deep."""

    folder: str = ""
    top: str = ""
    depth: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def inner(self, folder: str, name: str) -> "_Place":
        return _Place(folder, self.top or name, self.depth + 1)


def model_of(document: Document) -> Model:
    """The model of a file.

    Raises:
        UserError: ``import.keras.config`` (no model, broken, nested too deeply),
            ``import.keras.model`` (a subclassed model: its code is not in the file).
    """
    try:
        return _model(document.config, document, _Place())
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as e:
        refuse("config", f"Its configuration is broken ({type(e).__name__}: {e}).")


def _model(config: Any, document: Document, place: _Place) -> Model:
    kind = config["class_name"]
    if kind not in MODELS:
        refuse(
            "model",
            f"The model is of class {kind!r}, whose code is not in the file.",
            "Models built from layers (Sequential, Functional) can be read.",
        )
    if place.depth > MOST_DEPTH:
        refuse("config", f"Models are nested more than {MOST_DEPTH} deep.")
    inner = config["config"]
    rows = inner if isinstance(inner, list) else inner["layers"]  # Keras 2.0 wrote a bare list
    if len(rows) > MOST_LAYERS:
        refuse("limit", f"The model has {len(rows)} layers; at most {MOST_LAYERS} are read.")
    if kind == "Sequential":
        return _sequential(rows, inner, document, place)
    layers = {}
    for row in rows:
        nodes = row.get("inbound_nodes", [])
        layer = replace(
            _layer(row, _calls(nodes), document, place), keywords=tuple(map(_keywords, nodes))
        )
        layers[layer.name] = layer
    ends = inner["input_layers"], inner["output_layers"]
    return Model(layers, *(tuple(_refs(e)) for e in ends))


def _sequential(rows: list[Any], inner: Any, document: Document, place: _Place) -> Model:
    if rows and rows[0]["class_name"] != "InputLayer":
        shape = rows[0]["config"].get("batch_input_shape")
        shape = shape or (inner.get("build_input_shape") if isinstance(inner, dict) else None)
        dtype = rows[0]["config"].get("dtype", "float32")
        given = {"name": "input", "batch_shape": shape, "dtype": dtype}
        rows = [{"class_name": "InputLayer", "config": given}, *rows]
    layers: dict[str, Layer] = {}
    last: tuple[Ref, ...] = ()
    for row in rows:
        layer = _layer(row, (last,), document, place)
        layers[layer.name] = layer
        last = (Ref(layer.name, 0, 0),)
    first = Ref(next(iter(layers)), 0, 0)
    return Model(layers, (first,), last)


def _layer(
    row: Any, calls: tuple[tuple[Ref, ...], ...], document: Document, place: _Place
) -> Layer:
    kind, config = str(row["class_name"]), row["config"]
    name = str(config.get("name", row.get("name", "")))
    registered = row.get("registered_name")
    if registered and ">" in str(registered):
        _custom(name, str(registered))
    folder = _folder(name, kind, document, place)
    model = _model(row, document, place.inner(folder, name)) if kind in MODELS else None
    return Layer(name, kind, config, calls, folder, place.top or name, model)


def _custom(name: str, registered: str) -> NoReturn:
    refuse(
        "layer",
        f"Layer {name!r} is of the custom class {registered!r}, whose code is not in the file.",
        "Replace it by layers of Keras itself.",
    )


def _folder(name: str, kind: str, document: Document, place: _Place) -> str:
    """Folder of a layer's weights: the one that is labelled with its name, or, in files without
    labels, the class in snake case with a number behind it."""
    root = f"{place.folder}/layers" if place.folder else "layers"
    for folder, label in document.names.items():
        if label == name and folder.rpartition("/")[0] == root:
            return folder
    stem = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
    number = place.counts.get(stem, 0)
    place.counts[stem] = number + 1
    return f"{root}/{stem}_{number}" if number else f"{root}/{stem}"


def _calls(nodes: Any) -> tuple[tuple[Ref, ...], ...]:
    """Operands of every call: Keras 3 nests tensors in args, Keras 2 writes lists of
    [layer, call, tensor, keyword arguments]."""
    found = []
    for node in nodes:
        if isinstance(node, Mapping):
            found.append(tuple(_tensors([node.get("args", []), node.get("kwargs", {})])))
        else:
            named = (v for v in _keywords(node).values() if isinstance(v, Ref))
            found.append((*_refs(node), *named))
    return tuple(found)


def _keywords(node: Any) -> Mapping[str, Any]:
    """What a call was given by name: in Keras 2 as a fourth item behind its first operand."""
    if isinstance(node, Mapping):
        given = node.get("kwargs", {})
        return {k: (_tensors(v) or [v])[0] for k, v in given.items()}
    first = node[0] if node and not isinstance(node[0], str) else node
    given = first[3] if len(first) > 3 else {}
    return {k: _refs(v)[0] if _names_tensor(v) else v for k, v in given.items()}


def _names_tensor(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(v, int) for v in value[1:3])
    )


def _tensors(value: Any, depth: int = 0) -> list[Ref]:
    if depth > MOST_DEPTH:
        refuse("config", "The arguments of a call are nested too deeply.")
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            layer, call, tensor = value["config"]["keras_history"]
            return [Ref(str(layer), int(call), int(tensor))]
        return [r for v in value.values() for r in _tensors(v, depth + 1)]
    if isinstance(value, list):
        return [r for v in value for r in _tensors(v, depth + 1)]
    return []


def _refs(listed: Any) -> list[Ref]:
    """[layer, call, tensor(, keyword arguments)] or a list of such."""
    if listed and isinstance(listed[0], str):
        listed = [listed]
    if isinstance(listed, Mapping):
        listed = list(listed.values())
    return [Ref(str(r[0]), int(r[1]), int(r[2])) for r in listed]
