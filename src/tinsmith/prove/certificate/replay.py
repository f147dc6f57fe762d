"""The way from a certificate to the emulator: it carries data over, and judges nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.runners.unicorn import call_steps, refuses
from tinsmith.bench.runners.unicorn import run as run_image
from tinsmith.bench.step_call import StepCall, StepResult
from tinsmith.build.firmware import Firmware
from tinsmith.build.sizes import symbols
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board
from tinsmith.prove.certificate.statement import Subject

_TIMEOUT_S = 600.0


class Emulator:
    """Executes a subject's image: whole, or single steps. ``cache``: folder of the emulator's
    plug-ins."""

    def __init__(self, subject: Subject, cache: Path | None, job: Progress = SILENT) -> None:
        self.symbols = symbols(subject.elf, subject.board.core.isa.startswith("arm"))
        self._subject, self._cache, self._job = subject, cache, job
        self._firmware = _firmware(subject, self.symbols)
        self._faults = subject.board.core.isa.startswith(("armv6", "rv"))

    def call(self, calls: Sequence[StepCall], strict: bool) -> tuple[StepResult, ...]:
        """Single steps. ``strict``: on cores that would fault there, accesses that are not aligned
        end it, which takes time; addresses are the same for all data."""
        options = self._options({}, strict and self._faults)
        return call_steps(self._firmware, self._subject.board, calls, options)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Outcome:
        """Whole inferences."""
        return run_image(self._firmware, self._subject.board, self._options(inputs, False))

    def _options(self, inputs: Mapping[str, np.ndarray], strict: bool) -> RunOptions:
        return RunOptions(
            inputs, timeout_s=_TIMEOUT_S, check_alignment=strict, cache=self._cache,
            job=self._job,
        )  # fmt: skip


def why_not(board: Board) -> str:
    """Why nothing can be executed on a board's core; empty where it can."""
    return refuses(board)


def _firmware(subject: Subject, found: Mapping[str, int]) -> Firmware:
    places = {name: Place(at, n, 0, 0) for name, (at, n) in subject.places.items()}
    plan = MemoryPlan(
        "", subject.arena_bytes, places, subject.state_bytes, dict(subject.state_offsets)
    )
    module = InferenceModule(
        subject.name, subject.board.id, "", subject.graph, plan, {}, subject.steps, subject.kernels
    )
    return Firmware(
        subject.board.id, "bare", "", subject.toolchain, "image", subject.elf, None, found,
        subject.stack_bytes, module,
    )  # fmt: skip
