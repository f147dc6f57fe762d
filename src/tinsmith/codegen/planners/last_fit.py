"""Buffers in the order of their last step, from the end: good for chains whose results lie below
their operands, each a little lower than the one before."""

from collections.abc import Sequence

from tinsmith.codegen.planner import Buffer, Planner, place_in_order


def plan(buffers: Sequence[Buffer], alignment: int) -> dict[str, int]:
    """Offsets by name; at one step those that begin last, then larger ones, go first."""
    order = sorted(buffers, key=lambda b: (-b.last, -b.first, -b.nbytes, b.name))
    return place_in_order(order, alignment)


PLANNER = Planner("last_fit", plan)
