"""Branches whose condition is known at import, and loops whose turns are.

Source: ONNX operators (onnx/docs/Operators.md).
"""

import numpy as np

from tinsmith.compose.movement import concat, unsqueeze
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import ALL
from tinsmith.importers.onnx.parse import Subgraph
from tinsmith.importers.onnx.refusal import NotConstant
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value
from tinsmith.rewrite import known_value

MOST_TURNS = 256
"""Each turn takes all nodes of the body."""
MOST_NODES = 4096


def _if(use: Use) -> list[Value]:
    """The branch that is taken, in place."""
    taken = use.constant(0).ravel()[0]
    return use.t.inline(use.subgraph("then_branch" if taken else "else_branch"))


def _loop(use: Use) -> list[Value]:
    """The body once per turn: its results are the states of the next, and what is stacked."""
    body, states = use.subgraph("body"), use.count - 2
    turns = int(use.constant(0).ravel()[0]) if use.has(0) else MOST_TURNS + 1
    goes_on = bool(use.constant(1).ravel()[0]) if use.has(1) else True
    if len(body.inputs) != states + 2 or len(body.outputs) < states + 1:
        raise Unsupported(f"{use.count} operands for a body of {len(body.inputs)}")
    held = [use.raw(i) for i in range(2, use.count)]
    stacks: list[list[Value]] = [[] for _ in body.outputs[states + 1 :]]
    turn = 0
    while goes_on and turn < turns:
        _bounded(turn, body)
        names = [info.name for info in body.inputs]
        given = [np.array(turn, np.int64), np.array(True), *held]
        condition, *results = use.t.inline(body, dict(zip(names, given, strict=True)))
        held = results[:states]
        for stack, value in zip(stacks, results[states:], strict=True):
            stack.append(value)
        goes_on = _known(use, condition)
        turn += 1
    if stacks and not turn:
        raise Unsupported("it stacks the results of no turns")
    return [*held, *(_stacked(use, stack) for stack in stacks)]


def _bounded(turn: int, body: Subgraph) -> None:
    if turn >= MOST_TURNS or (turn + 1) * len(body.nodes) > MOST_NODES:
        raise Unsupported(
            f"more than {turn} turns of {len(body.nodes)} nodes; at most {MOST_TURNS} turns and "
            f"{MOST_NODES} nodes in all"
        )


def _known(use: Use, condition: Value) -> bool:
    """A condition that the body computes."""
    found = known_value(use.b, condition) if isinstance(condition, str) else condition
    if not isinstance(found, np.ndarray):
        if use.has(1) and use.known(1) is None:
            raise NotConstant(1)
        raise Unsupported("whether it goes on is only known when the model runs")
    return bool(found.ravel()[0])


def _stacked(use: Use, values: list[Value]) -> Value:
    """Results of all turns along a new first axis."""
    if all(isinstance(v, np.ndarray) for v in values):
        return np.stack([np.asarray(v) for v in values])
    names = [use.t.named(v, f"{use.name}_{i}") for i, v in enumerate(values)]
    return concat(use.b, [unsqueeze(use.b, n, (0,)) for n in names], 0)


OPERATORS = (
    Operator("If", _if, ALL, note="the condition must be known at import"),
    Operator(
        "Loop", _loop, ALL,
        note=f"the turns must be known at import, at most {MOST_TURNS}",
    ),
)  # fmt: skip
