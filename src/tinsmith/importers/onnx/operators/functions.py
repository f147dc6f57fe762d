"""Operators that ONNX itself defines by others: what their function bodies say, written out.

The body comes from the schema of the installed package, for the operator's version, the types of
the operands and the attributes of the node. Source: ONNX operators (onnx/docs/Operators.md,
"Function Body").
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import Info, OpNode, Subgraph, nodes_of
from tinsmith.importers.onnx.refusal import InnerConstant, NotConstant
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value

FLOAT = ("float32",)
MOST_DEPTH = 4
"""Levels of functions whose bodies use other functions, and of subgraphs in a body."""


def _written_out(use: Use) -> list[Value | None]:
    """The body in the place of the node; only what is read of its results."""
    if use.t.depth >= MOST_DEPTH:
        raise Unsupported(f"functions use each other deeper than {MOST_DEPTH} levels")
    body = _body(use)
    given = {name: i for i, name in enumerate(body.input) if use.has(i)}
    left_out = {*body.input} - {*given}
    attributes = _defaults(use) | {a.name: a for a in _proto(use).attribute}
    _bound(body.node, attributes, left_out, 0)
    wanted = [use.wants(i) for i in range(len(body.output))]
    ends = [Info(o, "undefined", None) for o, w in zip(body.output, wanted, strict=True) if w]
    graph = Subgraph((), tuple(ends), nodes_of(body.node), {})
    opsets = {o.domain: o.version for o in body.opset_import}
    try:
        found = use.t.call(graph, {n: use.raw(i) for n, i in given.items()}, opsets)
    except InnerConstant as e:
        sources = behind(graph.nodes, e.name)
        raise next(
            (NotConstant(i) for n, i in given.items() if n in sources and use.known(i) is None),
            Unsupported("it needs constants that are not operands of it"),
        ) from None
    except UserError as e:
        raise Unsupported(f"in its body, {e.message.rstrip('.')}") from None
    results = iter(found)
    return [next(results) if w else None for w in wanted]


def _defaults(use: Use) -> dict[str, Any]:
    """Attributes that a call may leave out."""
    found = _schema(use).attributes
    return {n: a.default_value for n, a in found.items() if a.default_value.type}


def behind(nodes: Sequence[OpNode], name: str) -> set[str]:
    """All names whose content, not only whose shape, a value is computed from; itself included."""
    makers = {o: n for n in nodes for o in n.outputs}
    seen: set[str] = set()
    todo = [name]
    while todo:
        if (at := todo.pop()) not in seen:
            seen.add(at)
            maker = makers.get(at)
            todo += maker.inputs if maker and maker.kind not in ("Shape", "Size") else ()
    return seen


def _proto(use: Use) -> Any:
    """The node as a protocol buffer."""
    from onnx import helper

    node = use.node
    attributes = {k: v for k, v in node.attributes.items() if v != ()}
    return helper.make_node(node.kind, node.inputs, node.outputs, domain=node.domain, **attributes)


def _schema(use: Use) -> Any:
    from onnx import defs

    try:
        return defs.get_schema(use.node.kind, use.version, use.node.domain)
    except defs.SchemaError:
        raise Unsupported(f"version {use.version} of it does not exist") from None


def _body(use: Use) -> Any:
    """The function's body for the types of the operands."""
    from onnx import FunctionProto, TypeProto, helper

    schema = _schema(use)
    if schema.has_function:
        body = FunctionProto()
        body.CopyFrom(schema.function_body)
        return body
    types = []
    for i in range(use.count):
        if not use.has(i):
            types.append(TypeProto().SerializeToString())
            continue
        code = helper.np_dtype_to_tensor_dtype(np.dtype(use.dtype(i)))
        types.append(helper.make_tensor_type_proto(code, use.shape(i)).SerializeToString())
    found = schema.get_context_dependent_function(_proto(use).SerializeToString(), types)
    if not found:
        raise Unsupported("ONNX says for such operands and attributes nothing in other operators")
    return FunctionProto.FromString(found)


def _bound(
    nodes: Iterable[Any], attributes: Mapping[str, Any], left_out: set[str], depth: int
) -> None:
    """Put the attributes of the call where the body refers to them, and empty names where it reads
    operands that are left out."""
    if depth > MOST_DEPTH:
        raise Unsupported(f"its body nests deeper than {MOST_DEPTH} levels")
    for node in nodes:
        node.input[:] = ["" if name in left_out else name for name in node.input]
        kept = []
        for a in node.attribute:
            if a.HasField("g"):
                _bound(a.g.node, attributes, left_out, depth + 1)
            if a.ref_attr_name:
                if a.ref_attr_name not in attributes:
                    continue
                name = a.name
                a.CopyFrom(attributes[a.ref_attr_name])
                a.name = name
            kept.append(a)
        whole: Sequence[Any] = [type(a).FromString(a.SerializeToString()) for a in kept]
        del node.attribute[:]
        node.attribute.extend(whole)


def _of_floats(use: Use) -> list[Value | None]:
    """The same, of operands of float32 only."""
    found = use.dtype(0)
    if found not in FLOAT:
        raise Unsupported(f"operand 0 is {found}; supported: {', '.join(FLOAT)}")
    return _written_out(use)


OPERATORS = (
    Operator("Attention", _of_floats, FLOAT),
    Operator("LinearAttention", _of_floats, FLOAT),
    Operator("RotaryEmbedding", _of_floats, FLOAT),
    Operator("CausalConvWithState", _of_floats, FLOAT),
    Operator("SwiGLU", _of_floats, FLOAT),
    Operator("CenterCropPad", _written_out, FLOAT, note="constant shape"),
    Operator("HannWindow", _written_out, FLOAT, note="constant size"),
    Operator("HammingWindow", _written_out, FLOAT, note="constant size"),
    Operator("BlackmanWindow", _written_out, FLOAT, note="constant size"),
)
