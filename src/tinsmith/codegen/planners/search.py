"""The best of all other orders, made better: few buffers by branch and bound, more by changes to
the order of placement. Large graphs are left to the others."""

from collections.abc import Callable, Sequence

from tinsmith.codegen.packing import Exact, Packing, Pairs, improved, lower_bound, pairs_of
from tinsmith.codegen.planner import Buffer, Planner, place_in_order

FEW = 24
"""Most buffers that are packed by branch and bound."""
NODES = 3_000
"""Most nodes that it visits."""
WORK = 1_000_000
"""Pairs of buffers that may be looked at by changes: below a second."""
MOST_PAIRS = 30_000
"""Of buffers that are live together; more are placed in one order."""
ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.nbytes, b.first),
    lambda b: (b.first, -b.nbytes),
    lambda b: (-b.last, -b.first, -b.nbytes),
    lambda b: (-b.nbytes * (b.last - b.first + 1), b.first),
)


def plan(buffers: Sequence[Buffer], alignment: int) -> dict[str, int]:
    """Offsets by name."""
    named = sorted(buffers, key=lambda b: b.name)
    if pairs_of(named) > MOST_PAIRS:
        return place_in_order(sorted(named, key=ORDERS[0]), alignment)
    found = _packed(Pairs(named, alignment), lower_bound(named, alignment))
    return {b.name: at for b, at in zip(named, found.at, strict=True)}


def _packed(pairs: Pairs, goal: int) -> Packing:
    every = range(len(pairs.sizes))
    starts = [sorted(every, key=lambda i: (*key(pairs.buffers[i]), i)) for key in ORDERS]
    tries = WORK // pairs.work // len(starts)
    found = min((improved(pairs, s, goal, tries) for s in starts), key=lambda p: p.arena)
    if len(pairs.sizes) <= FEW and found.arena > goal:
        found = Exact(pairs, found, goal, NODES).solve()
    return found


PLANNER = Planner("search", plan)
