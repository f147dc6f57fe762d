"""The bounds that our own functions state, against float64, beyond what the operations' tables
reach; and the special cases of powers and remainders."""

from collections.abc import Callable
from math import erf, sin

import numpy as np
import pytest

from tinsmith.ir.ops._curves import atan32, cos32, erf32, sin32
from tinsmith.ir.ops._float import exp32, sigmoid32, tanh32
from tinsmith.ir.ops._pow import pow32
from tinsmith.ir.ops._remainder import modulus, quotient, remainder

Function = Callable[[np.ndarray], np.ndarray]
RNG = np.random.default_rng(8)
SMALL = (RNG.choice([-1, 1], 5000) * 10 ** RNG.uniform(-30, 0, 5000)).astype(np.float32)


def values(reach: float) -> np.ndarray:
    return np.append(RNG.uniform(-reach, reach, 40000).astype(np.float32), SMALL)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


BOUNDS: dict[str, tuple[Function, Function, float, float]] = {
    "exp": (exp32, np.exp, 87.0, 2e-7),
    "tanh": (tanh32, np.tanh, 12.0, 2e-7),
    "sigmoid": (sigmoid32, logistic, 80.0, 2e-7),
    "erf": (erf32, np.vectorize(erf), 5.0, 3e-7),
    "atan": (atan32, np.arctan, 50.0, 3e-7),
    "sin_around_zero": (sin32, np.sin, 3.0, 2e-7),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_relative_error_stays_below_its_bound(name: str) -> None:
    function, wanted, reach, bound = BOUNDS[name]
    x = values(reach)
    want = wanted(x.astype(np.float64))
    assert np.max(np.abs(function(x) - want) / np.abs(want)) < bound


def test_sine_and_cosine_of_any_size() -> None:
    """The C library's sine of a double reduces exactly."""
    x = (RNG.choice([-1, 1], 4000) * 2.0 ** RNG.uniform(-20, 127.9, 4000)).astype(np.float32)
    x = np.append(x, np.arange(1, 2000) * np.float32(np.pi / 2)).astype(np.float32)
    assert abs(sin(1e22) - -0.8522008497671888) < 1e-15
    wide = x.astype(np.float64)
    assert np.max(np.abs(sin32(x) - np.sin(wide))) < 2e-7
    assert np.max(np.abs(cos32(x) - np.cos(wide))) < 2e-7


def test_ends() -> None:
    x = np.float32([-np.inf, np.inf, np.nan, 100, -105])
    assert exp32(x).tolist()[:2] == [0, np.inf] and exp32(x).tolist()[3:] == [np.inf, 0]
    assert tanh32(x).tolist()[:2] == [-1, 1] and erf32(x).tolist()[:2] == [-1, 1]
    assert sigmoid32(x).tolist()[:2] == [0, 1]
    for function in (exp32, tanh32, erf32, sigmoid32, sin32, cos32, atan32):
        assert np.isnan(function(x)[2])
    assert np.isnan(sin32(x)[:2]).all() and np.isnan(cos32(x)[:2]).all()


def test_powers_are_within_one_unit_in_the_last_place() -> None:
    x = (2.0 ** RNG.uniform(-20, 20, 60000)).astype(np.float32)
    y = RNG.uniform(-6, 6, 60000).astype(np.float32)
    x[:20000] = 1 + RNG.normal(size=20000) * 1e-4
    y[:20000] = RNG.normal(size=20000) * 1e4
    want = x.astype(np.float64) ** y
    usual = (want > 2e-38) & (want < 3e38)
    units = np.abs(pow32(x, y) - want)[usual] / np.spacing(want[usual].astype(np.float32))
    assert usual.sum() > 50000 and np.max(units) < 1


def test_special_cases_of_powers_are_those_of_c() -> None:
    edges = np.float32([0, -0.0, 1, -1, 2, -2, 0.5, 3, -3, 1e-45, 1e38, -1e38, 16777216, 8388609,
                        -8388609, 1.5, -1.5, np.inf, -np.inf, np.nan])  # fmt: skip
    x, y = np.repeat(edges, len(edges)), np.tile(edges, len(edges))
    with np.errstate(all="ignore"):
        want = np.power(x, y)
    got = pow32(x, y)
    np.testing.assert_allclose(got, want, rtol=2e-7)
    number = ~np.isnan(want)
    assert (np.signbit(got) == np.signbit(want))[number].all()


def test_remainders_and_quotients_by_zero() -> None:
    x, zero = np.array([5, -5, -(2**31)], np.int32), np.zeros(3, np.int32)
    for function in (modulus, remainder, quotient):
        assert function(x, zero).tolist() == [0, 0, 0]
    assert quotient(x, zero - 1).tolist() == [-5, 5, -(2**31)]
    with np.errstate(all="ignore"):
        assert np.isnan(modulus(np.float32([5, -5]), np.float32([0, 0]))).all()
    y = np.float32([3, -3, np.inf])
    assert modulus(np.float32([-6, 6, -1]), y).tolist() == [0, 0, np.inf]
    assert np.signbit(modulus(np.float32([-6, 6]), y[:2])).tolist() == [False, True]
