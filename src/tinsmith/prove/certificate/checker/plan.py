"""The checker's own replay of a memory plan: every byte that is read is there."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Node
from tinsmith.prove.certificate.checker.statement import Rejected, Subject


def replay_plan(subject: Subject) -> None:
    """One run on a shadow of the arena: each byte knows which byte of which value it holds.

    Raises:
        Rejected: a place is missing, too small, misaligned or outside; a byte that is read is not
            there any more; results or scratch meet what must stay.
    """
    graph, shadow = subject.graph, _Shadow(subject)
    for name in graph.inputs:
        shadow.write(name)
    for node in graph.nodes:
        own, scratch = [i for i in dict.fromkeys(node.inputs) if i in subject.places], ""
        if f"{node.name}#scratch" in subject.places:
            scratch = f"{node.name}#scratch"
            shadow.soil(scratch)
        for name in own:
            shadow.read(name, node.name)
            if not _may_share(subject, node, name):
                shadow.pinned(name, node.outputs, node.name)
        for name in node.outputs:
            shadow.write(name)
        if scratch:
            shadow.soil(scratch)
        for name in node.outputs:
            shadow.read(name, f"{node.name}, after it was written")
    for name in (*subject.kept, *graph.outputs, *(s.next for s in graph.states)):
        if name in subject.places:
            shadow.read(name, "the end")


def _may_share(subject: Subject, node: Node, name: str) -> bool:
    """Whether the declared order of reads and writes lets the result lie where it lies."""
    timed = [t for t in subject.orders.get(node.name, ()) if node.inputs[t.operand] == name]
    if len(timed) != 1 or node.inputs.count(name) != 1 or len(node.outputs) != 1:
        return False
    (at, size), (to, made) = subject.places[name], subject.places[node.outputs[0]]
    reads, writes = timed[0].reads, timed[0].writes
    types = subject.graph.type(name), subject.graph.type(node.outputs[0])
    if (len(reads), len(writes)) != (types[0].elements, types[1].elements):
        return False
    reads = np.repeat(reads, size // len(reads))
    writes = np.repeat(writes, made // len(writes))
    first, end = max(at, to), min(at + size, to + made)
    if first >= end:
        return True
    return bool((writes[first - to : end - to] >= reads[first - at : end - at]).all())


class _Shadow:
    def __init__(self, subject: Subject) -> None:
        self._places = subject.places
        self._numbers = {name: k for k, name in enumerate(subject.places)}
        self._cells = np.full(subject.arena_bytes, -1, np.int64)
        graph = subject.graph
        needed = [*graph.inputs, *(o for n in graph.nodes for o in n.outputs)]
        for name in needed:
            if name not in self._places or self._places[name][1] != graph.type(name).nbytes:
                raise Rejected("plan", f"{name!r} has no place of {graph.type(name).nbytes} B.")
        known = {*needed, *(f"{n.name}#scratch" for n in graph.nodes)}
        for name, (at, size) in self._places.items():
            if name not in known or at % 8 or at < 0 or at + size > subject.arena_bytes:
                raise Rejected("plan", f"{name!r} lies at {at}, {size} B: misplaced.")
        _check_states(subject)

    def _held(self, name: str) -> np.ndarray:
        return (self._numbers[name] << 32) + np.arange(self._places[name][1])

    def _slice(self, name: str) -> slice:
        at, size = self._places[name]
        return slice(at, at + size)

    def write(self, name: str) -> None:
        self._cells[self._slice(name)] = self._held(name)

    def soil(self, name: str) -> None:
        self._cells[self._slice(name)] = -1

    def read(self, name: str, when: str) -> None:
        wrong = np.flatnonzero(self._cells[self._slice(name)] != self._held(name))
        if len(wrong):
            raise Rejected("plan", f"byte {wrong[0]} of {name!r} is gone at {when}.")

    def pinned(self, name: str, results: Sequence[str], when: str) -> None:
        at, size = self._places[name]
        for to, made in (self._places[r] for r in results):
            if at < to + made and to < at + size:
                raise Rejected("plan", f"{when} writes over {name!r} before all of it is read.")


def _check_states(subject: Subject) -> None:
    if {s.name for s in subject.graph.states} != set(subject.state_offsets):
        raise Rejected("plan", "its states are not the graph's.")
    end = 0
    for name, at in sorted(subject.state_offsets.items(), key=lambda item: item[1]):
        if at % 8 or at < end:
            raise Rejected("plan", f"state {name!r} lies at {at}: misplaced.")
        end = at + subject.graph.type(name).nbytes
    if end > subject.state_bytes:
        raise Rejected("plan", f"states end at {end}, behind {subject.state_bytes} B.")
