"""Operands of operations on elements that are smaller than the result: each element serves several
of the result's.

One number serves all. Any other operand spans axes of the result that lie side by side: element i
of the result meets its element (i / inner) modulo period. ``inner`` is 1 for the last axes (one
number per channel of a picture with channels last), more for axes before them (channels first).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from tinsmith.ir.op import ShapeError

Shape = Sequence[int]


@dataclass(frozen=True)
class Repeat:
    """Element i of a result of ``whole`` elements meets element (i / inner) modulo period of an
    operand that has ``period``."""

    period: int
    inner: int
    whole: int

    @property
    def step(self) -> int:
        """1 where neighbours in the result meet neighbours of the operand, else 0."""
        return int(self.inner == 1)

    @property
    def blocks(self) -> tuple[int, int, int]:
        """The same as kernels of two operands are told: elements that take turns, how many of the
        result's belong to one block, and how many blocks there are until the first comes again."""
        along = self.inner == 1 or self.period == 1
        return (self.period, self.whole, 1) if along else (1, self.inner, self.period)


def repeat_of(own: Shape, result: Shape) -> Repeat | None:
    """How an operand of a shape meets a result, by the broadcasting of numpy; None where it does
    not, or where its axes have one between them along which it repeats."""
    whole, wide = prod(result), (*(1,) * (len(result) - len(own)), *own)
    if len(wide) > len(result) or any(d not in (1, r) for d, r in zip(wide, result, strict=True)):
        return None
    axes = [i for i, d in enumerate(wide) if d > 1]
    if not axes:
        return Repeat(1, whole, whole)
    first, end = axes[0], axes[-1] + 1
    if any(d != r for d, r in zip(wide[first:end], result[first:end], strict=True)):
        return None
    return Repeat(prod(wide), prod(result[end:]), whole)


def result_of(*shapes: Shape) -> tuple[int, ...] | None:
    """The shape of the result: that of an operand, which the others repeat to."""
    largest = max(shapes, key=lambda s: (prod(s), len(s)))
    return None if run_of(largest, *shapes) is None else tuple(largest)


def run_of(result: Shape, *shapes: Shape) -> int | None:
    """How many elements of the result follow each other along which each operand either stays at
    one element or goes on by one each time; None where there is no such number for all."""
    found = [repeat_of(s, result) for s in shapes]
    repeats = [r for r in found if r is not None]
    if len(repeats) < len(found):
        return None
    run = min([r.inner if r.inner > 1 else r.period for r in repeats], default=1)
    fits = all(
        r.inner in (1, run, r.whole) and (r.inner > 1 or r.period % run == 0) for r in repeats
    )
    return run if fits else None


def broadcast_result(op: str, names: Sequence[str], shapes: Sequence[Shape]) -> tuple[int, ...]:
    """The shape of a result; ShapeError where operands do not repeat to it."""
    result = result_of(*shapes)
    if result is None:
        told = ", ".join(f"{n} {tuple(s)}" for n, s in zip(names, shapes, strict=True))
        raise ShapeError(
            op,
            f"{told}; expected like the largest, with 1 for the first or last axes, or one element",
        )
    return result


def paces(result: Shape, *shapes: Shape) -> list[int]:
    """What kernels are told: elements of the result, the run, then period and step per operand."""
    run = run_of(result, *shapes)
    repeats = [r for s in shapes if (r := repeat_of(s, result)) is not None]
    assert run is not None  # so says infer
    return [prod(result), run, *(n for r in repeats for n in (r.period, r.step))]
