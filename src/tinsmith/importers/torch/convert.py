"""The whole way from a file to a graph, as it runs in the sandbox."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported, distinct
from tinsmith.importers.torch.archive import Archive, Meta
from tinsmith.importers.torch.constants_file import created, evaluated, weight_norm
from tinsmith.importers.torch.nodes import Node, Program
from tinsmith.importers.torch.program import parse
from tinsmith.importers.torch.refusal import LISTED, SAVE, broken, refuse
from tinsmith.importers.torch.signatures import GETITEM, Target
from tinsmith.importers.torch.table import TABLE, by_rules, stage_of
from tinsmith.importers.torch.translation import Translation
from tinsmith.importers.torch.writes import HINT, without_writes
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import check
from tinsmith.ir.types import SIZES, TensorType

MOST_VALUE = 1 << 28
"""Bytes of a value."""
_CLASHES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What numpy, and rules that take torch's word for their arguments, raise on others."""


def convert(path: Path, name: str) -> Graph:
    """A graph from a file; see `pt2.py`. Its grammar is checked.

    Raises:
        UserError: ``import.pt2.<what>``.
    """
    archive = Archive(path)
    method = _method(archive)
    program = parse(archive.json(f"models/{method}.json"))
    t = Translation(name)
    _bind(program, archive, method, t)
    instead = without_writes(program)
    results = set(program.outputs)
    for node in program.nodes:
        if node.users or node in results:
            _translate(node, instead, t)
    outputs = _outputs(program, t)
    _note_batch(program, outputs, t)
    graph = t.builder.build(outputs)
    if wrong := check(graph):
        refuse("op", f"The model cannot be expressed: {'; '.join(wrong[:4])}.")
    if large := [v for v, k in graph.types.items() if k.nbytes > MOST_VALUE]:
        refuse("limit", f"{large[0]!r} is {graph.type(large[0])}: at most {MOST_VALUE} bytes.")
    return graph


def _method(archive: Archive) -> str:
    names = archive.names("models/", ".json")
    if not names:
        refuse("file", "It holds no exported program, but compiled code at most.", SAVE)
    if len(names) > 1:
        listed = ", ".join(n[:60] for n in names[:8])
        refuse("methods", f"It holds {len(names)} methods: {listed}.", "Save one per file.")
    return names[0]


def _bind(program: Program, archive: Archive, method: str, t: Translation) -> None:
    """Inputs become inputs of the graph; parameters, buffers and constants become arrays."""
    stored = {kind: archive.tensors(method, kind) for kind in ("weights", "constants")}
    for source in program.sources:
        node, declared = source.node, source.node.meta["val"]
        if source.kind == "input":
            t.known[node] = t.builder.input(node.name, _type(declared, node.name))
            continue
        found = stored[source.kind].get(source.target)
        if found is None:
            broken(f"{source.target[:200]!r} is not among its {source.kind}")
        array = found.array()
        if (array.shape, array.dtype.name) != (declared.shape, declared.dtype):
            broken(f"{source.target[:200]!r} is {array.dtype}{list(array.shape)}, not {declared}")
        t.known[node] = array
        t.names[node] = node.name if not source.target else _readable(source.target)


def _readable(target: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in target)[:200]


def _type(declared: Meta, name: str) -> TensorType:
    if declared.dtype not in SIZES:
        refuse(
            "type",
            f"The input {name!r} is {declared}.",
            f"Types are {', '.join(SIZES)}; convert the model by model.float().",
        )
    if 0 in declared.shape:
        refuse("shape", f"The input {name!r} is {declared}: it is empty.")
    type = TensorType(declared.shape, declared.dtype)  # type: ignore[arg-type]
    if type.nbytes > MOST_VALUE:
        refuse("limit", f"The input {name!r} is {type}: at most {MOST_VALUE} bytes are taken.")
    return type


def _translate(node: Node, instead: Mapping[Node, Target], t: Translation) -> None:
    stage = stage_of(node)
    where = f"Operation {str(node.target)!r} (node {node.name!r}, module {stage!r})"
    node.target = instead.get(node, node.target)
    t.begin(node, stage)
    with refuse.at(where, "op", *_CLASHES), np.errstate(all="ignore"):
        t.known[node] = _value(node, t, where)
        _compare(node, t)


def _value(node: Node, t: Translation, where: str) -> Any:
    if (made := created(node)) is not None:
        return made
    if str(node.target) == GETITEM:
        return t.known[node.args[0]][node.args[1]]
    if str(node.target) == WEIGHT_NORM:
        v, g = (t.known[a] for a in node.args[:2])
        if not isinstance(v, np.ndarray) or not isinstance(g, np.ndarray):
            raise Unsupported("its weight is no constant")
        return weight_norm(v, g, *node.args[2:])
    if str(node.target) not in TABLE:
        refuse("op", f"{where} is not supported.", UNKNOWN)
    rules = TABLE[str(node.target)]
    known = evaluated(node, t, lambda apart: by_rules(rules, apart, node))
    return by_rules(rules, t, node) if known is None else known


def _compare(node: Node, t: Translation) -> None:
    """What the file says that an operation gives must be what it gives."""
    found, declared = t.known[node], node.meta["val"]
    if isinstance(found, list | tuple) or not isinstance(declared, Meta):
        return
    if t.shape(found) != declared.shape:
        raise Unsupported(f"it gives {list(t.shape(found))}, and the file says {declared}")
    if isinstance(found, str) and t.builder.type(found).dtype != declared.dtype:
        raise Unsupported(f"it gives {t.builder.type(found)}, and the file says {declared}")


def _outputs(program: Program, t: Translation) -> list[str]:
    """Names of the results."""
    found = []
    for node in program.outputs:
        value = t.known[node]
        if isinstance(value, list | tuple) or 0 in t.shape(value):
            refuse("output", f"The result {node.name!r} is no tensor, or an empty one.")
        with refuse.at(f"The result {node.name!r}", "output"):
            found.append(t.value(value, node.name))
    if not found:
        refuse("output", "It returns no tensor.")
    return distinct(t.builder, found)


def _note_batch(program: Program, outputs: list[str], t: Translation) -> None:
    """Say so where all inputs and results begin with the same length: most likely a batch."""
    inputs = [str(t.known[s.node]) for s in program.sources if s.kind == "input"]
    shapes = [t.shape(v) for v in (*inputs, *outputs)]
    (length, *others) = {s[0] if len(s) > 1 else 1 for s in shapes}
    if length > 1 and not others:
        t.builder.note(
            f"It was exported for a batch of {length}: one run takes {length} samples. Export from "
            "an example of batch size 1 to run one at a time."
        )


WEIGHT_NORM = "aten._weight_norm.default"
UNKNOWN = f"{LISTED} Perhaps it can be decomposed: {HINT}"
