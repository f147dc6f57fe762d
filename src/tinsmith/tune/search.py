"""Search over sets of kernels, each at one level: code is stored once however many layers use it,
so layers do not choose alone. For a set the best is exact: a front of time against flash, layer by
layer. Sets are tried all where they are few, else by changing one kernel at a time, from several
starts. Deterministic."""

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
_POINTS = 100
"""Of a front, at most; of more some are left out, evenly."""
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

    def best(self) -> Chosen:
        """The best choice that was found."""
        ways = [self._ways(k) for k in self._levels]
        if prod(map(len, ways)) <= _FEW:
            every = [self._set(zip(self._levels, w, strict=True)) for w in product(*ways)]
            found = [r for r in map(self._of, every) if r]
        else:
            found = [r for r in map(self._descent, self._starts()) if r]
        return min(found, key=lambda r: r[0])[1]

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
            if i == at or costs.keys() < own.keys():
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
        """What is known, all kernels at their fastest, all at their smallest."""
        yield {v.kernel: v.level for v in self._known.values() if v.kernel in self._levels}
        for cost in (self._time, self._code.__getitem__):
            own = {k: [Variant(k, n) for n in levels] for k, levels in self._levels.items()}
            yield {k: min(variants, key=cost).level for k, variants in own.items()}

    def _time(self, variant: Variant) -> float:
        return sum(p[variant].time for p in self._layers.values() if variant in p)

    def _descent(self, start: Mapping[str, str]) -> _Result | None:
        """Changing one kernel after the other, each time the one that helps most."""
        here, levels = self._of(start), dict(start)
        while True:
            near = [
                self._set({**levels, kernel: level}.items())
                for kernel in self._levels
                for level in self._ways(kernel)
                if level != levels.get(kernel, "")
            ]
            found = [(r, n) for n in near if (r := self._of(n))]
            if not found:
                return here
            result, after = min(found, key=lambda pair: pair[0][0])
            if here is not None and result[0] >= here[0]:
                return here
            here, levels = result, after

    def _of(self, levels: _Levels) -> _Result | None:
        """The best choice with a set of kernels; None where a layer has none of them."""
        code = sum(self._code[Variant(k, n)] for k, n in levels.items())
        front: _Front = [(0.0, code, None)]
        for own in self._layers.values():
            open_ = [(v, p) for v, p in own.items() if levels.get(v.kernel) == v.level]
            if not open_:
                return None
            front = _pruned(
                [(t + p.time, f + p.flash, (c, v)) for t, f, c in front for v, p in open_]
            )
        time, flash, chain = min(front, key=lambda point: self._rank(point[0], point[1]))
        variants: list[Variant] = []
        while chain:
            chain, last = chain
            variants.append(last)
        return self._rank(time, flash), dict(zip(self._layers, reversed(variants), strict=True))


def _pruned(points: _Front) -> _Front:
    kept: _Front = []
    for point in sorted(points, key=lambda p: (p[0], p[1])):
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    if len(kept) <= _POINTS:
        return kept
    last = len(kept) - 1
    return [kept[i * last // (_POINTS - 1)] for i in range(_POINTS)]
