"""Outcome: what a runner saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.quantity import Counted, Estimated

PAINTED = "painted, emulated"
"""Method of a stack's depth: memory below the initial stack pointer is painted, and what was
written is seen afterwards."""


@dataclass(frozen=True)
class RunOptions:
    """What to run and record. ``inputs``: input name -> [case, *shape] in the model's own dtype.

    ``trace``: record the outputs of every step. ``reset_each``: reset states before each case.
    ``timeout_s``: for all cases together. ``check_alignment``: report accesses that are not aligned
    to their size, on cores that would fault (slow). ``cache``: folder that keeps the emulators'
    plug-ins; where None they are built for this run. ``job``: ends the run where it is cancelled.
    """

    inputs: Mapping[str, np.ndarray]
    trace: bool = False
    reset_each: bool = True
    timeout_s: float = 120.0
    check_alignment: bool = False
    cache: Path | None = None
    job: Progress = field(default=SILENT, compare=False)


@dataclass(frozen=True)
class Outcome:
    """Outputs and counts of a run. Counts are per case; None where the runner cannot count.

    ``layers``: instructions per step (node name) of the first case. ``trace``: value name -> [case,
    *shape]. ``stack``: deepest byte written below the initial stack pointer, from reset, in
    any case, rounded up to 8; exact, as every case runs on two paints that differ in every byte.
    ``cycles``: what the cycle table makes of the executed blocks, as the board is calibrated; None
    where it is not: then there are instructions only. ``model_cycles``: the same at zero wait
    states and not calibrated, where the core has a table; ``layer_cycles``: per step of the first
    case.
    """

    runner: str
    runner_version: str
    method: Literal["measured", "emulated", "native"]
    board: str
    outputs: Mapping[str, np.ndarray]
    instructions: tuple[Counted, ...] | None = None
    cycles: tuple[Estimated, ...] | None = None
    layers: Mapping[str, Counted] | None = None
    stack: Counted | None = None
    trace: Mapping[str, np.ndarray] | None = None
    model_cycles: tuple[Estimated, ...] | None = None
    layer_cycles: Mapping[str, Estimated] | None = None

    def __str__(self) -> str:
        cases = len(next(iter(self.outputs.values()))) if self.outputs else 0
        counts = f", {self.instructions[0].text}" if self.instructions else ""
        stack = f", stack {self.stack.text}" if self.stack is not None else ""
        return (
            f"{cases} cases on {self.board} ({self.runner_version}, {self.method}){counts}{stack}"
        )


def least(counts: Sequence[Counted]) -> Counted:
    """The smallest of all cases."""
    return replace(min(counts, key=lambda c: c.value), samples=len(counts))


def most(counts: Sequence[Counted]) -> Counted:
    """The largest of all cases."""
    return replace(max(counts, key=lambda c: c.value), samples=len(counts))
