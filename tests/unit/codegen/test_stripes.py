"""The search for stripes keeps to its limits."""

import numpy as np
import pytest
from pictures import network

from tinsmith.codegen import footprints, stripes
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import lower
from tinsmith.codegen.footprints import Footprints
from tinsmith.codegen.select import select
from tinsmith.codegen.stripes import striped
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph

CORE = BOARDS.get("nucleo_l4r5zi").core
RAM = Choices(aim="ram")


def front() -> Graph:
    return lower(network(np.random.default_rng(6), 24, least=5).graph)


def test_stripes_take_no_more_time_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the costs that are known; the less is allowed, the less is cut."""
    graph, time = front(), Footprints(CORE).time
    fastest = sum(map(time, select(graph, CORE, Choices(aim="speed")).calls))
    counts = []
    for patience in (1.5, 1.05, 1.0):
        monkeypatch.setattr(stripes, "PATIENCE", patience)
        made = striped(graph, CORE, RAM)
        counts.append(len(made.calls))
        assert sum(map(time, made.calls)) <= patience * fastest
    assert len(graph.nodes) <= counts[2] < counts[0]


@pytest.mark.parametrize("limit", ["WORK", "LOOKS"])
def test_a_search_that_is_spent_cuts_nothing(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = front()
    monkeypatch.setattr(footprints, limit, 0)
    assert striped(graph, CORE, RAM).graph.nodes == graph.nodes


def test_the_result_is_the_same_again() -> None:
    first, second = (striped(front(), CORE, RAM) for _ in range(2))
    assert first.graph.nodes == second.graph.nodes and first.kernels == second.kernels
