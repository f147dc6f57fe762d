"""Trials of a firmware: all test windows for the figures, golden windows for the proof."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from tinsmith.bench.cycles_of import latency
from tinsmith.bench.outcome import Outcome, RunOptions, most
from tinsmith.bench.run import run
from tinsmith.bench.runner import runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.progress import Progress
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow import golden
from tinsmith.flow.narrow import narrowed
from tinsmith.flow.result import Measurement, Proof
from tinsmith.ir.graph import Graph
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.metrics import metrics
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace, trace_of
from tinsmith.prove.trace import Trace, Verdict

MAX_INSTRUCTIONS = 2_000_000_000
"""How much emulation one measurement may take: some ten seconds."""


@dataclass(frozen=True)
class Trial:
    """A firmware on its board's first runner; compiled plug-ins are kept in ``objects``, what is
    compiled anew is linked with ``toolchain``."""

    firmware: Firmware
    board: Board
    objects: Path
    toolchain: str = "zig"

    def run(self, options: RunOptions) -> Outcome:
        """What the runner saw."""
        kept = replace(options, cache=self.objects)
        return run(self.firmware, self.board, runners_for(self.board)[0], kept)


@dataclass(frozen=True)
class TestData:
    """The test windows as the driver's integers [n, samples, channels], for input ``name``, with
    label indices [n]."""

    name: str
    raw: np.ndarray
    labels: np.ndarray

    def spread(self, count: int) -> "TestData":
        """``count`` windows at even distances, in order."""
        at = np.linspace(0, len(self.labels) - 1, count).round().astype(np.int64)
        return TestData(self.name, self.raw[at], self.labels[at])


def measure(trial: Trial, graph: Graph, data: TestData, progress: Progress) -> Measurement:
    """The firmware on as many test windows as the budget of emulation allows (one window tells),
    and the float ``graph`` on the same."""
    first = trial.run(RunOptions({data.name: data.raw[:1]}))
    counted = most(first.instructions).whole if first.instructions else 1
    budget = MAX_INSTRUCTIONS // counted
    part = data.spread(min(len(data.labels), max(1, budget)))
    progress.advance(1, 3, f"{len(part.labels)} of {len(data.labels)} windows")
    outcome = trial.run(RunOptions({data.name: part.raw}))
    progress.advance(2, 3, "float graph on the same windows")
    (answers,) = outcome.outputs.values()
    scores = answers.reshape(len(part.labels), -1)
    device = metrics(part.labels, scores.argmax(axis=1), scores.shape[1])
    reference = evaluate(graph, part.raw, part.labels)
    found = latency(outcome, trial.board)
    return Measurement(outcome, device, reference, found, len(data.labels))


def prove(
    trial: Trial, stimulus: Mapping[str, np.ndarray], suspects: Callable[[], Sequence[Hypothesis]]
) -> Proof:
    """Reference, host C and the board's firmware on the same golden windows, value by value.

    ``suspects`` is asked for hypotheses only where a value differs. A core that cannot load
    unaligned words is watched for them too, because an emulator may let them pass.
    """
    module, board = trial.firmware.module, trial.board
    graph = module.graph
    judges = [partial(_host, trial, stimulus)]
    if board.id != "host":
        judges.append(partial(_board, trial, stimulus))
    seen = [judge(module) for judge in judges]
    reference = reference_trace(graph, stimulus)
    verdicts = tuple(compare(graph, reference, trace) for trace in seen)
    if not all(v.equal for v in verdicts):
        named = suspects()
        verdicts = tuple(
            _told(module, stimulus, trace, judge, named)
            for trace, judge in zip(seen, judges, strict=True)
        )
    cases = len(next(iter(stimulus.values())))
    return Proof(cases, verdicts, golden.stage_rows(graph, reference, seen))


def _told(
    module: InferenceModule,
    stimulus: Mapping[str, np.ndarray],
    trace: Trace,
    run_again: Callable[[InferenceModule], Trace],
    named: Sequence[Hypothesis],
) -> Verdict:
    """The verdict with all that can be found out of a difference."""

    def judge(other: InferenceModule) -> Verdict:
        return compare(other.graph, reference_trace(other.graph, stimulus), run_again(other))

    verdict = compare(module.graph, reference_trace(module.graph, stimulus), trace, named)
    return narrowed(verdict, module, judge)


def _host(trial: Trial, stimulus: Mapping[str, np.ndarray], module: InferenceModule) -> Trace:
    options = RunOptions(stimulus, trace=True)
    host = run(build_shared(module, trial.objects), BOARDS.get("host"), "host", options)
    return replace(trace_of(host, stimulus), origin="host C")


def _board(trial: Trial, stimulus: Mapping[str, np.ndarray], module: InferenceModule) -> Trace:
    """On the board's runner; a module that is not the trial's own is linked first."""
    board, used = trial.board, trial
    if module is not trial.firmware.module:
        built = BuildOptions(cache=trial.objects)
        used = replace(trial, firmware=build_image(module, board, trial.toolchain, built))
    strict = board.core.isa == "armv6-m"
    options = RunOptions(stimulus, trace=True, check_alignment=strict)
    return trace_of(used.run(options), stimulus)
