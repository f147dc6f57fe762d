"""Lifetimes, scratch and aliases as the planner gets them."""

import numpy as np
import pytest
from programs import program

from tinsmith.codegen.buffers import buffers_of, plan_memory
from tinsmith.codegen.order import Distances
from tinsmith.codegen.planner import PLANNERS
from tinsmith.codegen.program import Program
from tinsmith.core.errors import UnknownKind
from tinsmith.ir.builder import Builder
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import TensorType

V = TensorType((1, 8), "float32")


def build() -> Program:
    b = Builder("net", "lowered")
    x = b.input("x", V)
    r = b.op("relu", x, name="r")  # step 0
    q = b.op("sqrt", r, name="q")  # step 1, r dies
    p = b.op("rfft_power", q, b.constant("w", twiddles(8)), name="p")  # step 2, q dies, scratch
    s = b.state("s", np.zeros((1, 5), np.float32))
    y = b.op("add", p, s, name="y")  # step 3
    z = b.op("sqrt", y, name="z")  # step 4; y is a next value and lives on
    b.update(s, y)
    return program(b.build([z]))


def test_lifetimes() -> None:
    found = {n: (b.first, b.last) for n, b in buffers_of(build()).items()}
    kept = {n: (b.first, b.last) for n, b in buffers_of(build(), keep_inputs=True).items()}
    assert kept.pop("x") == (-1, 5) and found.pop("x") == (-1, 0) and kept == found
    assert found == {
        "r": (0, 1), "q": (1, 2), "p": (2, 3), "p#scratch": (2, 2), "y": (3, 5),
        "z": (4, 5),
    }  # fmt: skip


def test_only_a_dying_operand_of_an_elementwise_op_may_be_covered() -> None:
    over = {n: dict(b.over) for n, b in buffers_of(build()).items()}
    assert over["r"] == {"x": Distances(0)}
    assert buffers_of(build(), keep_inputs=True)["r"].over == {}
    assert over["q"] == {"r": Distances(0)}
    assert over["p"] == {}  # access is whole
    assert over["y"] == {"p": Distances(0)}
    assert over["z"] == {}  # y lives on as the state's next value


def test_what_a_run_leaves_of_inputs() -> None:
    b = Builder("net", "lowered")
    x, y = (b.input(n, V) for n in "xy")
    unread = b.input("unread", TensorType((1, 2), "float32"))
    graph = program(b.build([b.op("softmax", b.op("add", x, y, name="r"), name="z")]))
    plan, kept = plan_memory(graph), plan_memory(graph, keep_inputs=True)
    assert set(kept.kept) == {x, y, unread} and len(plan.kept) < 3
    assert plan.arena_bytes == 32 * 2 + 8 < kept.arena_bytes == 32 * 4 + 8
    for name in {x, y} - set(plan.kept):
        others = [p for n, p in plan.places.items() if n != name]
        own = plan.places[name]
        assert any(abs(p.offset - own.offset) < 32 for p in others)


def test_an_operand_used_twice_by_a_node_is_not_covered() -> None:
    b = Builder("net", "lowered")
    r = b.op("relu", b.input("x", V), name="r")
    graph = program(b.build([b.op("mul", r, r, name="y")]))
    assert buffers_of(graph)["y"].over == {}


def test_best_is_the_smallest() -> None:
    graph = build()
    sizes = {n: plan_memory(graph, n).arena_bytes for n in PLANNERS.names()}
    best = plan_memory(graph)
    assert best.arena_bytes == min(sizes.values()) == sizes[best.planner]
    assert best.bound_bytes == best.arena_bytes and len(sizes) >= 4


def test_states_lie_in_a_block_of_their_own() -> None:
    plan = plan_memory(build())
    assert dict(plan.state_offsets) == {"s": 0} and plan.state_bytes == 24
    assert "s" not in plan.places and plan.arena_bytes % 8 == 0


def test_an_unknown_planner_is_named() -> None:
    with pytest.raises(UnknownKind, match="first_fit"):
        plan_memory(build(), "frist_fit")
