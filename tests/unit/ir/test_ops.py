"""What operations refuse, and the arithmetic that they share."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import OPS, ShapeError, Site
from tinsmith.ir.ops._fixed import multiplier_of, scale_double, scale_single
from tinsmith.ir.ops._float import exp32, log32
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import DType, Quant, TensorType


def t(*shape: int, dtype: DType = "float32", quant: Quant | None = None) -> TensorType:
    return TensorType(shape, dtype, quant)


Q = Quant((0.1,), (3,))
SKEWED = Quant((0.1, 0.2), (3, 4), 0)
PER_AXIS = Quant((0.1, 0.2, 0.3), (0, 0, 0), 1)
REQUANTIZE: dict[str, Attr] = {
    "rounding": "double", "zero_point": 0, "act_min": -128, "act_max": 127,
}  # fmt: skip
INT32 = (t(2, 3, dtype="int32"), t(3, dtype="int32"), t(3, dtype="int32"))
DENSE8 = (t(2, 3, dtype="int8"), t(2, dtype="int32"))
STFT: dict[str, Attr] = {"start": 0, "stride": 1, "emphasis": 0.0, "floor": 0.0}
SPANS = t(1, 2, dtype="int32")
REFUSED: dict[str, tuple[str, tuple[TensorType, ...], dict[str, Attr]]] = {
    "add_shapes": ("add", (t(2, 3), t(2)), {}),
    "add_axes_between": ("add", (t(2, 3, 4), t(2, 1, 4)), {}),
    "add_both_repeat": ("add", (t(3, 1), t(1, 4)), {}),
    "add_dtypes": ("add", (t(3), t(3, dtype="int8", quant=Q)), {}),
    "add_one_operand": ("add", (t(3),), {}),
    "add_int8_without_quant": ("add", (t(3, dtype="int8"), t(3, dtype="int8", quant=Q)), {}),
    "add_int8_clamp": (
        "add", (t(3, dtype="int8", quant=Q), t(3, dtype="int8", quant=Q)), {"act_min": -200},
    ),
    "sub_int8": ("sub", (t(3, dtype="int8", quant=Q), t(3, dtype="int8", quant=Q)), {}),
    "sqrt_int32": ("sqrt", (t(3, dtype="int32"),), {}),
    "softmax_no_axis": ("softmax", (t(),), {}),
    "reduce_no_axis_given": ("reduce_mean", (t(2, 3),), {}),
    "reduce_axis_outside": ("reduce_max", (t(2, 3),), {"axis": 2}),
    "reduce_axis_negative": ("reduce_min", (t(2, 3),), {"axis": -3}),
    "reduce_axis_text": ("reduce_min", (t(2, 3),), {"axis": "1"}),
    "reduce_axis_bool": ("reduce_min", (t(2, 3),), {"axis": True}),
    "concat_rank": ("concat", (t(2, 3), t(3)), {"axis": 0}),
    "concat_shape": ("concat", (t(2, 3), t(2, 4)), {"axis": 0}),
    "concat_quant": (
        "concat", (t(3, dtype="int8", quant=Q), t(3, dtype="int8", quant=PER_AXIS)), {"axis": 0},
    ),
    "reshape_count": ("reshape", (t(2, 3),), {"shape": (5,)}),
    "reshape_zero": ("reshape", (t(2, 3),), {"shape": (6, 0)}),
    "reshape_per_axis": ("reshape", (t(2, 3, dtype="int16", quant=PER_AXIS),), {"shape": (6,)}),
    "transpose_rank": ("transpose", (t(2, 3, 4),), {}),
    "slice_end": ("slice", (t(5),), {"axis": 0, "start": 3, "size": 3}),
    "slice_start": ("slice", (t(5),), {"axis": 0, "start": -1, "size": 3}),
    "slice_nothing": ("slice", (t(5),), {"axis": 0, "start": 1, "size": 0}),
    "rfft_length": ("rfft_power", (t(12), t(6, 2)), {}),
    "rfft_too_short": ("rfft_power", (t(2), t(1, 2)), {}),
    "rfft_twiddles": ("rfft_power", (t(8), t(8, 2)), {}),
    "stft_rank": ("stft_bands", (t(8), t(8), t(4, 2), t(5), SPANS), STFT),
    "stft_length": ("stft_bands", (t(9, 1), t(9), t(4, 2), t(5), SPANS), STFT),
    "stft_transform": ("stft_bands", (t(8, 1), t(6), t(3, 2), t(5), SPANS), STFT),
    "stft_no_frame": ("stft_bands", (t(8, 1), t(8), t(4, 2), t(5), SPANS), {**STFT, "start": 1}),
    "stft_stride": ("stft_bands", (t(8, 1), t(8), t(4, 2), t(5), SPANS), {**STFT, "stride": 0}),
    "stft_floor": ("stft_bands", (t(8, 1), t(8), t(4, 2), t(5), SPANS), {**STFT, "floor": 1}),
    "stft_infinite": (
        "stft_bands", (t(8, 1), t(8), t(4, 2), t(5), SPANS), {**STFT, "emphasis": 1e39},
    ),
    "stft_spans": ("stft_bands", (t(8, 1), t(8), t(4, 2), t(5), t(1, 2)), STFT),
    "stft_weights": ("stft_bands", (t(8, 1), t(8), t(4, 2), t(5, dtype="int32"), SPANS), STFT),
    "iir_rank": ("iir", (t(8), t(1, 6)), {}),
    "iir_sections": ("iir", (t(8, 1), t(1, 5)), {}),
    "iir_int32": ("iir", (t(8, 1), t(1, 6, dtype="int32")), {}),
    "dense_two_operands": ("dense", (t(1, 3), t(2, 3)), {}),
    "dense_shapes": ("dense", (t(1, 3), t(2, 4), t(2)), {}),
    "dense_int16": ("dense", (t(1, 3, dtype="int16"), t(2, 3), t(2)), {}),
    "dense_per_axis": (
        "dense", (t(2, 3, dtype="int8", quant=PER_AXIS), *DENSE8), {},
    ),
    "dense_zero_points_of_weights": (
        "dense",
        (t(1, 3, dtype="int8", quant=Q), t(2, 3, dtype="int8", quant=SKEWED), DENSE8[1]), {},
    ),
    "dense_too_deep": (
        "dense",
        (t(1, 40_000, dtype="int8", quant=Q), t(2, 40_000, dtype="int8"), DENSE8[1]),
        {},
    ),
    "dequantize_int8_without_quant": ("dequantize", (t(3, dtype="int8"),), {}),
    "dequantize_int16_without_scale": ("dequantize", (t(3, dtype="int16"),), {}),
    "dequantize_scales": ("dequantize", (t(4, 3, dtype="int16"), t(4)), {}),
    "dequantize_int32_zero_point": ("dequantize", (t(3, dtype="int32", quant=Q), t(1)), {}),
    "requantize_bool": ("requantize", (t(3, dtype="bool"), *INT32[1:]), REQUANTIZE),
    "requantize_channels": ("requantize", (t(2, 4, dtype="int32"), *INT32[1:]), REQUANTIZE),
    "requantize_float_shift": ("requantize", (*INT32[:2], t(3)), REQUANTIZE),
    "requantize_rounding": ("requantize", INT32, {**REQUANTIZE, "rounding": "up"}),
    "requantize_clamp": ("requantize", INT32, {**REQUANTIZE, "act_min": 5, "act_max": 4}),
    "requantize_zero_point": ("requantize", INT32, {**REQUANTIZE, "zero_point": 128}),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_operands_that_do_not_fit_are_refused(row: str) -> None:
    op, types, attrs = REFUSED[row]
    with pytest.raises(ShapeError, match=f"^{op}: "):
        OPS.get(op).infer(types, attrs)


def test_a_scale_that_float32_cannot_hold_is_refused() -> None:
    site = Site({}, (t(3),), (t(3, dtype="int8", quant=Quant((1e-60,), (0,))),))
    with pytest.raises(ShapeError, match="scale 1e-60"):
        OPS.get("quantize").reference([np.zeros(3, np.float32)], site)


@pytest.mark.parametrize(
    ("op", "attrs", "quant"),
    [
        ("reshape", {"shape": (2, 1, 3)}, Quant((0.1, 0.2, 0.3), (0, 0, 0), 2)),
        ("transpose", {}, Quant((0.1, 0.2, 0.3), (0, 0, 0), 0)),
        ("slice", {"axis": 1, "start": 1, "size": 2}, Quant((0.2, 0.3), (0, 0), 1)),
        ("slice", {"axis": 0, "start": 1, "size": 1}, PER_AXIS),
    ],
)
def test_scales_move_with_their_axis(op: str, attrs: dict[str, Attr], quant: Quant) -> None:
    (result,) = OPS.get(op).infer([t(2, 3, dtype="int8", quant=PER_AXIS)], attrs)
    assert result.quant == quant


def test_multipliers_hold_factors_to_31_bits(rng: np.random.Generator) -> None:
    factors = [1.0, 0.5, 2.0**29, 2.0**30 - 0.5, 1 - 2.0**-40, *(10 ** rng.uniform(-9, 8, 200))]
    for factor in map(float, factors):
        m, s = multiplier_of(factor)
        assert 2**30 <= m < 2**31 and -31 <= s <= 30
        assert abs(m * 2.0 ** (s - 31) / factor - 1) <= 2.0**-31
    assert multiplier_of(0.0) == multiplier_of(1e-10) == (0, 0)
    exact = np.float32(rng.uniform(1e-6, 1, 50))
    m, s = (v.astype(np.float64) for v in multipliers(exact.tolist()))
    assert np.array_equal(m * 2.0 ** (s - 31), exact.astype(np.float64))


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf"), 2.0**30, 2.0**30 - 0.25])
def test_factors_outside_the_range_are_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        multiplier_of(factor)


def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Operands of a scaling: 32-bit values of all sizes, multipliers, shifts."""
    n = 3000
    x = rng.integers(-(2**31), 2**31, n) >> rng.integers(0, 31, n)
    x[:4] = [-(2**31), 2**31 - 1, -1, 0]
    m = rng.integers(2**30, 2**31, n)
    m[::7] = 2**30
    return x, m, rng.integers(-31, 31, n)


