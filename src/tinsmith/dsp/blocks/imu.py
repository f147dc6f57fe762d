"""Features of three-axis sensors that do not depend on how the device is held.

Channels are taken in threes, as vectors: accelerometer, gyroscope, magnetometer. Each feature stays
the same when the device is turned, as it is made of lengths and scalar products alone.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.compose.movement import transpose
from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr

FEATURES = (
    "length mean",
    "length std",
    "length min",
    "length max",
    "mean length",
    "motion rms",
    "motion peak",
    "motion spread",
    "change mean",
    "change peak",
    "turn",
)
"""Of the vector's length: mean, deviation, extremes; the length of its mean (gravity's share); of
the vector without its mean: rms, peak, and the power beside the main direction (0: along a line);
of its change from sample to sample, per second: mean and peak; how far its mean moves from the
first half to the second."""


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [features * vectors]: all vectors of one feature, then the next."""
    vectors, samples = len(_vectors(signal)), signal.samples
    length = _length(b, x, vectors)
    mean = b.op("reduce_mean", x, axis=0, name="mean")
    motion = b.op("sub", x, mean, name="motion")
    size = _length(b, motion, vectors)
    change = _change(b, x, signal, vectors)
    length_mean = b.op("reduce_mean", length, axis=0, name="length_mean")
    power = b.op("reduce_mean", b.op("mul", size, size, name="square"), axis=0, name="power")
    covariance = _covariance(b, motion, vectors)
    parts = [
        length_mean,
        _rms(b, b.op("sub", length, length_mean, name="length_motion")),
        b.op("reduce_min", length, axis=0, name="length_min"),
        b.op("reduce_max", length, axis=0, name="length_max"),
        _length(b, b.op("reshape", mean, shape=(1, 3 * vectors), name="mean_row"), vectors),
        b.op("sqrt", power, name="motion_rms"),
        b.op("reduce_max", size, axis=0, name="motion_peak"),
        _spread(b, covariance, power, vectors),
        b.op("reduce_mean", change, axis=0, name="change_mean"),
        b.op("reduce_max", change, axis=0, name="change_peak"),
        _turn(b, x, samples, vectors),
    ]
    flat = [b.op("reshape", p, shape=(vectors,), name="feature") for p in parts]
    first, *rest = flat
    for part in rest:
        first = b.op("concat", first, part, axis=0, name="imu")
    return first


def _length(b: Builder, x: str, vectors: int) -> str:
    """[n, channels] -> [n, vectors]."""
    square = b.op("mul", x, x, name="squares")
    split = b.op("reshape", square, shape=(b.type(x).shape[0], vectors, 3), name="axes")
    return b.op("sqrt", b.op("reduce_sum", split, axis=2, name="sum"), name="length")


def _change(b: Builder, x: str, signal: Signal, vectors: int) -> str:
    """Length of the change from sample to sample, per second: [samples - 1, vectors]."""
    size = signal.samples - 1
    later = b.op("slice", x, axis=0, start=1, size=size, name="later")
    earlier = b.op("slice", x, axis=0, start=0, size=size, name="earlier")
    rate = b.constant("rate", np.array([signal.rate_hz], np.float32))
    change = _length(b, b.op("sub", later, earlier, name="change"), vectors)
    return b.op("mul", change, rate, name="per_second")


def _rms(b: Builder, x: str) -> str:
    power = b.op("reduce_mean", b.op("mul", x, x, name="square"), axis=0, name="power")
    return b.op("sqrt", power, name="rms")


def _covariance(b: Builder, motion: str, vectors: int) -> str:
    """[samples, channels] without mean -> [vectors, 9]: mean products of the axes."""
    samples = b.type(motion).shape[0]
    split = b.op("reshape", motion, shape=(samples, vectors, 3), name="vectors")
    product = b.op("matmul", transpose(b, split, (1, 2, 0)), transpose(b, split, (1, 0, 2)))
    share = b.constant("share", np.array([1 / samples], np.float32))
    product = b.op("mul", product, share, name="covariance")
    return b.op("reshape", product, shape=(vectors, 9), name="covariances")


def _spread(b: Builder, covariance: str, power: str, vectors: int) -> str:
    """(trace^2 - sum of squares) / (2 trace): of eigenvalues a, b, c (ab + bc + ca) / (a + b + c),
    which is 0 where two of them are; [vectors]."""
    square = b.op("mul", covariance, covariance, name="squares")
    both = b.op("mul", power, power, name="trace_square")
    beside = b.op("sub", both, b.op("reduce_sum", square, axis=1, name="sum"), name="beside")
    least = b.constant("least", np.array([_LEAST], np.float32))
    double = b.op("add", power, b.op("add", power, least, name="trace"), name="double")
    return b.op("div", beside, double, name="spread")


