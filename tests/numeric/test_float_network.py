"""What a product of a float network costs where there is an FPU, counted: the same on every run."""

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.codegen.choices import NOTHING_CHOSEN
from tinsmith.core.job import Job
from tinsmith.flow.model import MeasureOptions, measure_graph
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType

LAYERS = ((32, 3, 1), (64, 3, 2), (64, 3, 1), (128, 1, 1))
"""(Channels of the result, edge of the window, stride) of convolutions, each rectified."""
CLASSES = 10


def network() -> Graph:
    """A classifier of pictures, without layers of single channels."""
    b, rng = Builder("pictures"), np.random.default_rng(9)
    value, channels = b.input("x", TensorType((1, 32, 32, 3), "float32")), 3
    for k, (out, edge, stride) in enumerate(LAYERS):
        w = rng.normal(size=(out, edge, edge, channels)).astype(np.float32) / edge
        arrays = b.constant(f"w{k}", w), b.constant(f"b{k}", np.ones(out, np.float32))
        pad = (edge // 2,) * 4
        sums = b.op("conv2d", value, *arrays, name=f"c{k}", stride=(stride, stride), padding=pad,
                    dilation=(1, 1))  # fmt: skip
        value, channels = b.op("relu", sums, name=f"r{k}"), out
    size = b.type(value).shape[1]
    pooled = b.op("avg_pool2d", value, name="pool", size=(size, size), stride=(1, 1),
                  padding=(0, 0, 0, 0))  # fmt: skip
    row = b.op("reshape", pooled, name="row", shape=(1, channels))
    w = rng.normal(size=(CLASSES, channels)).astype(np.float32)
    last = b.constant("w", w), b.constant("b", np.zeros(CLASSES, np.float32))
    return b.build([b.op("softmax", b.op("dense", row, *last, name="dense"), name="y")])


@pytest.mark.emulator
def test_a_product_of_a_float_network() -> None:
    graph = network()
    products = sum(OPS.get(n.op).cost(site_of(graph, n)).macs for n in graph.nodes)
    options = MeasureOptions("nucleo_l4r5zi", optimize="speed", cache=CACHE)
    found = measure_graph(graph, ("pictures", None), options, Job(), NOTHING_CHOSEN)
    counts, cycles = found.outcome.instructions, found.outcome.model_cycles
    assert counts is not None and cycles is not None
    assert counts[0].value <= 2.3 * products
    assert cycles[0].value <= 2.9 * products
