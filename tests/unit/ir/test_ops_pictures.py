"""Operations over pictures and the softmax of int8: what they refuse, results by hand, and what
TensorFlow Lite's own reference kernels answered."""

from math import exp

import numpy as np
import pytest

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import OPS, ShapeError, Site
from tinsmith.ir.ops._softmax import exp_fixed, parameters, softmax8
from tinsmith.ir.types import DType, Quant, TensorType, type_of


def t(*shape: int, dtype: DType = "float32", quant: Quant | None = None) -> TensorType:
    return TensorType(shape, dtype, quant)


Q = Quant((0.1,), (3,))
X, X8 = t(1, 4, 5, 6), t(1, 4, 5, 6, dtype="int8", quant=Q)
W, B = t(4, 2, 2, 6), t(4)
SKEW = t(4, 2, 2, 6, dtype="int8", quant=Quant((0.1,) * 4, (3, 3, 3, 4), 0))
B32 = t(4, dtype="int32")
ONE: dict[str, Attr] = {"stride": (1, 1)}
DEPTH: dict[str, Attr] = {"stride": (1, 1), "multiplier": 2}
POOL: dict[str, Attr] = {"stride": (1, 1), "size": (2, 2)}
PAD: dict[str, Attr] = {"before": (0, 1, 0, 0), "after": (0, 1, 1, 0), "value": 0.0}
REFUSED: dict[str, tuple[str, tuple[TensorType, ...], dict[str, Attr]]] = {
    "conv_rank": ("conv2d", (t(4, 5, 6), W, B), ONE),
    "conv_operands": ("conv2d", (X, W), ONE),
    "conv_channels": ("conv2d", (X, t(4, 2, 2, 5), B), ONE),
    "conv_groups": ("conv2d", (X, t(4, 2, 2, 2), B), ONE),
    "conv_bias": ("conv2d", (X, W, t(3)), ONE),
    "conv_bias_float": ("conv2d", (X8, t(4, 2, 2, 6, dtype="int8"), B), ONE),
    "conv_weight_zero_points": ("conv2d", (X8, SKEW, B32), ONE),
    "conv_no_stride": ("conv2d", (X, W, B), {}),
    "conv_stride": ("conv2d", (X, W, B), {"stride": (0, 1)}),
    "conv_stride_bool": ("conv2d", (X, W, B), {"stride": (True, 1)}),
    "conv_padding": ("conv2d", (X, W, B), {**ONE, "padding": (0, -1, 0, 0)}),
    "conv_padding_pair": ("conv2d", (X, W, B), {**ONE, "padding": (1, 1)}),
    "conv_too_small": ("conv2d", (X, W, B), {**ONE, "dilation": (4, 1)}),
    "depthwise_multiplier": ("depthwise_conv2d", (X, t(1, 2, 2, 6), t(6)), DEPTH),
    "depthwise_no_multiplier": ("depthwise_conv2d", (X, t(1, 2, 2, 6), t(6)), ONE),
    "depthwise_first_axis": ("depthwise_conv2d", (X, t(2, 2, 2, 12), t(12)), DEPTH),
    "avg_border": ("avg_pool2d", (X,), {**POOL, "padding": (2, 0, 0, 0)}),
    "avg_size": ("avg_pool2d", (X,), ONE),
    "avg_int16": ("avg_pool2d", (t(1, 4, 5, 6, dtype="int16"),), POOL),
    "avg_without_quant": ("avg_pool2d", (t(1, 4, 5, 6, dtype="int8"),), POOL),
    "max_clamp": ("max_pool2d", (X8,), {**POOL, "act_min": 5, "act_max": 4}),
    "max_dilation": ("max_pool2d", (X,), {**POOL, "dilation": (0, 1)}),
    "max_rank": ("max_pool2d", (t(4, 5),), POOL),
    "pad_negative": ("pad", (X,), {**PAD, "before": (0, -1, 0, 0)}),
    "pad_axes": ("pad", (X,), {**PAD, "after": (0, 1, 1)}),
    "pad_five_axes": (
        "pad",
        (t(1, 1, 1, 1, 1),),
        {"before": (1,) * 5, "after": (0,) * 5, "value": 0.0},
    ),
    "pad_whole_value": ("pad", (X,), {**PAD, "value": 0}),
    "pad_infinite": ("pad", (X,), {**PAD, "value": float("inf")}),
    "pad_float_in_int8": ("pad", (X8,), PAD),
    "pad_outside_int8": ("pad", (X8,), {**PAD, "value": 128}),
    "softmax_beta_float": ("softmax", (t(1, 4),), {"beta": 2.0}),
    "softmax_beta_zero": ("softmax", (X8,), {"beta": 0.0}),
    "softmax_beta_whole": ("softmax", (X8,), {"beta": 1}),
    "softmax_without_quant": ("softmax", (t(1, 4, dtype="int8"),), {}),
    "softmax_row": ("softmax", (t(1, 4096, dtype="int8", quant=Q),), {}),
}


