"""Recording traces: of the reference interpreter, and of what a runner saw."""

from collections.abc import Mapping

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.trace import Trace

REFERENCE = "reference"


def reference_trace(
    graph: Graph,
    inputs: Mapping[str, np.ndarray],
    reset_each: bool = True,
    job: Progress = SILENT,
) -> Trace:
    """The golden trace: every value of the lowered graph as the interpreter computes it.

    Args:
        graph: the lowered graph.
        inputs: golden stimulus, input name -> [case, *shape].
        reset_each: reset states before each case; False runs the cases as one stream.
        job: ends the work where it is cancelled.
    """
    values = run_cases(graph, inputs, reset_each, job)
    computed = {o: values[o] for n in graph.nodes for o in n.outputs}
    return Trace(REFERENCE, {k: np.asarray(inputs[k]) for k in graph.inputs}, computed)


def trace_of(outcome: Outcome, inputs: Mapping[str, np.ndarray]) -> Trace:
    """The trace that a runner recorded.

    Args:
        outcome: of a run with ``RunOptions(trace=True)``.
        inputs: what the run was fed: the integers that the driver delivered.

    Raises:
        UserError: ``prove.trace``: the run recorded no trace.
    """
    if outcome.trace is None:
        raise UserError(
            "prove.trace",
            f"The run on {outcome.board} by {outcome.runner} recorded no trace.",
            "Run it with trace=True.",
        )
    origin = f"{outcome.board}/{outcome.runner}"
    return Trace(origin, {k: np.asarray(v) for k, v in inputs.items()}, dict(outcome.trace))
