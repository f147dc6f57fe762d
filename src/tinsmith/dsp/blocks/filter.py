"""The signal behind a Butterworth filter: low, high or band pass, in sections of second order.

Sources: Butterworth, "On the Theory of Filter Amplifiers", Experimental Wireless 7, 1930; the
bilinear transform with its frequencies warped beforehand as in Oppenheim and Schafer,
"Discrete-Time Signal Processing", 7.1. Computed as state-variable filters (`ir/ops/iir.py`), which
keep float32's precision far below the rate. A window begins at rest.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.ops.iir import svf


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [samples * channels], row-major."""
    kind, count = str(params["kind"]), len(signal.channels)
    sections = sections_of(kind, int(params["order"]), _edges(signal, params))  # type: ignore[arg-type]
    held = params["start"] == "first"
    if held:
        first = b.op("slice", x, axis=0, start=0, size=1, name="first")
        first = b.op("reshape", first, shape=(count,), name="level")
        x = b.op("sub", x, first, name="from_first")
    y = b.op("iir", x, b.constant("sections", sections.astype(np.float32)), name="filtered")
    if held and kind == "low":
        y = b.op("add", y, first, name="with_first")
    return b.op("reshape", y, shape=(signal.samples * count,), name="filter")


def sections_of(kind: str, order: int, edges: tuple[float, ...]) -> np.ndarray:
    """Sections for op `iir`, [sections, 6] float64, narrow ones last.

    Args:
        kind: ``low``, ``high`` or ``band``, the last of twice the order.
        edges: -3 dB frequencies as shares of the rate, below 1/2: one, or two for ``band``.
    """
    warped = np.tan(np.pi * np.array(edges))
    angles = np.pi * (2 * np.arange(order) + 1 + order) / (2 * order)
    poles = np.exp(1j * angles)  # of the low pass with edge 1; Butterworth's circle
    if kind == "band":
        half, product = poles * (warped[1] - warped[0]) / 2, warped[0] * warped[1]
        root = np.sqrt(half * half - product)
        found = _band(np.concatenate([half + root, half - root]), (warped[1] - warped[0]) ** order)
    else:
        found = _one_edge(poles * warped[0], kind)  # a circle is its own mirror image
    return np.stack([svf(*filter) for filter in sorted(found, key=_damping, reverse=True)])


Filter = tuple[list[float], tuple[float, float]]
"""Numerator and denominator, as `svf` takes them."""


def _damping(filter: Filter) -> float:
    d1, d0 = filter[1]
    return float(d1 / np.sqrt(d0))


def _one_edge(poles: np.ndarray, kind: str) -> list[Filter]:
    """Poles in pairs, each with a gain of 1 where the signal passes. A single real pole gets a
    companion and a zero on it, -1: z = 0."""
    low, found = kind == "low", list[Filter]()
    for d1, d0 in _pairs(poles):
        found.append(([0, 0, d0] if low else [1, 0, 0], (d1, d0)))
    for pole in poles[np.abs(poles.imag) <= _REAL]:
        a = -float(pole.real)
        found.append(([0, a, a] if low else [1, 1, 0], (a + 1, a)))
    return found


