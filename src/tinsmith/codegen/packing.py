"""Search for small arenas: buffers as numbers, with the pairs that are live together, placed one by
one at the lowest address in many orders. Deterministic; what it may cost is counted, not timed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.planner import Buffer, align_up, apart, room, saved

Interval = tuple[int, int]


@dataclass(frozen=True)
class Packing:
    """Offsets in the order of the buffers, and the end of the last."""

    arena: int
    at: tuple[int, ...]


class Pairs:
    """Buffers, and of each those that are live with it: where it may not begin, seen from them."""

    def __init__(self, buffers: Sequence[Buffer], alignment: int) -> None:
        self.buffers = buffers
        self.alignment = alignment
        self.sizes = [align_up(b.nbytes, alignment) for b in buffers]
        self.near: list[list[tuple[int, list[Interval]]]] = [[] for _ in buffers]
        live: list[int] = []
        for i in sorted(range(len(buffers)), key=lambda i: buffers[i].first):
            live = [k for k in live if buffers[k].last >= buffers[i].first]
            for k in live:
                self.near[i].append((k, apart(buffers[i], buffers[k])))
                self.near[k].append((i, apart(buffers[k], buffers[i])))
            live.append(i)

    @property
    def work(self) -> int:
        """What placing all of them once costs."""
        return len(self.sizes) + sum(len(n) for n in self.near)

    def lowest(self, i: int, at: Sequence[int | None], floor: int = 0) -> int:
        """The lowest address from ``floor`` on at which a buffer fits with those that are
        placed."""
        found = []
        for k, intervals in self.near[i]:
            base = at[k]
            if base is not None:
                found += [(base + low, base + high) for low, high in intervals]
        found.sort()
        for low, high in found:
            if low >= floor:
                break
            if floor < high:
                floor = align_up(high, self.alignment)
        return floor

    def place(self, order: Iterable[int], limit: int) -> Packing | None:
        """Each buffer, in this order, at the lowest address; None where that ends behind
        ``limit``."""
        at: list[int | None] = [None] * len(self.sizes)
        arena = 0
        for i in order:
            at[i] = found = self.lowest(i, at)
            arena = max(arena, found + self.sizes[i])
            if arena > limit:
                return None
        return Packing(arena, tuple(a for a in at if a is not None))


def lower_bound(buffers: Sequence[Buffer], alignment: int) -> int:
    """Bytes that no arena can do without: of each step what is live, less what may overlap; of
    graphs that are not large, more where chains of results slide over each other."""
    sizes = {b.name: align_up(b.nbytes, alignment) for b in buffers}
    begin = min(b.first for b in buffers)
    change = np.zeros(max(b.last for b in buffers) - begin + 2, np.int64)
    spared = np.zeros_like(change)
    for b in buffers:
        change[b.first - begin] += sizes[b.name]
        change[b.last - begin + 1] -= sizes[b.name]
        spared[b.first - begin] += saved(b, sizes, alignment)
    most = int((np.cumsum(change) - spared).max())
    if pairs_of(buffers) > BOUND_PAIRS:
        return most
    return _pushed(Pairs(buffers, alignment), most)


def _pushed(pairs: Pairs, most: int) -> int:
    """The smallest arena from ``most`` on that the rules of pairs do not refute."""
    step, enough = pairs.alignment, most
    while refuted(pairs, enough):
        enough *= 2
    while most < enough:  # a smaller arena is refuted where a larger one is
        middle = (most + enough) // 2 // step * step
        most, enough = (middle + step, enough) if refuted(pairs, middle) else (most, middle)
    return most


def pairs_of(buffers: Sequence[Buffer]) -> int:
    """How many pairs are live together."""
    firsts = np.sort([b.first for b in buffers])
    lasts = np.sort([b.last for b in buffers])
    begun = np.searchsorted(firsts, lasts, "right")  # when each ends; k of them ended before
    return int((begun - np.arange(len(buffers)) - 1).sum())


BOUND_PAIRS = 1_500
"""Most pairs of buffers whose rules are asked for a bound."""


def refuted(pairs: Pairs, arena: int) -> bool:
    """Whether the rules of pairs show that an arena is too small: each takes from the addresses at
    which its two buffers may begin, until nothing changes."""
    low, high = [0] * len(pairs.sizes), [arena - size for size in pairs.sizes]
    changed = True
    while changed:
        changed = False
        for i, near in enumerate(pairs.near):
            for k, intervals in near:
                least, most = low[i] - high[k], high[i] - low[k]
                for lo, hi in intervals:  # the lowest first
                    least = align_up(hi, pairs.alignment) if lo < least < hi else least
                for lo, hi in reversed(intervals):
                    most = lo // pairs.alignment * pairs.alignment if lo < most < hi else most
                new = max(low[i], low[k] + least), min(high[i], high[k] + most)
                if new != (low[i], high[i]):
                    low[i], high[i], changed = *new, True
                if low[i] > high[i]:
                    return True
    return False


def improved(pairs: Pairs, start: Sequence[int], goal: int, tries: int) -> Packing:
    """The best of so many orders: a buffer, mostly one that ends at the top, goes to an earlier
    turn, at random, and stays there unless the arena grows. Plans must not change with a version
    of numpy, which promises so for raw bits of a seed alone."""
    order, limit = list(start), sum(pairs.sizes)
    found = pairs.place(order, limit)
    assert found is not None, "side by side they always fit"
    bits = np.random.PCG64(len(order))

    def below(n: int) -> int:
        return int(bits.random_raw()) % n

    for _ in range(tries):
        if found.arena <= goal:
            break
        top = [t for t, i in enumerate(order) if found.at[i] + pairs.sizes[i] == found.arena]
        turn = top[below(len(top))] if below(4) else below(len(order))
        changed = list(order)
        changed.insert(below(turn + 1), changed.pop(turn))
        made = pairs.place(changed, found.arena)
        if made is not None:
            order, found = changed, made
    return found


class Exact:
    """Branch and bound: buffers are placed from the bottom up, each at the lowest address that is
    not below the one before. Some smallest arena is filled so: what floats can be let down."""

    def __init__(self, pairs: Pairs, best: Packing, goal: int, nodes: int) -> None:
        self._pairs, self._best, self._goal, self.nodes = pairs, best, goal, nodes
        self._at: list[int | None] = [None] * len(pairs.sizes)
        self._live = [
            [i for i, b in enumerate(pairs.buffers) if b.first <= step <= b.last]
            for step in sorted({b.first for b in pairs.buffers})
        ]

    def solve(self) -> Packing:
        """The smallest arena, or the best that was seen when the nodes were spent."""
        self._branch(0, 0)
        return self._best

    def _branch(self, floor: int, end: int) -> None:
        self.nodes -= 1
        left = [i for i, at in enumerate(self._at) if at is None]
        if not left:
            self._best = Packing(end, tuple(a for a in self._at if a is not None))
            return
        lowest = {i: self._pairs.lowest(i, self._at, floor) for i in left}
        if self._hopeless(lowest):
            return
        for i in sorted(left, key=lambda i: (lowest[i], -self._pairs.sizes[i], i)):
            if self.nodes <= 0 or self._best.arena <= self._goal:
                return
            self._at[i] = lowest[i]
            self._branch(lowest[i], max(end, lowest[i] + self._pairs.sizes[i]))
            self._at[i] = None

    def _hopeless(self, lowest: Mapping[int, int]) -> bool:
        """Whether what is left cannot end below the best arena."""
        pairs, best = self._pairs, self._best.arena
        if any(at + pairs.sizes[i] >= best for i, at in lowest.items()):
            return True
        for live in self._live:
            left = [i for i in live if i in lowest]
            if left:
                needed = room([pairs.buffers[i] for i in left], pairs.alignment)
                if min(lowest[i] for i in left) + needed >= best:
                    return True
        return False
