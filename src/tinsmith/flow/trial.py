"""Trials of a firmware: all test windows for the figures, golden windows for the proof."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.bench.outcome import Outcome, RunOptions, most
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.firmware import Firmware
from tinsmith.build.shared import build_shared
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError
from tinsmith.core.progress import Progress
from tinsmith.devices.board import BOARDS
from tinsmith.flow import golden
from tinsmith.flow.model_target import Target, work_text
from tinsmith.flow.narrow import narrowed
from tinsmith.flow.result import Proof, Scored
from tinsmith.ir.graph import Graph
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.metrics import metrics
from tinsmith.learn.units import Units
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace, trace_of
from tinsmith.prove.trace import Trace, Verdict

Judge = Callable[[InferenceModule], Trace]
"""Runs a module on the cases of a proof."""
MAX_INSTRUCTIONS = 2_000_000_000
"""How much emulation one measurement may take: some ten seconds."""


@dataclass(frozen=True)
class Cases:
    """What a firmware is fed: input name -> [case, *shape] in the model's own types. ``labels``:
    index of each case's class, where the output is one of class scores and they are known.
    ``reset_each``: states are reset before each case, not only before the first. ``units``: what
    the cases belong to, where that is known."""

    inputs: Mapping[str, np.ndarray]
    labels: np.ndarray | None = None
    reset_each: bool = True
    units: Units | None = None

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def classes(self) -> np.ndarray:
        """The labels of cases that have some."""
        if self.labels is None:
            raise InternalError("cases without labels are scored")
        return self.labels

    def spread(self, count: int) -> "Cases":
        """``count`` cases at even distances, in order."""
        at = np.linspace(0, len(self) - 1, count).round().astype(np.int64)
        labels = None if self.labels is None else self.labels[at]
        units = None if self.units is None else self.units.of(at)
        return Cases({n: a[at] for n, a in self.inputs.items()}, labels, self.reset_each, units)


@dataclass(frozen=True)
class Trial:
    """A firmware and where it runs; what is compiled anew is linked as it was."""

    firmware: Firmware
    target: Target

    def run(self, cases: Cases, job: Progress) -> Outcome:
        """What the runner saw."""
        asked = RunOptions(cases.inputs, reset_each=cases.reset_each)
        return self.target.run(self.firmware, asked, job)


def measure(trial: Trial, cases: Cases, job: Progress) -> Outcome:
    """Step: the firmware on all cases."""
    job.advance(0, 1, work_text(trial.firmware.module.graph, cases.inputs))
    return trial.run(cases, job)


def score(trial: Trial, cases: Cases, graph: Graph, job: Progress) -> Scored:
    """Step: the firmware on as many labelled cases as the budget of emulation allows (one case
    tells), and the float ``graph`` on the same."""
    first = trial.run(cases.spread(1), job)
    counted = most(first.instructions).whole if first.instructions else 1
    part = cases.spread(min(len(cases), max(1, MAX_INSTRUCTIONS // counted)))
    job.advance(1, 3, f"{len(part)} of {len(cases)} windows")
    outcome = trial.run(part, job)
    job.advance(2, 3, "float graph on the same windows")
    (raw,), (answers,) = part.inputs.values(), outcome.outputs.values()
    scores = answers.reshape(len(part), -1)
    device = metrics(part.classes, scores.argmax(1), scores.shape[1], part.units, scores)
    reference = evaluate(graph, raw, part.classes, job, part.units)
    return Scored(outcome, len(cases), device, reference)


def prove(
    trial: Trial, cases: Cases, suspects: Callable[[], Sequence[Hypothesis]], job: Progress
) -> Proof:
    """Reference, host C and the board's firmware on the same golden cases, value by value.

    Of a runner that records no traces the outputs are compared. ``suspects`` is asked for
    hypotheses only where a value differs. A core that cannot load unaligned words is watched for
    them too, because an emulator may let them pass.
    """
    module, board = trial.firmware.module, trial.target.board
    graph, court = module.graph, _Court(trial, cases, job)
    judges = [court.host] if board.id == "host" else [court.host, court.board]
    seen = [judge(module) for judge in judges]
    reference = court.reference(graph)
    verdicts = tuple(compare(graph, reference, trace) for trace in seen)
    if not all(v.equal for v in verdicts):
        named = suspects()
        verdicts = tuple(
            court.told(module, trace, judge, named)
            for trace, judge in zip(seen, judges, strict=True)
        )
    return Proof(len(cases), verdicts, golden.stage_rows(graph, reference, seen))


@dataclass(frozen=True)
class _Court:
    """Executions of one model on the same cases."""

    trial: Trial
    cases: Cases
    job: Progress

    def reference(self, graph: Graph) -> Trace:
        """What is right."""
        return reference_trace(graph, self.cases.inputs, self.cases.reset_each, self.job)

    def host(self, module: InferenceModule) -> Trace:
        """Host C."""
        options = self._options()
        shared = build_shared(module, self.trial.target.cache, job=self.job)
        outcome = run(shared, BOARDS.get("host"), "host", replace(options, job=self.job))
        return replace(trace_of(outcome, self.cases.inputs), origin="host C")

    def board(self, module: InferenceModule) -> Trace:
        """On the board's runner, where it sees no more the outputs only; a module that is not the
        trial's own is linked first."""
        target, firmware = self.trial.target, self.trial.firmware
        if module is not firmware.module:
            firmware = target.build(module, self.job)
        sees = RUNNERS.get(target.runner).traces
        strict = sees and target.board.core.isa == "armv6-m"
        options = replace(self._options(), trace=sees, check_alignment=strict)
        outcome = target.run(firmware, options, self.job)
        known = outcome if sees else replace(outcome, trace=outcome.outputs)
        return trace_of(known, self.cases.inputs)

    def _options(self) -> RunOptions:
        return RunOptions(self.cases.inputs, trace=True, reset_each=self.cases.reset_each)

    def told(
        self, module: InferenceModule, trace: Trace, run_again: Judge, named: Sequence[Hypothesis]
    ) -> Verdict:
        """The verdict with all that can be found out of a difference."""

        def judge(other: InferenceModule) -> Verdict:
            return compare(other.graph, self.reference(other.graph), run_again(other))

        verdict = compare(module.graph, self.reference(module.graph), trace, named)
        if all(n.outputs[0] in trace.values for n in module.graph.nodes):
            return narrowed(verdict, module, judge)
        return _outputs_only(verdict)


def _outputs_only(verdict: Verdict) -> Verdict:
    """What is not seen cannot be found out: an output that differs may be wrong since long."""
    found = verdict.divergence
    if found is None:
        return verdict
    told = f"{found.evidence} Only outputs were seen there: the fault lies in this layer or before."
    return replace(verdict, divergence=replace(found, evidence=told))