def test_single_rounding_is_the_formula(rng: np.random.Generator) -> None:
    x, m, s = draw(rng)
    wanted = [
        floor(Fraction(a * b) / Fraction(2) ** (31 - c) + Fraction(1, 2))
        for a, b, c in zip(x.tolist(), m.tolist(), s.tolist(), strict=True)
    ]
    assert scale_single(x, m, s).tolist() == wanted


def gemmlowp(x: int, m: int, s: int) -> int:
    """From the words of gemmlowp's documentation: x 2^s, times m / 2^31 rounded to the nearest with
    halves upwards, then divided by a power of two, to the nearest with halves away from zero."""
    shifted = max(-(2**31), min(2**31 - 1, x * 2 ** max(s, 0)))
    high = floor(Fraction(shifted * m, 2**31) + Fraction(1, 2))
    quotient = Fraction(high, 2 ** max(-s, 0))
    away = floor(abs(quotient) + Fraction(1, 2))
    return away if quotient >= 0 else -away


def test_double_rounding_is_the_formula(rng: np.random.Generator) -> None:
    x, m, s = draw(rng)
    wanted = [gemmlowp(*v) for v in zip(x.tolist(), m.tolist(), s.tolist(), strict=True)]
    assert scale_double(x, m, s).tolist() == wanted


