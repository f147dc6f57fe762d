"""What a certificate holds: the module as it was linked, and what is claimed of it. Data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph

VERSION = 1
Where = Literal["hashes", "plan", "image", "steps", "runs", "claims"]
"""The parts of the checker."""


@dataclass(frozen=True)
class Timed:
    """In what order a kernel says it reads an operand and writes its result: of each element of the
    operand when it is read for the last time, of each of the result when it is first written."""

    operand: int
    reads: np.ndarray
    writes: np.ndarray


@dataclass(frozen=True)
class Subject:
    """The module: graph that was compiled (``source``), graph that its steps compute, where each
    value lies, and the linked image. ``places``: (offset, bytes) in the arena by value, scratch by
    node + '#scratch'. ``sources``: SHA-256 of the C sources by path."""

    name: str
    board: Board
    toolchain: str
    source: Graph
    graph: Graph
    elf: bytes
    stack_bytes: int
    arena_bytes: int
    state_bytes: int
    places: Mapping[str, tuple[int, int]]
    state_offsets: Mapping[str, int]
    kept: tuple[str, ...]
    steps: Mapping[str, str]
    kernels: Mapping[str, str]
    orders: Mapping[str, tuple[Timed, ...]]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class SumsClaim:
    """Of a layer of integers. ``low``, ``high``: all sums, whatever the order of their products,
    lie between. ``wraps``: they do not fit the type of sums, and both the meaning and the kernel
    wrap. ``taps``: weights, ``taps_seen``: those without which (or, of a zero, with another value)
    some executed result would differ; the same for biases. ``mute``: channels with the same result
    for every sum, whose taps and bias nothing can show. ``breakpoints``: sums next to a change
    of the requantised result that were to be executed, ``breakpoints_hit``: those that were."""

    low: int
    high: int
    wraps: bool
    taps: int
    taps_seen: int
    biases: int
    biases_seen: int
    mute: int
    breakpoints: int
    breakpoints_hit: int


@dataclass(frozen=True)
class StepClaim:
    """Of a step. ``stimuli``: how often it was executed, each time equal to the interpreter.
    ``instructions``: the most; ``constant``: always the same. ``stack``: deepest, in bytes.
    ``alignment``: the largest power of two, up to 16, that divides the addresses of all constants
    that the step reads."""

    node: str
    kernel: str
    stimuli: int
    instructions: int
    constant: bool
    stack: int
    alignment: int
    sums: SumsClaim | None


@dataclass(frozen=True)
class Claims:
    """Of the whole module. ``runs``: inferences of the linked image that were equal to the source
    graph; ``instructions``: the most that one took, ``constant``: always the same."""

    steps: tuple[StepClaim, ...]
    runs: int
    instructions: int
    constant: bool
    stack: int


@dataclass(frozen=True)
class Certificate:
    """A subject and what is claimed of it. ``hashes``: SHA-256 of image, graphs and sources."""

    version: int
    subject: Subject
    claims: Claims
    hashes: Mapping[str, str]


class Rejected(UserError):
    """A certificate, or a module that none can be given for: which part says so, and why."""

    def __init__(self, part: Where, reason: str) -> None:
        super().__init__(
            f"certificate.{part}", f"Rejected by {part}: {reason}",
            "The module must not be used; compile it anew and report this.",
        )  # fmt: skip
        self.part = part
