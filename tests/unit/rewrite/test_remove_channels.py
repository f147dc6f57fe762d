"""Which channels go and which stay, case by case; `tests/property/test_channels.py` draws them."""

import numpy as np
import pytest
from pruned import NONE, SAME, Pictures

from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType, type_of
from tinsmith.rewrite import PASSES

PASS = PASSES.get("remove_channels")
DEAD = np.array([True, False, True, False])
ALL = np.ones(4, bool)


def net(zero: int = -7) -> tuple[Pictures, str]:
    pictures = Pictures(np.random.default_rng(3))
    return pictures, pictures.input(4, 5, 3, zero=zero)


def less(graph: Graph) -> Graph:
    """What the pass makes, after outputs were compared over the whole range and its ends."""
    small, type, rng = PASS(graph), graph.type("x"), np.random.default_rng(2)
    limits = np.iinfo(type.dtype)
    x = rng.integers(limits.min, limits.max + 1, (4, *type.shape)).astype(type.dtype)
    x[2], x[3] = limits.min, limits.max
    was, now = run_cases(graph, {"x": x}), run_cases(small, {"x": x})
    for a, b in zip(graph.outputs, small.outputs, strict=True):
        assert was[a].tobytes() == now[b].tobytes()
        assert graph.type(a) == small.type(b)
    assert PASS(small) is small
    return small


def widths(graph: Graph, op: str) -> list[int]:
    """Channels of the results of an operation."""
    return [graph.type(n.outputs[0]).shape[-1] for n in graph.nodes if n.op == op]


def convolved(
    p: Pictures, x: str, live: np.ndarray, bias: int, inner: np.ndarray, pad: bool
) -> str:
    """A convolution whose dead channels are ``bias`` everywhere."""
    w = p.drawn(len(live), 3, 3, len(inner)) * live[:, None, None, None]
    b = np.where(live, p.bias(len(live)), bias).astype(np.int32)
    padding = SAME if pad else NONE
    return p.layer("conv2d", x, w.astype(np.int8), b, stride=(1, 1), padding=padding)


@pytest.mark.parametrize(("pad", "bias", "stay"), [
    (True, 0, 2), (False, 0, 2), (False, 5000, 2), (True, 5000, 4),
])  # fmt: skip
def test_a_constant_goes_unless_a_border_shows_it(pad: bool, bias: int, stay: int) -> None:
    p, x = net()
    x = p.requantised(convolved(p, x, DEAD, bias, np.ones(3), True), zero=-128)
    y = p.requantised(convolved(p, x, ALL, 0, ALL, pad), zero=7, low=-128)
    assert widths(less(p.builder.build([y])), "conv2d") == [stay, 4]


@pytest.mark.parametrize(("bias", "stay"), [(0, [2, 2, 4]), (5000, [4, 4, 4])])
def test_a_depthwise_border_makes_a_constant_none(bias: int, stay: list[int]) -> None:
    p, x = net()
    x = p.requantised(convolved(p, x, DEAD, bias, np.ones(3), False))
    x = p.requantised(p.depthwise(x, ALL * 0 + 1))
    w = p.drawn(4, 1, 1, 4)
    y = p.layer("conv2d", x, w, np.zeros(4, np.int32), stride=(1, 1))
    graph = p.builder.build([y])
    # of zero points a depthwise layer makes its bias, which is a constant again
    small = less(graph)
    assert [*widths(small, "conv2d")[:1], *widths(small, "depthwise_conv2d"), 4] == stay


def test_channels_that_no_weight_hears_go_though_they_vary() -> None:
    p, x = net()
    x = p.requantised(convolved(p, x, ALL, 0, np.ones(3), True))
    w = (p.drawn(5, 3, 3, 4) * DEAD).astype(np.int8)
    y = p.layer("conv2d", x, w, p.bias(5), stride=(1, 1), padding=SAME)
    assert widths(less(p.builder.build([y])), "conv2d") == [2, 5]


def test_a_channel_that_a_clamp_never_lets_through_is_a_constant() -> None:
    p, x = net()
    w = p.drawn(4, 3, 3, 3) // 8
    bias = np.where(DEAD, 0, -100_000).astype(np.int32)
    x = p.requantised(p.layer("conv2d", x, w, bias, stride=(1, 1), padding=SAME))
    y = p.layer("conv2d", x, p.drawn(2, 1, 1, 4), p.bias(2), stride=(1, 1))
    assert widths(less(p.builder.build([y])), "conv2d") == [2, 2]


@pytest.mark.parametrize("alike", [True, False])
def test_an_addition_keeps_what_one_of_its_sides_needs(alike: bool) -> None:
    p, x = net()
    sides = (DEAD, DEAD if alike else ~DEAD)
    parts = [p.requantised(convolved(p, x, s, 0, np.ones(3), True)) for s in sides]
    total = p.builder.op("add", *parts, quant=Quant((0.05,), (-128,)))
    y = p.layer("conv2d", total, p.drawn(2, 1, 1, 4), p.bias(2), stride=(1, 1))
    small = less(p.builder.build([y]))
    assert widths(small, "add") == [2 if alike else 4]


