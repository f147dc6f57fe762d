"""Which of the possible kernels: by what they cost and what is aimed at.

A kernel's code is stored once, however many nodes use it, so nodes do not choose alone: starting
from all kernels, and from the reference's, one after the other is given up, or takes the place of
all that it can, wherever that brings a module nearer to its aim.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np

from tinsmith.codegen.buffers import step_bytes
from tinsmith.codegen.costs import LEVELS, Cost, Costs, work
from tinsmith.codegen.kernel_set import REFERENCE, Table
from tinsmith.codegen.program import Call
from tinsmith.core.errors import InternalError
from tinsmith.ir.op import In

Offers = Sequence[Sequence[Call]]
_USUAL_TABLES = 1000
"""What a kernel's code is weighed with, in bytes: half the time is worth that much code."""
PATIENCE = 1.5
"""How much more time than the fastest kernels less flash or a smaller peak may take."""
TIME_WEIGHT = 0.05
"""What time weighs where flash is aimed at: half as much time again has to save 2 % of it."""
_WORTH = 0.01
"""Instructions that a byte of flash is worth where speed is aimed at: of kernels that are as fast
as each other, or nearly so in a network of a few thousand instructions, the smaller."""

_STEP = 60
"""Bytes of a step, about."""

_PRICES = {"balanced": (0.0,), "ram": (0.0,), "size": (0.0, 0.03, 0.3, 3.0, 300.0), "speed": (0.0,)}
"""What nodes may pay for time with tables, tried in turn: bytes per instruction, in those of all
tables and of the fastest module. With none a node may take all the time that there is; with the
last one no node takes more than it must."""


def choose(
    offers: Offers, costs: Costs, aim: str, most: float | None = None
) -> tuple[list[Call], dict[str, str]]:
    """One call of each node's offers, and the level at which each kernel that is used is compiled:
    for size where its cost is not known, nothing where none is. A node of whose offers one has no
    cost gets its first one.

    Less flash may take `PATIENCE` times the least time, or ``most`` instructions; with no more
    than the reference's kernels need, as much time as they by `PATIENCE`. A smaller peak may take
    `PATIENCE` times the least, or ``most``."""
    market = _Market(offers, costs, aim, most)
    best = _best(market)
    if aim == "size" and most is None and best.flash > market.plain.flash:
        market.lessen(market.plain.flash)
        leaner = _best(market)
        slower = max(1.0, leaner.time / max(1.0, best.time))
        worth = leaner.flash * slower**TIME_WEIGHT < best.flash
        if worth and leaner.flash <= market.room and leaner.time * PATIENCE <= market.plain.time:
            best = leaner
    used = sorted({c.kernel for c in best.calls}) if costs else ()
    return best.calls, {k: market.levels.get(k, LEVELS[0]) for k in used}


def worth_of(calls: Sequence[Call], levels: Mapping[str, str], costs: Costs) -> float:
    """What steps with their tables and kernels are worth where size is aimed at, the less the
    better; of kernels those count whose cost is known."""
    known = {c.kernel for c in calls if levels.get(c.kernel, "") in costs.get(c.kernel, {})}
    own = {k: costs[k][levels[k]] for k in known}
    library = {name: n for cost in own.values() for name, n in cost.library.items()}
    flash = sum(_STEP + table_bytes(c) for c in calls) + sum(library.values())
    time = sum(own[c.kernel].instructions(work(c)) for c in calls if c.kernel in known)
    weight: float = max(1.0, time) ** TIME_WEIGHT
    return weight * (flash + sum(cost.code for cost in own.values()))


def _best(market: "_Market") -> "_Choice":
    return min((_thinned(market, start) for start in market.starts), key=lambda c: c.score)


def _thinned(market: "_Market", allowed: frozenset[str]) -> "_Choice":
    """What is allowed is changed as long as that is better."""
    best = market.of(allowed)
    while True:
        others = [market.of(kernels) for kernels in market.changes(best)]
        better = min(others, key=lambda c: c.score, default=best)
        if better.score >= best.score:
            return best
        best = better


@dataclass(frozen=True)
class _Choice:
    calls: list[Call]
    allowed: frozenset[str]
    flash: float
    time: float
    score: tuple[float, ...]

    @cached_property
    def used(self) -> frozenset[str]:
        return frozenset(c.kernel for c in self.calls) & self.allowed


