"""Executes a linked image that is known by its bytes and its plan alone, whole or step by step: the
checker of certificates asks for it. Data are carried over, and nothing is judged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from tinsmith.bench import step_driver
from tinsmith.bench.coverage import Code
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.runners import unicorn
from tinsmith.bench.step_call import Blocks, StepCall, StepResult
from tinsmith.build.firmware import Firmware
from tinsmith.build.sizes import load_segments, symbols
from tinsmith.build.stack import stack_report
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph, Node

_TIMEOUT_S = 600.0
_AROUND = (
    "_start", "ts_start", "ts_exception", "ts_main", "ts_reset", "ts_begin", "ts_end", "ts_fault",
)  # fmt: skip
"""Functions of an image around its module (firmware/ports)."""


class Linked(Protocol):
    """A linked module: its image, and where each value lies in arena and state."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def board(self) -> Board: ...  # noqa: D102
    @property
    def toolchain(self) -> str: ...  # noqa: D102
    @property
    def graph(self) -> Graph: ...  # noqa: D102
    @property
    def elf(self) -> bytes: ...  # noqa: D102
    @property
    def stack_bytes(self) -> int: ...  # noqa: D102
    @property
    def arena_bytes(self) -> int: ...  # noqa: D102
    @property
    def state_bytes(self) -> int: ...  # noqa: D102
    @property
    def places(self) -> Mapping[str, tuple[int, int]]: ...  # noqa: D102
    @property
    def state_offsets(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def steps(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def kernels(self) -> Mapping[str, str]: ...  # noqa: D102


class Stopped(Exception):
    """An image did what its core does not survive, or took too long; ``part``: in which call."""

    def __init__(self, part: Literal["steps", "runs"], message: str) -> None:
        super().__init__(message)
        self.part = part


@contextmanager
def _stopping(part: Literal["steps", "runs"]) -> Iterator[None]:
    try:
        yield
    except MissingTool:
        raise
    except UserError as e:
        raise Stopped(part, e.message) from None


class Emulator:
    """An image on its emulated core. ``cache``: folder of the emulator's plug-ins."""

    def __init__(self, image: Linked, cache: Path | None, job: Progress = SILENT) -> None:
        self._image, self._cache, self._job = image, cache, job
        self._faults = image.board.core.isa.startswith(("armv6", "rv"))
        self._alone = not unicorn.refuses(image.board)
        self._executed: dict[int, Blocks] = {}

    @cached_property
    def symbols(self) -> Mapping[str, int]:
        """Addresses by name."""
        return symbols(self._image.elf, self._image.board.core.isa.startswith("arm"))

    def addresses(self, node: Node) -> dict[str, int]:
        """Of the constants that a step reads, by value, and of its tables, by symbol: equal tables
        are stored once, under the name of the first step that reads them."""
        name, known = self._image.name, self.symbols
        held = {v: known[f"{name}_w_{v}"] for v in node.inputs if f"{name}_w_{v}" in known}
        tables = {s: a for s, a in known.items() if s.startswith(f"{name}_t_")}
        own = {s: a for s, a in tables.items() if s.startswith(f"{name}_t_{node.name}_")}
        return {**held, **(own or tables)}

    def stack_bounds(self) -> tuple[int | None, Mapping[str, int], str]:
        """The deepest stack that the image can need from reset, that of each step by node, and why
        some have no bound (see `build/stack.py`)."""
        image, module = self._image, self._firmware.module
        found = stack_report(image.elf, image.board, module, image.toolchain)
        steps = {node: bound.whole for node, bound in found.steps.items()}
        return found.image.whole if found.image else None, steps, found.unbounded

    def call(self, calls: Sequence[StepCall], strict: bool) -> tuple[StepResult, ...]:
        """Single steps. ``strict``: on cores that would fault there, accesses that are not aligned
        end it, which takes time; addresses are the same for all data."""
        options = self._options({}, strict and self._faults)
        way = unicorn.call_steps if self._alone else step_driver.step_calls
        with _stopping("steps"):
            done = way(self._firmware, self._image.board, calls, options)
        for function, blocks in done.executed.items():
            self._executed[function] = self._executed.get(function, frozenset()) | blocks
        return done.results

    def run(self, inputs: Mapping[str, np.ndarray]) -> Outcome:
        """Whole inferences."""
        way = unicorn.run if self._alone else step_driver.run
        with _stopping("runs"):
            return way(self._firmware, self._image.board, self._options(inputs, False))

    def covered(self, node: Node) -> tuple[int, int]:
        """Bytes of code of the functions that a step entered so far, and those of them that it
        executed."""
        return self._code.share(self._executed.get(self.symbols[self._image.steps[node.name]], ()))

    def unreached(self) -> tuple[str, ...]:
        """Functions, and parts of functions, that no step executed so far, apart from those that
        call steps or never return to one."""
        name = self._image.name
        own = *_AROUND, *(f"{name}_{f}" for f in ("init", "reset", "run"))
        return tuple(self._code.unseen(self._executed.values(), own))

    @cached_property
    def _loaded(self) -> list[tuple[int, bytes]]:
        return load_segments(self._image.elf)

    @cached_property
    def _code(self) -> Code:
        return Code(self._image.elf, self._image.board.core.isa.startswith("arm"))

    def stored(self, address: int, nbytes: int) -> bytes:
        """What the image holds from an address on; fewer bytes where it ends."""
        for at, data in self._loaded:
            if at <= address < at + len(data):
                return data[address - at :][:nbytes]
        return b""

    def _options(self, inputs: Mapping[str, np.ndarray], strict: bool) -> RunOptions:
        return RunOptions(
            inputs, timeout_s=_TIMEOUT_S, check_alignment=strict, cache=self._cache,
            job=self._job,
        )  # fmt: skip

    @cached_property
    def _firmware(self) -> Firmware:
        i = self._image
        places = {name: Place(at, n, 0, 0) for name, (at, n) in i.places.items()}
        plan = MemoryPlan("", i.arena_bytes, places, i.state_bytes, dict(i.state_offsets))
        module = InferenceModule(i.name, i.board.id, "", i.graph, plan, {}, i.steps, i.kernels)
        return Firmware(
            i.board.id, "bare", "", i.toolchain, "image", i.elf, None, self.symbols,
            i.stack_bytes, module,
        )  # fmt: skip


def check_board(board: Board) -> None:
    """Raises UserError ``certificate.board`` where nothing can be executed on a board's core."""
    if reason := why_not(board):
        raise UserError(
            "certificate.board",
            f"No emulator executes single steps of board {board.id}: {reason}.",
            "Name a board whose core is emulated.",
        )


def why_not(board: Board) -> str:
    """Why nothing can be executed on a board's core; empty where it can."""
    alone, beside = unicorn.refuses(board), step_driver.refuses(board)
    return f"{alone}; {beside}" if alone and beside else ""
