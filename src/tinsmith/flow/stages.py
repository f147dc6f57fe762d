"""From the graph on: compile, build, measure, prove. One path for recordings and model files; what
differs between them is where the graph and its cases come from."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.build.toolchain import toolchains_for
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.job import Job
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow.first_link import explained
from tinsmith.flow.model_target import Target
from tinsmith.flow.result import Proof, Scored
from tinsmith.flow.trial import Cases, Trial, measure, prove, score
from tinsmith.ir.graph import Graph
from tinsmith.learn.pipeline import Pipeline
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.variants import parameter_hypotheses


@dataclass(frozen=True)
class Origin:
    """What a module was compiled from, to explain a difference: the graph, and the pipeline where
    there is one."""

    graph: Graph
    pipeline: Pipeline | None = None

    def suspects(self) -> Sequence[Hypothesis]:
        """Hypotheses of wrong signal-processing parameters."""
        return parameter_hypotheses(self.graph, self.pipeline) if self.pipeline else ()


def compiled(
    job: Job, graph: Graph, board: Board, choices: Choices = NOTHING_CHOSEN
) -> InferenceModule:
    """Readable C and a memory plan."""
    return job.step(f"compile {board.id}", compile_graph, graph=graph, board=board, choices=choices)


def built(job: Job, module: InferenceModule, target: Target) -> Firmware:
    """The image, linked for the board's exact memories."""
    return job.step(f"build {target.board.id}", link, module=module, target=target.linking())


def measured(job: Job, firmware: Firmware, target: Target, cases: Cases) -> Outcome:
    """What the runner saw of the firmware on all cases."""
    trial = Trial(firmware, target.running())
    return job.step(f"measure {target.board.id}", measure, trial=trial, cases=cases)


def scored(job: Job, firmware: Firmware, target: Target, cases: Cases, graph: Graph) -> Scored:
    """The firmware on labelled cases, and the float ``graph`` on the same."""
    trial = Trial(firmware, target.running())
    return job.step(f"measure {target.board.id}", score, trial=trial, cases=cases, graph=graph)


def proven(job: Job, firmware: Firmware, target: Target, cases: Cases, origin: Origin) -> Proof:
    """Reference, host C and the board's firmware on the same cases, stage by stage."""
    trial = Trial(firmware, target.running())
    return job.step(f"prove {target.board.id}", judge, trial=trial, cases=cases, origin=origin)


def link(module: InferenceModule, target: Target, job: Job) -> Firmware:
    """Step: the image; who waits is told where it takes long."""
    with explained(target.board.core, target.toolchain, target.cache, job.note):
        return target.build(module, job)


def judge(trial: Trial, cases: Cases, origin: Origin, job: Job) -> Proof:
    """Step: the proof."""
    host = BOARDS.get("host")  # the second opinion is compiled for this computer
    with explained(host.core, toolchains_for(host)[0], trial.target.cache, job.note):
        return prove(trial, cases, origin.suspects, job)
