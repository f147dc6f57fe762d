"""The independent judge of memory plans: replays every read and write on a shadow of the arena.

It knows nothing of planners, lifetimes or declared distances. Each shadow cell says which byte of
which value it holds; a step that reads a byte which no longer holds what it should is rejected.
Where a kernel declares the order of its reads and writes, that is what is replayed; else any order
must work, so operands must be intact even after all results were written.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.order import Times, byte_times
from tinsmith.codegen.program import Call, Program
from tinsmith.core.errors import InternalError
from tinsmith.ir.graph import Graph, Node

_GARBAGE = -1


class PlanError(InternalError):
    """A plan that would compute wrong results; says where."""


def verify_plan(program: Program, plan: MemoryPlan) -> None:
    """Replay one run of a program in the plan's arena.

    Raises:
        PlanError: a buffer is missing, of another size, misaligned or outside the arena; a read
            finds a byte that is not the expected value's; an output, the next value of a state or
            an input that is said to be kept is gone at the end.
    """
    if plan.alignment % 8:
        raise PlanError(f"the plan's blocks are aligned to {plan.alignment}, not to 8")
    graph = program.graph
    _check_places(program, plan)
    _check_states(graph, plan)
    shadow = _Shadow(plan)
    for i in graph.inputs:
        shadow.write(i)
    for step, call in program.steps():
        _replay(graph, call, shadow, f"step {step} ({call.node.name})")
    ends = [*plan.kept, *graph.outputs, *(s.next for s in graph.states)]
    for value in ends:
        if value in plan.places:
            shadow.read(value, "the end of the run")


class _Shadow:
    """What every byte of the arena holds: id of the value and index of the byte, or garbage."""

    def __init__(self, plan: MemoryPlan) -> None:
        self.plan = plan
        self._cells = np.full(plan.arena_bytes, _GARBAGE, np.int64)
        self._ids = {name: i for i, name in enumerate(plan.places)}

    def holds(self, value: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """What the cells of bytes start..stop of a value's place should be, one int64 per byte."""
        end = self.plan.places[value].nbytes
        return (self._ids[value] << 32) + np.arange(start, end if stop is None else min(stop, end))

    def write(self, value: str, start: int = 0, stop: int | None = None) -> None:
        """Bytes start..stop of a value are written."""
        at = self.plan.places[value].offset
        wanted = self.holds(value, start, stop)
        self._cells[at + start : at + start + len(wanted)] = wanted

    def soil(self, value: str) -> None:
        """A scratch buffer may be written at any time."""
        place = self.plan.places[value]
        self._cells[place.offset : place.offset + place.nbytes] = _GARBAGE

    def read(self, value: str, when: str, start: int = 0, stop: int | None = None) -> None:
        """Bytes start..stop of a value are read."""
        at = self.plan.places[value].offset
        wanted = self.holds(value, start, stop)
        wrong = self._cells[at + start : at + start + len(wanted)] != wanted
        if wrong.any():
            byte = start + int(np.argmax(wrong))
            found = self._name(int(self._cells[at + byte]))
            raise PlanError(f"at {when}, byte {byte} of {value!r} holds {found}")

    def _name(self, cell: int) -> str:
        if cell == _GARBAGE:
            return "nothing defined"
        return f"byte {cell & 0xFFFFFFFF} of {list(self._ids)[cell >> 32]!r}"


def _replay(graph: Graph, call: Call, shadow: _Shadow, when: str) -> None:
    node = call.node
    operands = [i for i in dict.fromkeys(node.inputs) if i in shadow.plan.places]
    scratch = f"{node.name}#scratch"
    if scratch in shadow.plan.places:
        shadow.soil(scratch)
    for operand in operands:
        shadow.read(operand, when)
    times = {n: t for n, t in _times(graph, call).items() if n in operands}
    _write_results(node, shadow, times, when)
    if scratch in shadow.plan.places:
        shadow.soil(scratch)
    for operand in operands:
        if operand not in times:
            shadow.read(operand, when)
    for result in node.outputs:
        shadow.read(result, f"{when}, after it was written")


