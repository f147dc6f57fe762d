"""Buffers in order of their first step, each at the lowest address that is free during its life:
good for chains, where a result can slide over its dying operand."""

from collections.abc import Sequence

from tinsmith.codegen.planner import Buffer, Planner, place_in_order


def plan(buffers: Sequence[Buffer], alignment: int) -> dict[str, int]:
    """Offsets by name; at one step larger buffers go first."""
    return place_in_order(sorted(buffers, key=lambda b: (b.first, -b.nbytes, b.name)), alignment)


PLANNER = Planner("first_fit", plan)
