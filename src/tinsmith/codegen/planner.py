"""Planner: puts buffers with lifetimes into one arena. The verifier in codegen/verify.py knows
nothing of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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


def fits(a: Buffer, at_a: int, b: Buffer, at_b: int) -> bool:
    """Whether two placed buffers may coexist: apart in time, apart in memory, or one above the
    other as declared."""
    if a.last < b.first or b.last < a.first:
        return True
    if at_a + a.nbytes <= at_b or at_b + b.nbytes <= at_a:
        return True
    return _above(a, at_a, b, at_b) or _above(b, at_b, a, at_a)


def place_in_order(buffers: Iterable[Buffer], alignment: int) -> dict[str, int]:
    """Give each buffer, in the given order, the lowest address at which it fits with those placed
    before it."""
    placed: list[tuple[Buffer, int]] = []
    for buffer in buffers:
        offsets = sorted(_candidates(buffer, placed, alignment))
        at = next(o for o in offsets if all(fits(buffer, o, p, at_p) for p, at_p in placed))
        placed.append((buffer, at))
    return {b.name: at for b, at in placed}


def _above(result: Buffer, at: int, operand: Buffer, at_operand: int) -> bool:
    distance = dict(result.above).get(operand.name)
    return distance is not None and at_operand - at >= distance


def _candidates(buffer: Buffer, placed: list[tuple[Buffer, int]], alignment: int) -> set[int]:
    """Zero, the end of every placed buffer (the highest end always fits), and for declared overlap
    the nearest legal address below or above the other."""
    found = {0}
    for other, at in placed:
        found.add(align_up(at + other.nbytes, alignment))
        if other.name in dict(buffer.above):
            found.add((at - dict(buffer.above)[other.name]) // alignment * alignment)
        if buffer.name in dict(other.above):
            found.add(align_up(at + dict(other.above)[buffer.name], alignment))
    return {o for o in found if o >= 0}
