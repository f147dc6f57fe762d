"""Lifetimes: from a program to the buffers that a planner places, and from its offsets to a
MemoryPlan."""

from collections.abc import Mapping

from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.order import Distances
from tinsmith.codegen.planner import PLANNERS, Buffer, align_up
from tinsmith.codegen.program import Call, Program
from tinsmith.codegen.verify import verify_plan
from tinsmith.ir.graph import Graph, Node

ALIGNMENT = 8


def plan_memory(program: Program, planner: str = "best") -> MemoryPlan:
    """Plan the arena of a program; every plan is verified before it is compared or used.

    Args:
        planner: a name of the catalogue, or ``best``: the smallest arena of all planners.

    Raises:
        UnknownKind: no such planner.
        PlanError: a planner made an invalid plan.
    """
    buffers = list(buffers_of(program).values())
    plans = []
    for name in PLANNERS.names() if planner == "best" else [planner]:
        offsets = PLANNERS.get(name).plan(buffers, ALIGNMENT)
        plan = _plan(program.graph, name, {b.name: (b, offsets[b.name]) for b in buffers})
        verify_plan(program, plan)
        plans.append(plan)
    return min(plans, key=lambda p: (p.arena_bytes, p.planner))


def buffers_of(program: Program) -> dict[str, Buffer]:
    """All arena buffers by name, in order of their first step: inputs, results and scratch.

    Inputs live from step -1 to the end (a caller may write once and run twice); outputs and next
    values of states live to the end, where states take them.
    """
    graph = program.graph
    end = len(graph.nodes)
    last = _last_uses(graph)
    computed = {o for n in graph.nodes for o in n.outputs}
    found = {i: Buffer(i, graph.type(i).nbytes, -1, end) for i in graph.inputs}
    for step, call in program.steps():
        node = call.node
        dying = {i for i in computed.intersection(node.inputs) if last[i] == step}
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
    return MemoryPlan(planner, arena, places, offset, offsets, ALIGNMENT)
