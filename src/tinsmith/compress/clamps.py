"""Clamps that a layer takes in: relu, and maxima and minima with one constant, behind it."""

from dataclasses import dataclass
from math import inf

import numpy as np

from tinsmith.compress.walks import only_user, uniform
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
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
        limits = _limits(graph, user, clamp.value)
        if limits is None:
            break
        low, high = (min(max(v, limits[0]), limits[1]) for v in (clamp.low, clamp.high))
        clamp = Clamp(user.outputs[0], low, high, (*clamp.nodes, user))
    return clamp


def _limits(graph: Graph, user: Node, value: str) -> tuple[float, float] | None:
    """What a node clamps a value to, if constants say so that are single numbers."""
    limits = OPS.get(user.op).limits
    constants = [graph.constants.get(i) for i in user.inputs[1:]]
    if limits is None or user.inputs[0] != value:
        return None
    singles = [None if c is None else uniform(c) for c in constants]
    known = [v for v in singles if v is not None]
    return limits(known) if len(known) == len(singles) else None
