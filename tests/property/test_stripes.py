"""Regions in stripes compute what the whole does, and their plans are judged byte by byte."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pictures import any_graph, any_region, cut, network
from programs import program

from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.compile import lower
from tinsmith.codegen.verify import PlanError, verify_plan
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify


def contents(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two pictures."""
    (x,) = graph.inputs
    type = graph.type(x)
    if type.dtype == "float32":
        return {x: rng.normal(size=(2, *type.shape)).astype(np.float32)}
    return {x: rng.integers(-128, 128, (2, *type.shape)).astype(np.int8)}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
@pytest.mark.parametrize("maker", ["any operation", "usual layers"])
def test_every_value_that_stays_is_the_same(maker: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = any_graph(rng) if maker == "any operation" else network(rng, 9).graph
    whole = lower(made)
    region = any_region(whole, rng)
    assume(region is not None)
    assert region is not None
    striped = cut(region, rng)
    verify(striped)
    given = contents(whole, rng)
    want, got = run_cases(whole, given), run_cases(striped, given)
    assert region.result in got
    for value in want.keys() & got.keys():
        assert want[value].tobytes() == got[value].tobytes(), value


def test_stripes_begin_and_end_in_regions_of_all_kinds() -> None:
    """What the graphs above are made of: windows, residual sums, regions that outlive their x."""
    rng, seen = np.random.default_rng(0), set()
    for number in range(150):
        made = any_graph(rng) if number % 5 else network(rng, 9).graph
        region = any_region(lower(made), rng)
        if region is not None:
            seen |= {n.words for n in region.nodes}
            seen.add("dies" if region.dies else "lives on")
            seen |= {"two operands" for own in region.locals if len(own.operands) == 2}
            seen.add("long" if len(region.nodes) > 3 else "short")
    assert {"conv2d + requantize", "max_pool2d", "avg_pool2d", "conv2d", "add", "dies", "lives on",
            "two operands", "long", "short"} <= seen  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_rows_may_only_be_written_over_rows_that_were_read(seed: int) -> None:
    """What is left of x, and what there is of the result, may lie over what they are made of, as
    near as is declared and no nearer."""
    rng = np.random.default_rng(seed)
    whole = lower(network(rng, 12).graph)
    region = any_region(whole, rng)
    assume(region is not None)
    assert region is not None
    made = program(cut(region, rng))
    plan = plan_memory(made)
    moves = [c.node for c in made.calls if c.node.op in ("slice", "concat")]
    assume(moves)
    node = moves[int(rng.integers(len(moves)))]
    (result,), operand = node.outputs, node.inputs[-1]
    if operand == node.inputs[0] and node.op == "concat":
        return
    (call,) = (c for c in made.calls if c.node is node)
    least = call.distances(len(node.inputs) - 1).least
    too_near = plan.places[operand].offset - (least - 1) // 8 * 8
    assume(least > -plan.places[operand].nbytes + 8 and too_near >= 0)
    moved = replace(plan.places[result], offset=too_near)
    arena = max(plan.arena_bytes, too_near + moved.nbytes)
    wrong = replace(plan, arena_bytes=arena, places={**plan.places, result: moved}, kept=())
    with pytest.raises(PlanError):
        verify_plan(made, wrong)
