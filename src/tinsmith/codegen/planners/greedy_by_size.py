"""Largest buffer first, each at the lowest address that is free during its life.

Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020,
section 5.2 (greedy by size for offset calculation).
"""

from collections.abc import Sequence

from tinsmith.codegen.planner import Buffer, Planner, place_in_order


def plan(buffers: Sequence[Buffer], alignment: int) -> dict[str, int]:
    """Offsets by name; ties are broken by first step and name, so that plans are reproducible."""
    return place_in_order(sorted(buffers, key=lambda b: (-b.nbytes, b.first, b.name)), alignment)


PLANNER = Planner("greedy_by_size", plan)
