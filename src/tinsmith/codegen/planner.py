"""Planner: puts buffers with lifetimes into one arena. The verifier in codegen/verify.py knows
nothing of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tinsmith.codegen.order import Distances
from tinsmith.core.catalogue import Catalogue


@dataclass(frozen=True)
class Buffer:
    """A buffer to place: live from step ``first`` to ``last`` inclusive.

    ``over``: another buffer -> where it may begin, seen from this one, if both overlap although
    they are live at step ``first``: what the kernel's order of reads and writes allows.
    """

    name: str
    nbytes: int
    first: int
    last: int
    over: Mapping[str, Distances] = field(default_factory=dict)


@dataclass(frozen=True)
class Planner:
    """(buffers, alignment) -> offset by name."""

    name: str
    plan: Callable[[Sequence[Buffer], int], dict[str, int]]


PLANNERS: Catalogue[Planner] = Catalogue("planner", "tinsmith.codegen.planners", Planner)


def align_up(n: int, alignment: int) -> int:
    """The smallest multiple of ``alignment`` that is at least n."""
    return -(-n // alignment) * alignment


def place_in_order(buffers: Iterable[Buffer], alignment: int) -> dict[str, int]:
    """Give each buffer, in the given order, the lowest address at which it fits with those placed
    before it."""
    order = list(buffers)
    space = _Space(order)
    for i in range(len(order)):
        at = 0
        for low, high in space.forbidden(i):
            if low >= at:
                break  # and so are all that follow
            if at < high:
                at = align_up(high, alignment)
        space.at[i] = at
    return {b.name: int(space.at[i]) for i, b in enumerate(order)}


class _Space:
    """Buffers of which the first few are placed; arrays, as large graphs have thousands."""

    def __init__(self, order: Sequence[Buffer]) -> None:
        self._order = order
        self._number = {b.name: i for i, b in enumerate(order)}
        self._nbytes = np.array([b.nbytes for b in order], np.int64)
        self._first = np.array([b.first for b in order], np.int64)
        self._last = np.array([b.last for b in order], np.int64)
        self._sharing: dict[int, list[int]] = {}  # pairs that may overlap as declared
        for i, b in enumerate(order):
            for k in (self._number[name] for name in b.over if name in self._number):
                self._sharing.setdefault(i, []).append(k)
                self._sharing.setdefault(k, []).append(i)
        self.at = np.zeros(len(order), np.int64)

    def forbidden(self, i: int) -> list[tuple[int, int]]:
        """Where buffer i may not lie because of those before it: open intervals of its address,
        (low, high), the lowest first."""
        buffer = self._order[i]
        together = (self._first[:i] <= buffer.last) & (self._last[:i] >= buffer.first)
        live = np.flatnonzero(together)
        low = self.at[live] - buffer.nbytes
        high = self.at[live] + self._nbytes[live]
        sharing = [k for k in self._sharing.get(i, ()) if k < i and together[k]]
        if sharing:
            alone = ~np.isin(live, sharing)
            low, high = low[alone], high[alone]
        found = list(zip(low.tolist(), high.tolist(), strict=True))
        for k in sharing:
            at = int(self.at[k])
            found += [(at + lo, at + hi) for lo, hi in apart(buffer, self._order[k])]
        return sorted(found)


def apart(a: Buffer, b: Buffer) -> list[tuple[int, int]]:
    """Where a may not begin, seen from b, of two buffers that are live together: open intervals,
    the lowest first."""
    if b.name in a.over:
        return [(-high, -low) for low, high in reversed(_behind(b, a))]
    return _behind(a, b)


def _behind(operand: Buffer, result: Buffer) -> list[tuple[int, int]]:
    low, high = -operand.nbytes, result.nbytes
    safe = result.over.get(operand.name)
    if safe is None:
        return [(low, high)]
    high = min(high, safe.least)
    ends = [low, *sorted(d for d in safe.exact if low < d < high), high]
    return [(lo, hi) for lo, hi in pairwise(ends) if lo < hi]


def room(live: Sequence[Buffer], alignment: int) -> int:
    """Bytes that buffers which are live together need at least."""
    size = {b.name: align_up(b.nbytes, alignment) for b in live}
    return sum(size.values()) - sum(saved(b, size, alignment) for b in live)


def saved(result: Buffer, sizes: Mapping[str, int], alignment: int) -> int:
    """Bytes that a result may have in common with operands that are among the named sizes."""
    own = sizes[result.name]
    shared = [_overlap(sizes[n], own, d, alignment) for n, d in result.over.items() if n in sizes]
    return min(own, sum(shared))


def _overlap(operand: int, result: int, safe: Distances, alignment: int) -> int:
    """The most bytes that an operand and a result may have in common, sizes aligned."""
    exact = [d for d in safe.exact if -operand < d < result]
    distances = [max(0, align_up(safe.least, alignment)), result, *exact]
    return max(min(operand + d, result) - max(0, d) for d in distances)
