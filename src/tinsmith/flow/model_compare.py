"""Two executions of one model side by side, layer by layer: which is the first that differs?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Progress
from tinsmith.devices.board import find_board
from tinsmith.flow import stages
from tinsmith.flow.locks import lock_of, locked
from tinsmith.flow.model import MeasureOptions, case_inputs, open_model
from tinsmith.flow.model_inputs import renamed, write_arrays
from tinsmith.flow.model_target import Target, work_text
from tinsmith.flow.places import check_output_folder
from tinsmith.flow.trial import Cases, Trial
from tinsmith.ir.graph import Graph, Node
from tinsmith.prove.bits import differing
from tinsmith.prove.parity import compare
from tinsmith.prove.record import REFERENCE, reference_trace, trace_of
from tinsmith.prove.trace import Trace


@dataclass(frozen=True)
class Layer:
    """One node of the lowered graph in both executions. ``max_difference``: None where one of the
    two is not finite and the other is not the same."""

    node: str
    op: str
    stage: str
    type: str
    differing: int
    total: int
    max_difference: float | None


@dataclass(frozen=True)
class Comparison:
    """All layers in order of execution, the first that differs, and in words what explains it
    (``why``; only against the reference)."""

    model: str
    origins: tuple[str, str]
    cases: int
    layers: tuple[Layer, ...]
    first: Layer | None
    why: str = ""

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "equal": self.first is None}

    def check(self) -> None:
        """Raises UserError ``compare.differs`` where a layer differs, naming it."""
        if self.first is None:
            return
        f, (a, b) = self.first, self.origins
        most = "not finite" if f.max_difference is None else f"up to {f.max_difference:g}"
        raise UserError(
            "compare.differs",
            f"{a} and {b} differ first in node {f.node!r} ({f.op}, {f.type}): {f.differing} of "
            f"{f.total} values, {most}. {self.why}".strip(),
            "Write both traces with --dump DIR to look closer.",
        )


def compare_model(
    path: Path,
    options: MeasureOptions,
    against: str = REFERENCE,
    dump: Path | None = None,
    job: Job | None = None,
) -> Comparison:
    """Run a model twice on the same cases and set every layer side by side.

    Args:
        path: the model file.
        options: the first execution; its inputs, ``outputs`` is not used.
        against: the second: ``reference`` (the numpy reference), ``host``, or another board.
        dump: folder for both traces as .npz files; names are ``<number>_<value>``.

    Raises:
        UserError: ``compare.same`` (both are the same), ``compare.trace`` (no runner of a board
            sees layers), and what `measure_model` raises.
    """
    job = job or Job()
    if against == options.board:
        raise UserError(
            "compare.same",
            f"{against!r} would be compared with itself.",
            "Name two different ones with --board and --against; `reference` is one of them.",
        )
    boards = [options.board, *([] if against == REFERENCE else [against])]
    targets = [_tracing(replace(options, board=b)) for b in boards]
    if dump is not None:
        check_output_folder(dump)
    graph = open_model(path, options.semantics, job)
    inputs = case_inputs(graph, options.inputs, job)
    firmwares = [_built(graph, path, options.choices, t, job) for t in targets]
    trials = [Trial(f, t) for f, t in zip(firmwares, targets, strict=True)]
    compiled = firmwares[0].module.graph  # of regions in stripes it has these
    cases = Cases(renamed(inputs, graph, compiled), reset_each=options.reset_each)
    seen, golden = traces(compiled, trials, cases, job)
    if dump is not None:
        write_traces(dump, [seen, golden])
    return side_by_side(path.name, compiled, golden, seen, options.reset_each)


def _tracing(options: MeasureOptions) -> Target:
    """The target with a runner that records layers."""
    board = find_board(options.board)
    serving = (options.runner,) if options.runner else runners_for(board)
    able = [r for r in serving if RUNNERS.get(r).traces]
    return replace(options, runner=able[0] if able else options.runner).target().tracing()


def _built(graph: Graph, path: Path, choices: Path | None, target: Target, job: Job) -> Firmware:
    own = target.aimed(locked(lock_of(path, choices), target, graph, job))
    module = stages.compiled(job, graph, target.board, own)
    return stages.built(job, module, target)


def traces(graph: Graph, trials: Sequence[Trial], cases: Cases, job: Job) -> tuple[Trace, Trace]:
    """What one or two trials of a lowered graph saw; against one the reference is set."""
    seen = [
        job.step(
            f"run on {t.target.board.id}/{t.target.runner}", traced,
            trial=Trial(t.firmware, t.target.running()), cases=cases,
        )
        for t in trials
    ]  # fmt: skip
    if len(seen) == 1:
        seen.append(job.step("reference", reference, graph=graph, cases=cases))
    first, second = seen
    return first, second


def traced(trial: Trial, cases: Cases, job: Progress) -> Trace:
    """Step: every value of every case, as the runner saw it."""
    job.advance(0, 1, work_text(trial.firmware.module.graph, cases.inputs))
    asked = RunOptions(cases.inputs, trace=True, reset_each=cases.reset_each)
    return trace_of(trial.target.run(trial.firmware, asked, job), cases.inputs)


def reference(graph: Graph, cases: Cases, job: Progress) -> Trace:
    """Step: the golden trace."""
    return reference_trace(graph, cases.inputs, cases.reset_each, job)


def side_by_side(
    model: str, graph: Graph, golden: Trace, seen: Trace, reset_each: bool = True
) -> Comparison:
    """Compare two traces of one lowered graph.

    Args:
        model: its name, for people.
        graph: the lowered graph.
        golden: the first execution; where it is the reference, a difference is explained.
        seen: the second.
        reset_each: whether states were reset before each case.
    """
    both = golden.values.keys() & seen.values.keys()
    layers = tuple(_layer(graph, n, golden, seen) for n in graph.nodes if n.outputs[0] in both)
    first = next((layer for layer in layers if layer.differing), None)
    why = ""
    if first is not None and golden.origin == REFERENCE:
        found = compare(graph, golden, seen, reset_each=reset_each).divergence
        why = f"{found.kind}: {found.evidence}" if found is not None else ""
    cases = len(next(iter(golden.raw.values())))
    return Comparison(model, (golden.origin, seen.origin), cases, layers, first, why)


def _layer(graph: Graph, node: Node, golden: Trace, seen: Trace) -> Layer:
    (value,) = node.outputs
    want, got = golden.values[value], seen.values[value]
    wrong = differing(want, got)
    return Layer(
        node.name, node.words, node.stage, str(graph.type(value)), int(wrong.sum()), want.size,
        _most(want[wrong], got[wrong]),
    )  # fmt: skip


def _most(want: np.ndarray, got: np.ndarray) -> float | None:
    """Largest difference of values that differ."""
    if want.size == 0:
        return 0.0
    kind = object if want.dtype.kind in "iu" else np.float64  # whole numbers exactly
    with np.errstate(invalid="ignore"):
        most = float(np.abs(want.astype(kind) - got.astype(kind)).max())
    return most if np.isfinite(most) else None


def write_traces(folder: Path, traces: list[Trace]) -> None:
    """One file per execution: inputs and every value, numbered in order of execution."""
    for trace in traces:
        values = {**trace.raw, **trace.values}
        arrays = {f"{i:04d}_{name}": array for i, (name, array) in enumerate(values.items())}
        write_arrays(folder / f"{trace.origin.replace('/', '-')}.npz", arrays)