def test_a_side_that_is_constant_needs_no_layer() -> None:
    p, x = net()
    parts = [p.requantised(convolved(p, x, s, 900, np.ones(3), True)) for s in (ALL, ALL & False)]
    y = p.builder.op("add", *parts, quant=Quant((0.05,), (-128,)))
    small = less(p.builder.build([y]))
    assert [n.op for n in small.nodes] == ["conv2d", "requantize", "add"]


def test_joined_and_flattened_channels_go_one_by_one() -> None:
    p, x = net()
    sides = (DEAD, np.array([False, True, True]))
    parts = [p.requantised(convolved(p, x, s, 40, np.ones(3), True)) for s in sides]
    wide = p.builder.op("concat", *parts, axis=3)
    flat = p.builder.op("reshape", wide, shape=(1, 4 * 5 * 7))
    y = p.layer("dense", flat, p.drawn(3, 140), p.bias(3))
    small = less(p.builder.build([y]))
    assert widths(small, "concat") == [4] and widths(small, "reshape") == [80]
    assert widths(small, "dense") == [3]


def test_results_of_one_channel_go_by_themselves_those_of_several_together() -> None:
    p, x = net()
    w = p.drawn(1, 3, 3, 6)
    w[..., [1, 2, 3]] = 0  # both results of channel 1, one of channel 0
    b = p.bias(6)
    y = p.requantised(p.layer("depthwise_conv2d", x, w, b, stride=(1, 1), multiplier=2))
    y = p.layer("conv2d", y, p.drawn(2, 1, 1, 6), p.bias(2), stride=(1, 1))
    assert widths(less(p.builder.build([y])), "depthwise_conv2d") == [6]  # x is an input
    p, x = net()
    x = p.requantised(convolved(p, x, np.ones(1, bool), 0, np.ones(3), True))
    y = p.requantised(p.layer("depthwise_conv2d", x, w, b, stride=(1, 1), multiplier=6))
    y = p.layer("conv2d", y, p.drawn(2, 1, 1, 6), p.bias(2), stride=(1, 1))
    small = less(p.builder.build([y]))
    assert widths(small, "depthwise_conv2d") == [3]
    assert small.nodes[2].attrs["multiplier"] == 3


def test_a_bias_that_would_overflow_keeps_its_constants() -> None:
    p, x = net()
    x = p.requantised(convolved(p, x, DEAD, 5000, np.ones(3), False))
    bias = np.full(2, (1 << 30) - 5, np.int32)
    y = p.layer("conv2d", x, np.full((2, 1, 1, 4), 99, np.int8), bias, stride=(1, 1))
    assert widths(less(p.builder.build([y])), "conv2d") == [4, 2]


def test_outputs_and_unknown_readers_keep_all_channels() -> None:
    p, x = net()
    dead = p.requantised(convolved(p, x, DEAD, 0, np.ones(3), True))
    y = p.layer("conv2d", dead, p.drawn(2, 1, 1, 4), p.bias(2), stride=(1, 1))
    shown = p.builder.build([y, dead])
    assert PASS(shown) is shown
    read = p.builder.build(
        [y, p.builder.op("softmax", dead, beta=1.0, quant=Quant((1 / 256,), (-128,)))]
    )
    assert PASS(read) is read


def test_int16_layers_lose_channels_too() -> None:
    p = Pictures(np.random.default_rng(3))
    x = p.builder.input("x", TensorType((1, 6), "int16", Quant((0.01,), (0,))))
    for n, live in ((4, DEAD), (3, np.ones(3, bool))):
        w = (p.drawn(n, p.builder.type(x).shape[1]) * live[:, None]).astype(np.int8)
        b = p.bias(n).astype(np.int64) * 77
        x = p.layer("dense", x, w, b)
        if n == 4:
            m, s = (
                p.builder.constant(k, np.array([v], np.int32))
                for k, v in (("m", 1 << 30), ("s", -8))
            )
            x = p.builder.op(
                "requantize", x, m, s, quant=Quant((0.02,), (0,)), dtype="int16", zero_point=0,
                rounding="wide16", act_min=-(2**15), act_max=2**15 - 1,
            )  # fmt: skip
    small = less(p.builder.build([x]))
    assert widths(small, "dense") == [2, 3]


def test_shared_weights_stay_for_those_who_need_them() -> None:
    p, x = net()
    w = (p.drawn(4, 1, 1, 3) * DEAD[:, None, None, None]).astype(np.int8)
    b, attrs = (p.bias(4) * DEAD).astype(np.int32), {"stride": (1, 1)}
    first = p.layer("conv2d", x, w, b, **attrs)
    node = p.builder.build([first]).nodes[0]
    second = p.builder.op("conv2d", *node.inputs, **attrs)  # type: ignore[arg-type]
    y = p.layer("conv2d", p.requantised(first), p.drawn(2, 1, 1, 4), p.bias(2), stride=(1, 1))
    small = less(p.builder.build([y, second]))
    assert widths(small, "conv2d") == [2, 4, 2]
    assert type_of(small.constants[node.inputs[1]]).shape == (4, 1, 1, 3)
