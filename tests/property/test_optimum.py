"""Planners against the optimum: small arenas are tried out address by address; of large ones the
bound tells how far from it they can be."""

from time import process_time

import numpy as np
import pytest

from tinsmith.codegen.order import Distances
from tinsmith.codegen.packing import Exact, Packing, Pairs, improved, lower_bound, pairs_of, refuted
from tinsmith.codegen.planner import PLANNERS, Buffer, apart

STEP = 8


def few_buffers(rng: np.random.Generator) -> list[Buffer]:
    """Up to seven, crowded; results lie over operands that die, at all kinds of distances."""
    found: list[Buffer] = []
    covered: set[str] = set()
    for i in range(int(rng.integers(3, 8))):
        first, over = int(rng.integers(0, 5)), {}
        for b in found:
            if b.last == first > b.first and b.name not in covered and rng.integers(3):
                exact = ((), (0,))[int(rng.integers(2))]
                over[b.name] = Distances(int(rng.choice([-8, 0, 7, 16, 24, 41, 64])), exact)
                covered.add(b.name)
        nbytes, life = int(rng.integers(1, 50)), int(rng.integers(0, 4))
        found.append(Buffer(f"b{i}", nbytes, first, first + life, over))
    return found


def network(rng: np.random.Generator, layers: int) -> list[Buffer]:
    """A chain with skip connections and scratch, most results sliding over their operand."""
    found: list[Buffer] = []
    for i in range(layers):
        nbytes = int(rng.integers(1, 60)) * 64
        over = {}
        if i and found[-1].last == i and rng.random() < 0.7:
            slide = max(0, nbytes - found[-1].nbytes) + int(rng.integers(0, 60)) * 8
            over[found[-1].name] = Distances(slide, ((), (0,))[int(rng.integers(2))])
        skip = int(rng.integers(2, 6)) if rng.random() < 0.25 else 1
        if rng.random() < 0.3:
            found.insert(0, Buffer(f"s{i:03d}", int(rng.integers(1, 20)) * 16, i, i))
        found.append(Buffer(f"v{i:03d}", nbytes, i, i + skip, over))
    return found


def fits(buffers: list[Buffer], arena: int) -> bool:
    """Whether there is any plan of this size: every address of every buffer."""
    at: dict[str, int] = {}

    def place(i: int) -> bool:
        if i == len(buffers):
            return True
        b = buffers[i]
        others = [
            (at[c.name], apart(b, c))
            for c in buffers[:i] if b.first <= c.last and c.first <= b.last
        ]  # fmt: skip
        for x in range(0, arena - b.nbytes + 1, STEP):
            if not any(lo < x - y < hi for y, intervals in others for lo, hi in intervals):
                at[b.name] = x
                if place(i + 1):
                    return True
        return False

    return place(0)


def optimum(buffers: list[Buffer]) -> int:
    largest = sorted(buffers, key=lambda b: -b.nbytes)
    arena = -(-largest[0].nbytes // STEP) * STEP
    while not fits(largest, arena):
        arena += STEP
    return arena


def arena_of(buffers: list[Buffer], planner: str) -> int:
    offsets = PLANNERS.get(planner).plan(buffers, STEP)
    return max(-(-(offsets[b.name] + b.nbytes) // STEP) * STEP for b in buffers)


def test_few_buffers_are_packed_at_the_optimum(rng: np.random.Generator) -> None:
    better = 0
    for _ in range(100):
        buffers = few_buffers(rng)
        best, pairs = optimum(buffers), Pairs(buffers, STEP)
        assert arena_of(buffers, "search") == best
        assert lower_bound(buffers, STEP) <= best and not refuted(pairs, best)
        better += arena_of(buffers, "greedy_by_size") > best
    assert better > 2, "too easy to tell"


def test_branch_and_bound_alone_finds_the_optimum(rng: np.random.Generator) -> None:
    for _ in range(30):
        buffers = few_buffers(rng)
        pairs = Pairs(buffers, STEP)
        side_by_side = Packing(sum(pairs.sizes) + STEP, ())
        assert Exact(pairs, side_by_side, 0, 20_000).solve().arena == optimum(buffers)


@pytest.mark.parametrize("layers", [12, 24, 60, 100])
def test_networks_are_within_two_percent_of_the_bound(
    layers: int, rng: np.random.Generator
) -> None:
    over = []
    for _ in range(6):
        buffers = network(rng, layers)
        bound, start = lower_bound(buffers, STEP), process_time()
        over.append(arena_of(buffers, "search") / bound - 1)
        assert process_time() - start < 5  # a second, on a machine that is busy
    assert min(over) >= 0 and np.mean(over) <= 0.02


def test_a_chain_that_slides_has_a_bound_above_its_steps() -> None:
    """Each result begins below its operand, so nothing but a step aside ends the slide."""
    chain = [Buffer("v0", 800, 0, 1)]
    chain += [Buffer(f"v{i}", 800, i, i + 1, {f"v{i - 1}": Distances(40)}) for i in range(1, 9)]
    assert lower_bound(chain, STEP) == 800 + 8 * 40 == arena_of(chain, "search")


def test_pairs_are_counted(rng: np.random.Generator) -> None:
    for _ in range(20):
        buffers = few_buffers(rng)
        near = Pairs(buffers, STEP).near
        assert 2 * pairs_of(buffers) == sum(len(n) for n in near)


def test_thousands_of_buffers_that_are_live_together_are_placed_in_seconds() -> None:
    many = [Buffer(f"b{i}", 8 + i % 90, i, 2500) for i in range(2500)]
    start = process_time()
    bound = lower_bound(many, STEP)
    assert arena_of(many, "search") == bound == sum(-(-b.nbytes // STEP) * STEP for b in many)
    assert process_time() - start < 10


def test_changes_go_on_until_the_goal(rng: np.random.Generator) -> None:
    """From a bad order: worse than what was left, never; better, often."""
    for _ in range(20):
        pairs = Pairs(network(rng, 20), STEP)
        order = sorted(range(len(pairs.sizes)), key=lambda i: pairs.sizes[i])
        start, made = pairs.place(order, sum(pairs.sizes)), improved(pairs, order, 0, 200)
        assert start is not None and made.arena <= start.arena
        assert made == improved(pairs, order, 0, 200)  # of a fixed seed
        assert improved(pairs, order, start.arena, 200) == start
