"""ONNX files as plain data, within limits: nodes, attributes, constants, inputs and outputs.

Source: the ONNX IR specification (onnx/docs/IR.md) and its protocol buffers (onnx.proto3). Content
that lies outside of the file is refused and never opened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tinsmith.importers.onnx.limits import MOST_DEPTH, MOST_NODES
from tinsmith.importers.onnx.local_functions import Origins, without_functions
from tinsmith.importers.onnx.order import ordered, title
from tinsmith.importers.onnx.refusal import broken, refuse

MOST_NAME = 1000
"""Longest name or text attribute, in characters."""
_SHOWN = 40
"""Bytes of what is no name, in a refusal."""
MOST_RANK = 8
MAPS = "maps"
"""dtype of an output that is a sequence of maps from class to float32, as ZipMap makes it."""
_BYTES_OF_PACKED = 0.5
"""Bytes that an element of the smallest type (4 bits) takes."""


@dataclass(frozen=True)
class Info:
    """A declared input or output. ``shape``: numbers, names of symbolic dimensions, "" unknown;
    None where no shape is declared. ``dtype``: numpy's name, "string", or `MAPS`."""

    name: str
    dtype: str
    shape: tuple[int | str, ...] | None


@dataclass(frozen=True)
class OpNode:
    """One node: its operator, values by name ("" = left out) and attributes.

    Attributes are int, float, str, tuples of those, numpy arrays, or `Subgraph`.
    """

    kind: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    index: int
    call: str = ""
    """How the call of a function of the file is named that the node was written out from."""

    def __str__(self) -> str:
        named = self.name or next((o for o in self.outputs if o), "")
        own = title(self.kind, self.domain, named, self.index)
        return f"{self.call}, in its function {own.split(' (')[0]}" if self.call else own


@dataclass(frozen=True)
class Subgraph:
    """Nodes with what goes in and comes out."""

    inputs: tuple[Info, ...]
    outputs: tuple[Info, ...]
    nodes: tuple[OpNode, ...]
    constants: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Model:
    """A whole file: the graph, and the version of every domain that it names ("" = ai.onnx)."""

    graph: Subgraph
    opsets: Mapping[str, int]


