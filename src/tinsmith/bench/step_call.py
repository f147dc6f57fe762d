"""A single step of a linked image, called by itself: what a certificate executes."""

from dataclasses import dataclass


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
