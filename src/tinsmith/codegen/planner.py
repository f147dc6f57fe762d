"""Planner: puts buffers with lifetimes into one arena. The verifier in codegen/verify.py knows
nothing of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.core.catalogue import Catalogue


@dataclass(frozen=True)
class Buffer:
    """A buffer to place: live from step ``first`` to ``last`` inclusive.

    ``above``: (name of another buffer, bytes): the other's address may overlap this one's, although
    both are live at step ``first``, if (other.offset - this.offset) >= bytes; from the op's
    declared safe distance.
    """

    name: str
    nbytes: int
    first: int
    last: int
    above: tuple[tuple[str, int], ...] = ()


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
        self._over: dict[str, dict[str, int]] = {}  # operand -> results that may lie over it
        for b in order:
            for operand, distance in dict(b.above).items():
                self._over.setdefault(operand, {})[b.name] = distance
        self.at = np.zeros(len(order), np.int64)

    def forbidden(self, i: int) -> list[tuple[int, int]]:
        """Where buffer i may not lie because of those before it: open intervals of its address,
        (low, high), the lowest first. Two that are live together lie apart, or one above the
        other as declared."""
        buffer = self._order[i]
        together = (self._first[:i] <= buffer.last) & (self._last[:i] >= buffer.first)
        live = np.flatnonzero(together)
        low = self.at[live] - buffer.nbytes
        high = self.at[live] + self._nbytes[live]
        if buffer.above or buffer.name in self._over:
            place = {int(p): k for k, p in enumerate(live)}
            for name, distance in dict(buffer.above).items():
                if (k := place.get(self._number.get(name, -1))) is not None:
                    low[k] = max(low[k], self.at[live[k]] - distance)
            for name, distance in self._over.get(buffer.name, {}).items():
                if (k := place.get(self._number[name])) is not None:
                    high[k] = min(high[k], self.at[live[k]] + distance)
        order = np.argsort(low, kind="stable")
        return list(zip(low[order].tolist(), high[order].tolist(), strict=True))
