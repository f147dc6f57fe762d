"""Stripes on networks small enough to say what each node is."""

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import TensorType
from tinsmith.rewrite._rows import Rows
from tinsmith.rewrite._stripes import Region, Regions, split


def layers(*heights: int, stride: int = 1, columns: int = 4) -> Graph:
    """A picture of six rows and convolutions of such heights over it, padded to the size."""
    b = Builder("net", "lowered")
    x = b.input("x", TensorType((1, 6, columns, 1), "float32"))
    for number, height in enumerate(heights):
        w = b.constant("w", np.ones((1, height, 1, 1), np.float32))
        bias = b.constant("b", np.zeros(1, np.float32))
        pad = (height // 2, (height - 1) // 2, 0, 0)
        x = b.op("conv2d", x, w, bias, stride=(stride, 1), padding=pad, name=f"y{number}")
    return b.build([x])


def whole(graph: Graph) -> Region:
    """The region of all nodes."""
    *_, found = Regions(graph).beginning(0, 99)
    return found


def test_borders_are_padded_at_the_border_alone_and_x_gets_shorter() -> None:
    made = split(whole(layers(3)), (2, 6), crops=True)
    top, crop, rest, join = made.nodes
    assert [n.name for n in made.nodes] == [
        "y0_rows0to1", "x_rows1to5", "y0_rows2to5", "y0_rows0to5",
    ]  # fmt: skip
    assert top.parts[0].attrs == {"axis": 1, "start": 0, "size": 3}
    assert top.parts[1].attrs["padding"] == (1, 0, 0, 0)
    assert (crop.op, crop.attrs["start"], crop.attrs["size"]) == ("slice", 1, 5)
    assert rest.inputs[0] == "x_rows1to5" and not rest.parts  # it needs all that is left
    assert rest.attrs["padding"] == (0, 1, 0, 0)
    assert (join.op, join.inputs, join.outputs) == (
        "concat", ("y0_rows0to1", "y0_rows2to5"), ("y0",),
    )  # fmt: skip


def test_x_stays_whole_where_others_read_it_or_it_is_to_be_kept() -> None:
    kept = split(whole(layers(3)), (2, 6), crops=False)
    assert [n.op for n in kept.nodes] == ["fused", "fused", "concat"]
    graph = layers(3)
    later = Node("z", "relu", ("x",), ("z",))
    types = {**graph.types, "z": graph.type("x")}
    read = graph.with_(nodes=(*graph.nodes, later), types=types, outputs=("y0", "z"))
    (region,) = Regions(read).beginning(0, 1)
    assert not region.dies
    made = split(region, (2, 6), crops=True)
    assert [n.op for n in made.nodes] == ["fused", "fused", "concat", "relu"]


def test_rows_that_begin_at_odd_addresses_are_copied() -> None:
    """Kernels read words: of rows of twelve bytes every second one begins as they expect it."""
    made = split(whole(layers(3, columns=3)), (2, 3, 6), crops=False)
    assert [n.op for n in made.nodes] == ["fused", "slice", "conv2d", "concat", "fused", "concat"]
    assert made.nodes[2].inputs[0] == "x_rows1to3"
    assert made.nodes[4].parts[0].attrs["start"] == 2


def test_rows_that_are_needed_follow_from_windows() -> None:
    region = whole(layers(3, 3))
    assert region.needs(Rows(2, 3)) == {"y1": Rows(2, 3), "y0": Rows(1, 4), "x": Rows(0, 5)}
    assert region.needs(Rows(0, 1)) == {"y1": Rows(0, 1), "y0": Rows(0, 2), "x": Rows(0, 3)}
    halved = whole(layers(3, stride=2))
    assert halved.needs(Rows(1, 3))["x"] == Rows(1, 6)


def test_stripes_that_need_the_same_rows_have_names_of_their_own() -> None:
    """A window as high as the picture: both halves of y1 need all of y0."""
    made = split(whole(layers(3, 12)), (3, 6), crops=True)
    assert [n.name for n in made.nodes if n.name.startswith("y0")] == [
        "y0_rows0to5", "y0_rows0to5_1",
    ]  # fmt: skip


def test_regions_end_where_more_than_their_result_is_read() -> None:
    graph = layers(3, 3, 3)
    spans = [(r.first, r.last) for r in Regions(graph.with_(outputs=("y1", "y2"))).beginning(0, 99)]
    assert spans == [(0, 0), (0, 1)]
    assert [(r.first, r.last) for r in Regions(graph, {"y1"}).beginning(0, 99)] == [(0, 0)]


def test_windows_in_the_border_alone_are_in_no_region() -> None:
    b = Builder("net", "lowered")
    x = b.input("x", TensorType((1, 6, 3, 1), "float32"))
    w, bias = b.constant("w", np.ones((1, 1, 1, 1), np.float32)), b.constant("b", np.zeros(1, "f4"))
    y = b.op("conv2d", x, w, bias, stride=(1, 1), padding=(2, 0, 0, 0), name="y")
    assert not Regions(b.build([y])).may(0)
