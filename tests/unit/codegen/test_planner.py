"""Planners on numbers that one can check by hand, and what the placement rules mean."""

from itertools import combinations

import numpy as np
import pytest

from tinsmith.codegen.order import Distances
from tinsmith.codegen.planner import PLANNERS, Buffer, place_in_order

NAMES = PLANNERS.names()
EXACT: tuple[tuple[int, ...], ...] = ((), (0,), (-16, 0))
DISTANCES = (-24, 0, 1, 7, 8, 9, 17, 40, 59)
"""On, and a byte to each side of, what alignment allows: there one byte decides."""


def fits(a: Buffer, at_a: int, b: Buffer, at_b: int) -> bool:
    """Whether two placed buffers may coexist: apart in time, apart in memory, or one above the
    other as declared."""
    if a.last < b.first or b.last < a.first:
        return True
    if at_a + a.nbytes <= at_b or at_b + b.nbytes <= at_a:
        return True
    return declared(a, at_a, b, at_b) or declared(b, at_b, a, at_a)


def declared(result: Buffer, at: int, operand: Buffer, at_operand: int) -> bool:
    """Whether an operand begins where the result says that it may."""
    safe = result.over.get(operand.name)
    return safe is not None and (at_operand - at >= safe.least or at_operand - at in safe.exact)


def total(buffers: list[Buffer], planner: str) -> int:
    offsets = PLANNERS.get(planner).plan(buffers, 8)
    assert all(o % 8 == 0 for o in offsets.values())
    for a, b in combinations(buffers, 2):
        assert fits(a, offsets[a.name], b, offsets[b.name])
    return max(offsets[b.name] + b.nbytes for b in buffers)


@pytest.mark.parametrize("planner", NAMES)
def test_lives_that_do_not_meet_share_memory(planner: str) -> None:
    assert total([Buffer("a", 16, 0, 1), Buffer("b", 24, 2, 3)], planner) == 24


@pytest.mark.parametrize("planner", NAMES)
def test_lives_that_meet_lie_side_by_side_aligned(planner: str) -> None:
    assert total([Buffer("a", 10, 0, 1), Buffer("b", 20, 1, 2)], planner) in (16 + 20, 24 + 10)


@pytest.mark.parametrize("planner", NAMES)
def test_a_result_may_lie_on_its_dying_operand(planner: str) -> None:
    buffers = [Buffer("x", 64, 0, 1), Buffer("y", 64, 1, 2, {"x": Distances(0)})]
    assert total(buffers, planner) == 64


def test_a_declared_distance_is_kept() -> None:
    x, y = Buffer("x", 64, 0, 1), Buffer("y", 48, 1, 2, {"x": Distances(16)})
    assert place_in_order([y, x], 8) == {"y": 0, "x": 16}
    assert place_in_order([x, y], 8) == {"x": 0, "y": 64}  # no room below x, and none over it
    exact = Buffer("y", 48, 1, 2, {"x": Distances(48, (0,))})
    assert place_in_order([x, exact], 8) == {"x": 0, "y": 0}
    low = Buffer("low", 24, 0, 0)
    assert place_in_order([low, x, y], 8) == {"low": 0, "x": 24, "y": 0}


def some_buffers(rng: np.random.Generator) -> list[Buffer]:
    """Up to 24 buffers in any order; some may lie over one that dies when they begin."""
    found: list[Buffer] = []
    for i in range(int(rng.integers(1, 25))):
        first = int(rng.integers(0, 12))
        dying = [b.name for b in found if b.last == first > b.first]
        over = {
            n: Distances(int(rng.choice(DISTANCES)), EXACT[int(rng.integers(3))])
            for n in dying if rng.integers(2)
        }  # fmt: skip
        nbytes, last = int(rng.integers(1, 100)), first + int(rng.integers(0, 6))
        found.append(Buffer(f"b{i}", nbytes, first, last, over))
    return [found[i] for i in rng.permutation(len(found))]


@pytest.mark.parametrize("alignment", [8, 16])
def test_each_lies_at_the_lowest_address_at_which_it_fits(
    alignment: int, rng: np.random.Generator
) -> None:
    """Every address is tried, by what `fits` says."""
    for _ in range(100):
        order = some_buffers(rng)
        expected: dict[str, int] = {}
        for i, buffer in enumerate(order):
            expected[buffer.name] = next(
                at for at in range(0, 1 << 16, alignment)
                if all(fits(buffer, at, p, expected[p.name]) for p in order[:i])
            )  # fmt: skip
        assert place_in_order(order, alignment) == expected


def test_gaps_are_filled() -> None:
    buffers = [
        Buffer("a", 8, 0, 9),
        Buffer("b", 8, 0, 1),
        Buffer("c", 8, 0, 9),
        Buffer("d", 8, 2, 3),
    ]
    assert place_in_order(buffers, 8) == {"a": 0, "b": 8, "c": 16, "d": 8}


def test_plans_do_not_depend_on_the_order_of_buffers() -> None:
    buffers = [Buffer(f"b{i}", 8 * (1 + i % 3), i, i + 2) for i in range(9)]
    for planner in NAMES:
        plan = PLANNERS.get(planner).plan
        assert plan(buffers, 8) == plan(buffers[::-1], 8)
