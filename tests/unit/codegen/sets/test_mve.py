"""Tables of the kernels for Helium, read as the kernels read them; what they take and what not."""

from collections.abc import Mapping

import numpy as np
import pytest

from tinsmith.codegen.compile import lower
from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.sets.mve import depthwise, dots, pool
from tinsmith.codegen.sets.mve.mve import SET
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import site_of
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

NEAREST = {"rounding": "double", "zero_point": -128, "act_min": -128, "act_max": 127}


def fused(
    op: str, x: tuple[int, ...], w: np.ndarray, attrs: Mapping[str, Attr], **after: Attr
) -> Use:
    """A layer with a requantisation behind it; its bias counts the channels."""
    channels = w.shape[3] if op == "depthwise_conv2d" else len(w)
    b = Builder("m", "quantised")
    value = b.input("x", TensorType(x, "int8", Quant((0.1,), (0,))))
    bias = b.constant("b", np.arange(channels, dtype=np.int32))
    weights = b.constant("w", w.astype(np.int8), Quant((0.1,), (0,)))
    sums = b.op(op, value, weights, bias, name="sums", **attrs)
    m, s = multipliers([0.01])
    made: dict[str, Attr] = {**NEAREST, **after}
    y = b.op(
        "requantize", sums, b.constant("m", m), b.constant("s", s), name="y",
        quant=Quant((0.1,), (int(str(made["zero_point"])),)), **made,
    )  # fmt: skip
    graph = lower(b.build([y]))
    (node,) = graph.nodes
    contents = tuple(graph.constants.get(i) for i in node.inputs)
    return Use(node.op, site_of(graph, node), contents)


def table(binding: Binding, name: str) -> np.ndarray:
    (found,) = (a for a in binding.arguments if isinstance(a, Table) and a.name == name)
    return found.make()


def counted(*shape: int) -> np.ndarray:
    """Bytes that differ from their neighbours."""
    return (np.arange(np.prod(shape)).reshape(shape) % 251 - 120).astype(np.int8)


def test_four_channels_take_turns_in_a_convolution() -> None:
    w = counted(6, 3, 3, 2)
    (binding,) = SET.bind(fused("conv2d", (1, 5, 5, 2), w, {"stride": (1, 1)}))
    blocks = table(binding, "packed").reshape(2, 4 + 2 * 16 + 8)
    assert blocks[0, :4].tolist() == [0, 1, 2, 3]
    assert blocks[1, :4].tolist() == [4, 5, 0, 0]
    own = np.ascontiguousarray(blocks[:, 4:36]).view(np.int8).reshape(2, 2, 4, 16)
    rows = own.transpose(0, 2, 1, 3).reshape(8, 32)
    np.testing.assert_array_equal(rows[:6, :18], w.reshape(6, 18))
    assert not rows[6:].any()
    assert not rows[:, 18:].any()
    assert (blocks[0, 36:40] == multipliers([0.01])[0]).all()
    assert (blocks[0, 40:] == multipliers([0.01])[1]).all()


@pytest.mark.parametrize("depth", [5, 16, 37])
def test_eight_channels_take_turns_in_a_row(depth: int) -> None:
    w, rest = counted(11, depth), depth % 16
    found = dots.eights(np.arange(11), w)
    assert found[:8].tolist() == list(dots.ORDER)
    own = found.view(np.int8)[32:]
    last = own[: 8 * rest].reshape(8, rest)
    np.testing.assert_array_equal(last, w[list(dots.ORDER), depth - rest :])
    whole = own[8 * rest : 8 * depth].reshape(-1, 8, 16).transpose(1, 0, 2).reshape(8, -1)
    np.testing.assert_array_equal(whole, w[list(dots.ORDER), : depth - rest])
    few = own[8 * depth : 11 * depth]
    turns = few[: 3 * (depth - rest)].reshape(-1, 3, 16).transpose(1, 0, 2).reshape(3, -1)
    np.testing.assert_array_equal(turns, w[8:, : depth - rest])
    np.testing.assert_array_equal(few[3 * (depth - rest) :].reshape(3, rest), w[8:, depth - rest :])
    assert len(own) >= 11 * depth + dots.OVER


def test_one_factor_is_stored_once() -> None:
    (binding,) = SET.bind(fused("dense", (1, 4), counted(640, 4), {}))
    assert table(binding, "factors").shape == (16,)


