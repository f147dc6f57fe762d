"""Clamps that a layer takes in: relu, and maxima and minima with one constant, behind it."""

from dataclasses import dataclass
from math import inf

import numpy as np

from tinsmith.compress.walks import only_user, uniform
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import Quant


@dataclass(frozen=True)
class Clamp:
    """Real limits of a layer's result, the value behind them, and the nodes that set them."""

    value: str
    low: float = -inf
    high: float = inf
    nodes: tuple[Node, ...] = ()

    def integers(self, quant: Quant) -> tuple[int, int]:
        """Limits of the int8 result."""
        return tuple(_integer(v, quant) for v in (self.low, self.high))  # type: ignore[return-value]


def _integer(real: float, quant: Quant) -> int:
    steps = np.clip(real / quant.scale[0], -256, 256) + quant.zero_point[0]
    return int(np.clip(np.round(steps), -128, 127))


def clamp_behind(graph: Graph, node: Node) -> Clamp:
    """All clamps that lie behind a node, one after the other, and that nobody looks between."""
    clamp = Clamp(node.outputs[0])
    while (user := only_user(graph, clamp.value)) is not None:
        limit = _limit(graph, user, clamp.value)
        if limit is None:
            break
        low, high, nodes = clamp.low, clamp.high, (*clamp.nodes, user)
        if user.op == "min":
            low, high = min(low, limit), min(high, limit)
        else:
            low, high = max(low, limit), max(high, limit)
        clamp = Clamp(user.outputs[0], low, high, nodes)
    return clamp


def _limit(graph: Graph, user: Node, value: str) -> float | None:
    if user.op == "relu":
        return 0.0
    if user.op not in ("max", "min") or user.inputs[0] != value:
        return None
    constant = graph.constants.get(user.inputs[1])
    return None if constant is None else uniform(constant)
