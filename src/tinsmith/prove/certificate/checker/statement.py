"""What a certificate holds: the module as it was linked, and what is claimed of it. Data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph

VERSION = 3
Where = Literal["hashes", "plan", "image", "rounding", "steps", "runs", "claims"]
"""The parts of the checker."""


@dataclass(frozen=True)
class Timed:
    """Declared by a kernel: of each element of an operand when it is read for the last time, of
    each of the result when it is first written."""

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
    wrap. ``taps_seen`` of so many weights: without them (or, of a zero, with another value) some
    executed result would differ; the same for biases. ``mute``: channels with the same result for
    every sum. ``breakpoints``: sums on both sides of a change of the requantised result (of 512
    changes of a channel at most), ``breakpoints_hit``: those that were executed."""

    low: int
    high: int
    wraps: bool
    taps: int
    biases: int
    mute: int
    taps_seen: int
    biases_seen: int
    breakpoints: int
    breakpoints_hit: int


@dataclass(frozen=True)
class StepClaim:
    """Of a step. ``stimuli``: how often it was executed, each time equal to the interpreter.
    ``instructions``: the most; ``constant``: always the same. ``stack``: the deepest that was seen,
    ``stack_bound``: that the code can need (None: no bound), in B. ``alignment``: the largest power
    of two, up to 16, that divides the addresses of all constants that the step reads. ``code``:
    bytes of code of the functions that it entered, and how many of them it executed."""

    node: str
    kernel: str
    stimuli: int
    instructions: int
    constant: bool
    stack: int
    stack_bound: int | None
    alignment: int
    code: tuple[int, int]
    sums: SumsClaim | None


@dataclass(frozen=True)
class Claims:
    """Of the whole module. ``runs``: inferences of the linked image that were equal to the source
    graph; ``instructions``: the most that one took, ``constant``: always the same. ``stack``,
    ``stack_bound``: as of a step, from reset; ``unbounded``: why the code has no bound.
    ``rounded``: pairs of a channel's scaling and a sum for which requantisation equals its
    definition; ``rounded_all``: all that can be, or only those next to a change of the result.
    ``unreached``: functions and parts of functions that no step executed: of them nothing is told.
    """

    steps: tuple[StepClaim, ...]
    runs: int
    instructions: int
    constant: bool
    stack: int
    stack_bound: int | None
    unbounded: str
    rounded: int
    rounded_all: bool
    unreached: tuple[str, ...]


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
