"""Search over sets of kernels, each at one level: code is stored once however many layers use it,
so layers do not choose alone. For a set the best is exact: a front of time against flash, layer by
layer. Sets are tried all where they are few. Else kernels are given up, taken or changed one at a
time, from several starts, of which some weigh time against flash: with a limit of flash alone one
would first give up whatever is large. Deterministic."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod

from tinsmith.tune.prices import Layers
from tinsmith.tune.variants import Variant

Chosen = dict[str, Variant]
"""Layer -> variant."""
Rank = Callable[[float, int], tuple[float, ...]]
"""How good time and flash of all layers are: the smaller the better."""
_FEW = 2000
"""Sets that are all tried."""
_POINTS, _LEAST_POINTS = 100, 5
"""Of a front; of more some are left out, evenly: the more, the larger the search is."""
_WORK = 10000
"""Points of a front, times layers and kernels."""
_WEIGHTS = (0.01, 0.1, 1.0, 10.0)
"""How much a share of the flash counts against the same share of the time."""
_Levels = Mapping[str, str]
"""A set: kernel -> level; what is not named is not used."""
_Front = list[tuple[float, int, "_Chain"]]
"""Time, flash and variants of the first layers; no point is worse than another in both."""
_Chain = tuple["_Chain", Variant] | None
"""Variants, the last layer's first."""
_Result = tuple[tuple[float, ...], Chosen]


class Search:
    """Args:
    layers: what each layer may take; at least one variant.
    code: bytes of each variant's code.
    rank: what is minimised.
    known: a choice from which to start, too.
    """

    def __init__(
        self, layers: Layers, code: Mapping[Variant, int], rank: Rank, known: Chosen
    ) -> None:
        self._layers, self._code, self._rank = layers, code, rank
        self._known = known
        self._levels = self._useful()
        self._needed = {
            kernel
            for own in layers.values()
            if len({v.kernel for v in own}) == 1
            for kernel in [next(iter(own)).kernel]
        }
        work = len(layers) * len(self._levels)
        self._points = min(_POINTS, max(_LEAST_POINTS, _WORK // max(work, 1)))
        self._rivals = sorted(
            {(a.kernel, b.kernel) for own in layers.values() for a in own for b in own
             if a.kernel != b.kernel}
        )  # fmt: skip

    def best(self) -> Chosen | None:
        """The best choice that was found; None where layers cannot agree on levels."""
        ways = [self._ways(k) for k in self._levels]
        if prod(map(len, ways)) <= _FEW:
            every = [self._set(zip(self._levels, w, strict=True)) for w in product(*ways)]
            found = [r for s in every if (r := self._of(s, self._rank))]
        else:
            ends = [self._descent(s, self._rank) for s in self._starts()]
            found = [r for s in ends if (r := self._of(s, self._rank))]
        return min(found, key=lambda r: r[0])[1] if found else None

    def _useful(self) -> dict[str, list[str]]:
        """Kernel -> levels, without those that are slower in every layer and no smaller."""
        found: dict[str, list[Variant]] = {}
        for v in sorted({v for own in self._layers.values() for v in own}):
            found.setdefault(v.kernel, []).append(v)
        return {
            kernel: [v.level for i, v in enumerate(all_) if not self._beaten(i, all_)]
            for kernel, all_ in found.items()
        }

    def _beaten(self, at: int, variants: list[Variant]) -> bool:
        """Whether another level is as good in all; of equal ones the first stays."""
        own = self._costs(variants[at])
        for i, other in enumerate(variants):
            costs = self._costs(other)
            if i == at or not own.keys() <= costs.keys():
                continue
            pairs = [(costs[n], own[n]) for n in own]
            as_good = all(a <= b for x, y in pairs for a, b in zip(x, y, strict=True))
            if as_good and (i < at or any(x != y for x, y in pairs)):
                return True
        return False

    def _costs(self, variant: Variant) -> dict[str, tuple[float, ...]]:
        own = {n: (p[variant].time, p[variant].flash) for n, p in self._layers.items()
               if variant in p}  # fmt: skip
        return {"": (self._code[variant],), **own}

    def _ways(self, kernel: str) -> list[str]:
        return [*self._levels[kernel], *([] if kernel in self._needed else [""])]

    @staticmethod
    def _set(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        return {kernel: level for kernel, level in pairs if level}

    def _starts(self) -> Iterator[dict[str, str]]:
        """What is known; all kernels at their fastest, all at their smallest; and where one comes
        from all by weighing time against flash."""
        yield {v.kernel: v.level for v in self._known.values() if v.kernel in self._levels}
        for cost in (self._time, self._code.__getitem__):
            own = {k: [Variant(k, n) for n in levels] for k, levels in self._levels.items()}
            everything = {k: min(variants, key=cost).level for k, variants in own.items()}
            yield everything
            if cost == self._time:
                for weight in _WEIGHTS:
                    yield self._descent(everything, self._weighing(everything, weight))

    def _weighing(self, levels: _Levels, weight: float) -> Rank:
        fastest = self._of(levels, lambda time, flash: (time,))
        time = fastest[0][0] if fastest else 1.0
        flash = sum(self._code.values()) + sum(
            min(p.flash for p in own.values()) for own in self._layers.values()
        )
        return lambda t, f: (t / max(time, 1.0) + weight * f / max(flash, 1),)

    def _time(self, variant: Variant) -> float:
        return sum(p[variant].time for p in self._layers.values() if variant in p)

    def _descent(self, start: _Levels, rank: Rank) -> dict[str, str]:
        """A set from which no change of one kernel, and no exchange of two, leads to a better."""
        levels, here = dict(start), self._of(start, rank)
        while True:
            found = [(r[0], n) for n in self._near(levels) if (r := self._of(n, rank))]
            value, after = min(found, key=lambda pair: pair[0], default=((), levels))
            if not found or (here is not None and value >= here[0]):
                return levels
            levels, here = after, self._of(after, rank)

    def _near(self, levels: _Levels) -> Iterator[dict[str, str]]:
        for kernel in self._levels:
            for level in self._ways(kernel):
                if level != levels.get(kernel, ""):
                    yield self._set({**levels, kernel: level}.items())
        for old, new in self._rivals:
            if old in levels and new not in levels:
                for level in self._levels[new]:
                    yield self._set({**levels, old: "", new: level}.items())

    def _of(self, levels: _Levels, rank: Rank) -> _Result | None:
        """The best choice with a set of kernels; None where a layer has none of them."""
        code = sum(self._code[Variant(k, n)] for k, n in levels.items())
        front: _Front = [(0.0, code, None)]
        for own in self._layers.values():
            open_ = [(v, p) for v, p in own.items() if levels.get(v.kernel) == v.level]
            if not open_:
                return None
            longer: _Front = [
                (t + p.time, f + p.flash, (c, v)) for t, f, c in front for v, p in open_
            ]
            front = _pruned(longer, self._points)
        time, flash, chain = min(front, key=lambda point: rank(point[0], point[1]))
        variants: list[Variant] = []
        while chain:
            chain, last = chain
            variants.append(last)
        return rank(time, flash), dict(zip(self._layers, reversed(variants), strict=True))


def _pruned(points: _Front, most: int) -> _Front:
    kept: _Front = []
    for point in sorted(points, key=lambda p: (p[0], p[1])):
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    if len(kept) <= most:
        return kept
    last = len(kept) - 1
    return [kept[i * last // (most - 1)] for i in range(most)]