@pytest.mark.parametrize("row", REFUSED)
def test_operands_that_do_not_fit_are_refused(row: str) -> None:
    op, types, attrs = REFUSED[row]
    with pytest.raises(ShapeError, match=op):
        OPS.get(op).infer(types, attrs)


def run(
    name: str, arrays: tuple[np.ndarray, ...], attrs: dict[str, Attr], quant: Quant | None = None
) -> np.ndarray:
    op = OPS.get(name)
    types = (type_of(arrays[0], quant), *map(type_of, arrays[1:]))
    (y,) = op.reference(arrays, Site(attrs, types, op.infer(types, attrs)))
    return y


def test_the_border_of_a_convolution_is_the_zero_point() -> None:
    """Sums of 2 x 2 neighbours less the zero point 5; one row of border at the top."""
    x = np.arange(6, dtype=np.int8).reshape(1, 2, 3, 1)
    w, b = np.ones((1, 2, 2, 1), np.int8), np.array([100], np.int32)
    y = run("conv2d", (x, w, b), {**ONE, "padding": (1, 0, 0, 0)}, Quant((0.1,), (5,)))
    assert y[0, :, :, 0].tolist() == [[100 + 0 + 1 - 10, 100 + 1 + 2 - 10], [88, 92]]


def test_groups_see_their_own_channels() -> None:
    x = np.array([1, 10, 100, 1000], np.float32).reshape(1, 1, 1, 4)
    w, b = np.ones((2, 1, 1, 2), np.float32), np.zeros(2, np.float32)
    assert run("conv2d", (x, w, b), ONE).tolist() == [[[[11.0, 1100.0]]]]


def test_a_channel_has_its_multiples_beside_each_other() -> None:
    x = np.array([1, 10], np.float32).reshape(1, 1, 1, 2)
    w, b = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 1, 4), np.zeros(4, np.float32)
    y = run("depthwise_conv2d", (x, w, b), DEPTH)
    assert y.tolist() == [[[[1.0, 2.0, 30.0, 40.0]]]]


@pytest.mark.parametrize(
    ("pair", "mean"), [((1, 2), 2), ((-1, -2), -2), ((-1, 0), -1), ((3, 4), 4)]
)
def test_the_mean_of_int8_rounds_away_from_zero(pair: tuple[int, int], mean: int) -> None:
    x = np.array(pair, np.int8).reshape(1, 1, 2, 1)
    assert run("avg_pool2d", (x,), {**ONE, "size": (1, 2)}, Q).item() == mean


def test_the_border_counts_in_no_mean_and_no_maximum() -> None:
    x = np.full((1, 1, 1, 1), -7, np.float32)
    around: dict[str, Attr] = {"size": (3, 3), "stride": (1, 1), "padding": (1, 1, 1, 1)}
    assert run("avg_pool2d", (x,), around).item() == -7
    assert run("max_pool2d", (x,), around).item() == -7


LITERT = [
    (1e-4, 2.0, [-112, -20, 79, -3], [-65, -64, -63, -64]),
    (0.003, 2.0, [1, 0, 2, 3], [-64, -65, -64, -63]),
    (0.02, 1.0, [7, 125, -49, -107], [-107, 98, -121, -126]),
    (0.1, 1.0, [16, 25, 38, -22], [-108, -78, 57, -128]),
    (0.2473, 1.0, [0, 3, -1, 1], [-78, -24, -89, -64]),
    (0.5847029, 1.0, [0, -1, 1, 1, -3, -3, 1, -3, 1, -1, -3, 2],
     [-109, -117, -93, -93, -125, -125, -93, -125, -93, -117, -125, -66]),
    (1.0, 0.3, [2, -3, -2, 2], [-27, -105, -97, -27]),
    (2.5, 0.3, [21, 18, -11, 10], [104, -104, -128, -128]),
    (8.1, 0.3, [-3, 2, 3, 0], [-128, -107, 107, -128]),
]  # fmt: skip
"""(scale, beta, x, y) of SOFTMAX by the reference kernels of ai-edge-litert 2.3.0."""


@pytest.mark.parametrize(("scale", "beta", "x", "y"), LITERT)
def test_softmax_of_int8_is_litert_s(scale: float, beta: float, x: list[int], y: list[int]) -> None:
    factor = float(np.float32(beta)) * float(np.float32(scale))
    assert softmax8(np.array(x, np.int8), factor).tolist() == y


def test_fixed_point_exp_is_accurate(rng: np.random.Generator) -> None:
    """As good as a series around -1/8 that ends with the fourth power: 1/8^5 / 5! is left."""
    x = np.append(rng.integers(-(2**31), 0, 5000), [-(2**31), -1, 0, -(1 << 24)])
    wanted = np.array([exp(v / 2**26) for v in x.tolist()]) * 2**31
    assert np.max(np.abs(exp_fixed(x) - wanted)) < 2**31 / 8**5 / 120


def test_differences_count_down_to_thirty_one_units() -> None:
    multiplier, shift, lowest = parameters(0.5)
    assert multiplier * 2.0 ** (shift - 31) == 0.5 * 2**26
    assert lowest == -31 and parameters(16.0)[2] == 0
    with pytest.raises(ValueError, match="above"):
        parameters(2.0**-26)
