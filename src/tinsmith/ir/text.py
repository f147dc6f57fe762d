"""Text form of a graph: for people, diffs and hashes. `from_text(to_text(g), contents(g))` is g.

Grammar (one statement per line; `#` starts a comment line; names that are not identifiers are
JSON strings behind the `%`)::

    tinsmith-ir 1
    graph "wrist" quantised
    input %x : float32[1x10]
    const %w : int8[4x10] q(0.01,0.02;0,0;0) = sha256:9f86...
    state %s : float32[4] = sha256:2c26... next %y
    %y = dense(%x, %w, %b) {'axis': (0, 1)} : float32[1x4] @dense_0 "stage"
    output %y
    labels %y ["still", "wave", "shake", "clap"]

`labels` names the classes of an output. A Quant is `q(scales;zero points[;axis])`, `@` names the
node. Contents of constants and states are not in the text: the hash (of dtype, shape and
little-endian bytes) ties them to it. All floats are printed so that they read back to the last bit.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, get_args

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Dialect, Graph, Node, Part, State
from tinsmith.ir.types import Quant, TensorType

_HEAD = "tinsmith-ir 1"
_NAME = r'%(?:[A-Za-z_][\w.]*|"(?:[^"\\]|\\.)*")'
_TYPE = r"(?P<type>\w+\[[\dx]*\](?: q\([^)]*\))?)"
_GRAPH = re.compile(r'graph (?P<name>"(?:[^"\\]|\\.)*") (?P<dialect>\w+)\Z')
_INPUT = re.compile(rf"input (?P<name>{_NAME}) : {_TYPE}\Z")
_CONST = re.compile(rf"const (?P<name>{_NAME}) : {_TYPE} = sha256:(?P<hash>\w+)\Z")
_STATE = re.compile(
    rf"state (?P<name>{_NAME}) : {_TYPE} = sha256:(?P<hash>\w+) next (?P<next>{_NAME})\Z"
)
_OUTPUT = re.compile(rf"output (?P<name>{_NAME})\Z")
_LABELS = re.compile(rf"labels (?P<name>{_NAME}) (?P<labels>\[.*\])\Z")
_ENTRY = re.compile(r"entry (init|reset|run)( period [\d.e+-]+)?\Z")
"""Was written for the functions of a module; all have the same three, and no runner took a period
from it. Still read, so that older files are."""
_NODE = re.compile(
    rf"(?P<out>{_NAME}(?:, {_NAME})*) = (?P<op>\w+)\((?P<in>(?:{_NAME}(?:, {_NAME})*)?)\)"
    r" (?P<attrs>\{.*\}) : (?P<types>.*)"
    r' @(?P<node>[A-Za-z_][\w.]*|"(?:[^"\\]|\\.)*") (?P<stage>"(?:[^"\\]|\\.)*")\Z'
)


def to_text(graph: Graph) -> str:
    """Canonical text: equal graphs, equal text, whatever order their mappings are in."""
    lines = [_HEAD, f"graph {json.dumps(graph.name)} {graph.dialect}"]
    lines += [f"input {_name(i)} : {_type(graph.type(i))}" for i in graph.inputs]
    for key, array in sorted(graph.constants.items()):
        lines.append(f"const {_name(key)} : {_type(graph.type(key))} = sha256:{digest(array)}")
    for s in graph.states:
        head = f"state {_name(s.name)} : {_type(graph.type(s.name))}"
        lines.append(f"{head} = sha256:{digest(s.initial)} next {_name(s.next)}")
    lines += [_node(graph, n) for n in graph.nodes]
    lines += [f"output {_name(o)}" for o in graph.outputs]
    lines += [f"labels {_name(o)} {json.dumps(c)}" for o, c in sorted(graph.labels.items())]
    return "\n".join(lines) + "\n"


def contents(graph: Graph) -> dict[str, np.ndarray]:
    """What the text leaves out: constants and initial contents of states, by name."""
    return dict(graph.constants) | {s.name: s.initial for s in graph.states}


def digest(array: np.ndarray) -> str:
    """SHA-256 (hex) of dtype, shape and the little-endian bytes of an array."""
    flat = np.ascontiguousarray(array)
    little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    head = f"{flat.dtype.name}{list(array.shape)}"
    return sha256(head.encode() + b"\0" + little.tobytes()).hexdigest()


def graph_hash(graph: Graph) -> str:
    """SHA-256 (hex) of a graph: of its text, which carries the hashes of its constants."""
    return sha256(to_text(graph).encode()).hexdigest()


def from_text(text: str, constants: Mapping[str, np.ndarray]) -> Graph:
    """Inverse of `to_text`.

    Args:
        constants: constants and initial contents by name, as `contents` returns them.

    Raises:
        UserError: ``ir.text.syntax`` with the line; ``ir.text.constant`` where an array is missing
            or is not the one that the text names.
    """
    lines = text.splitlines()
    if not lines or lines[0] != _HEAD:
        raise UserError("ir.text.syntax", f"Line 1: a graph's text begins with {_HEAD!r}.")
    graph = Graph("", "float", (), (), (), {}, {}, ())
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            graph = _read(graph, line, constants)
        except (ValueError, SyntaxError, KeyError) as e:
            raise UserError("ir.text.syntax", f"Line {number}: {e}: {line[:120]!r}") from e
    return graph


def _read(graph: Graph, line: str, constants: Mapping[str, np.ndarray]) -> Graph:
    if m := _GRAPH.match(line):
        dialect = next((d for d in get_args(Dialect) if d == m["dialect"]), None)
        if dialect is None:
            raise ValueError(f"unknown dialect {m['dialect']}")
        return replace(graph, name=json.loads(m["name"]), dialect=dialect)
    if m := _INPUT.match(line):
        name = _unname(m["name"])
        types = {**graph.types, name: _untype(m["type"])}
        return replace(graph, inputs=(*graph.inputs, name), types=types)
    if m := _CONST.match(line):
        name = _unname(m["name"])
        types = {**graph.types, name: _untype(m["type"])}
        array = _content(name, m["hash"], constants)
        return replace(graph, constants={**graph.constants, name: array}, types=types)
    if m := _STATE.match(line):
        name = _unname(m["name"])
        types = {**graph.types, name: _untype(m["type"])}
        state = State(name, _content(name, m["hash"], constants), _unname(m["next"]))
        return replace(graph, states=(*graph.states, state), types=types)
    if m := _OUTPUT.match(line):
        return replace(graph, outputs=(*graph.outputs, _unname(m["name"])))
    if m := _LABELS.match(line):
        labels = {**graph.labels, _unname(m["name"]): _texts(m["labels"])}
        return replace(graph, labels=labels)
    if _ENTRY.match(line):
        return graph
    if m := _NODE.match(line):
        return _read_node(graph, m)
    raise ValueError("not a statement of the text form")


def _texts(text: str) -> tuple[str, ...]:
    found = json.loads(text)
    if not all(isinstance(t, str) for t in found):
        raise ValueError("labels are texts")
    return tuple(found)


def _read_node(graph: Graph, m: re.Match[str]) -> Graph:
    outputs, inputs = (tuple(map(_unname, re.findall(_NAME, m[k]))) for k in ("out", "in"))
    found = [t.group("type") for t in re.finditer(_TYPE, m["types"])]
    if len(found) != len(outputs) or ", ".join(found) != m["types"]:
        raise ValueError("one type per result is needed")
    attrs: dict[str, Any] = ast.literal_eval(m["attrs"])
    parts = tuple(_part(p) for p in attrs.pop("parts", ()))
    node = m["node"] if m["node"][0] != '"' else json.loads(m["node"])
    made = Node(node, m["op"], inputs, outputs, attrs, json.loads(m["stage"]), parts)
    types = {**graph.types, **dict(zip(outputs, map(_untype, found), strict=True))}
    return replace(graph, nodes=(*graph.nodes, made), types=types)


def _part(fields: tuple[Any, ...]) -> Part:
    """Inverse of how `_attr` prints a part."""
    name, op, inputs, value, type, stage, attrs = fields
    return Part(name, op, inputs, attrs, value, _untype(type), stage)


def _content(name: str, wanted: str, constants: Mapping[str, np.ndarray]) -> np.ndarray:
    if name not in constants:
        raise UserError("ir.text.constant", f"The content of {name!r} is missing.")
    if digest(constants[name]) != wanted:
        raise UserError("ir.text.constant", f"The content of {name!r} is not the one of the text.")
    return constants[name]


def _node(graph: Graph, n: Node) -> str:
    results, operands = (", ".join(map(_name, v)) for v in (n.outputs, n.inputs))
    types = ", ".join(_type(graph.type(o)) for o in n.outputs)
    label = _name(n.name)[1:]
    attrs = _attr(n.given)
    return f"{results} = {n.op}({operands}) {attrs} : {types} @{label} {json.dumps(n.stage)}"


def _attr(value: object) -> str:
    if isinstance(value, Part):
        body = (value.name, value.op, value.inputs, value.value, _type(value.type), value.stage)
        return f"({', '.join(map(_attr, body))}, {_attr(value.attrs)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_attr(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, tuple):
        return "(" + "".join(f"{_attr(v)}, " for v in value).strip() + ")"
    if isinstance(value, np.generic):  # numpy scalars print as np.float64(...) and are not Attr
        value = value.item()
    return repr(value)


def _name(name: str) -> str:
    plain = re.match(r"[A-Za-z_][\w.]*\Z", name, re.ASCII)
    return f"%{name}" if plain else f"%{json.dumps(name)}"


def _unname(text: str) -> str:
    name: str = json.loads(text[1:]) if text[1] == '"' else text[1:]
    return name


def _type(type: TensorType) -> str:
    text = f"{type.dtype}[{'x'.join(map(str, type.shape))}]"
    if type.quant is None:
        return text
    scales = ",".join(repr(float(s)) for s in type.quant.scale)
    zeros = ",".join(map(str, type.quant.zero_point))
    axis = "" if type.quant.axis is None else f";{type.quant.axis}"
    return f"{text} q({scales};{zeros}{axis})"


def _untype(text: str) -> TensorType:
    head, _, tail = text.partition(" ")
    dtype, _, dims = head.rstrip("]").partition("[")
    quant = None
    if tail:
        scales, zeros, *axis = tail[2:-1].split(";")
        quant = Quant(
            tuple(map(float, scales.split(","))),
            tuple(map(int, zeros.split(","))),
            int(axis[0]) if axis else None,
        )
    shape = tuple(map(int, dims.split("x"))) if dims else ()
    return TensorType(shape, dtype, quant)  # type: ignore[arg-type]  # TensorType refuses unknown dtypes