def _times(graph: Graph, call: Call) -> dict[str, Times]:
    """Operand -> the declared times of its bytes and of the result's. Not of one that the step also
    reads as another operand, nor where the times are not of these operands."""
    inputs, result = call.node.inputs, call.node.outputs[0]
    found = {}
    for order in call.binding.orders:
        name = inputs[order.operand]
        reads, writes = order.times()
        fits = len(reads), len(writes)
        if (
            fits == (graph.type(name).elements, graph.type(result).elements)
            and inputs.count(name) == 1 and len(call.node.outputs) == 1
        ):  # fmt: skip
            sizes = graph.type(name).nbytes, graph.type(result).nbytes
            found[name] = byte_times((reads, writes), *sizes)
    return found


def _write_results(node: Node, shadow: _Shadow, times: Mapping[str, Times], when: str) -> None:
    """All results are written; at each byte of an operand that is read after a byte of the result
    was written there, the replay stops."""
    result = node.outputs[0]
    for operand, (reads, writes) in times.items():
        byte = _first_lost(shadow.plan, (operand, reads), (result, writes))
        if byte is not None:
            over = byte + shadow.plan.places[operand].offset - shadow.plan.places[result].offset
            shadow.write(result, over, over + 1)
            shadow.read(operand, f"{when}, time {reads[byte]}", byte, byte + 1)
    for written in node.outputs:
        shadow.write(written)


def _first_lost(
    plan: MemoryPlan, operand: tuple[str, np.ndarray], result: tuple[str, np.ndarray]
) -> int | None:
    """First byte of an operand that is read later than the result's byte at its address is
    written."""
    source, target = plan.places[operand[0]], plan.places[result[0]]
    over = np.arange(source.nbytes, dtype=np.int64) + source.offset - target.offset
    shared = np.flatnonzero((over >= 0) & (over < target.nbytes))
    lost = shared[result[1][over[shared]] < operand[1][shared]]
    return int(lost[0]) if len(lost) else None


def _needed(program: Program) -> dict[str, int]:
    graph = program.graph
    sizes = {i: graph.type(i).nbytes for i in graph.inputs}
    for call in program.calls:
        sizes |= {o: graph.type(o).nbytes for o in call.node.outputs}
        if scratch := sum(-(-n // 8) * 8 for n in call.binding.scratch):
            sizes[f"{call.node.name}#scratch"] = scratch
    return sizes


def _check_places(program: Program, plan: MemoryPlan) -> None:
    needed = _needed(program)
    if odd := set(needed) ^ set(plan.places):
        what = "has no place" if min(odd) in needed else "is placed, but not a buffer of the graph"
        raise PlanError(f"{min(odd)!r} {what}")
    for name, nbytes in needed.items():
        _check_place(name, plan.places[name], nbytes, plan)


def _check_place(name: str, place: Place, nbytes: int, plan: MemoryPlan) -> None:
    if place.nbytes != nbytes:
        raise PlanError(f"{name!r} needs {nbytes} B, its place has {place.nbytes} B")
    if place.offset % 8:
        raise PlanError(f"{name!r} at {place.offset} is not aligned to 8")
    if place.offset < 0 or place.offset + nbytes > plan.arena_bytes:
        raise PlanError(f"{name!r} lies outside the arena of {plan.arena_bytes} B")


def _check_states(graph: Graph, plan: MemoryPlan) -> None:
    if set(plan.state_offsets) != {s.name for s in graph.states}:
        raise PlanError("the plan's states are not the graph's")
    end = 0
    for name, offset in sorted(plan.state_offsets.items(), key=lambda item: item[1]):
        if offset % 8 or offset < end:
            raise PlanError(f"state {name!r} at {offset} is misaligned or overlaps another")
        end = offset + graph.type(name).nbytes
    if end > plan.state_bytes:
        raise PlanError(f"states end at {end}, outside the block of {plan.state_bytes} B")
