"""Removing channels keeps every output of random networks, and leaves what a network without them
would have."""

import numpy as np
import pruned
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.rewrite import PASSES

PASS = PASSES.get("remove_channels")


def pictures(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Values over the whole range, and both ends of it."""
    shape = graph.type("x").shape
    drawn = rng.integers(-128, 128, (4, *shape)).astype(np.int8)
    drawn[2], drawn[3] = -128, 127
    return {"x": drawn}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_outputs_stay_bit_for_bit(seed: int) -> None:
    graph = pruned.drawn_net(seed)
    less = PASS(graph)
    assert PASS(less) is less
    given = pictures(graph, np.random.default_rng(seed))
    was, now = run_cases(graph, given), run_cases(less, given)
    for a, b in zip(graph.outputs, less.outputs, strict=True):
        assert was[a].tobytes() == now[b].tobytes()


def test_most_of_these_networks_lose_something() -> None:
    lost = [PASS(g) is not g for g in map(pruned.drawn_net, range(60))]
    assert sum(lost) > 30


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("form", ["separable", "residual"])
def test_what_stays_is_the_network_without_the_channels(form: str, share: float) -> None:
    rng = np.random.default_rng(int(share * 10))
    widths = [8, 16, 32, 32] if form == "separable" else [16, 16, 16, 32, 32, 64, 64]
    live = pruned.masks(rng, widths, share)
    if form == "residual":
        live[2] = live[0]  # an addition without a layer on its path: both have the same channels
    make = getattr(pruned, form)
    whole, small = make(live), make([np.ones(int(m.sum()), bool) for m in live])
    less = PASS(whole)
    assert shapes(less) == shapes(small)
    assert sum(c.nbytes for c in less.constants.values()) == sum(
        c.nbytes for c in small.constants.values()
    )
    given = pictures(whole, rng)
    was, now = run_cases(whole, given), run_cases(less, given)
    assert was[whole.outputs[0]].tobytes() == now[less.outputs[0]].tobytes()
    assert len(np.unique(was[whole.outputs[0]])) > 1


def shapes(graph: Graph) -> list[tuple[object, ...]]:
    """Operations with the shapes that they take and make."""
    return [(n.op, *(graph.type(v).shape for v in (*n.inputs, *n.outputs))) for n in graph.nodes]
