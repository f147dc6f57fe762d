"""Naming what a driver did, on made-up signals: the arithmetic of readings, without an emulator."""

import numpy as np
import pytest

from tinsmith.prove.clock import KERNELS, resample
from tinsmith.prove.readings import readings
from tinsmith.prove.stimulus import judge

SAMPLES = 64


def signal(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Six channels of sums of slow sines with offsets, [4, times, 6], about +-8000 LSB."""
    phases = rng.uniform(0, 6.28, (4, 1, 6, 5))
    rates = rng.uniform(0.02, 0.25, (1, 1, 6, 5))
    waves = np.sin(2 * np.pi * rates * times[None, :, None, None] + phases).sum(axis=3)
    return np.asarray(1500 * waves + rng.uniform(-2000, 2000, (4, 1, 6)))


def pair(seed: int, times: np.ndarray, dtype: type = np.int16) -> tuple[np.ndarray, np.ndarray]:
    """The same world at nominal instants and at others, as integers."""
    golden = signal(np.random.default_rng(seed), np.arange(SAMPLES, dtype=float))
    seen = signal(np.random.default_rng(seed), times)
    return np.rint(golden).astype(dtype), np.rint(seen).astype(dtype)


NOMINAL = np.arange(SAMPLES, dtype=float)


def test_equal_integers_are_clean():
    golden, seen = pair(0, NOMINAL)
    found = judge(golden, seen)
    assert (found.kind, found.differing, found.total) == (None, 0, golden.size)


@pytest.mark.parametrize("seed", range(6))
def test_a_real_sensor_is_clean(seed):
    rng = np.random.default_rng(seed + 100)
    times = rng.uniform(0.99, 1.01) * NOMINAL + rng.uniform(-0.5, 0.5)
    golden, seen = pair(seed, times + rng.uniform(-0.01, 0.01, SAMPLES))
    seen = seen + rng.integers(-1, 2, seen.shape).astype(np.int16)
    found = judge(golden, seen)
    assert found.kind is None, found.evidence
    assert found.differing > 0


FAULTS = {
    "gain": lambda s: s * 2,
    "unit": lambda s: np.rint(s / 9.80665),
    "axes": lambda s: s[:, :, [0, 2, 1, 3, 4, 5]],
    "byte-order": lambda s: s.astype(np.int16).byteswap(),
    "word-size": lambda s: np.repeat(
        s.astype(np.int32).reshape(4, -1).view(np.int16)[:, : s[0].size], 1, 1
    ).reshape(s.shape),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("seed", range(3))
def test_wrong_values_are_named(kind, seed):
    rng = np.random.default_rng(seed + 50)
    golden, seen = pair(seed, rng.uniform(0.99, 1.01) * NOMINAL)
    seen = seen + rng.integers(-1, 2, seen.shape)
    found = judge(golden, FAULTS[kind](seen).astype(np.int16))
    assert found.kind == kind, found.evidence


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("sample-rate", 2 * NOMINAL),
        ("sample-rate", NOMINAL / 2),
        ("sample-rate", 2 * (NOMINAL // 2)),
        ("dropped-sample", NOMINAL + (NOMINAL >= 20)),
        ("dropped-sample", NOMINAL + (NOMINAL >= 50)),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_wrong_instants_are_named(kind, steps, seed):
    found = judge(*pair(seed, 1.004 * steps + 0.2))
    assert found.kind == kind, found.evidence


def test_thirty_two_bits_cut_to_sixteen():
    golden = 30 * pair(1, NOMINAL, np.int32)[0]
    found = judge(golden, golden.astype(np.int16).astype(np.int32))
    assert found.kind == "word-size" and "low 16" in found.evidence


def test_evidence_names_factor_and_channels():
    golden, seen = pair(2, NOMINAL)
    wrong = seen.copy()
    wrong[:, :, :3] = np.rint(seen[:, :, :3] / 9.80665)
    found = judge(golden, wrong)
    assert "g instead of m/s2" in found.evidence and "channels 0, 1, 2" in found.evidence
    assert judge(golden, 2 * seen).evidence.startswith(
        "Best explained by this: gain x2 on all channels."
    )


@pytest.mark.parametrize("damage", ["zeros", "noise", "one window", "offset", "one offset"])
def test_what_no_reading_explains_is_still_found(damage):
    rng = np.random.default_rng(9)
    golden, seen = pair(3, NOMINAL)
    if damage == "zeros":
        seen = np.zeros_like(seen)
    elif damage == "noise":
        seen = rng.integers(-8000, 8000, seen.shape).astype(np.int16)
    elif damage == "one window":
        seen[2] = rng.integers(-8000, 8000, seen[2].shape)
    elif damage == "offset":
        seen = seen + np.int16(1000)
    else:
        seen[2] += 2000
    found = judge(golden, seen)
    assert found.kind == "stimulus", found.evidence
    assert found.case == (2 if damage.startswith("one") else 0)


def test_other_shape_or_dtype_is_a_stimulus_fault():
    golden, seen = pair(0, NOMINAL)
    for other in (seen[:, :-1], seen.astype(np.int32)):
        found = judge(golden, other)
        assert found.kind == "stimulus" and "delivered" in found.evidence


def test_float_inputs_must_be_exact():
    golden = np.ones((2, 3), np.float32)
    seen = golden.copy()
    assert judge(golden, seen).kind is None
    seen[1, 2] = np.nextafter(np.float32(1), np.float32(2))
    found = judge(golden, seen)
    assert (found.kind, found.case, found.differing) == ("stimulus", 1, 1)


def test_one_channel_and_flat_inputs():
    golden, seen = pair(4, NOMINAL)
    assert judge(golden[:, :, 0], 2 * seen[:, :, 0]).kind == "gain"
    assert judge(golden[:, :, :1], -seen[:, :, :1]).kind == "axes"


@pytest.mark.parametrize("kernel", KERNELS)
def test_resampling_at_the_samples_gives_the_samples(kernel):
    golden = signal(np.random.default_rng(0), NOMINAL)
    np.testing.assert_allclose(resample(golden, NOMINAL, kernel), golden, atol=1e-9)


@pytest.mark.parametrize(("kernel", "worst"), [("cubic", 0.25), ("linear", 0.35), ("sinc", 0.1)])
def test_resampling_between_the_samples_is_near_the_world(kernel, worst):
    golden = signal(np.random.default_rng(0), NOMINAL)
    times = np.arange(8, SAMPLES - 8) + 0.5
    error = resample(golden, times, kernel) - signal(np.random.default_rng(0), times)
    assert np.sqrt(np.mean(error**2)) < worst * golden.std()


def test_a_unit_is_only_read_where_the_factor_is_about_its_own():
    golden, _ = pair(0, NOMINAL)
    for factor, named in ((1 / 9.80665, True), (1.05 / 9.80665, True), (0.2, False)):
        seen = np.rint(golden * factor).astype(np.int16)
        words = [r.words for r in readings(golden, seen) if r.kind == "unit"]
        assert any(w.startswith("g instead of m/s2") for w in words) == named
