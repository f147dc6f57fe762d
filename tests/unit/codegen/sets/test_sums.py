"""Sums of two tensors of int8 in whole numbers: taken where each pair of values gets what the
definition makes of it."""

import numpy as np
import pytest

from tinsmith.codegen.kernel_set import Use
from tinsmith.codegen.sets import _sums
from tinsmith.codegen.sets._sums import DROPPED_BITS, STEP_BITS, Sum, sum_of
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.types import Quant, TensorType

SCALES = [(0.05, 0.05, 0.1), (0.0317, 0.0771, 0.0853), (0.1, 0.025, 0.05)]


def addition(x: float, b: float, y: float, zero: int = 0) -> Site:
    types = [TensorType((4,), "int8", Quant((s,), (zero,))) for s in (x, b, y)]
    return Site({}, tuple(types[:2]), tuple(types[2:]))


def of(site: Site, clamped: bool = False) -> Sum | None:
    return sum_of(Use("add", site, (None, None)), clamped)


def found(site: Site, clamped: bool = False) -> Sum:
    made = of(site, clamped)
    assert made is not None
    return made


def made_by(one: Sum) -> np.ndarray:
    """What kernels make of every value of x (rows) and of b (columns)."""
    values = np.arange(-128, 128, dtype=np.int64)
    sums = (one.first * values >> DROPPED_BITS)[:, None] + (one.second * values >> DROPPED_BITS)
    sums += one.middle
    sums += one.end - (one.away & (sums < 0))
    assert np.abs(sums).max() < 1 << 31
    return (sums >> STEP_BITS).clip(one.low, one.high)


@pytest.mark.parametrize(("zero", "away"), [(-128, False), (0, True), (127, False)])
def test_halves_need_the_kernel_that_knows_signs(zero: int, away: bool) -> None:
    """Half a step is rounded away from zero, which one summand says for sums of one sign only."""
    assert found(addition(0.05, 0.05, 0.1, zero)).away == away
    assert not found(addition(0.0317, 0.0771, 0.0853, zero)).away


@pytest.mark.parametrize("clamped", [False, True])
@pytest.mark.parametrize(
    "scales", [(0.05, 0.05, 0.1), (0.0317, 0.0771, 0.0853), (0.1, 0.025, 0.05)]
)
def test_sums_as_kernels_make_them_are_the_definitions(
    scales: tuple[float, float, float], clamped: bool
) -> None:
    for attrs in ({}, {"act_min": -20, "act_max": 90}):
        site = Site(attrs, *(getattr(addition(*scales, 5), n) for n in ("inputs", "outputs")))
        np.testing.assert_array_equal(made_by(found(site, clamped)), _sums._wanted(site))


def test_other_bounds_need_a_kernel_that_knows_them() -> None:
    plain = addition(0.0317, 0.0771, 0.0853)
    bounded = Site({"act_min": -20}, plain.inputs, plain.outputs)
    assert not found(bounded, clamped=True).away
    one = of(bounded, clamped=False)
    assert one is None or one.away


def test_sums_beyond_int32_are_left_alone() -> None:
    assert of(addition(1.0, 1.0, 0.01)) is None


def test_a_tensor_that_repeats_is_left_alone() -> None:
    site = addition(0.0317, 0.0771, 0.0853)
    one = TensorType((1,), "int8", Quant((0.0771,), (0,)))
    assert of(Site({}, (site.inputs[0], one), site.outputs)) is None


def test_a_sum_that_differs_in_one_pair_is_refused() -> None:
    site = addition(0.0317, 0.0771, 0.0853)
    wanted = _sums._wanted(site)
    values = np.arange(-128, 128, dtype=np.int64)
    factors = (round(s / 0.0853 * (1 << STEP_BITS + DROPPED_BITS)) for s in (0.0317, 0.0771))
    first, second = (f * values >> DROPPED_BITS for f in factors)
    sums = first[:, None] + second
    assert _sums._end(sums, wanted, -128, 127) is not None
    wanted[100, 120] += 1
    assert _sums._end(sums, wanted, -128, 127) is None


def test_wanted_sums_are_the_definitions() -> None:
    site = addition(0.0317, 0.0771, 0.0853, 5)
    x, b = (np.array(v, np.int8) for v in ([-128, 3, 99, 127], [127, -128, 0, 64]))
    (direct,) = OPS.get("add").reference([x, b], site)
    every = _sums._wanted(site)
    np.testing.assert_array_equal(every[x.astype(int) + 128, b.astype(int) + 128], direct)
