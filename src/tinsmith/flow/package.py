"""Packages a model file, or a project's model, as archives that drop into a firmware project."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tinsmith.build.package import PACKAGES, Order, check_version
from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.devices.board import Board, find_board
from tinsmith.flow import stages
from tinsmith.flow.certified import papers_of
from tinsmith.flow.first_link import explained
from tinsmith.flow.golden import golden_of
from tinsmith.flow.locks import lock_of, locked
from tinsmith.flow.model import open_model
from tinsmith.flow.model_inputs import read_inputs
from tinsmith.flow.model_target import target_for
from tinsmith.flow.names import check_name, name_of
from tinsmith.flow.parts import chosen
from tinsmith.flow.places import check_output_folder
from tinsmith.flow.run import make_model
from tinsmith.flow.steps import Steps


@dataclass(frozen=True)
class PackageOptions:
    """What to make.

    Args:
        kinds: package kinds, at least one.
        output: folder of the archives.
        version: ``<major>.<minor>.<patch>`` of the packages.
        board: what a model file is compiled for: id of a board, or path of a user's own.
        toolchain: compiles for that board; its first if empty.
        inputs: .npz of golden inputs (see flow/model_inputs.py); None: drawn ones.
        name: prefix of C symbols and name of the packages; if empty the file's, made a C name.
        semantics: whose integers are meant; the importer's first if empty.
        cache: folder of compiled objects and results.
        choices: a model file's lock file; None: that beside it, if there is one.
        optimize: what a model file's kernels are chosen and compiled for (`AIMS`).
        keep_inputs: a run of a model file leaves its inputs as they were written.
    """

    kinds: tuple[str, ...]
    output: Path
    version: str = "1.0.0"
    board: str = "host"
    toolchain: str = ""
    inputs: Path | None = None
    name: str = ""
    semantics: str = ""
    cache: Path = field(kw_only=True)
    choices: Path | None = None
    optimize: str = ""
    keep_inputs: bool = False


@dataclass(frozen=True)
class Packed:
    """An archive that was written."""

    kind: str
    board: str
    path: Path
    nbytes: int
    sha256: str
    cases: int
    uncertified: str
    """Why the archive holds no certificate; empty where it does."""

    def record(self) -> dict[str, Any]:
        """The archive for JSON."""
        return {
            "kind": self.kind, "board": self.board, "path": str(self.path), "bytes": self.nbytes,
            "sha256": self.sha256, "golden_cases": self.cases,
            "uncertified": self.uncertified,
        }  # fmt: skip


def package_model(path: Path, options: PackageOptions, job: Job | None = None) -> list[Packed]:
    """Import a model file, compile it, and write its packages.

    Raises:
        UserError: ``package.kind`` (none named), ``package.name``, ``package.version``,
            ``output.place``, ``model.*``, what the importer refuses and what a kind raises.
        UnknownKind: no such package kind, board or toolchain.
    """
    board = find_board(options.board)
    check_packages(options.kinds, options.version, options.output, (board,))
    check_name(options.name)
    found = target_for(board, options.toolchain, "", options.optimize, cache=options.cache)
    target = found.keeping(options.keep_inputs)
    job = job or Job()
    # The file's name, not the one that a graph remembers from the file that it once came from.
    named = options.name or name_of(path)
    graph = open_model(path, options.semantics, job).with_(name=named)
    choices = locked(lock_of(path, options.choices), target, graph, job)
    module = stages.compiled(job, graph, board, target.aimed(choices))
    # The names of a compiled module's values are C identifiers: its own graph is asked.
    given = None
    if options.inputs is not None:
        given = read_inputs(options.inputs, module.graph, job.note, job)
    golden = golden_of(module.graph, given, job)
    papers = papers_of(job, module, target, graph)
    made = (module, board, golden, target.cache, target.toolchain, options.version, job)
    order = Order(*made, papers)
    return write_packages(order, options.kinds, options.output, job)


def package_project(steps: Steps, boards: Sequence[str], options: PackageOptions) -> list[Packed]:
    """Packages of a project's model for some of its boards (all if none is named), with its golden
    windows, below ``output``/<board>.

    Raises:
        UserError, UnknownKind: see `package_model`; and what the steps of the project raise.
    """
    found = chosen(steps, boards)
    check_packages(options.kinds, options.version, options.output, found)
    if options.toolchain:
        for board in found:
            target_for(board, options.toolchain, cache=steps.objects.parent)
    model = make_model(steps)
    packed = []
    for board in found:
        module = steps.compile(model.compressed.graph, board)
        golden = steps.golden(module, model.windows)
        toolchain = options.toolchain or steps.project.toolchain
        target = target_for(board, toolchain, cache=steps.objects.parent)
        papers = papers_of(steps.job, module, target, model.compressed.graph)
        made = (module, board, golden, steps.objects, toolchain, options.version, steps.job)
        order = Order(*made, papers)
        packed += write_packages(order, options.kinds, options.output / board.id, steps.job)
    return packed


def check_packages(
    kinds: Sequence[str], version: str, folder: Path, boards: Sequence[Board]
) -> None:
    """Kinds that do not exist, or not for these boards, a wrong version and a place that cannot be
    written are told before anything is read or compiled."""
    if not kinds:
        raise UserError(
            "package.kind",
            "No package kind is named.",
            f"Name one with --kind: {', '.join(PACKAGES.names())}.",
        )
    for kind in kinds:
        for board in boards:
            PACKAGES.get(kind).check(board)
    check_version(version)
    check_output_folder(folder)


def _explained(kind: str, order: Order, job: Job) -> AbstractContextManager[None]:
    if not PACKAGES.get(kind).linked:
        return nullcontext()
    return explained(order.board.core, order.toolchain, order.cache, job.note)


def write_packages(order: Order, kinds: Sequence[str], folder: Path, job: Job) -> list[Packed]:
    """Archives of these kinds, in a folder."""
    written = []
    for kind in dict.fromkeys(kinds):
        with _explained(kind, order, job), job.showing(f"package {kind}"):
            name, data = PACKAGES.get(kind).make(order)
        write_atomically(folder / name, data)
        cases = len(next(iter(order.golden.outputs.values())))
        digest, board = sha256(data).hexdigest(), order.module.board
        reason = order.papers.reason
        written.append(Packed(kind, board, folder / name, len(data), digest, cases, reason))
    return written
