"""Packages a model file, or a project's model, as archives that drop into a firmware project."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.build.package import PACKAGES, Golden, Order, check_version
from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board, find_board
from tinsmith.flow import stages
from tinsmith.flow.first_link import explained
from tinsmith.flow.model import open_model, pinned
from tinsmith.flow.model_inputs import read_inputs
from tinsmith.flow.model_target import target_for
from tinsmith.flow.parts import chosen
from tinsmith.flow.places import check_output_folder
from tinsmith.flow.run import make_model
from tinsmith.flow.steps import Steps
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.naming import graph_name
from tinsmith.ir.types import TensorType
from tinsmith.rewrite._headers import taken_by
from tinsmith.rewrite.lower import module_name

SEED = 12345
CASES = 4
_LONGEST = 64
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{_LONGEST - 1}}}")


@dataclass(frozen=True)
class PackageOptions:
    """What to make.

    Args:
        kinds: package kinds, at least one.
        output: folder of the archives.
        version: ``<major>.<minor>.<patch>`` of the packages.
        board: what a model file is compiled for: id of a board, or path of a user's own.
        toolchain: compiles for that board; its first if empty.
        inputs: .npz of golden inputs (see flow/model_inputs.py); None: `seeded_inputs`.
        name: prefix of C symbols and name of the packages; if empty the file's, made a C name.
        semantics: whose integers are meant; the importer's first if empty.
        cache: folder of compiled objects and results.
        choices: a model file's lock file; None: that beside it, if there is one.
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


@dataclass(frozen=True)
class Packed:
    """An archive that was written."""

    kind: str
    board: str
    path: Path
    nbytes: int
    sha256: str
    cases: int

    def record(self) -> dict[str, Any]:
        """The archive for JSON."""
        return {
            "kind": self.kind, "board": self.board, "path": str(self.path), "bytes": self.nbytes,
            "sha256": self.sha256, "golden_cases": self.cases,
        }  # fmt: skip


def package_model(path: Path, options: PackageOptions, job: Job | None = None) -> list[Packed]:
    """Import a model file, compile it, and write its packages.

    Raises:
        UserError: ``package.kind`` (none named), ``package.name``, ``package.version``,
            ``output.place``, ``model.*``, what the importer refuses and what a kind raises.
        UnknownKind: no such package kind, board or toolchain.
    """
    board = find_board(options.board)
    _check(options, (board,))
    _check_name(options.name)
    target = target_for(board, options.toolchain, cache=options.cache)
    job = job or Job()
    # The file's name, not the one that a graph remembers from the file that it once came from.
    named = options.name or graph_name(path)[:_LONGEST].rstrip("_")
    graph = open_model(path, options.semantics, job).with_(name=named)
    choices = pinned(path, options.choices, board.id)
    module = stages.compiled(job, graph, board, choices)
    # The names of a compiled module's values are C identifiers: its own graph is asked.
    golden = golden_of(module.graph, options.inputs, job.note, job)
    order = Order(module, board, golden, target.cache, target.toolchain, options.version, job)
    return _write(order, options, options.output, job)


def package_project(steps: Steps, boards: Sequence[str], options: PackageOptions) -> list[Packed]:
    """Packages of a project's model for some of its boards (all if none is named), with its golden
    windows, below ``output``/<board>.

    Raises:
        UserError, UnknownKind: see `package_model`; and what the steps of the project raise.
    """
    found = chosen(steps, boards)
    _check(options, found)
    if options.toolchain:
        for board in found:
            target_for(board, options.toolchain, cache=steps.objects.parent)
    model = make_model(steps)
    packed = []
    for board in found:
        module = steps.compile(model.compressed.graph, board)
        golden = steps.golden(module, model.windows)
        toolchain = options.toolchain or steps.project.toolchain
        order = Order(module, board, golden, steps.objects, toolchain, options.version, steps.job)
        packed += _write(order, options, options.output / board.id, steps.job)
    return packed


