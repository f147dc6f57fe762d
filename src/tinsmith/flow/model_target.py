"""Where a model file is built and run: board, toolchain, runner, and what they need of time and
memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import DEFAULT_STACK, PORT, BuildOptions, build_image, check_stack
from tinsmith.build.shared import build_shared
from tinsmith.build.toolchain import TOOLCHAINS, toolchains_for
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, UnknownKind, UserError, some
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import BOARDS, Board, find_board
from tinsmith.flow.places import check_cache
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS

_ROOM = 1 << 26
_MAC_INSTRUCTIONS = 300
"""Of one multiply-accumulate in soft float, generously."""
_ELEMENT_INSTRUCTIONS = 3000
"""Of one element of an operand or result, an exponential in soft float included."""
_INSTRUCTIONS_PER_S = 15e6
"""Of an emulator on a busy computer."""
_LEAST_S = 120.0


class DoesNotFit(UserError):
    """A model that is too large for a board; bytes needed (the reserved stack is in RAM)."""

    def __init__(self, module: InferenceModule, board: Board, flash: int, ram: int) -> None:
        needs = [
            f"{need} B of {what}, has {has} B ({need - has} B too many)"
            if need > has
            else f"{need} B of {what}, has {has} B"
            for what, need, has in (
                ("flash", flash, board.flash_bytes),
                ("RAM", ram, board.ram_bytes),
            )
        ]
        roomy = [b for b in BOARDS.all() if b.flash_bytes >= flash and b.ram_bytes >= ram]
        roomy.sort(key=lambda b: (b.core != board.core, b.ram_bytes, b.id))
        super().__init__(
            "build.fit",
            f"Model {module.name!r} does not fit {board.id}: needs {'; needs '.join(needs)}."
            f"{_largest(module, ram > board.ram_bytes)}",
            f"Boards with enough memory: {some([b.id for b in roomy])}."
            if roomy
            else "No board has that much memory: try a smaller model.",
        )
        self.flash_bytes = flash
        self.ram_bytes = ram


@dataclass(frozen=True)
class Target:
    """A board with a toolchain and a runner that serve it. ``optimize``: empty for the
    toolchain's own choice; ``stack_bytes``: None for the usual stack; ``keep_inputs``: a run leaves
    its inputs as they were written. ``compiler``, ``engine``:
    versions of toolchain and runner; the latter is empty where nothing is going to run."""

    board: Board
    toolchain: str
    runner: str
    cache: Path
    optimize: str = ""
    stack_bytes: int | None = None
    compiler: str = ""
    engine: str = ""
    keep_inputs: bool = False

    def aimed(self, choices: Choices) -> Choices:
        """Choices that serve what the target is optimised for, where that was asked for."""
        return replace(choices, aim=self.optimize or choices.aim, keep_inputs=self.keep_inputs)

    def keeping(self, inputs: bool) -> "Target":
        """With inputs that a run keeps, or may overwrite."""
        return replace(self, keep_inputs=inputs)

    def linking(self) -> "Target":
        """What an image depends on: without the runner."""
        return replace(self, runner="", engine="")

    def reserving(self, stack_bytes: int | None) -> "Target":
        """With a stack of one's own; None for the usual one.

        Raises:
            UserError ``build.stack``: no board can have it, or this one has no memories.
        """
        if stack_bytes is None:
            return self
        check_stack(stack_bytes)
        if not self.board.memories:
            raise UserError(
                "build.stack",
                f"On board {self.board.id!r} no stack is reserved or measured.",
                "Ask for none, or name a board with memories: see `tinsmith board list`.",
            )
        return replace(self, stack_bytes=stack_bytes)

    def tracing(self) -> "Target":
        """Itself, where its runner records layers.

        Raises:
            UserError ``compare.trace``: it does not.
        """
        if not RUNNERS.get(self.runner).traces:
            raise UserError(
                "compare.trace",
                f"Runner {self.runner!r} records no layers, and {self.board.id} is to run on "
                "nothing else.",
                "Compare on 'host' or on a board that runner 'unicorn' serves.",
            )
        return self

    def running(self) -> "Target":
        """With the version of the runner.

        Raises:
            MissingTool: the runner is not installed.
        """
        return replace(self, engine=RUNNERS.get(self.runner).find())

    def build(self, module: InferenceModule, job: Progress = SILENT) -> Firmware:
        """The image whose sizes count: the board's own port and exact memories.

        Raises:
            DoesNotFit: it needs more memory than the board has.
        """
        if not self.board.memories:
            return build_shared(module, self.cache, self.optimize, job)
        try:
            return build_image(module, self.board, self.toolchain, self._options(job))
        except UserError as e:
            if e.code != "build.fit":
                raise
        raise self._too_big(module, job)

    def run(self, firmware: Firmware, options: RunOptions, job: Progress = SILENT) -> Outcome:
        """All cases on the runner, with an image of its port; time is allowed by the model's work.

        Raises:
            UserError: what `bench.run.run` raises.
        """
        module = firmware.module
        port = RUNNERS.get(self.runner).port
        if firmware.port != port:
            firmware = build_image(module, self.board, self.toolchain, self._options(job, port))
        cases = len(next(iter(options.inputs.values())))
        seconds = seconds_for(module.graph, cases)
        allowed = replace(options, cache=self.cache, timeout_s=seconds, job=job)
        return run(firmware, self.board, self.runner, allowed)

    def _options(self, job: Progress, port: str = PORT) -> BuildOptions:
        return BuildOptions(self.cache, port, self.stack_bytes, self.optimize, job)

    def _too_big(self, module: InferenceModule, job: Progress) -> DoesNotFit:
        """Linked with room to spare, the image itself says what it needs."""
        roomy = tuple(replace(m, nbytes=m.nbytes + _ROOM) for m in self.board.memories)
        board = replace(self.board, memories=roomy)
        firmware = build_image(module, board, self.toolchain, self._options(job))
        size, stack = firmware.size, self.stack_bytes or DEFAULT_STACK
        if size is None:
            raise InternalError(f"an image for {board.id} has no sizes")
        return DoesNotFit(module, self.board, size.flash.whole, size.ram_static.whole + stack)


def _largest(module: InferenceModule, ram: bool) -> str:
    """The largest buffer in RAM, or else the largest constant."""
    places = {name: place.nbytes for name, place in module.plan.places.items()}
    constants = {name: array.nbytes for name, array in module.graph.constants.items()}
    what, sizes = ("buffer", places) if ram else ("constant", constants)
    name = max(sorted(sizes), key=lambda k: sizes[k], default="")
    return f" The largest {what} is {name!r} with {sizes[name]} B." if name else ""


def choose_target(
    board: str, toolchain: str = "", runner: str = "", optimize: str = "", *, cache: Path
) -> Target:
    """`target_for` a board by its id, or by the path of a user's own.

    Raises:
        UnknownKind, UserError: see `find_board` and `target_for`.
    """
    return target_for(find_board(board), toolchain, runner, optimize, cache=cache)


def target_for(
    board: Board,
    toolchain: str = "",
    runner: str = "",
    optimize: str = "",
    *,
    cache: Path,
) -> Target:
    """A board with what was asked for, or with the first toolchain and runner that serve it.

    Raises:
        UnknownKind: no such toolchain, runner or optimisation.
        MissingTool: the toolchain is not installed.
        UserError: ``model.target`` (the board is not served by it), ``cache.folder`` (objects
            cannot be kept), ``build.toolchain.core`` or ``bench.board`` (nothing serves the board).
    """
    chain = _one_of(toolchain, toolchains_for(board), f"board {board.id!r} and toolchain")
    engine = _one_of(runner, runners_for(board), f"board {board.id!r} and runner")
    compiler = TOOLCHAINS.get(chain).find().version
    RUNNERS.get(engine)
    known = TOOLCHAINS.get(chain).optimize
    if optimize and optimize not in known:
        raise UnknownKind("optimisation", optimize, known)
    objects = cache / "objects"
    check_cache(objects)
    return Target(board, chain, engine, objects, optimize, compiler=compiler)


def _one_of(wanted: str, allowed: tuple[str, ...], what: str) -> str:
    if wanted and wanted not in allowed:
        raise UserError(
            "model.target",
            f"There is no such pair: {what} {wanted!r}.",
            f"This board has: {', '.join(allowed)}.",
        )
    return wanted or allowed[0]


def seconds_for(graph: Graph, cases: int) -> float:
    """Time to allow for a run: far more than any healthy run takes, for any model."""
    return _LEAST_S + 2 * cases * instructions_at_most(graph) / _INSTRUCTIONS_PER_S


def instructions_at_most(graph: Graph) -> float:
    """A generous bound on the instructions of one inference."""
    total = 0.0
    for node in graph.nodes:
        macs = OPS.get(node.op).cost(site_of(graph, node)).macs
        elements = sum(graph.type(v).elements for v in (*node.inputs, *node.outputs))
        total += macs * _MAC_INSTRUCTIONS + elements * _ELEMENT_INSTRUCTIONS
    return total


def work_text(graph: Graph, inputs: Mapping[str, np.ndarray]) -> str:
    """What a run has to do, for people who wait."""
    cases = len(next(iter(inputs.values())))
    macs = sum(OPS.get(n.op).cost(site_of(graph, n)).macs for n in graph.nodes)
    return f"{cases} case{'s' * (cases != 1)}, {macs / 1e6:.3g} million multiply-accumulates each"