def test_the_roundings_differ_where_they_should() -> None:
    """2.5 steps and -2.5 steps: upwards, away from zero, and to even."""
    x = np.array([[5, -5, 7, -7]], np.int32)
    m, s = multipliers([0.5])
    results = {}
    for rounding in ("double", "single", "onnx"):
        attrs = {**REQUANTIZE, "rounding": rounding}
        site = Site(attrs, (t(1, 4, dtype="int32"), *INT32[1:]), (t(1, 4, dtype="int8"),))
        (y,) = OPS.get("requantize").reference([x, m, s], site)
        results[rounding] = y[0].tolist()
    assert results == {"double": [3, -2, 4, -3], "single": [3, -2, 4, -3], "onnx": [2, -2, 4, -4]}


def test_exp_and_log_are_accurate(rng: np.random.Generator) -> None:
    x = rng.uniform(-87, 0, 20000).astype(np.float32)
    wanted = np.exp(x.astype(np.float64))
    assert np.max(np.abs(exp32(x) / wanted - 1)) < 2e-7
    assert exp32(np.array([0, -104.5, -np.inf], np.float32)).tolist() == [1, 0, 0]
    x = (10 ** rng.uniform(-37, 38, 20000)).astype(np.float32)
    away = np.abs(np.log(x.astype(np.float64))) > 0.1
    assert np.max(np.abs(log32(x) / np.log(x.astype(np.float64)) - 1)[away]) < 3e-7
    assert log32(np.array([1, 0, np.inf], np.float32)).tolist() == [0, -np.inf, np.inf]
    assert np.isnan(log32(np.array([-1, -np.inf, np.nan], np.float32))).all()


@pytest.mark.parametrize("n", [4, 16, 512])
def test_the_power_of_a_tone_is_in_its_bin(n: int) -> None:
    op, x = OPS.get("rfft_power"), np.cos(2 * np.pi * np.arange(n) / n).astype(np.float32)
    w = twiddles(n)
    site = Site({}, (t(n), t(n // 2, 2)), op.infer([t(n), t(n // 2, 2)], {}))
    (power,) = op.reference([x, w], site)
    assert power[1] == pytest.approx(n * n / 4, rel=1e-5)
    assert np.max(np.delete(power, 1)) < 1e-6 * n * n


@pytest.mark.parametrize("name", OPS.names())
def test_sharing_memory_is_claimed_only_where_results_are_written_in_order(name: str) -> None:
    op = OPS.get(name)
    assert bool(op.alias) == (op.access in ("elementwise", "streamed", "moving"))