class _Market:
    """All offers with what each would cost."""

    def __init__(self, offers: Offers, costs: Costs, aim: str, most: float | None) -> None:
        self._aim = aim
        self._offers = [o if all(c.kernel in costs for c in o) else o[:1] for o in offers]
        priced = [c for o in self._offers for c in o if c.kernel in costs]
        self.kernels = frozenset(c.kernel for c in priced)
        self._costs = {k: costs[k] for k in self.kernels}
        self.levels = {k: self._level(costs[k], priced, k) for k in sorted(self.kernels)}
        self._time = {id(c): self._instructions(c) for c in priced}
        every = [c for o in self._offers for c in o]
        self._tables = {id(c): table_bytes(c) for c in every}
        fastest = sum(min(self._time.get(id(c), 0.0) for c in o) for o in self._offers)
        self._fastest = max(1.0, fastest)
        self._most = PATIENCE * fastest if most is None else max(most, fastest)
        self._memory = self._peaks(_footprints(self._offers)) if aim == "ram" else {}
        plain = frozenset(k for k in self.kernels if k.startswith(f"{REFERENCE}/"))
        self.starts = [self.kernels, plain] if self._covered(plain) else [self.kernels]
        """What to start from: all kernels, and those of the reference, as giving up one after the
        other may end with more than these cost."""
        least = sum(min(self._tables[id(c)] for c in o) for o in self._offers)
        self._prices = [p * (least + _USUAL_TABLES) / self._fastest for p in _PRICES[aim]]
        self.room = inf
        """Bytes of flash that are there where size is aimed at."""
        self.plain = self.of(self._plain())
        """The reference's kernels, and those of nodes for which it has none."""
        if aim == "size" and self._covered(plain):
            self._most = min(self._most, self.plain.time)

    def _plain(self) -> frozenset[str]:
        """The reference's kernels, and all of nodes for which it has none."""
        kernels = [[c.kernel for c in o if c.kernel in self.kernels] for o in self._offers]
        named = [[k for k in o if k.startswith(f"{REFERENCE}/")] or o for o in kernels]
        return frozenset(k for o in named for k in o)

    def lessen(self, room: float) -> None:
        """Leave no more flash than that; more to start from, as few ways lead there: the kernels of
        each set with the reference's."""
        self.room, plain = room, self._plain()
        sets = sorted({k.partition("/")[0] for k in self.kernels})
        own = [frozenset(k for k in self.kernels if k.startswith(f"{s}/")) for s in sets]
        self.starts += [kernels | plain for kernels in own]

    def _peaks(self, used: Mapping[int, int]) -> dict[int, int]:
        """What matters of footprints: never less than what the step that needs most needs in any
        case, or than the least peak for which no more than is allowed has to be paid."""
        floor = max((min(used[id(c)] for c in o) for o in self._offers), default=0)
        for peak in sorted({floor, *used.values()}):
            if peak >= floor and self._time_below(used, peak) <= self._most:
                return {call: max(nbytes, peak) for call, nbytes in used.items()}
        raise InternalError("the largest footprint of all leaves every kernel")

    def _time_below(self, used: Mapping[int, int], peak: int) -> float:
        """Instructions where no step needs more than it must or than ``peak``."""
        return sum(
            min((max(used[id(c)], peak), self._time.get(id(c), 0.0)) for c in o)[1]
            for o in self._offers
        )

    def _level(self, costs: Mapping[str, Cost], calls: Iterable[Call], kernel: str) -> str:
        """The level that serves the aim best, over all nodes that might use the kernel."""
        total = np.sum([work(c) for c in calls if c.kernel == kernel], axis=0)
        time = {n: costs[n].instructions(tuple(total)) for n in LEVELS if n in costs}

        def key(level: str) -> tuple[float, ...]:
            code = costs[level].code
            if self._aim == "balanced":
                return (time[level] * (code + _USUAL_TABLES),)
            return (code, time[level]) if self._aim == "size" else (time[level], code)

        return min(time, key=key)

    def _instructions(self, call: Call) -> float:
        return self._costs[call.kernel][self.levels[call.kernel]].instructions(work(call))

    def _covered(self, allowed: frozenset[str]) -> bool:
        return all(any(self._may(c, allowed) for c in o) for o in self._offers)

    def _may(self, call: Call, allowed: frozenset[str]) -> bool:
        return call.kernel in allowed or call.kernel not in self.kernels

    def changes(self, choice: _Choice) -> list[frozenset[str]]:
        """Other kernels to allow: without one, whose nodes then take any that is left, or one that
        is in use; with one more, in place of all whose nodes can do with it."""
        tried = [s - {k} for k in sorted(choice.used) for s in (choice.allowed, choice.used)]
        tried += [self._replacing(choice, k) for k in sorted(self.kernels - choice.used)]
        return [s for s in dict.fromkeys(tried) if self._covered(s)]

    def _replacing(self, choice: _Choice, kernel: str) -> frozenset[str]:
        """What is in use without all that a kernel can take the place of, and that one."""
        kept = {
            call.kernel
            for call, offers in zip(choice.calls, self._offers, strict=True)
            if all(c.kernel != kernel for c in offers)
        }
        return choice.used & kept | {kernel}

    def of(self, allowed: frozenset[str]) -> _Choice:
        """Each node's best among the kernels that are allowed; of several prices of time the one
        that serves the aim best."""
        offers = [[c for c in o if self._may(c, allowed)] for o in self._offers]
        made = (
            self._made([min(o, key=lambda c: self._own(c, price)) for o in offers], allowed)
            for price in self._prices
        )
        return min(made, key=lambda c: c.score)

    def _own(self, call: Call, price: float) -> tuple[float, ...]:
        time, tables = self._time.get(id(call), 0.0), self._tables[id(call)]
        if self._aim == "size":
            return (tables + price * time, time)
        return (self._memory[id(call)], time) if self._aim == "ram" else (time, tables)

    def _brought(self, kernels: Iterable[str]) -> int:
        """Bytes of the compiler's library that kernels bring along, each function once."""
        functions: dict[str, int] = {}
        for kernel in kernels:
            functions.update(self._costs[kernel][self.levels[kernel]].library)
        return sum(functions.values())

    def _made(self, calls: list[Call], allowed: frozenset[str]) -> _Choice:
        time = sum(self._time.get(id(c), 0.0) for c in calls)
        used = {c.kernel for c in calls} & self.kernels
        flash = sum(self._tables[id(c)] for c in calls)
        flash += sum(self._costs[k][self.levels[k]].code for k in used) + self._brought(used)
        return _Choice(calls, allowed, flash, time, self._score(calls, flash, time))

    def _score(self, calls: Sequence[Call], flash: float, time: float) -> tuple[float, ...]:
        if self._aim == "size":
            worth = flash * max(1.0, time / self._fastest) ** TIME_WEIGHT
            return (max(0.0, flash - self.room), max(0.0, time - self._most), worth, time)
        if self._aim == "ram":
            return (max((self._memory[id(c)] for c in calls), default=0), time)
        score = time * flash if self._aim == "balanced" else time + _WORTH * flash
        return (score, flash, time)