def _band(poles: np.ndarray, gain: float) -> list[Filter]:
    """gain s^order over the poles: slow ones as high passes, fast ones as low passes, so that no
    section weakens what a later one would have to bring back."""
    real = -np.sort(poles[np.abs(poles.imag) <= _REAL].real)
    pairs = _pairs(poles)
    pairs += [(float(a + c), float(a * c)) for a, c in zip(real[::2], real[1::2], strict=True)]
    pairs.sort(key=lambda pair: pair[1])
    numerators = [[1.0, 0.0, 0.0] for _ in pairs[: len(pairs) // 2]]
    if len(pairs) % 2:
        numerators.append([0.0, pairs[len(pairs) // 2][0], 0.0])
    numerators += [[0.0, 0.0, d0] for _, d0 in pairs[len(numerators) :]]
    given = np.prod([max(numerator) for numerator in numerators])
    each = float((gain / given) ** (1 / len(pairs)))
    scaled = [[each * v for v in numerator] for numerator in numerators]
    return list(zip(scaled, pairs, strict=True))


def _pairs(poles: np.ndarray) -> list[tuple[float, float]]:
    """(d1, d0) of each pair of conjugate poles: s^2 + d1 s + d0."""
    return [(float(-2 * p.real), float(abs(p) ** 2)) for p in poles if p.imag > _REAL]


_REAL = 1e-9
"""Imaginary part up to which a pole is real."""


def _edges(signal: Signal, params: Mapping[str, Attr]) -> tuple[float, ...]:
    """-3 dB frequencies as shares of the rate.

    Raises:
        UserError: they do not lie between 0 Hz and half the rate, in order.
    """
    rate = signal.rate_hz
    low = float(params["low_hz"]) or rate / 50  # type: ignore[arg-type]
    high = float(params["high_hz"]) or rate / 5  # type: ignore[arg-type]
    wanted = {"low": (high,), "high": (low,), "band": (low, high)}[str(params["kind"])]
    if not rate * 1e-4 <= wanted[0] <= wanted[-1] < rate / 2 or len({*wanted}) < len(wanted):
        named = " and ".join(f"{f:g}" for f in wanted)
        raise UserError(
            "dsp.param.value",
            f"Block 'filter': a {params['kind']} pass at {named} Hz.",
            f"Allowed is {rate * 1e-4:g} Hz to below half the rate, {rate / 2:g} Hz; for a band "
            "pass low_hz below high_hz.",
        )
    return tuple(f / rate for f in wanted)


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel>[<sample>]`` in row-major order."""
    return tuple(f"{c}[{i}]" for i in range(signal.samples) for c in signal.channels)


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """That of the signal."""
    return signal.samples, len(signal.channels)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """scipy's Butterworth filter in second-order sections, in float64."""
    from scipy.signal import butter, sosfilt

    x = x.astype(np.float64)
    first = x[0] if params["start"] == "first" else np.zeros(x.shape[1])
    edges = [2 * f for f in _edges(signal, params)]
    kind = {"low": "lowpass", "high": "highpass", "band": "bandpass"}[str(params["kind"])]
    sos = butter(params["order"], edges if kind == "bandpass" else edges[0], kind, output="sos")
    y = sosfilt(sos, x - first, axis=0)
    return np.asarray(y + first if kind == "lowpass" else y).ravel()


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other start, the orders beside, low for high pass, frequencies meant for a rate half or
    twice as high."""
    order = int(params["order"])  # type: ignore[arg-type]
    found: list[Mapping[str, Attr]] = [
        {**params, "start": "zero" if params["start"] == "first" else "first"}
    ]
    found += [{**params, "order": o} for o in (order - 1, order + 1) if 1 <= o <= _MOST]
    if params["kind"] != "band":
        found.append({**params, "kind": "high" if params["kind"] == "low" else "low"})
    for factor in (0.5, 2.0):
        scaled = [
            {**params, name: f * factor * signal.rate_hz}
            for name, f in _named(signal, params).items()
        ]
        both = {k: v for given in scaled for k, v in given.items() if given[k] != params[k]}
        if all(v < signal.rate_hz / 2 for v in both.values() if isinstance(v, float)):
            found.append({**params, **both})
    return tuple(found)


def _named(signal: Signal, params: Mapping[str, Attr]) -> dict[str, float]:
    """Frequencies in use by parameter, as shares of the rate."""
    edges = _edges(signal, params)
    keys = {"low": ("high_hz",), "high": ("low_hz",), "band": ("low_hz", "high_hz")}
    return dict(zip(keys[str(params["kind"])], edges, strict=True))


_MOST = 8
"""Highest order; a band pass has twice as many poles."""


def _case(samples: int, channels: int, offset: float = 0.0, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 100.0)
    values = np.cumsum(rng.normal(size=(samples, channels)), axis=0) * 0.3
    noisy = values + rng.normal(size=values.shape) + offset
    return BlockCase(signal, noisy.astype(np.float32), params)


CASES = {
    "defaults": _case(80, 3),
    "gravity": _case(80, 3, offset=9.81),
    "from_zero": _case(60, 2, start="zero"),
    "high": _case(100, 2, offset=9.81, kind="high"),
    "band": _case(100, 2, kind="band"),
    "first_order": _case(50, 1, order=1),
    "first_order_high": _case(50, 1, order=1, kind="high"),
    "first_order_band": _case(50, 1, order=1, kind="band"),
    "odd_order": _case(60, 1, order=5, high_hz=7.5),
    "odd_order_high": _case(60, 1, order=3, kind="high", low_hz=3.0),
    "odd_order_wide_band": _case(60, 1, order=3, kind="band", low_hz=1.0, high_hz=45.0),
    "high_order": _case(120, 1, order=8),
    "far_below_the_rate": _case(1500, 1, high_hz=0.1, order=4),
    "near_half_the_rate": _case(60, 1, high_hz=49.0, order=4),
    "wide_band": _case(300, 1, kind="band", low_hz=0.05, high_hz=30.0, order=8),
    "odd_order_narrow_band": _case(300, 1, kind="band", low_hz=9.0, high_hz=11.0, order=5),
    "narrow_band": _case(400, 1, kind="band", low_hz=9.5, high_hz=10.5),
    "one_sample": _case(1, 2),
}

BLOCK = Block(
    name="filter",
    params=(
        Param("kind", "low", "what passes", choices=("low", "high", "band")),
        Param("order", 2, "order of the filter; a band pass has twice as many poles", (), 1, _MOST),
        Param(
            "low_hz",
            0.0,
            "-3 dB frequency in Hz below which a high or band pass stops; 0: a 50th of the rate",
            low=0,
            high=1e6,
        ),
        Param(
            "high_hz",
            0.0,
            "-3 dB frequency in Hz above which a low or band pass stops; 0: a fifth of the rate",
            low=0,
            high=1e6,
        ),
        Param(
            "start",
            "first",
            "before a window: 'first', its first sample has been there forever; 'zero', nothing",
            choices=("first", "zero"),
        ),
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases=CASES,
    alternatives=alternatives,
)
