"""Lifetimes: from a program to the buffers that a planner places, and from its offsets to a
MemoryPlan."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.order import Distances
from tinsmith.codegen.packing import lower_bound
from tinsmith.codegen.planner import PLANNERS, Buffer, align_up, room
from tinsmith.codegen.program import Call, Program
from tinsmith.codegen.verify import verify_plan
from tinsmith.ir.graph import Graph, Node

ALIGNMENT = 8


def plan_memory(program: Program, planner: str = "best", keep_inputs: bool = False) -> MemoryPlan:
    """Plan the arena of a program; the plan is verified.

    Args:
        planner: a name of the catalogue, or ``best``: the smallest arena of all planners,
            by the first of those that make it; none is asked once an arena cannot be smaller.
        keep_inputs: nothing is written over inputs; else their memory is free after the last read.

    Raises:
        UnknownKind: no such planner.
        PlanError: a planner made an invalid plan.
    """
    buffers = list(buffers_of(program, keep_inputs).values())
    bound = lower_bound(buffers, ALIGNMENT)
    plans: list[MemoryPlan] = []
    for name in PLANNERS.names() if planner == "best" else [planner]:
        offsets = PLANNERS.get(name).plan(buffers, ALIGNMENT)
        placed = {b.name: (b, offsets[b.name]) for b in buffers}
        plans.append(replace(_plan(program.graph, name, placed), bound_bytes=bound))
        if plans[-1].arena_bytes <= bound:
            break
    best = min(plans, key=lambda p: p.arena_bytes)
    verify_plan(program, best)
    return best


def buffers_of(program: Program, keep_inputs: bool = False) -> dict[str, Buffer]:
    """All arena buffers by name, in order of their first step: inputs, results and scratch.

    Inputs live from step -1 on, as a caller writes them all before a run, to their last use or, if
    they are kept, to the end. Outputs and next values of states live to the end, where states take
    them.
    """
    graph = program.graph
    end = len(graph.nodes)
    last = _last_uses(graph)
    if keep_inputs:
        last |= dict.fromkeys(graph.inputs, end)
    stored = {*graph.inputs, *(o for n in graph.nodes for o in n.outputs)}
    found = {i: Buffer(i, graph.type(i).nbytes, -1, last.get(i, -1)) for i in graph.inputs}
    for step, call in program.steps():
        node = call.node
        dying = {i for i in stored.intersection(node.inputs) if last[i] == step}
        for o in node.outputs:
            over = _over(call, dying) if len(node.outputs) == 1 else {}
            found[o] = Buffer(o, graph.type(o).nbytes, step, max(step, last.get(o, step)), over)
        if nbytes := scratch_bytes(call):
            name = scratch_name(node)
            found[name] = Buffer(name, nbytes, step, step)
    return found


def scratch_name(node: Node) -> str:
    """Name of a node's scratch buffer in the plan."""
    return f"{node.name}#scratch"


def scratch_bytes(call: Call) -> int:
    """Scratch that a kernel asks for, in bytes; several pieces lie behind each other, each
    aligned."""
    return sum(align_up(n, ALIGNMENT) for n in call.binding.scratch)


def step_bytes(call: Call, dying: Collection[int]) -> int:
    """Memory that a step takes by itself: operands and results, as near as its kernel lets those
    lie that are read for the last time, and scratch."""
    moving = {str(k): t for k, t in enumerate(call.site.inputs) if k not in call.constants}
    orders = [o.operand for o in call.binding.orders if len(call.site.outputs) == 1]
    over = {str(k): call.distances(k) for k in orders if str(k) in moving and k in dying}
    live = [Buffer(k, t.nbytes, 0, 1) for k, t in moving.items()]
    live += [Buffer(f"to {k}", t.nbytes, 1, 1, over) for k, t in enumerate(call.site.outputs)]
    return room(live, ALIGNMENT) + scratch_bytes(call)


def _last_uses(graph: Graph) -> dict[str, int]:
    end = len(graph.nodes)
    last = {i: step for step, node in enumerate(graph.nodes) for i in node.inputs}
    return last | dict.fromkeys([*graph.outputs, *(s.next for s in graph.states)], end)


def _over(call: Call, dying: set[str]) -> dict[str, Distances]:
    """Operands that die at this step and that the result may lie over, and where."""
    inputs = call.node.inputs
    over = [o.operand for o in call.binding.orders]
    free = [i for i in over if inputs[i] in dying and inputs.count(inputs[i]) == 1]
    return {inputs[i]: call.distances(i) for i in free}


def _plan(graph: Graph, planner: str, placed: Mapping[str, tuple[Buffer, int]]) -> MemoryPlan:
    offset, offsets = 0, {}
    for s in graph.states:
        offsets[s.name] = offset
        offset += align_up(s.initial.nbytes, ALIGNMENT)
    places = {n: Place(at, b.nbytes, b.first, b.last) for n, (b, at) in placed.items()}
    arena = max(align_up(p.offset + p.nbytes, ALIGNMENT) for p in places.values())
    kept = tuple(i for i in graph.inputs if _untouched(places, i))
    return MemoryPlan(planner, arena, places, offset, offsets, ALIGNMENT, kept)


def _untouched(places: Mapping[str, Place], value: str) -> bool:
    own = places[value]
    start, end = own.offset, own.offset + own.nbytes
    others = [p for name, p in places.items() if name != value]
    return all(p.offset >= end or p.offset + p.nbytes <= start for p in others)