def _footprints(offers: Offers) -> dict[int, int]:
    """Bytes that are in use while a call runs: its own, and values that wait for later steps."""
    first = [o[0] for o in offers]
    born = {v: k for k, c in enumerate(first) for v in c.node.outputs}
    last = {v: k for k, c in enumerate(first) for v in c.node.inputs}
    sizes = {
        v: t.nbytes
        for c in first
        for k, (v, t) in enumerate(zip(c.node.inputs, c.site.inputs, strict=True))
        if k not in c.constants
    }
    found: dict[int, int] = {}
    for step, calls in enumerate(offers):
        inputs, own = calls[0].node.inputs, {*calls[0].node.inputs, *calls[0].node.outputs}
        waiting = [v for v in sizes if born.get(v, -1) < step < last[v] and v not in own]
        kept = sum(sizes[v] for v in waiting)
        dying = {k for k, v in enumerate(inputs) if last[v] == step}
        found |= {id(c): kept + step_bytes(c, dying) for c in calls}
    return found


def table_bytes(call: Call) -> int:
    """What a call's constants take in flash."""
    tables = sum(a.make().nbytes for a in call.binding.arguments if isinstance(a, Table))
    read = {a.index for a in call.binding.arguments if isinstance(a, In)}
    return tables + sum(call.site.inputs[i].nbytes for i in read & call.constants)
