"""A single step of a linked image, called by itself: what a certificate executes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StepCall:
    """A step by its node's name, and every byte of arena and state before it."""

    node: str
    arena: bytes
    state: bytes = b""


@dataclass(frozen=True)
class StepResult:
    """Every byte of arena and state after a step, how many instructions it took, how deep its stack
    was in B, and whether it wrote to any other byte of RAM."""

    arena: bytes
    state: bytes
    instructions: int
    stack: int
    outside: bool


Blocks = frozenset[tuple[int, int]]
"""Runs of instructions: address and bytes of each."""


@dataclass(frozen=True)
class Stepped:
    """Steps that were called, in order, and the blocks that any call of a step executed, by the
    step's address."""

    results: tuple[StepResult, ...]
    executed: Mapping[int, Blocks]


def by_function(rows: np.ndarray) -> dict[int, Blocks]:
    """Blocks by what executed them; ``rows``: function, address and bytes of each, in any order."""
    found: dict[int, set[tuple[int, int]]] = {}
    for function, address, nbytes in rows.tolist():
        found.setdefault(function, set()).add((address, nbytes))
    return {function: frozenset(blocks) for function, blocks in found.items()}
