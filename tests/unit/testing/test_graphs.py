"""Random graphs are legal, repeatable, of the asked size, and use what was asked for."""

import numpy as np
import pytest

from tinsmith.core.codec import content_hash
from tinsmith.core.errors import InternalError, UserError
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.ir.rules import check
from tinsmith.testing.graphs import RandomGraph, random_graph


def made(seed: int, **wanted: object) -> RandomGraph:
    return random_graph(np.random.default_rng(seed), **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [n for n in OPS.names() if OPS.get(n).kernels])
def test_it_is_legal_and_uses_the_op(name: str) -> None:
    for seed in range(3):
        graph = made(seed, must_use=name).graph
        assert check(graph) == []
        assert 4 <= len(graph.nodes) <= 12
        assert name in {n.op for n in graph.nodes}


def test_the_size_is_as_asked() -> None:
    assert [len(made(3, nodes=n).graph.nodes) for n in (4, 7, 12)] == [4, 7, 12]


def test_equal_seeds_give_equal_graphs() -> None:
    first, second, other = (made(seed) for seed in (5, 5, 6))
    assert content_hash(first) == content_hash(second) != content_hash(other)


def test_values_are_finite_and_states_occur() -> None:
    stateful = 0
    for seed in range(20):
        one = made(seed)
        stateful += bool(one.graph.states)
        for value in run_cases(one.graph, one.inputs, reset_each=False).values():
            assert np.isfinite(value).all()
    assert stateful >= 2


def test_an_unknown_op_is_named() -> None:
    with pytest.raises((UserError, InternalError), match="dens"):
        made(1, must_use="dens")
