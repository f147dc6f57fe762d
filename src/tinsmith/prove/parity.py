"""Parity: is a trace what the reference says, and if not, where does it leave it first and why?

Two questions, in this order. Did the driver deliver the golden stimulus, up to what real sensors
do? Given what it delivered, did the device compute every value as the reference does, to the bit?
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import differing, same_type
from tinsmith.prove.diagnose import Hypothesis, Suspect, diagnose
from tinsmith.prove.stimulus import judge
from tinsmith.prove.trace import Divergence, Trace, Verdict
from tinsmith.rewrite.fuse import taken_apart

DRIVER = "driver"
"""Stage of a divergence in the raw integers."""


def compare(
    graph: Graph,
    golden: Trace,
    seen: Trace,
    alternatives: Sequence[Hypothesis] = (),
    reset_each: bool = True,
) -> Verdict:
    """Compare a trace with its golden one.

    Args:
        graph: the lowered graph as it was compiled, the reference of the arithmetic. Of a fused
            node the result is compared, and explained by its parts.
        golden: the reference trace; its raw integers are the golden stimulus.
        seen: the trace to judge. It may leave out intermediate values, not outputs.
        alternatives: lowered graphs with one DSP parameter changed, to name such a fault.
        reset_each: whether the device reset its states before each case.

    Raises:
        UserError: ``prove.trace``: inputs or outputs of the graph are missing in a trace.
    """
    _check(graph, golden, seen)
    cases = len(seen.raw[graph.inputs[0]])
    compared = [n for n in graph.nodes if n.outputs[0] in seen.values]
    found = _driver(graph, golden, seen) or _arithmetic(graph, seen, alternatives, reset_each)
    return Verdict(seen.origin, found is None, cases, len(compared), found)


def _check(graph: Graph, golden: Trace, seen: Trace) -> None:
    for trace in (golden, seen):
        missing = [i for i in graph.inputs if i not in trace.raw]
        if trace is seen:
            made = {o for n in graph.nodes for o in n.outputs}
            missing += [o for o in graph.outputs if o in made and o not in trace.values]
        if missing:
            raise UserError(
                "prove.trace",
                f"The trace of {trace.origin} lacks {', '.join(missing)} of {graph.name!r}.",
                "Record it with the module that this graph was compiled to.",
            )


def _driver(graph: Graph, golden: Trace, seen: Trace) -> Divergence | None:
    for name in graph.inputs:
        finding = judge(golden.raw[name], seen.raw[name])
        if finding.kind is not None:
            return Divergence(
                DRIVER, name, finding.kind, finding.evidence, finding.case, finding.differing,
                finding.total,
            )  # fmt: skip
    return None


def _arithmetic(
    whole: Graph, seen: Trace, alternatives: Sequence[Hypothesis], reset_each: bool
) -> Divergence | None:
    """The first value that differs from the reference fed with what the device really saw."""
    graph = taken_apart(whole)
    expected = run_cases(graph, seen.raw, reset_each)
    for node in graph.nodes:
        (value,) = node.outputs
        if value not in seen.values:
            continue
        want, got = expected[value], seen.values[value]
        wrong = differing(want, got) if same_type(want, got) else np.ones(want.shape, np.bool_)
        if wrong.any():
            suspect = Suspect(graph, node, whole, expected, seen, wrong)
            kind, evidence = diagnose(suspect, alternatives, reset_each)
            case = int(np.argwhere(wrong)[0][0])
            count = int(wrong.sum())
            return Divergence(node.stage, value, kind, evidence, case, count, want.size)
    return None
