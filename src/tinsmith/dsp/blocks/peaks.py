"""Frequencies and energies of the strongest peaks in each channel's spectrum: for what turns or
swings.

The energies of overlapping frames are averaged (Welch, IEEE Trans. Audio Electroacoust. 15(2),
1967). A peak is a bin above the noise floor and the bin before it and not below the one behind it;
where there are fewer than asked for, the rest lies at 0 Hz without energy. Energies are scaled as
in `spectral`, in unit^2.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.dsp.blocks._frames import (
    FRAMES,
    LENGTHS,
    LOG,
    Frames,
    energy_scale,
    floor_of,
    frames_of,
    lower_bands,
    number,
    other_frames,
    power_spectra,
)
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [channels * 2 * count]: frequencies of one channel, strongest first,
    then their energies, then the next channel."""
    frames, count = _frames(signal, params), _count(signal, params)
    scale = energy_scale(frames, str(params["window"]))
    bank = [(k, scale[k : k + 1]) for k in range(frames.bins)]
    energy = lower_bands(b, x, frames, bank, {**params, "log": False})
    height = _heights(b, b.op("reduce_mean", energy, axis=0, name="spectrum"))
    best = b.op("topk", height, axis=1, k=count, name="best")
    places = b.op("cast", best, dtype="int32", name="places")
    top = b.op("gather_elements", height, places, axis=1, name="top")
    floor, zero = (b.constant("level", np.array([v], np.float32)) for v in (_floor(params), 0))
    there = b.op("less", floor, top, name="is_there")
    hz = _frequencies(b, places, signal.rate_hz / frames.fft_length)
    hz, top = (b.op("where", v, zero, there, name="found") for v in (hz, top))
    if params["log"]:
        top = b.op("log", b.op("add", top, floor, name="floored"), name="log_energy")
    joined = b.op("concat", hz, top, axis=1, name="joined")
    return b.op("reshape", joined, shape=(b.type(joined).elements,), name="peaks")


def _floor(params: Mapping[str, Attr]) -> float:
    return floor_of({**params, "log": True})


def _heights(b: Builder, spectrum: str) -> str:
    """[channels, bins] -> [channels, bins - 2]: energies of the inner bins that are peaks, else
    0."""
    size = b.type(spectrum).shape[1] - 2
    before, middle, behind = (
        b.op("slice", spectrum, axis=1, start=k, size=size, name=name)
        for k, name in enumerate(("before", "middle", "behind"))
    )
    rises = b.op("less", before, middle, name="rises")
    falls = b.op("less_equal", behind, middle, name="falls")
    zero = b.constant("zero", np.zeros(1, np.float32))
    is_peak = b.op("logical_and", rises, falls, name="is_peak")
    return b.op("where", middle, zero, is_peak, name="height")


def _frequencies(b: Builder, places: str, step_hz: float) -> str:
    """Place 0 is bin 1."""
    step, first = (b.constant("factor", np.array([v], np.float32)) for v in (step_hz, 1))
    bins = b.op("cast", places, dtype="float32", name="bins")
    return b.op("mul", b.op("add", bins, first, name="bins"), step, name="hz")


def _frames(signal: Signal, params: Mapping[str, Attr]) -> Frames:
    return frames_of("peaks", signal, params)


def _count(signal: Signal, params: Mapping[str, Attr]) -> int:
    count, inner = int(number(params, "count")), _frames(signal, params).bins - 2
    if count > (inner + 1) // 2:
        raise UserError(
            "dsp.param.value",
            f"Block 'peaks': {count} peaks among {inner} bins.",
            f"At most {(inner + 1) // 2} bins are peaks: ask for fewer, or give a longer "
            "fft_length or frame.",
        )
    return count


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> peak <number> Hz`` and ``<channel> peak <number> energy``."""
    numbers = range(1, _count(signal, params) + 1)
    kinds = ("Hz", "energy")
    return tuple(f"{c} peak {i} {kind}" for c in signal.channels for kind in kinds for i in numbers)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """By numpy's FFT in float64 and a search through the bins."""
    frames, count = _frames(signal, params), _count(signal, params)
    hz = np.fft.rfftfreq(frames.fft_length, 1 / signal.rate_hz)
    found = []
    for energy in power_spectra(x, frames, str(params["window"])).mean(0):
        inner = range(1, frames.bins - 1)
        tops = [k for k in inner if energy[k] > energy[k - 1] and energy[k] >= energy[k + 1]]
        tops = [k for k in tops if energy[k] > _floor(params)]
        tops = sorted(tops, key=lambda k: -energy[k])[:count]
        rest = [0.0] * (count - len(tops))
        level = np.array([energy[k] for k in tops] + rest)
        level = np.log(level + _floor(params)) if params["log"] else level
        found += [*(hz[k] for k in tops), *rest, *level]
    return np.array(found)


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other window function, log or not, a transform of double length. Not another floor,
    which hardly shows in peaks."""
    double = 2 * _frames(signal, params).fft_length
    longer = [{**params, "fft_length": double}] if double in LENGTHS else []
    return (*(o for o in other_frames(params) if o["floor_db"] == params["floor_db"]), *longer)


def _case(samples: int, channels: int, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    t, hz = np.arange(samples)[:, None] / 100.0, np.array([7.0, 12.5, 21.0, 33.0])
    size = rng.uniform(1, 4, (4, channels))
    values = sum(np.sin(2 * np.pi * f * t) * s for f, s in zip(hz, size, strict=True))
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 100.0)
    noisy = values + 0.3 * rng.normal(size=(samples, channels)) + 2.0
    return BlockCase(signal, noisy.astype(np.float32), params)


CASES = {
    "defaults": _case(100, 3),
    "long_frames": _case(400, 2, fft_length=128, frame_ms=1280.0),
    "linear": _case(128, 1, log=False),
    "one": _case(64, 3, count=1),
    "few_bins": _case(40, 1, frame_ms=80.0, fft_length=8, count=2),
    "silence": BlockCase(Signal(64, ("x",), 100.0), np.full((64, 1), 0.1, np.float32)),
}

BLOCK = Block(
    name="peaks",
    params=(*FRAMES, Param("count", 3, "peaks of each channel", (), 1, 16), *LOG),
    lower=lower,
    names=names,
    oracle=oracle,
    cases=CASES,
    alternatives=alternatives,
)
