"""Planners on random lifetimes never overlap; the verifier accepts their plans of random graphs and
rejects every plan that is spoilt where it matters."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import program

from tinsmith.codegen.buffers import buffers_of, plan_memory
from tinsmith.codegen.compile import lower
from tinsmith.codegen.order import Distances
from tinsmith.codegen.planner import PLANNERS, Buffer
from tinsmith.codegen.program import Program
from tinsmith.codegen.verify import PlanError, verify_plan
from tinsmith.ir.graph import Graph
from tinsmith.testing.graphs import random_graph


@st.composite
def lifetimes(draw: st.DrawFn) -> list[Buffer]:
    """Buffers; some may lie over an earlier one that dies when they begin."""
    found: list[Buffer] = []
    for i in range(draw(st.integers(1, 14))):
        first = draw(st.integers(0, 10))
        last = first + draw(st.integers(0, 5))
        dying = [b.name for b in found if b.last == first > b.first]
        over = {}
        if dying and draw(st.booleans()):
            exact = draw(st.sampled_from([(), (0,)]))
            over[draw(st.sampled_from(dying))] = Distances(draw(st.integers(-20, 40)), exact)
        found.append(Buffer(f"b{i}", draw(st.integers(1, 100)), first, last, over))
    return found


@settings(max_examples=150, deadline=None)
@given(lifetimes(), st.sampled_from(PLANNERS.names()))
def test_buffers_that_live_together_lie_apart_or_as_declared(
    buffers: list[Buffer], planner: str
) -> None:
    offsets = PLANNERS.get(planner).plan(buffers, 8)
    assert set(offsets) == {b.name for b in buffers}
    assert all(o >= 0 and o % 8 == 0 for o in offsets.values())
    for a, b in combinations(buffers, 2):
        together = set(range(a.first, a.last + 1)) & set(range(b.first, b.last + 1))
        spans = [set(range(offsets[x.name], offsets[x.name] + x.nbytes)) for x in (a, b)]
        if together and spans[0] & spans[1]:
            declared = [
                (d := offsets[under] - offsets[result.name]) >= safe.least or d in safe.exact
                for result in (a, b) for under, safe in result.over.items()
                if under in (a.name, b.name)
            ]  # fmt: skip
            assert any(declared) and len(together) == 1
    everything = sum(-(-b.nbytes // 8) * 8 for b in buffers)
    assert max(offsets[b.name] + b.nbytes for b in buffers) <= everything


def compiled(graph: Graph) -> Program:
    return program(lower(graph))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_a_plan_with_a_buffer_on_a_live_one_is_rejected(seed: int, data: st.DataObject) -> None:
    """Move a result onto a value that is read later: whatever the planner, this must be seen."""
    made = compiled(random_graph(np.random.default_rng(seed)).graph)
    plan = plan_memory(made)
    buffers = buffers_of(made)
    pairs = [
        (a.name, b.name)
        for a in buffers.values() for b in buffers.values()
        if b.first < a.first < b.last and "#" not in a.name and "#" not in b.name
    ]  # fmt: skip
    assume(pairs)
    moved, victim = data.draw(st.sampled_from(pairs))
    place = replace(plan.places[moved], offset=plan.places[victim].offset)
    arena = max(plan.arena_bytes, place.offset + place.nbytes)
    bad = replace(plan, places={**plan.places, moved: place}, arena_bytes=arena)
    with pytest.raises(PlanError, match="holds"):
        verify_plan(made, bad)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_ignored_scratch_is_rejected(seed: int, data: st.DataObject) -> None:
    """Scratch on an operand or a result of its own step."""
    drawn = random_graph(np.random.default_rng(seed), must_use="rfft_power")
    made = compiled(drawn.graph)
    plan = plan_memory(made)
    node = next(n for n in made.graph.nodes if f"{n.name}#scratch" in plan.places)
    names = [v for v in (*node.inputs, *node.outputs) if v in plan.places]
    victim = data.draw(st.sampled_from(names))
    name = f"{node.name}#scratch"
    place = replace(plan.places[name], offset=plan.places[victim].offset)
    arena = max(plan.arena_bytes, place.offset + place.nbytes)
    with pytest.raises(PlanError, match="holds"):
        verify_plan(made, replace(plan, places={**plan.places, name: place}, arena_bytes=arena))
