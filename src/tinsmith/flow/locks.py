"""The lock file of a model: what a user pins, and what was tuned, where it still holds."""

from dataclasses import replace
from pathlib import Path

from tinsmith.codegen.choices import Choices, Tuned, read_pinned, read_tuned
from tinsmith.core.codec import content_hash
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.flow.model_target import Target
from tinsmith.ir.graph import Graph
from tinsmith.ir.text import graph_hash
from tinsmith.version import __version__

LOCK = ".lock"
"""Behind the name of a model file: its lock file."""


def lock_of(path: Path, choices: Path | None) -> Path:
    """The lock file of a model: the one that is named, or the one beside it.

    Raises:
        UserError ``choices.file``: it is a folder.
    """
    file = choices or path.with_name(path.name + LOCK)
    if file.is_dir():
        raise UserError("choices.file", f"{file} is a folder.", "Name a file with --choices.")
    return file


def locked(lock: Path, target: Target, graph: Graph, job: Job) -> Choices:
    """What a lock file pins, and of the rest what was tuned for this target and this graph. What
    was tuned for others is left out, and a note says so.

    Raises:
        UserError: as `read_pinned`.
    """
    choices, kept = read_pinned(lock, target.board.id), read_tuned(lock, target.board.id)
    if not kept:
        return choices
    found = kept.get(target.compiler)
    if found is None:
        wrong = f"it was tuned with {' and '.join(kept)}, and this is {target.compiler}"
    else:
        wrong = _differs(found, target, tuned_model(graph, choices))
    if found is None or wrong:
        job.note(f"{lock.name} is not used for {target.board.id}: {wrong}. See: tinsmith tune")
        return choices
    kernels = {**found.kernels, **choices.kernels}
    return replace(
        choices, kernels=kernels, levels=found.levels, aim=found.optimize,
        toolchain=target.compiler,
    )  # fmt: skip


def tuned_model(graph: Graph, pinned: Choices) -> str:
    """Hash of what is tuned: a graph, whatever its name, and what is pinned in it."""
    return content_hash(graph_hash(graph.with_(name="model")), sorted(pinned.kernels.items()))


def _differs(found: Tuned, target: Target, model: str) -> str:
    """Why a tuned choice does not hold; empty where it does."""
    if found.tinsmith != __version__:
        return f"it was tuned with tinsmith {found.tinsmith}, and this is {__version__}"
    if found.model != model:
        return "it was tuned for another model, or with other kernels pinned"
    if target.optimize and target.optimize != found.optimize:
        return f"it was tuned for {found.optimize}, and {target.optimize} is asked for"
    return ""