def golden_of(
    graph: Graph,
    inputs: Path | None,
    tell: Callable[[str], None] = lambda _: None,
    job: Progress = SILENT,
) -> Golden:
    """Golden vectors of a model file: its cases, and what the reference interpreter makes of them.

    A model with states gets one sequence, so that the self-test sees the states work. ``tell``: see
    `read_inputs`.
    """
    if inputs is not None:
        given = read_inputs(inputs, graph, tell, job)
    else:
        given = seeded_inputs(graph, np.random.default_rng(SEED))
    machine = Interpreter(graph, job)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in graph.outputs}
    for i in range(len(next(iter(given.values())))):
        values = machine.run({name: a[i] for name, a in given.items()})
        for name in rows:
            rows[name].append(values[name])
    outputs = {name: np.stack(found) for name, found in rows.items()}
    return Golden(given, outputs, reset_each=not graph.states)


def seeded_inputs(
    graph: Graph, rng: np.random.Generator, cases: int = CASES
) -> dict[str, np.ndarray]:
    """Inputs for a model of which nothing is known but its types: floats with mean 0 and variance
    1, small integers anywhere in their range, int32 and int64 0 or 1 (they may be indices)."""
    return {name: _drawn(graph.type(name), rng, cases) for name in graph.inputs}


def _drawn(type: TensorType, rng: np.random.Generator, cases: int) -> np.ndarray:
    shape = (cases, *type.shape)
    if type.dtype == "float32":
        return rng.standard_normal(shape).astype(np.float32)
    if type.dtype in ("int32", "int64", "bool"):
        return rng.integers(0, 2, shape).astype(type.dtype)
    info = np.iinfo(type.dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(type.dtype)


def _check(options: PackageOptions, boards: Sequence[Board]) -> None:
    """Kinds that do not exist, or not for these boards, a wrong version and a place that cannot be
    written are told before anything is read or compiled."""
    if not options.kinds:
        raise UserError(
            "package.kind",
            "No package kind is named.",
            f"Name one with --kind: {', '.join(PACKAGES.names())}.",
        )
    for kind in options.kinds:
        for board in boards:
            PACKAGES.get(kind).check(board)
    check_version(options.version)
    check_output_folder(options.output)


def _check_name(name: str) -> None:
    """A name that was asked for is taken as it is, or not at all."""
    if name and not _NAME.fullmatch(name):
        near = graph_name(Path("model"), name)[:_LONGEST]
        raise UserError(
            "package.name",
            f"Name {name!r} is no name in C.",
            f"Take up to {_LONGEST} of the letters a to z and A to Z, digits and _, beginning "
            f"with a letter, for instance: --name {near}",
        )
    if name and module_name(name) != name:
        raise UserError(
            "package.name",
            f"Name {name!r} is taken: {_whose(name)}.",
            f"Take another, for instance: --name {module_name(name)}",
        )


def _whose(name: str) -> str:
    owner = taken_by(name)
    if not owner:
        return "what begins with ts_ is ours"
    return f"{name}.h would be found in place of a header of {owner}"


def _explained(kind: str, order: Order, job: Job) -> AbstractContextManager[None]:
    if not PACKAGES.get(kind).linked:
        return nullcontext()
    return explained(order.board.core, order.toolchain, order.cache, job.note)


def _write(order: Order, options: PackageOptions, folder: Path, job: Job) -> list[Packed]:
    written = []
    for kind in dict.fromkeys(options.kinds):
        with _explained(kind, order, job), job.showing(f"package {kind}"):
            name, data = PACKAGES.get(kind).make(order)
        write_atomically(folder / name, data)
        cases = len(next(iter(order.golden.outputs.values())))
        digest, board = sha256(data).hexdigest(), order.module.board
        written.append(Packed(kind, board, folder / name, len(data), digest, cases))
    return written
