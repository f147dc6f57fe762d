"""Statistics of each channel over the window: mean, deviation, rms, extremes, shape, movement."""

from collections.abc import Callable, Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr

STATISTICS = ("mean", "std", "rms", "min", "max", "peak_to_peak")
MORE = ("skewness", "kurtosis", "crossings", "change")
"""Third and fourth moment over the deviation (that of a normal distribution is 0, too); share of
steps that cross the mean; mean size of a step. Not computed unless asked for."""
_STILL = 1e-6
"""Deviation, in units, below which a channel counts as having this one: 0 / 0 has no meaning."""


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [statistics * channels]: all channels of one statistic, then the
    next."""
    made: dict[str, str] = {}

    def value(name: str) -> str:
        """The value of a statistic, [channels]; computed once."""
        if name not in made:
            made[name] = _lower_one(b, x, name, value, _bessel(signal, params))
        return made[name]

    first, *rest = (value(name) for name in _wanted(params))
    for part in rest:
        first = b.op("concat", first, part, axis=0, name="statistics")
    return first


def _lower_one(b: Builder, x: str, name: str, value: Callable[[str], str], bessel: float) -> str:
    if name == "min":
        return b.op("reduce_min", x, axis=0, name="min")
    if name == "max":
        return b.op("reduce_max", x, axis=0, name="max")
    if name == "mean":
        return b.op("reduce_mean", x, axis=0, name="mean")
    if name == "peak_to_peak":
        return b.op("sub", value("max"), value("min"), name="peak_to_peak")
    if name == "rms":
        square = b.op("mul", x, x, name="square")
        return b.op("sqrt", b.op("reduce_mean", square, axis=0, name="power"), name="rms")
    # Deviations from the mean first: the difference of large squares would cancel in float32.
    if name == "centred":
        return b.op("sub", x, value("mean"), name="centred")
    if name == "square":
        return b.op("mul", value("centred"), value("centred"), name="square")
    if name in MORE:
        return _lower_more(b, x, name, value)
    variance = b.op("reduce_mean", value("square"), axis=0, name="variance")
    if name == "std" and bessel != 1.0:
        ratio = b.constant("bessel", np.array([bessel], np.float32))
        variance = b.op("mul", variance, ratio, name="variance")
    return b.op("sqrt", variance, name="std")


def _lower_more(b: Builder, x: str, name: str, value: Callable[[str], str]) -> str:
    if name == "change":
        return b.op("reduce_mean", b.op("abs", _steps(b, x), name="step"), axis=0, name="change")
    if name == "crossings":
        zero = b.constant("zero", np.zeros(1, np.float32))
        below = b.op("less", value("centred"), zero, name="below")
        side = b.op("cast", below, dtype="float32", name="side")
        crossed = b.op("abs", _steps(b, side), name="crossed")
        return b.op("reduce_mean", crossed, axis=0, name="crossings")
    other = value("centred") if name == "skewness" else value("square")
    power = b.op("mul", value("square"), other, name="powers")
    moment = b.op("reduce_mean", power, axis=0, name="moment")
    least = b.constant("still", np.array([_STILL], np.float32))
    deviation = b.op("max", value("deviation"), least, name="scale")
    square = b.op("mul", deviation, deviation, name="scale_square")
    scale = b.op("mul", square, square if name == "kurtosis" else deviation, name="scale_power")
    ratio = b.op("div", moment, scale, name=name)
    if name == "skewness":
        return ratio
    return b.op("sub", ratio, b.constant("normal", np.array([3], np.float32)), name="kurtosis")


def _steps(b: Builder, x: str) -> str:
    """Differences of neighbours: [samples, channels] -> [samples - 1, channels]."""
    size = b.type(x).shape[0] - 1
    if size < 1:
        raise UserError(
            "dsp.block.signal",
            "Block 'statistics': crossings and change of a window of one sample.",
            "Take windows of two samples or more, or other statistics.",
        )
    later = b.op("slice", x, axis=0, start=1, size=size, name="later")
    return b.op("sub", later, b.op("slice", x, axis=0, start=0, size=size, name="earlier"))


def _bessel(signal: Signal, params: Mapping[str, Attr]) -> float:
    """Bessel's correction n / (n - 1) where the sample deviation is wanted, else 1."""
    n = signal.samples
    return n / (n - 1) if params["ddof"] == 1 else 1.0


