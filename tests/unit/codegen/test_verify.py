"""The verifier judges plans by what would be read: good ones pass, each planted bad one is
rejected."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from programs import program

from tinsmith.codegen.buffers import buffers_of, plan_memory
from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.order import Order
from tinsmith.codegen.planner import PLANNERS
from tinsmith.codegen.program import Program
from tinsmith.codegen.verify import PlanError, verify_plan
from tinsmith.ir.builder import Builder
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import Quant, TensorType

V = TensorType((1, 8), "float32")


def chain() -> Program:
    """x -> relu -> sqrt -> softmax, then a sum with the first: two states, one output."""
    b = Builder("net", "lowered")
    x = b.input("x", V)
    first = b.op("relu", x, name="first")
    second = b.op("sqrt", first, name="second")
    third = b.op("softmax", second, name="third")
    s, t = (b.state(n, np.zeros((1, 8), np.float32)) for n in ("s", "t"))
    y = b.op("add", third, s, name="y")
    z = b.op("sub", y, t, name="z")
    b.update(s, y)
    b.update(t, z)
    return program(b.build([z]))


def fft() -> Program:
    """A kernel with scratch."""
    b = Builder("net", "lowered")
    table = b.constant("twiddles", twiddles(8))
    return program(b.build([b.op("rfft_power", b.input("x", V), table, name="power")]))


def moved(plan: MemoryPlan, name: str, **changes: int) -> MemoryPlan:
    return replace(plan, places={**plan.places, name: replace(plan.places[name], **changes)})


def without(plan: MemoryPlan, name: str) -> MemoryPlan:
    return replace(plan, places={k: p for k, p in plan.places.items() if k != name})


def onto(plan: MemoryPlan, name: str, other: str, by: int = 0) -> MemoryPlan:
    return moved(plan, name, offset=plan.places[other].offset + by)


CHAIN: dict[str, tuple[Callable[[MemoryPlan], MemoryPlan], str]] = {
    "missing": (lambda p: without(p, "third"), "'third' has no place"),
    "unknown": (lambda p: replace(p, places={**p.places, "q": Place(0, 8, 0, 0)}), "'q' is placed"),
    "size": (lambda p: moved(p, "y", nbytes=8), "needs 32 B"),
    "blocks misaligned": (lambda p: replace(p, alignment=4), "aligned to 4, not to 8"),
    "misaligned": (lambda p: moved(p, "y", offset=4), "not aligned"),
    "outside": (lambda p: moved(p, "y", offset=p.arena_bytes), "outside the arena"),
    "negative": (lambda p: moved(p, "y", offset=-8), "outside the arena"),
    "small arena": (lambda p: replace(p, arena_bytes=8), "outside the arena"),
    "input overwritten": (lambda p: onto(p, "z", "x"), "end of the run, byte 0 of 'x'"),
    "next overwritten": (lambda p: onto(p, "z", "y", 8), "'y' holds byte 0 of 'z'"),
    "next of a state gone": (lambda p: onto(p, "z", "y"), "end of the run, byte 0 of 'y'"),
    "states overlap": (lambda p: replace(p, state_offsets={"s": 0, "t": 8}), "overlaps another"),
    "state misaligned": (lambda p: replace(p, state_offsets={"s": 0, "t": 36}), "misaligned"),
    "state outside": (lambda p: replace(p, state_offsets={"s": 0, "t": 64}), "outside the block"),
    "state missing": (lambda p: replace(p, state_offsets={"s": 0}), "states are not"),
}


@pytest.mark.parametrize("fault", CHAIN)
def test_planted_faults_are_rejected(fault: str) -> None:
    graph = chain()
    plan = plan_memory(graph, keep_inputs=True)
    plant, sentence = CHAIN[fault]
    with pytest.raises(PlanError, match=sentence):
        verify_plan(graph, plant(plan))


def test_an_input_may_be_overwritten_once_it_was_read() -> None:
    graph, plan = chain(), spread(chain())
    verify_plan(graph, onto(plan, "first", "x"))
    verify_plan(graph, onto(plan, "z", "x"))
    with pytest.raises(PlanError, match="end of the run, byte 0 of 'x' holds byte 0 of 'z'"):
        verify_plan(graph, replace(onto(plan, "z", "x"), kept=("x",)))
    with pytest.raises(PlanError, match=r"at step 0 .*byte 8 of 'x' holds byte 0 of 'first'"):
        verify_plan(graph, onto(plan, "first", "x", 8))


def test_all_inputs_are_there_when_a_run_begins() -> None:
    b = Builder("net", "lowered")
    x, y = (b.input(n, V) for n in "xy")
    graph = program(b.build([b.op("add", b.op("relu", x, name="first"), y, name="z")]))
    plan = spread(graph)
    verify_plan(graph, onto(plan, "first", "x"))
    for name, other in (("x", "y"), ("first", "y")):
        with pytest.raises(PlanError, match=r"'[xy]' holds"):
            verify_plan(graph, onto(plan, name, other))


def test_good_plans_pass_and_share_memory() -> None:
    for planner in PLANNERS.names():
        plan = plan_memory(chain(), planner)
        verify_plan(chain(), plan)
        assert plan.arena_bytes < sum(p.nbytes for p in plan.places.values())


def spread(graph: Program) -> MemoryPlan:
    """A plan that shares nothing, with gaps of 64 B: a clean start for planting overlaps."""
    at, places = 64, {}
    for name, b in buffers_of(graph).items():
        places[name] = Place(at, b.nbytes, b.first, b.last)
        at += -(-b.nbytes // 8) * 8 + 64
    return MemoryPlan(
        "spread", at, places, 64, {s.name: 32 * i for i, s in enumerate(graph.graph.states)}
    )


def test_an_elementwise_result_may_lie_on_or_below_its_operand_not_above() -> None:
    graph, plan = chain(), spread(chain())
    verify_plan(graph, onto(plan, "second", "first"))
    verify_plan(graph, onto(plan, "second", "first", -8))
    with pytest.raises(PlanError, match="time 2, byte 8 of 'first' holds byte 0 of 'second'"):
        verify_plan(graph, onto(plan, "second", "first", 8))


def test_a_whole_result_may_not_touch_its_operand() -> None:
    b = Builder("net", "lowered")
    x = b.op("relu", b.input("x", TensorType((2, 4), "float32")), name="r")
    graph = program(b.build([b.op("transpose", x, name="t")]))
    plan = spread(graph)
    verify_plan(graph, plan)
    for by in (-8, 0, 8):
        with pytest.raises(PlanError, match="of 'r' holds byte"):
            verify_plan(graph, onto(plan, "t", "r", by))


def test_a_result_on_an_operand_that_is_read_later_is_rejected() -> None:
    b = Builder("net", "lowered")
    r = b.op("relu", b.input("x", V), name="r")
    q = b.op("sqrt", r, name="q")
    graph = program(b.build([b.op("add", q, r, name="y")]))
    plan = spread(graph)
    with pytest.raises(PlanError, match=r"at step 2 .* of 'r' holds byte 0 of 'q'"):
        verify_plan(graph, onto(plan, "q", "r"))


def test_a_narrowing_result_may_lie_at_the_start_of_its_operand() -> None:
    b = Builder("net", "lowered")
    r = b.op("relu", b.input("x", V), name="r")
    graph = program(b.build([b.op("quantize", r, name="q", quant=Quant((0.1,), (0,)))]))
    plan = spread(graph)
    verify_plan(graph, onto(plan, "q", "r"))
    with pytest.raises(PlanError):
        verify_plan(graph, onto(plan, "q", "r", 24))


def test_scratch_may_touch_neither_operand_nor_result() -> None:
    graph = fft()
    plan = spread(graph)
    verify_plan(graph, plan)
    assert "power#scratch" in plan.places
    with pytest.raises(PlanError, match="'x' holds nothing defined"):
        verify_plan(graph, onto(plan, "power#scratch", "x"))
    with pytest.raises(PlanError, match="'power' holds nothing defined"):
        verify_plan(graph, onto(plan, "power#scratch", "power", -8))


def test_an_operand_that_the_step_also_reads_otherwise_may_not_be_touched() -> None:
    """As the second operand of a sum, an element may be read at any time."""
    b = Builder("net", "lowered")
    r = b.op("relu", b.input("x", V), name="r")
    graph = program(b.build([b.op("add", r, r, name="y")]))
    plan = spread(graph)
    verify_plan(graph, plan)
    with pytest.raises(PlanError, match="of 'r' holds byte 0 of 'y'"):
        verify_plan(graph, onto(plan, "y", "r"))


def test_times_that_are_not_of_the_operand_are_not_believed() -> None:
    b = Builder("net", "lowered")
    r = b.op("relu", b.input("x", V), name="r")
    one = b.op("slice", r, axis=1, start=0, size=1, name="one")
    graph = program(b.build([b.op("add", r, one, name="y")]))
    *before, last = graph.calls
    order = Order(1, lambda: (np.arange(8), np.arange(8)))  # the operand has one element
    orders = (*last.binding.orders, order)
    lying = replace(last, binding=replace(last.binding, orders=orders))
    claimed = replace(graph, calls=(*before, lying))
    with pytest.raises(PlanError, match="'one' holds byte 0 of 'y'"):
        verify_plan(claimed, onto(spread(graph), "y", "one"))
