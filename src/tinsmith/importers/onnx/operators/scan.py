"""Scan: a body for each slice of an input, and the distances that exporters write with it.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tinsmith.compose.movement import concat, cut, squeeze, unsqueeze
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import OpNode, Subgraph
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value

MOST_STEPS = 64
"""Each step takes all nodes of the body."""
MOST_NODES = 4096


def _scan(use: Use) -> list[Value]:
    body, scanned = use.subgraph("body"), use.integer("num_scan_inputs")
    states = use.count - scanned
    if use.version < 9 or scanned < 1 or states < 0 or len(body.inputs) != use.count:
        raise Unsupported(f"{use.count} inputs, {scanned} of them scanned, version {use.version}")
    for name in ("axes", "directions"):
        if any(use.integers(f"scan_input_{name}", ())):
            raise Unsupported(f"its inputs are not scanned from the front (scan_input_{name})")
        if any(use.integers(f"scan_output_{name}", ())):
            raise Unsupported(f"its outputs are not stacked at the front (scan_output_{name})")
    return _distances(use, body) or _steps(use, body, states)


def _distances(use: Use, body: Subgraph) -> list[Value] | None:
    """The body is a state that stays and |state - slice|^power summed along rows: as one node.

    So skl2onnx writes cdist for nearest neighbours and kernels (its Scan runs over the training
    samples, often thousands, which written out would be as many nodes). The op `distance` sums in
    the same order, along each row from its start.
    """
    power = _power(body) if len(body.inputs) == 2 and len(body.outputs) == 2 else 0
    if not power or max(len(use.shape(0)), len(use.shape(1))) != 2:
        return None
    rows, points = use.value(1, "float32"), use.value(0, "float32")
    return [points, use.b.op("distance", rows, points, power=power, name=f"{use.name}_distances")]


def _power(body: Subgraph) -> int:
    """2 or 1 where the body computes such distances, else 0."""
    same = {i.name: i.name for i in body.inputs}
    steps: list[tuple[OpNode, tuple[str, ...]]] = []
    for node in body.nodes:
        inputs = tuple(same.get(i, i) for i in node.inputs)
        if node.kind == "Identity" and len(node.outputs) == 1:
            same[node.outputs[0]] = inputs[0]
        else:
            steps.append((node, inputs))
    ends = [same.get(o.name, o.name) for o in body.outputs]
    kinds = [node.kind for node, _ in steps]
    power = {("Sub", "ReduceSumSquare"): 2, ("Sub", "Abs", "ReduceSum"): 1}.get(tuple(kinds), 0)
    if not power or any(node.domain for node, _ in steps):
        return 0
    chain = all(i[0] == n.outputs[0] for (n, _), (_, i) in pairwise(steps))
    asked = [i.name for i in body.inputs]
    fits = chain and sorted(steps[0][1]) == sorted(asked)
    fits = fits and ends == [asked[0], steps[-1][0].outputs[0]]
    return power if fits and _along_rows(body, *steps[-1]) else 0


def _along_rows(body: Subgraph, node: OpNode, inputs: Sequence[str]) -> bool:
    """Whether a reduction takes away axis 1 of a matrix."""
    axes = node.attributes.get("axes")
    if len(inputs) == 2:
        axes = body.constants.get(inputs[1])
    if axes is None or node.attributes.get("keepdims", 1):
        return False
    return np.array(axes).ravel().tolist() in ([1], [-1])


def _steps(use: Use, body: Subgraph, states: int) -> list[Value]:
    """The body once per slice, in order."""
    b, lengths = use.b, {use.shape(i)[0] for i in range(states, use.count)}
    if len(lengths) != 1:
        raise Unsupported(f"its inputs have {sorted(lengths)} slices")
    count = lengths.pop()
    if count > MOST_STEPS or count * len(body.nodes) > MOST_NODES:
        raise Unsupported(
            f"{count} steps of {len(body.nodes)} nodes; at most {MOST_STEPS} steps and "
            f"{MOST_NODES} nodes in all, unless they are distances"
        )
    held: list[Value] = [use.raw(i) for i in range(states)]
    stacks: list[list[str]] = [[] for _ in body.outputs[states:]]
    for step in range(count):
        parts = [
            squeeze(b, cut(b, use.value(i), 0, step, 1), (0,)) for i in range(states, use.count)
        ]
        names = [info.name for info in body.inputs]
        results = use.t.inline(body, dict(zip(names, [*held, *parts], strict=True)))
        held = results[:states]
        for stack, value in zip(stacks, results[states:], strict=True):
            stack.append(unsqueeze(b, use.t.named(value, f"{use.name}_{step}"), (0,)))
    return [*held, *(concat(b, stack, 0) for stack in stacks)]


OPERATORS = (
    Operator(
        "Scan", _scan, ("float32", "int32", "int64"),
        note=f"from the front; at most {MOST_STEPS} steps, unless the body computes distances",
    ),
)  # fmt: skip