def _wanted(params: Mapping[str, Attr]) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in str(params["which"]).split(","))
    for name in wanted:
        if name not in (*STATISTICS, *MORE) or wanted.count(name) > 1:
            raise UserError(
                "dsp.param.value",
                f"Block 'statistics': which names {name!r}, unknown or twice.",
                f"Known: {', '.join((*STATISTICS, *MORE))}.",
            )
    return wanted


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <statistic>``."""
    return tuple(f"{c} {name}" for name in _wanted(params) for c in signal.channels)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The textbook formulas in float64."""
    x = x.astype(np.float64)
    centred, scale = x - x.mean(0), np.maximum(x.std(0), _STILL)
    known = {
        "mean": x.mean(0),
        "std": x.std(0, ddof=int(params["ddof"] == 1)),
        "rms": np.sqrt((x * x).mean(0)),
        "min": x.min(0),
        "max": x.max(0),
        "peak_to_peak": np.ptp(x, axis=0),
        "skewness": (centred**3).mean(0) / scale**3,
        "kurtosis": (centred**4).mean(0) / scale**4 - 3,
        "crossings": (np.diff(centred < 0, axis=0)).mean(0),
        "change": np.abs(np.diff(x, axis=0)).mean(0),
    }
    return np.concatenate([known[name] for name in _wanted(params)])


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other deviation (population or sample), the other order of neighbours, one statistic
    taken for another: what hand-written firmware confuses."""
    wanted = list(_wanted(params))
    found: list[Mapping[str, Attr]] = []
    if "std" in wanted:
        found.append({**params, "ddof": 1 - int(params["ddof"] == 1)})
    for i in range(len(wanted) - 1):
        swapped = [*wanted[:i], wanted[i + 1], wanted[i], *wanted[i + 2 :]]
        found.append({**params, "which": ",".join(swapped)})
    for name in wanted:
        for other in STATISTICS:
            if other not in wanted:
                mixed = [other if w == name else w for w in wanted]
                found.append({**params, "which": ",".join(mixed)})
    return tuple(found)


def _case(samples: int, channels: int, offset: float = 0.0, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 50.0)
    values = (rng.normal(size=(samples, channels)) * 3 + offset).astype(np.float32)
    return BlockCase(signal, values, params)


CASES = {
    "one_channel": _case(16, 1),
    "six_channels": _case(50, 6),
    "odd_length": _case(33, 3),
    "gravity": _case(50, 3, offset=9.81),
    "two_samples": _case(2, 2),
    "sample_deviation": _case(20, 2, ddof=1),
    "one_statistic": _case(20, 3, which="rms"),
    "other_order": _case(20, 2, which="peak_to_peak, std"),
    "shape_and_movement": _case(40, 3, offset=1.0, which=",".join(MORE)),
    "everything": _case(33, 2, which=",".join((*STATISTICS, *MORE))),
    "sample_deviation_and_shape": _case(20, 2, ddof=1, which="std,kurtosis,skewness"),
    "still": BlockCase(
        Signal(8, ("x",), 50.0),
        np.full((8, 1), 2.5, np.float32),
        {"which": "mean,skewness,kurtosis,crossings,change"},
    ),
    "constant": BlockCase(Signal(8, ("x",), 50.0), np.full((8, 1), 2.5, np.float32)),
}

BLOCK = Block(
    name="statistics",
    params=(
        Param(
            "which",
            ",".join(STATISTICS),
            "statistics, in order, separated by commas; beside these: " + ", ".join(MORE),
        ),
        Param("ddof", 0, "0: deviation of the window; 1: divide by n - 1", choices=(0, 1)),
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    cases=CASES,
    alternatives=alternatives,
)
