"""The choice of variants over all layers, within limits: which are nearest to what is aimed at, as
far as prices tell. Limits of memory and stack leave variants out; time and flash are the search's
(`tune/search.py`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from tinsmith.codegen.choices import RAM
from tinsmith.codegen.choose import PATIENCE
from tinsmith.core.progress import SILENT, Progress
from tinsmith.tune.prices import Layers, Prices, Total
from tinsmith.tune.search import Chosen, Search
from tinsmith.tune.variants import Variant

_CAPS = 8
"""Depths of stack, and sizes of memory for each, that are tried at most."""


@dataclass(frozen=True)
class Budget:
    """What a choice must keep to; `inf` where there is no limit. ``time`` is in the unit of the
    prices."""

    time: float = inf
    flash: float = inf
    ram: float = inf
    stack: float = inf

    def excess(self, total: Total) -> "Budget":
        """How far a total is above the limits, in each; 0 where it keeps to them."""
        return Budget(*(max(0.0, have - limit) for have, limit in self._pairs(total)))

    def misses(self, total: Total) -> float:
        """The same as shares of the limits, summed: 0 where all are kept."""
        return sum(max(0.0, have - limit) / max(limit, 1) for have, limit in self._pairs(total))

    def tightened(self, excess: "Budget", told: Total) -> "Budget":
        """Limits that leave out a choice that was too much by ``excess``, though ``told`` was what
        it would be; what was not too much is limited as before."""
        over = (excess.time, excess.flash, excess.ram, excess.stack)
        return Budget(*(
            min(limit, have) - more if more else limit
            for (have, limit), more in zip(self._pairs(told), over, strict=True)
        ))  # fmt: skip

    def _pairs(self, total: Total) -> tuple[tuple[float, float], ...]:
        return ((total.time, self.time), (total.flash, self.flash), (total.ram, self.ram),
                (total.stack, self.stack))  # fmt: skip


def key(aim: str, total: Total, most: float = inf) -> tuple[float, ...]:
    """What is minimised, the first that differs decides; ``most``: time that an aim at size or RAM
    may take."""
    if aim == "size":
        return (max(0.0, total.time - most), total.flash, total.time, total.ram)
    if aim == RAM:
        return (max(0.0, total.time - most), total.ram, total.time, total.flash)
    if aim == "balanced":
        return (total.time * total.flash, total.time, total.ram)
    return (total.time, total.flash, total.ram)


class Market:
    """Prices, and an image whose total is known: others are told from it by what differs."""

    def __init__(self, prices: Prices, known: Chosen, total: Total, job: Progress = SILENT) -> None:
        self._prices, self._known, self._total, self._job = prices, known, total, job
        self._own = self._sum(known)
        self._most = max(total.time, PATIENCE * self._fastest())

    def predict(self, chosen: Chosen) -> Total:
        """What an image of a choice is going to show."""
        time, flash, memory = self._sum(chosen)
        total, own = self._total, self._own
        deepest = max(self._prices.stack[v] for v in chosen.values())
        return Total(
            total.time + time - own[0], total.flash + flash - own[1],
            total.static + memory - own[2], deepest,
        )  # fmt: skip

    def rank(self, aim: str, budget: Budget, total: Total) -> tuple[float, ...]:
        """How good a total is: limits first, then what is aimed at. All that a search does is
        ranked, and of a large model that takes minutes: it can be cancelled here."""
        self._job.check()
        return (budget.misses(total), *key(aim, total, self._most))

    def best(self, aim: str, budget: Budget) -> Chosen:
        """The best choice within a budget, or the nearest where none keeps to it."""

        def rank(time: float, flash: int) -> tuple[float, ...]:
            own, total = self._own, self._total
            return self.rank(aim, budget, Total(total.time + time - own[0],
                                                total.flash + flash - own[1], 0, 0))  # fmt: skip

        def of(chosen: Chosen) -> tuple[float, ...]:
            return self.rank(aim, budget, self.predict(chosen))

        found = [self._known]
        for sizes in self._narrowed(aim, budget):
            for layers in sizes:
                if best := Search(layers, self._prices.code, rank, self._known).best():
                    found.append(best)
                    if not any(of(best)[:2]):  # within all limits; more memory is no better
                        break
        return min(found, key=of)

    def _narrowed(self, aim: str, budget: Budget) -> Iterator[Iterable[Layers]]:
        """The prices of variants that together keep to the limits of RAM and stack, for one depth
        of stack after the other, and for more and more memory where that is aimed at; where nothing
        keeps to them, of those that need least."""
        layers, spare = self._prices.layers, self._total.static - self._own[2]
        for stack in self._depths(aim, budget):
            shallow = self._within(layers, stack, inf)
            least = max(min(p.memory for p in own.values()) for own in shallow.values())
            room = max(least, budget.ram - spare - stack)
            sizes: list[float] = [room]
            if aim == RAM:
                larger = {p.memory for own in shallow.values() for p in own.values()}
                sizes = [least, *_some(m for m in larger if least < m <= room)]
            yield (self._within(shallow, stack, memory) for memory in sizes)

    def _depths(self, aim: str, budget: Budget) -> list[int]:
        """Depths of stack within which every layer has a variant."""
        stack = self._prices.stack
        least = max(min(stack[v] for v in own) for own in self._prices.layers.values())
        deeper = {d for d in stack.values() if least < d <= budget.stack}
        if aim != RAM and budget.ram == inf:
            return [max(deeper, default=least)]
        return [least, *_some(deeper)]

    def _within(self, layers: Layers, stack: float, memory: float) -> Layers:
        deep = self._prices.stack
        return {
            n: {v: p for v, p in own.items() if deep[v] <= stack and p.memory <= memory}
            for n, own in layers.items()
        }

    def _sum(self, chosen: Mapping[str, Variant]) -> tuple[float, int, int]:
        prices = [self._prices.layers[layer][v] for layer, v in chosen.items()]
        code = sum(self._prices.code[v] for v in set(chosen.values()))
        return (
            sum(p.time for p in prices), code + sum(p.flash for p in prices),
            max((p.memory for p in prices), default=0),
        )  # fmt: skip

    def _fastest(self) -> float:
        """Time where every layer has its fastest variant."""
        layers = self._prices.layers.values()
        return (
            self._total.time - self._own[0] + sum(min(p.time for p in o.values()) for o in layers)
        )


def _some(sizes: Iterable[int]) -> list[int]:
    """At most `_CAPS` of them, the smallest first."""
    ordered = sorted(set(sizes))
    return ordered[:: max(1, -(-len(ordered) // _CAPS))]
