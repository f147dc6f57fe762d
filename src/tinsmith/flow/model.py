"""A model file as a source of graphs: imported, and from there on treated as recordings are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tinsmith.bench.runner import RUNNERS
from tinsmith.build.image import check_stack
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices, read_pinned, write_chosen
from tinsmith.core.errors import UserError
from tinsmith.core.job import File, Job
from tinsmith.core.progress import Progress
from tinsmith.flow import stages
from tinsmith.flow.model_figures import About, ModelMeasurement, figures
from tinsmith.flow.model_inputs import default_inputs, read_inputs, write_outputs
from tinsmith.flow.model_target import Target, choose_target
from tinsmith.flow.places import check_output
from tinsmith.flow.trial import Cases
from tinsmith.importers import IMPORTERS, read_model
from tinsmith.ir.graph import Graph

LOCK = ".lock"
"""Behind the name of a model file: its lock file."""


@dataclass(frozen=True)
class MeasureOptions:
    """What to measure and how; empty texts mean the board's or importer's first choice.

    ``board``: id of a board, or path of a user's own (``.toml``).
    ``inputs``: an .npz file (see flow/model_inputs.py); None: one case of default values.
    ``outputs``: where the answers go. ``reset_each``: states are reset before each case, not only
    before the first. ``stack_bytes``: stack to reserve. ``cache``: folder of compiled objects.
    ``choices``: a lock file (codegen/choices.py); None: that beside the model, if there is one.
    """

    board: str
    inputs: Path | None = None
    outputs: Path | None = None
    semantics: str = ""
    toolchain: str = ""
    runner: str = ""
    optimize: str = ""
    reset_each: bool = False
    stack_bytes: int | None = None
    cache: Path = field(kw_only=True)
    choices: Path | None = None

    def target(self) -> Target:
        """Board, toolchain and runner, all of them here.

        Raises:
            UserError: they do not exist, or not together; ``build.stack``.
            MissingTool: one of them is not installed.
        """
        if self.stack_bytes is not None:
            check_stack(self.stack_bytes)
        chosen = choose_target(
            self.board, self.toolchain, self.runner, self.optimize, cache=self.cache
        )
        RUNNERS.get(chosen.runner).find()
        return replace(chosen, stack_bytes=self.stack_bytes)


def measure_model(path: Path, options: MeasureOptions, job: Job | None = None) -> ModelMeasurement:
    """Import a model, build it for a board, run it and report its figures.

    Raises:
        UserError: ``model.file`` (there is none), ``output.place``, what the importer refuses,
            ``model.inputs.*``, ``build.fit`` (`DoesNotFit`), and every fault of a run.
    """
    job = job or Job()
    target = options.target()  # what is wrong is known before a large model is read
    if options.stack_bytes is not None and not target.board.memories:
        raise UserError(
            "build.stack",
            f"On board {target.board.id!r} no stack is reserved or measured.",
            "Leave --stack out, or name a board with memories: see `tinsmith board list`.",
        )
    if options.outputs is not None:
        check_output(options.outputs, path, options.inputs)
    choices = pinned(path, options.choices, target.board.id)
    graph = open_model(path, options.semantics, job)
    meant = semantics_of(path, options.semantics)
    found = measure_graph(graph, (path.name, meant), options, job, choices)
    if options.choices is not None:
        write_chosen(options.choices, target.board.id, found.kernels)
    return found


def measure_graph(
    graph: Graph,
    about: tuple[str, str | None],
    options: MeasureOptions,
    job: Job,
    choices: Choices = NOTHING_CHOSEN,
) -> ModelMeasurement:
    """`measure_model` from the graph on; ``about``: the model's name and its semantics."""
    target = options.target()
    cases = Cases(case_inputs(graph, options.inputs, job), reset_each=options.reset_each)
    module = stages.compiled(job, graph, target.board, choices)
    firmware = stages.built(job, module, target)
    seconds = round(sum(r.seconds for r in job.records[-2:]), 3)
    measured = stages.measured(job, firmware, target, cases)
    if options.outputs is not None:
        answers = measured.outcome.outputs
        write_outputs(options.outputs, [answers[n] for n in module.graph.outputs])
    return figures(target, firmware, measured, About(*about, seconds))


def pinned(path: Path, choices: Path | None, board: str) -> Choices:
    """What the lock file of a model pins for a board: the one that is named, or the one beside it.

    Raises:
        UserError: ``choices.file`` (the named one is a folder), and what `read_pinned` raises.
    """
    file = choices or path.with_name(path.name + LOCK)
    if file.is_dir():
        raise UserError("choices.file", f"{file} is a folder.", "Name a file with --choices.")
    return read_pinned(file, board)


def open_model(path: Path, semantics: str, job: Job) -> Graph:
    """The graph of a model file; what its importer has to say of it is noted.

    Raises:
        UserError: ``model.file``, or what the importer says.
        Cancelled: the job was cancelled.
    """
    if path.is_dir():
        raise UserError("model.file", f"{path} is a folder.", "Name a model file.")
    if not path.is_file():
        raise UserError("model.file", f"There is no file {path}.", "Name a model file.")
    try:
        with path.open("rb") as f:
            f.read(1)
    except OSError as e:  # in the sandbox it would look like a bug
        raise UserError(
            "model.file",
            f"{path} cannot be read: {e.strerror or e}.",
            "Make the file readable, or name another.",
        ) from None
    graph = job.step("import", imported, file=File(path), semantics=semantics)
    for text in graph.notes:
        job.note(f"{path.name}: {text}")
    return graph


def imported(file: File, semantics: str, job: Progress) -> Graph:
    """Step: the graph of a model file."""
    return read_model(file.path, "", semantics, job)


def semantics_of(path: Path, semantics: str) -> str | None:
    """Whose integers are meant: as asked, or the importer's first; None where there is no
    choice."""
    suffix = path.suffix.lower()
    listed, names = IMPORTERS.listing, IMPORTERS.names()
    own = next((n for n in names if suffix in listed(n, "suffixes")), None)
    return semantics or next(iter(listed(own, "semantics") if own else ()), None)


@dataclass(frozen=True)
class Given:
    """Arrays of a file by name of the input, and what is to be said of them."""

    arrays: Mapping[str, np.ndarray]
    notes: tuple[str, ...]


def case_inputs(graph: Graph, path: Path | None, job: Job) -> Mapping[str, np.ndarray]:
    """The cases of a file, or one of default values.

    Raises:
        UserError ``model.inputs.*``.
    """
    if path is None:
        return default_inputs(graph)
    if not path.is_file():
        read_inputs(path, graph)  # says what is wrong with it
    given = job.step("inputs", read_cases, file=File(path), graph=graph)
    for text in given.notes:
        job.note(text)
    return given.arrays


def read_cases(file: File, graph: Graph, job: Progress) -> Given:
    """Step: the cases of a file."""
    path, notes = file.path, list[str]()
    cases = read_inputs(path, graph, notes.append, job)
    for name, array in cases.items():
        odd = len(array) - int(np.isfinite(array).reshape(len(array), -1).all(axis=1).sum())
        if odd:
            notes.append(f"{path}: {odd} of {len(array)} cases of {name!r} hold NaN or infinity.")
    return Given(cases, tuple(notes))
