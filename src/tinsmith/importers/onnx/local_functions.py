"""The functions that a file defines itself, written out where they are called."""

from collections.abc import Mapping
from typing import Any

from tinsmith.importers.onnx.limits import MOST_CALLS, MOST_DEPTH, MOST_NODES
from tinsmith.importers.onnx.order import sort_in_place, title_of
from tinsmith.importers.onnx.refusal import broken, refuse

Origins = Mapping[int, tuple[int, str]]
"""Place of a node -> its place in the file, and how the call that it comes from is named ("")."""


def without_functions(proto: Any) -> tuple[Any, Origins]:
    """The model without functions of its own, and where its nodes come from."""
    from onnx import inliner
    from onnx.checker import ValidationError

    nodes = _written_out(proto)
    if nodes > MOST_NODES:
        refuse("limit", f"With its functions the model has {nodes} nodes; at most {MOST_NODES}.")
    for function in proto.functions:  # the inliner takes what it has not met for an outer name
        sort_in_place(function.node)
    try:
        made = inliner.inline_local_functions(proto)
    except (RuntimeError, ValueError, ValidationError) as e:
        broken(f"its functions cannot be inlined: {' '.join(str(e).split())[:200]}")
    return made, _origins(proto, made)


def _origins(proto: Any, made: Any) -> Origins:
    """The inliner keeps the order of nodes and the names of a call's results, so what stands before
    the node that computes such a result belongs to the same call."""
    called = {(f.domain, f.name) for f in proto.functions}
    makers = {o: i for i, n in enumerate(proto.graph.node) for o in n.output if o}
    found, at = {}, len(proto.graph.node) - 1
    for place in range(len(made.graph.node) - 1, -1, -1):
        at = next((makers[o] for o in made.graph.node[place].output if o in makers), at)
        node = proto.graph.node[at]
        call = title_of(node, at) if (node.domain, node.op_type) in called else ""
        found[place] = at, call
    return found


def _written_out(proto: Any) -> int:
    """How many nodes the model has without functions. They may call only functions that end."""
    bodies = {(f.domain, f.name): f.node for f in proto.functions}
    sizes: dict[tuple[str, str], int] = {}
    open_calls: set[tuple[str, str]] = set()

    def call(key: tuple[str, str]) -> int:
        if key in open_calls:
            broken(f"the function {key[1][:80]!r} calls itself")
        if len(open_calls) > MOST_CALLS:
            refuse("limit", f"Functions call each other deeper than {MOST_CALLS} levels.")
        if key not in sizes:
            open_calls.add(key)
            sizes[key] = total(bodies[key])
            open_calls.remove(key)
        return sizes[key]

    def total(nodes: Any, depth: int = 0) -> int:
        if depth > MOST_DEPTH:
            refuse("limit", f"Subgraphs nest deeper than {MOST_DEPTH} levels.")
        keys = [(n.domain, n.op_type) for n in nodes]
        inner = (a.g.node for n in nodes for a in n.attribute if a.HasField("g"))
        return (
            len(keys) + sum(map(call, (k for k in keys if k in bodies)))
            + sum(total(i, depth + 1) for i in inner)
        )  # fmt: skip

    return total(proto.graph.node)
