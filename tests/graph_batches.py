"""Batches of random graphs for trials of all kernels: each graph holds operations at random, each
operation of every type in turn, and layers of every kind, in one arena with others."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import numpy as np
from trial_families import LAYERS, Drawing, Maker, content, fused, makers_of, random_use, roundings

from tinsmith.codegen.choices import PARTS, Choices
from tinsmith.codegen.compile import lower
from tinsmith.codegen.kernel_set import sets_for
from tinsmith.codegen.select import possible
from tinsmith.devices.board import Core
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.prove.bits import equal
from tinsmith.testing.graphs import DRAWN

EACH_LAYER = (
    *("conv", "conv", "dense", "dense", "dense", "pool", "add", "bytes", "movement", "wide"),
    *4 * ("depthwise",), *8 * ("narrow",), *2 * ("float",), *3 * ("rescaled",),
)  # fmt: skip
"""Families of layers in each graph."""
TWICE = ("avg_pool2d", "quantize_rows", "relu", "row_scales", "scale_rows", "tree_ensemble")
"""Operations of which several kernels compute the same type."""
SINGLES = tuple((op, maker) for op in (*OPS.names(), *TWICE) for maker in makers_of(op))
"""Every operation with every type of its first operand."""
WHOLE = tuple(n for n in OPS.names() if OPS.get(n).kernels and n != "double_to_float")
"""Operations of which each is required of graphs of several nodes."""
EACH = 15
"""Of these in each graph, in turn."""
PARTED = 12
"""Of so many fused nodes one is computed part by part."""


@dataclass(frozen=True)
class Batch:
    """Some graphs as one, lowered; ``inputs`` ([case, *shape]) are one sequence, ``wanted`` every
    value, also of nodes that were fused."""

    graph: Graph
    inputs: Mapping[str, np.ndarray]
    wanted: Mapping[str, np.ndarray]


@cache
def batch(numbers: range) -> Batch:
    """The graphs of these numbers: the same in every run. It is kept, for other cores."""
    drawing = Drawing(np.random.default_rng([2027, numbers[0]]))
    results: list[str] = []
    for number in numbers:
        for k, maker in enumerate(makers(number)):
            with roundings(number % 4 == 3):
                results += maker(drawing, f"g{number:04d}_{k:02d}")
    graph = drawing.b.build(results)
    inputs = {
        i: drawing.inputs[i] if i in drawing.inputs else content(drawing.rng, graph.type(i))
        for i in graph.inputs
    }
    return _interpreted(graph, inputs)


def _interpreted(graph: Graph, inputs: dict[str, np.ndarray]) -> Batch:
    lowered = lower(graph)
    with np.errstate(all="ignore"):
        made, meant = (run_cases(g, inputs, reset_each=False) for g in (lowered, graph))
    pairs = zip(graph.outputs, lowered.outputs, strict=True)
    assert all(equal(meant[a], made[b]) for a, b in pairs)
    return Batch(lowered, inputs, {**meant, **made})


def makers(number: int) -> list[Maker]:
    """What graph ``number`` is made of."""
    op, count = WHOLE[number % len(WHOLE)], len(SINGLES)
    made: list[Maker] = [partial(random_use, op, None, DRAWN)]
    made += [SINGLES[(number * EACH + k) % count][1] for k in range(EACH)]
    families = enumerate(LAYERS[name] for name in EACH_LAYER)
    layers = [family[(number + k) % len(family)] for k, family in families]
    return [*made, fused, fused, fused, *layers]


def least_run(graph: Graph, core: Core, ran: Counter[str]) -> Choices:
    """For each node of a lowered graph the kernel that ran least of those that are possible; some
    fused nodes part by part. ``ran``: how often each did; it is not changed."""
    counts, fused_nodes = ran.copy(), [n.name for n in graph.nodes if n.parts]
    chosen = dict.fromkeys(fused_nodes[sum(ran.values()) % PARTED :: PARTED], PARTS)
    for node, kernels in possible(graph, core).items():
        if kernels and node not in chosen:
            chosen[node] = min(kernels, key=lambda k: counts[k])
            counts[chosen[node]] += 1
    return Choices(chosen)


def kernels_of(core: Core) -> set[str]:
    """Every kernel of every set that runs on a core."""
    folder = files("tinsmith.kernels")
    return {
        f"{s.name}/{p.name.removesuffix('.c')}"
        for s in sets_for(core.features)
        for p in folder.joinpath(s.name).iterdir()
        if p.name.endswith(".c")
    }
