"""Why does a value differ? The node is computed again from the device's own inputs.

Explanations are tried from the strongest to the weakest: another DSP parameter (the whole trace is
reproduced), another quantisation scale (the node's result is reproduced), else the kernel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import run_cases, site_of
from tinsmith.prove.bits import equal, same_type
from tinsmith.prove.scales import Use, explain
from tinsmith.prove.trace import FaultKind, Trace


@dataclass(frozen=True)
class Hypothesis:
    """A graph that a faulty device may have run instead: lowered, with the same value names.

    ``name`` says what is different, e.g. ``spectral_0: fft_length=64 instead of 128``.
    """

    name: str
    kind: FaultKind
    graph: Graph


@dataclass(frozen=True)
class Suspect:
    """The first node whose value differs.

    Args:
        graph: with fused nodes taken apart.
        node: there.
        whole: the graph as it was compiled.
        expected: every value as the reference computes it from the raw integers that were seen.
        wrong: where the node's first result differs, [case, *shape].
    """

    graph: Graph
    node: Node
    whole: Graph
    expected: Mapping[str, np.ndarray]
    seen: Trace
    wrong: np.ndarray

    @property
    def step(self) -> Node:
        """The compiled node: the suspect itself, or the fused one that it is part of."""
        return next(n for n in self.whole.nodes if n.outputs == self.node.outputs)


def diagnose(
    suspect: Suspect, alternatives: Sequence[Hypothesis], reset_each: bool = True
) -> tuple[FaultKind, str]:
    """The kind of the fault and one sentence with the numbers."""
    for hypothesis in alternatives:
        count = _reproduced(hypothesis.graph, suspect.seen, reset_each)
        if count:
            told = f"{hypothesis.name} reproduces all {count} recorded values from the same raw"
            return hypothesis.kind, f"{told} integers; {_summary(suspect)}"
    if not _typed(suspect):
        return "kernel", f"the value has another type: {_summary(suspect)}"
    if not _others_wrong(suspect):
        found = explain(use_of(suspect.graph, suspect.node, suspect.expected, suspect.seen))
        if found:
            return "quantisation-scale", f"{found}; {_summary(suspect)}"
    inputs = f"recomputed from the device's own inputs, {suspect.step.words} is wrong:"
    return "kernel", f"{inputs} {_summary(suspect)}"


def use_of(graph: Graph, node: Node, expected: Mapping[str, np.ndarray], seen: Trace) -> Use:
    """A node with the operands that the device used and the result that it got."""
    operands = []
    for name in node.inputs:
        if name in graph.constants:
            operands.append(graph.constants[name])
        else:
            operands.append(seen.values.get(name, seen.raw.get(name, expected[name])))
    varies = tuple(name not in graph.constants for name in node.inputs)
    return Use(node.op, site_of(graph, node), tuple(operands), varies, seen.values[node.outputs[0]])


def _reproduced(graph: Graph, seen: Trace, reset_each: bool) -> int:
    """Number of recorded values if the graph computes all of them to the bit, else 0."""
    made = {o: graph.type(o) for n in graph.nodes for o in n.outputs}
    shapes = {k: (v.shape[1:], v.dtype.name) for k, v in seen.values.items()}
    if any(k not in made or (made[k].shape, made[k].dtype) != t for k, t in shapes.items()):
        return 0
    computed = run_cases(graph, seen.raw, reset_each)
    same = all(equal(computed[k], v) for k, v in seen.values.items())
    return len(shapes) if same else 0


def _others_wrong(suspect: Suspect) -> bool:
    """Whether the same kernel is wrong elsewhere too: then it is not one node's scale."""
    return any(not use.explains() for use in _same_kernel(suspect))


def _same_kernel(suspect: Suspect) -> Iterator[Use]:
    """Other uses of the suspect's kernel whose operands and result were recorded."""
    graph, step = suspect.whole, suspect.step
    known = {*graph.constants, *suspect.seen.values, *suspect.seen.raw}
    dtype = graph.type(step.inputs[0]).dtype
    for node in graph.nodes:
        same = node.words == step.words and graph.type(node.inputs[0]).dtype == dtype
        if same and node.name != step.name and known.issuperset(node.inputs + node.outputs):
            yield use_of(graph, node, suspect.expected, suspect.seen)


def _typed(suspect: Suspect) -> bool:
    value = suspect.node.outputs[0]
    return same_type(suspect.expected[value], suspect.seen.values[value])


def _summary(suspect: Suspect) -> str:
    """How many elements are wrong, and the first of them."""
    value = suspect.node.outputs[0]
    if not _typed(suspect):
        want, got = suspect.expected[value], suspect.seen.values[value]
        right = f"{want.dtype}{list(want.shape)}"
        return f"{got.dtype}{list(got.shape)} was recorded, {right} is right."
    first = tuple(int(i) for i in np.argwhere(suspect.wrong)[0])
    want, got = suspect.expected[value][first], suspect.seen.values[value][first]
    where = f"case {first[0]}, index {list(first[1:])}"
    count = f"{int(suspect.wrong.sum())} of {suspect.wrong.size} elements differ"
    return f"{count}, first at {where}: expected {_number(want)}, seen {_number(got)}."


def _number(value: np.generic) -> str:
    return f"{float(value):.9g}" if value.dtype.kind == "f" else str(int(value))