def test_turned_weights_meet_the_rows_that_lie_in_the_slots() -> None:
    slots, across = 3, 4
    taps = np.arange(slots * across).reshape(across, slots)  # by columns
    for first, turn in enumerate(depthwise.turns(slots, across)):
        lying = taps.ravel()[turn[: slots * across]].reshape(across, slots)
        for row in range(slots):
            np.testing.assert_array_equal(lying[:, (first + row) % slots], taps[:, row])


def test_dilation_leaves_zeros_in_windows() -> None:
    attrs: dict[str, Attr] = {"stride": (1, 1), "dilation": (2, 1), "multiplier": 1}
    w = counted(1, 2, 3, 4)
    by_columns, _ = SET.bind(fused("depthwise_conv2d", (1, 6, 6, 4), w, attrs))
    assert by_columns.name == "depthwise_relu_int8"
    found = table(by_columns, "taps")[: 4 * 9].reshape(4, 3, 3)
    np.testing.assert_array_equal(found[:, :, ::2], w[0].transpose(2, 1, 0))
    assert not found[:, :, 1].any()


def test_the_last_four_channels_overlap_those_before() -> None:
    attrs: dict[str, Attr] = {"stride": (1, 1), "multiplier": 1}
    use = fused("depthwise_conv2d", (1, 6, 6, 6), counted(1, 3, 3, 6), attrs)
    factors = table(SET.bind(use)[0], "factors").reshape(2, 3, 4)
    assert factors[:, 0].tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ({}, "relu"),
        ({"act_max": 100}, "positive"),
        ({"zero_point": 3}, "double"),
        ({"rounding": "single"}, "single"),
    ],
)
def test_results_say_which_kernel_rounds_them(after: dict[str, Attr], kind: str) -> None:
    use = fused("conv2d", (1, 5, 5, 2), counted(4, 3, 3, 2), {"stride": (1, 1)}, **after)
    assert [b.name for b in SET.bind(use)] == [f"conv_{kind}_int8"]


def test_a_window_over_everything_is_a_row() -> None:
    use = fused("conv2d", (2, 3, 3, 2), counted(4, 3, 3, 2), {"stride": (1, 1)})
    assert [b.name for b in SET.bind(use)] == ["dense_positive_int8"]


def test_several_results_of_one_channel_are_a_convolution() -> None:
    attrs: dict[str, Attr] = {"stride": (1, 1), "multiplier": 3}
    one = fused("depthwise_conv2d", (1, 6, 6, 1), counted(1, 3, 3, 3), attrs)
    assert [b.name for b in SET.bind(one)] == ["conv_relu_int8"]
    two = fused("depthwise_conv2d", (1, 6, 6, 2), counted(1, 3, 3, 6), attrs)
    assert not SET.bind(two)


def test_groups_and_windows_that_no_kernel_holds_are_left_alone() -> None:
    groups = fused("conv2d", (1, 5, 5, 4), counted(4, 3, 3, 2), {"stride": (1, 1)})
    assert not SET.bind(groups)
    attrs: dict[str, Attr] = {"stride": (1, 1), "multiplier": 1}
    tall = fused("depthwise_conv2d", (1, 40, 1, 4), counted(1, 33, 1, 4), attrs)
    assert not SET.bind(tall)
    large = np.full((1, 3, 3, 2), -128)  # two products of neighbours do not fit 16 bits
    assert not SET.bind(fused("depthwise_conv2d", (1, 6, 6, 2), large, attrs))


def test_reciprocals_divide_every_sum() -> None:
    for n in (1, 2, 3, 7, 125, 255, 256):
        (reciprocal,) = pool.reciprocals(n, n).view(np.uint32).astype(np.uint64)
        sums = np.arange(255 * n + n // 2 + 1, dtype=np.uint64)
        assert int(sums[-1]) < 1 << 16
        np.testing.assert_array_equal(2 * sums * reciprocal >> np.uint64(32), sums // n)


def test_means_of_more_places_than_16_bits_hold_are_left_alone() -> None:
    b = Builder("m", "quantised")
    x = b.input("x", TensorType((1, 17, 16, 4), "int8", Quant((0.1,), (0,))))
    for size in ((16, 16), (17, 16)):
        b.op("avg_pool2d", x, name=f"y{size[0]}", size=size, stride=(1, 1), padding=(0, 0, 0, 0))
    graph = b.build(["y16", "y17"])
    first, second = (Use(n.op, site_of(graph, n), (None,)) for n in graph.nodes)
    assert [f.name for f in SET.bind(first)] == ["avg_pool2d_int8"]
    assert not SET.bind(second)