def parse(data: bytes) -> Model:
    """A model from the bytes of a file.

    Raises:
        UserError: ``import.onnx.broken``, ``.external``, ``.limit``, ``.type``.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        proto = onnx.ModelProto.FromString(data)
    except DecodeError:
        broken("it is no protocol buffer of a model")
    if not proto.HasField("graph") or (not proto.graph.node and not proto.graph.output):
        broken("it holds no graph")
    if len(proto.graph.node) > MOST_NODES:
        refuse("limit", f"The model has {len(proto.graph.node)} nodes; at most {MOST_NODES}.")
    opsets = {_domain(o.domain): int(o.version) for o in proto.opset_import}
    origins: Origins = {}
    if proto.functions:
        proto, origins = without_functions(proto)
    return Model(_Reader(origins).graph(proto.graph, 0), opsets)


class _Reader:
    """Reads protocol buffers; counts the nodes of all subgraphs."""

    def __init__(self, origins: Origins) -> None:
        self.nodes, self.origins = 0, origins

    def graph(self, proto: Any, depth: int) -> Subgraph:
        if depth > MOST_DEPTH:
            refuse("limit", f"Subgraphs nest deeper than {MOST_DEPTH} levels.")
        if proto.sparse_initializer:
            refuse("type", "The model holds sparse constants.", "Export dense constants.")
        constants = {name_of(t.name): array_of(t) for t in proto.initializer}
        nodes = tuple(self.node(proto.node[i], i, depth) for i in ordered(proto.node))
        return Subgraph(
            tuple(info_of(v) for v in proto.input if v.name not in constants or depth),
            tuple(output_of(v) for v in proto.output), nodes, constants,
        )  # fmt: skip

    def node(self, proto: Any, index: int, depth: int) -> OpNode:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            refuse("limit", f"The model has more than {MOST_NODES} nodes.")
        node = OpNode(
            name_of(proto.op_type), _domain(proto.domain), name_of(proto.name),
            tuple(map(name_of, proto.input)), tuple(map(name_of, proto.output)), {},
            *(self.origins.get(index, (index, "")) if not depth else (index, "")),
        )  # fmt: skip
        attributes = {name_of(a.name): self.attribute(a, node, depth) for a in proto.attribute}
        object.__setattr__(node, "attributes", attributes)
        return node

    def attribute(self, proto: Any, node: OpNode, depth: int) -> Any:
        import onnx

        kinds = onnx.AttributeProto
        match proto.type:
            case kinds.INT | kinds.FLOAT:
                return proto.i if proto.type == kinds.INT else proto.f
            case kinds.STRING:
                return _text(proto.s)
            case kinds.INTS | kinds.FLOATS:
                return tuple(proto.ints if proto.type == kinds.INTS else proto.floats)
            case kinds.STRINGS:
                return tuple(map(_text, proto.strings))
            case kinds.TENSOR:
                return array_of(proto.t)
            case kinds.GRAPH:
                return self.graph(proto.g, depth + 1)
        return refuse("op", f"{node}: attribute {proto.name!r} is of a type that is not supported.")


def nodes_of(nodes: Iterable[Any]) -> tuple[OpNode, ...]:
    """Nodes of the body of a function, in which no attribute refers to one of a call."""
    reader = _Reader({})
    return tuple(reader.node(n, i, 0) for i, n in enumerate(nodes))


def _text(raw: bytes) -> str:
    return name_of(raw.decode("utf-8", errors="replace"))


def name_of(text: str | bytes) -> str:
    """A name, within the limit. What is no UTF-8, protocol buffers give as bytes."""
    if isinstance(text, bytes):
        broken(f"the name {text[:_SHOWN]!r} is no text")
    if len(text) > MOST_NAME:
        refuse("limit", f"A name or text has {len(text)} characters; at most {MOST_NAME}.")
    return text


def _domain(text: str) -> str:
    return "" if text == "ai.onnx" else name_of(text)


def output_of(proto: Any) -> Info:
    """Name, type and shape of an output: a tensor, or a sequence of maps to float32."""
    import onnx

    if proto.type.WhichOneof("value") == "sequence_type":
        inner = proto.type.sequence_type.elem_type
        held = inner.map_type.value_type if inner.WhichOneof("value") == "map_type" else None
        if held is not None and held.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            return Info(name_of(proto.name), MAPS, None)
    return info_of(proto)


def info_of(proto: Any) -> Info:
    """Name, type and shape of an input or output."""
    name, type = name_of(proto.name), proto.type
    if type.WhichOneof("value") not in ("tensor_type", None):
        refuse(
            "type", f"{name!r} is a {type.WhichOneof('value').removesuffix('_type')}, not a tensor."
        )
    tensor = type.tensor_type
    shape = None
    if tensor.HasField("shape"):
        dims = tensor.shape.dim
        shape = tuple(d.dim_value if d.HasField("dim_value") else d.dim_param for d in dims)
        if len(shape) > MOST_RANK:
            refuse("shape", f"{name!r} has {len(shape)} dimensions; at most {MOST_RANK}.")
    return Info(name, dtype_name(tensor.elem_type), shape)


def dtype_name(code: int) -> str:
    """numpy's name of a tensor type by its number; "undefined" for 0.

    Raises:
        UserError: ``import.onnx.broken``: there is no such type.
    """
    import onnx

    if code == onnx.TensorProto.UNDEFINED:
        return "undefined"
    if code == onnx.TensorProto.STRING:
        return "string"
    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(code))
    except (KeyError, ValueError):
        broken(f"there is no tensor type {code}")


def array_of(proto: Any) -> np.ndarray:
    """Content of a tensor.

    Raises:
        UserError: ``import.onnx.external``, ``.broken``.
    """
    import onnx
    from onnx import numpy_helper

    if proto.data_location == onnx.TensorProto.EXTERNAL or proto.external_data:
        refuse(
            "external",
            f"The content of {proto.name[:80]!r} lies outside of the file; that is never opened.",
            "Save the model as one file (save_as_external_data=False).",
        )
    dims = tuple(proto.dims)
    if any(d < 0 for d in dims) or len(dims) > MOST_RANK:
        broken(f"the tensor {proto.name[:80]!r} has dimensions {dims}")
    if prod(dims) * _BYTES_OF_PACKED > 2 * proto.ByteSize():
        broken(f"the tensor {proto.name[:80]!r} holds less than its {prod(dims)} elements")
    dtype_name(proto.data_type)
    try:
        return np.asarray(numpy_helper.to_array(proto))
    except (ValueError, TypeError, KeyError) as e:
        broken(f"the tensor {proto.name[:80]!r}: {' '.join(str(e).split())[:200]}")


def known_as(nodes: Iterable[OpNode]) -> dict[str, list[OpNode]]:
    """Value name -> the nodes that read it, subgraphs included."""
    users: dict[str, list[OpNode]] = {}
    for node in nodes:
        inner = [a for a in node.attributes.values() if isinstance(a, Subgraph)]
        names = {*node.inputs, *(n for a in inner for n in _read_within(a))}
        for name in names - {""}:
            users.setdefault(name, []).append(node)
    return users


def _read_within(graph: Subgraph) -> set[str]:
    return {*known_as(graph.nodes), *(o.name for o in graph.outputs)}
