"""Planner: puts buffers with lifetimes into one arena. The verifier in codegen/verify.py knows
nothing of it."""

from collections.abc import Callable, Sequence
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