_LEAST = 1e-12
"""Power in unit^2 that keeps the quotient finite where nothing moves."""


def _turn(b: Builder, x: str, samples: int, vectors: int) -> str:
    half = samples // 2
    first = b.op("slice", x, axis=0, start=0, size=half, name="first_half")
    second = b.op("slice", x, axis=0, start=samples - half, size=half, name="second_half")
    means = [b.op("reduce_mean", part, axis=0, name="half_mean") for part in (first, second)]
    moved = b.op("sub", means[1], means[0], name="moved")
    row = b.op("reshape", moved, shape=(1, 3 * vectors), name="moved_row")
    return _length(b, row, vectors)


def _vectors(signal: Signal) -> list[str]:
    """Names of the vectors: what the names of their channels have in common, or all three.

    Raises:
        UserError: the channels are not threes, or the window has one sample.
    """
    channels = signal.channels
    if len(channels) % 3 or signal.samples < 2:
        raise UserError(
            "dsp.block.signal",
            f"Block 'imu': {len(channels)} channels of {signal.samples} samples "
            f"({', '.join(channels)}).",
            "It takes three channels per sensor, x, y and z, and windows of two samples or more.",
        )
    threes = [channels[i : i + 3] for i in range(0, len(channels), 3)]
    common = [_common(three) for three in threes]
    unique = all(common) and len({*common}) == len(common)
    return common if unique else [" ".join(three) for three in threes]


def _common(names: tuple[str, ...]) -> str:
    """What three names share, where all that differs is one letter, x, y and z; else ''."""
    if len({len(n) for n in names}) > 1:
        return ""
    at = [i for i, letters in enumerate(zip(*names, strict=True)) if len({*letters}) > 1]
    if len(at) != 1 or "".join(n[at[0]] for n in names).lower() != "xyz":
        return ""
    return (names[0][: at[0]] + names[0][at[0] + 1 :]).strip(" _-.")


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<vector> <feature>``."""
    return tuple(f"{v} {feature}" for feature in FEATURES for v in _vectors(signal))


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The textbook formulas in float64, vector by vector; the spread by eigenvalues."""
    return np.stack([_of_vector(x[:, i : i + 3].astype(np.float64), signal.rate_hz)
                     for i in range(0, x.shape[1], 3)], axis=1).ravel()  # fmt: skip


def _of_vector(v: np.ndarray, rate_hz: float) -> list[float]:
    norm = np.linalg.norm
    length, motion, change = norm(v, axis=1), v - v.mean(0), norm(np.diff(v, axis=0), axis=1)
    e = np.linalg.eigvalsh(np.cov(v.T, bias=True))
    spread = (e[0] * e[1] + e[1] * e[2] + e[2] * e[0]) / (e.sum() + _LEAST)
    half = len(v) // 2
    return [
        length.mean(), length.std(), length.min(), length.max(), norm(v.mean(0)),
        np.sqrt((motion**2).sum(1).mean()), norm(motion, axis=1).max(), spread,
        change.mean() * rate_hz, change.max() * rate_hz,
        norm(v[len(v) - half :].mean(0) - v[:half].mean(0)),
    ]  # fmt: skip


def _case(samples: int, channels: tuple[str, ...], offset: float = 0.0) -> BlockCase:
    rng = np.random.default_rng([samples, len(channels)])
    scale = np.resize([1.0, 0.5, 0.2], len(channels))
    values = rng.normal(size=(samples, len(channels))) * scale
    values[:, 2] += offset
    return BlockCase(Signal(samples, channels, 50.0), values.astype(np.float32))


_THREE, _SIX = ("ax", "ay", "az"), ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
CASES = {
    "one_sensor": _case(50, _THREE),
    "gravity": _case(50, _THREE, offset=9.81),
    "two_sensors": _case(60, _SIX, offset=1.0),
    "odd_length": _case(33, ("a", "b", "c")),
    "two_samples": _case(2, _THREE),
    "rest": BlockCase(Signal(20, _THREE, 50.0), np.full((20, 3), 0.5, np.float32)),
}

BLOCK = Block(name="imu", params=(), lower=lower, names=names, oracle=oracle, cases=CASES)
