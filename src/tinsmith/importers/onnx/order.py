"""The order of nodes: each behind those whose results it reads.

ONNX asks for it (onnx/docs/IR.md, "Graphs"), but tools that edit files append Constants at the end,
and runtimes sort. Works on protocol buffers, so that positions remain those of the file.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from tinsmith.importers.onnx.refusal import broken

_NAMED = 4
"""Nodes of a circle that a refusal names."""
_LONGEST = 80
"""Characters of a name in a refusal."""


def title(kind: str, domain: str, named: str, index: int) -> str:
    """How a node is named in refusals: its operator, place in the file and name."""
    whole = f"{domain}.{kind}" if domain not in ("", "ai.onnx") else kind
    operator = "".join(c if c.isprintable() else "?" for c in whole[:_LONGEST])
    return f"operator {operator} (node {index}, {named[:_LONGEST]!r})"


def title_of(proto: Any, index: int) -> str:
    """The same for a protocol buffer."""
    named = proto.name or next((o for o in proto.output if o), "")
    return title(_text(proto.op_type), _text(proto.domain), _text(named), index)


def _text(given: str | bytes) -> str:
    """Protocol buffers give what is no UTF-8 as bytes."""
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else given


def ordered(nodes: Sequence[Any]) -> list[int]:
    """Places of nodes (protocol buffers) in an order in which they can be computed. Of those that
    can come next, the first in the file does: what is in order stays as it is.

    Raises:
        UserError: ``import.onnx.broken``: nodes read each other's results in a circle.
    """
    makers: dict[str, int] = {}
    for place, node in enumerate(nodes):
        for name in node.output:
            makers.setdefault(name, place)
    before = [{makers[n] for n in _read(node) if n in makers} for node in nodes]
    behind: list[list[int]] = [[] for _ in nodes]
    for place, earlier in enumerate(before):
        for e in earlier:
            behind[e].append(place)
    waits = [len(b) for b in before]
    found, free = [], [place for place, n in enumerate(waits) if not n]
    heapify(free)
    while free:
        found.append(heappop(free))
        for place in behind[found[-1]]:
            waits[place] -= 1
            if not waits[place]:
                heappush(free, place)
    if len(found) < len(nodes):
        _refuse_circle(nodes, [b if w else set() for b, w in zip(before, waits, strict=True)])
    return found


def sort_in_place(nodes: Any) -> None:
    """The same for the nodes of a function and for the graphs inside them."""
    for node in nodes:
        for graph in _inner(node):
            sort_in_place(graph.node)
    order = ordered(nodes)
    if order != list(range(len(order))):
        copies = [type(nodes[i]).FromString(nodes[i].SerializeToString()) for i in order]
        del nodes[:]
        nodes.extend(copies)


def _refuse_circle(nodes: Sequence[Any], before: Sequence[set[int]]) -> None:
    """From a node that waits, go back to one that it waits for, until one comes again."""
    waiting = {place for place, earlier in enumerate(before) if earlier}
    walk: dict[int, int] = {}
    at = min(waiting)
    while at not in walk:
        walk[at] = len(walk)
        at = min(before[at] & waiting)
    ring = [*walk][walk[at] :][::-1]
    named = ", ".join(title_of(nodes[i], i) for i in ring[:_NAMED])
    more = f" and {len(ring) - _NAMED} more" if len(ring) > _NAMED else ""
    broken(f"nodes read each other's results in a circle: {named}{more}")


def _inner(node: Any) -> list[Any]:
    return [a.g for a in node.attribute if a.HasField("g")]


def _read(node: Any) -> set[str]:
    """What a node reads, in the graphs inside it too; not what is made there."""
    found = {*node.input}
    for graph in _inner(node):
        made = {v.name for v in graph.input} | {t.name for t in graph.initializer}
        made |= {o for n in graph.node for o in n.output}
        found |= {o.name for o in graph.output}.union(*map(_read, graph.node)) - made
    return found - {""}
