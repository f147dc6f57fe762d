"""Random networks over pictures, and regions of them that are cut into stripes at random."""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite._stripes import Region, Regions, split
from tinsmith.testing.networks import WHOLE, Growing, Network, Window

LOCAL = (
    "conv2d", "depthwise_conv2d", "avg_pool2d", "max_pool2d", "requantize", "relu", "add", "mul",
    "max", "sqrt", "lookup",
)  # fmt: skip
"""Operations each of whose rows needs some rows."""


def any_graph(rng: np.random.Generator) -> Graph:
    """Up to eight operations over one picture, of any types that follow from its own."""
    b = Builder("random", "quantised")
    shape = (1, int(rng.integers(4, 12)), *(int(d) for d in rng.integers(2, 6, 2)))
    quant = Quant((0.05,), (int(rng.integers(-128, 128)),)) if rng.integers(3) else None
    values = [b.input("x", TensorType(shape, "int8" if quant else "float32", quant))]
    for _ in range(40):
        _grow(b, rng, values)
        if len(values) > 8:
            break
    graph = b.build(())
    unread = [n.outputs[0] for n in graph.nodes if not graph.users(n.outputs[0])]
    return graph.with_(outputs=tuple(unread or ["x"]))


def _grow(b: Builder, rng: np.random.Generator, values: list[str]) -> None:
    op = OPS.get(str(rng.choice(LOCAL)))
    x = str(rng.choice(values[-3:]))
    extension = op.extend(rng, b.type(x))
    if extension is None:
        return
    alike = [v for v in values if b.type(v) == b.type(x)]
    names = [x if o == 0 else str(rng.choice(alike)) for o in extension.operands if o in (0, 1)]
    given = [o for o in extension.operands if not isinstance(o, int)]
    try:
        types = [*map(b.type, names), *(t for _, t in given)]
        (made,) = op.infer(types, extension.attrs)
    except UserError:
        return
    if made.elements > 2000 or made.shape[1] < 2:
        return
    constants = [b.constant("c", a, t.quant) for a, t in given]
    quant = extension.out_quant or made.quant
    values.append(b.op(op.name, *names, *constants, name="", quant=quant, **extension.attrs))


def network(rng: np.random.Generator, size: int, least: int = 3) -> Network:
    """Layers of int8 with the shapes of usual networks, residual sums among them."""
    net = Growing("net", WHOLE, rng, cases=1, one=bool(rng.integers(2)))
    x = net.picture(size, int(rng.choice([1, 3, 4])))
    for _ in range(int(rng.integers(least, 7))):
        height = net.builder.type(x.name).shape[1]
        window = Window(int(rng.choice([1, 3, 3, 5])), int(rng.choice([1, 1, 2])))
        if height < 6:
            window = replace(window, stride=1)
        if rng.integers(3) == 0:
            x = net.layer(x, x.live, replace(window, depthwise=True))
            continue
        if rng.integers(3) == 0 and window.stride == 1:
            y = net.layer(x, x.live, window, rectified=False)
            with suppress(ValueError):  # a sum that is never positive has no scale
                x = net.added(x, y)
            continue
        x = net.layer(x, net.channels(int(rng.choice([2, 4, 8, 12]))), window)
    return net.ended(x, 3)


def any_region(graph: Graph, rng: np.random.Generator) -> Region | None:
    """A region of more than one row; None where there is none."""
    all_ = Regions(graph)
    found = [r for k in range(len(graph.nodes)) for r in all_.beginning(k, 99) if r.height > 1]
    return found[int(rng.integers(len(found)))] if found else None


def cut(region: Region, rng: np.random.Generator) -> Graph:
    """The graph with a region in two to five stripes of any height."""
    rows = np.arange(1, region.height)
    count = min(len(rows), int(rng.integers(1, 5)))
    ends = sorted(int(e) for e in rng.choice(rows, count, replace=False))
    return split(region, (*ends, region.height), bool(rng.integers(4)))
