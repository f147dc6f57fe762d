"""Requantisation held against its definition on every sum that can be, by loops that are compiled
for this computer (firmware/emulator/rounding.c)."""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tinsmith.build.plugins import plugin
from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Part
from tinsmith.ir.op import Site
from tinsmith.ir.ops._layout import integer

BUDGET = 3_000_000_000
"""Sums of a module that are compared: about ten seconds."""
_PIECE = 1 << 24
"""Sums that are compared before the job is asked whether to go on: tenths of a second."""


@dataclass(frozen=True)
class Scaling:
    """A sum times multiplier * 2^(shift - 31), ``once`` rounded or twice, plus ``zero``, within
    ``low`` .. ``high``."""

    multiplier: int
    shift: int
    zero: int
    low: int
    high: int
    once: bool


class _Sums(ctypes.Structure):
    """ts_sums of rounding.c."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            "first",
            "last",
            "multiplier",
            "shift",
            "zero",
            "low",
            "high",
            "once",
            "wrong",
        )
    ]


@dataclass(frozen=True)
class Compared:
    """How many pairs of a scaling and a sum were equal; whether these are ``all`` that can be, or
    those next to a change of the result; the first pair that was not, if any."""

    sums: int
    all: bool
    wrong: tuple[Scaling, int] | None = None


def scalings(
    use: tuple[Part, Site], values: Sequence[np.ndarray | None], channels: int
) -> tuple[Scaling, ...]:
    """Of each channel, where a part of a node requantises in whole numbers of 32 bits; ``values``:
    constants by operand."""
    part, attrs = use[0], use[1].attrs
    if part.op != "requantize" or attrs["rounding"] not in ("double", "single"):
        return ()
    multiplier, shift = (values[i] for i in part.inputs[1:3])
    if multiplier is None or shift is None:
        return ()
    zero, low, high = (integer(part.op, attrs, n) for n in ("zero_point", "act_min", "act_max"))
    once = attrs["rounding"] == "single"
    rows = (np.broadcast_to(v.ravel(), channels).tolist() for v in (multiplier, shift))
    return tuple(Scaling(m, s, zero, low, high, once) for m, s in zip(*rows, strict=True))


class Scaled(Protocol):
    """A layer whose sums are requantised (`prove/certificate/checker/layers.py`, Layer)."""

    @property
    def sums(self) -> str: ...  # noqa: D102
    @property
    def scalings(self) -> tuple[Scaling, ...]: ...  # noqa: D102
    def within(self) -> tuple[np.ndarray, np.ndarray]: ...  # noqa: D102
    def breakpoints(self) -> list[np.ndarray]: ...  # noqa: D102


def compared(
    layers: Iterable[Scaled], cache: Path | None, job: Progress = SILENT, budget: int = BUDGET
) -> Compared:
    """What kernels would compute of the sums of layers, against the definition. All sums are
    compared if they are within the budget, else three at each change of a result, and the ends."""
    found = [layer for layer in layers if layer.sums == "int32"]
    ranges: dict[Scaling, tuple[int, int]] = {}
    for layer in found:
        for s, first, last in zip(layer.scalings, *_ends(layer), strict=False):
            a, b = ranges.get(s, (first, last))
            ranges[s] = min(a, first), max(b, last)
    pieces = [(s, a, b) for s, (a, b) in ranges.items()]
    every = sum(b - a + 1 for _, a, b in pieces) <= budget
    if not every:
        ends = ((s, end, end) for s, a, b in pieces for end in (a, b))
        pieces = [*ends, *(p for layer in found for p in _changes(layer))]
    count = sum(b - a + 1 for _, a, b in pieces)
    return Compared(count, every, first_difference(pieces, cache, job))


def _ends(layer: Scaled) -> tuple[list[int], list[int]]:
    low, high = layer.within()
    return low.tolist(), high.tolist()


def _changes(layer: Scaled) -> Iterator[tuple[Scaling, int, int]]:
    if layer.scalings:
        rows = zip(layer.scalings, *_ends(layer), layer.breakpoints(), strict=True)
        for s, first, last, changes in rows:
            for c in changes.tolist():
                yield s, max(first, c - 1), min(last, c + 1)


def first_difference(
    asked: Iterable[tuple[Scaling, int, int]], cache: Path | None, job: Progress = SILENT
) -> tuple[Scaling, int] | None:
    """The first scaling and sum for which kernels would compute something else than is defined;
    None if there is none. ``asked``: scalings, each with the first and last of its sums, int32."""
    with plugin("rounding", cache, job) as path:
        compare = ctypes.CDLL(str(path)).ts_rounding
        for s, first, last in asked:
            for start in range(first, last + 1, _PIECE):
                job.check()
                end = min(last, start + _PIECE - 1)
                given = _Sums(start, end, s.multiplier, s.shift, s.zero, s.low, s.high, s.once, 0)
                if not compare(ctypes.byref(given)):
                    return s, int(given.wrong)
    return None
