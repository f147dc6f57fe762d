"""Requantisation on every sum: what kernels compute against the definition, in compiled loops."""

from dataclasses import dataclass

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.rounding import Scaling, compared, first_difference
from tinsmith.build import plugins
from tinsmith.ir.ops._fixed import multiplier_of, scale_double, scale_single


def scaling(factor: float, once: bool, zero: int = -5, low: int = -128) -> Scaling:
    return Scaling(*multiplier_of(factor), zero, low, 127, once)


@pytest.mark.parametrize("once", [False, True])
def test_all_sums_of_many_scalings_are_right(once: bool, rng: np.random.Generator) -> None:
    factors = [*(2.0 ** rng.uniform(-20, 2, 40)), 0.0, 0.5, 2.0**-9, 1 - 2.0**-31]
    asked = [(scaling(f, once, low=-5 if k % 2 else -128), -70_000, 80_000)
             for k, f in enumerate(factors)]  # fmt: skip
    ends = [(s, at, at + 9) for s, *_ in asked for at in (-(2**31), 2**31 - 10)]
    assert first_difference([*asked, *ends], CACHE) is None


def changed(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    headers = plugins._headers()
    assert old in headers["ts_fixed.h"]
    text = headers["ts_fixed.h"].replace(old, new, 1)
    monkeypatch.setattr(plugins, "_headers", lambda: {**headers, "ts_fixed.h": text})


@pytest.mark.parametrize(
    ("old", "new", "once"),
    [("> threshold", ">= threshold", False), ("(high < 0 ? 1 : 0)", "0", False),
     ("((int64_t)1 << 30)", "((int64_t)1 << 29)", False),
     ("((int64_t)1 << (total - 1))", "((int64_t)1 << (total - 2))", True)],
)  # fmt: skip
def test_a_wrong_rounding_is_found(
    old: str, new: str, once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(monkeypatch, old, new)
    asked = scaling(2.0**-7, once, low=-128), -20_000, 20_000
    found = first_difference([asked], CACHE)
    assert found is not None and found[0] == asked[0]
    x = np.array([found[1]])
    scale = scale_single if once else scale_double
    assert abs(int(scale(x, *(np.array([v]) for v in multiplier_of(2.0**-7)))[0])) < 200


@dataclass
class Layer:
    """What is known of a layer with two channels."""

    scalings: tuple[Scaling, ...]
    sums: str = "int32"

    def within(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([-900, -1000]), np.array([1000, 900])

    def breakpoints(self) -> list[np.ndarray]:
        return [np.array([-50, 1000]), np.array([7])]


def test_channels_of_one_scaling_are_compared_once_and_within_the_budget() -> None:
    one, other = scaling(0.01, True), scaling(0.02, True)
    every = compared([Layer((one, one)), Layer((), "int32"), Layer((one, one), "int64")], CACHE)
    assert (every.sums, every.all, every.wrong) == (2001, True, None)
    two = compared([Layer((one, other))], CACHE)
    assert (two.sums, two.all) == (1901 + 1901, True)
    some = compared([Layer((one, other))], CACHE, budget=3000)
    assert (some.sums, some.all, some.wrong) == (4 + 3 + 2 + 3, False, None)
