"""What the fault tests plant: drivers that deliver the golden stimulus wrongly, and firmware with
one wrong parameter, scale or kernel line. Every trace is recorded from emulated firmware."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from programs import reference_choices
from scipy.interpolate import CubicSpline

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.module import InferenceModule
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration
from tinsmith.data.dataset import Channel
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.windows import Windowing
from tinsmith.devices.board import BOARDS
from tinsmith.dsp.block import BLOCKS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant
from tinsmith.learn.features import feature_graph, features, signal_of, to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.prove.record import trace_of
from tinsmith.prove.trace import Trace
from tinsmith.prove.variants import graft

BOARD = "nucleo_l4r5zi"
WINDOW = 48
START = 2
"""Golden windows begin here in a recording, so that a clock may begin a little earlier."""
NAMES = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
UNITS = ("m/s2",) * 3 + ("rad/s",) * 3

Driver = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Raw recordings as a clean sensor sees them, float64 [case, samples, channels] in LSB -> what is
delivered, [case, WINDOW, channels]."""


def recordings() -> tuple[np.ndarray, np.ndarray]:
    """BasicMotions' test half: values [40, 100, 6] at 10 Hz, and labels [40]."""
    folder = Path(find_spec("sktime").submodule_search_locations[0])
    path = folder / "datasets" / "data" / "BasicMotions" / "BasicMotions_TEST.ts"
    found = FORMATS.get("ts").read(path, ReadOptions(rate_hz=10)).recordings
    return np.stack([r.values for r in found]), np.array([r.label for r in found])


def pipeline(dtype: str) -> Pipeline:
    """A 16-bit sensor of +-40 m/s2 and +-25 rad/s, or one of 20 bits in 32-bit words."""
    full = 2**15 if dtype == "int16" else 2**19
    sensor = Sensor(dtype, (40 / full,) * 3 + (25 / full,) * 3)
    channels = tuple(Channel(n, u) for n, u in zip(NAMES, UNITS, strict=True))
    blocks = (BlockUse("statistics", {}), BlockUse("spectral", {"fft_length": 16, "bands": 4}))
    return Pipeline("wrist", channels, 10.0, sensor, Windowing(WINDOW, WINDOW), blocks, "mlp")


def network(p: Pipeline, raw: np.ndarray) -> Graph:
    """Features, standardised by the given windows, into a small network with random weights."""
    front, rng = feature_graph(p), np.random.default_rng(5)
    rows = features(front, raw)
    n = rows.shape[1]
    b = Builder(p.name)
    (x,) = b.inline(front, b.input("raw", front.type("raw")))
    b.stage = "standardise"
    x = b.op("sub", x, b.constant("mean", rows.mean(0)), name="centred_features")
    x = b.op("div", x, b.constant("deviation", rows.std(0) + np.float32(1e-3)), name="standard")
    for i, (wide, narrow) in enumerate([(n, 12), (12, 4)]):
        b.stage = f"dense_{i}"
        w = (rng.normal(size=(narrow, wide)) / np.sqrt(wide)).astype(np.float32)
        bias = rng.normal(size=narrow).astype(np.float32)
        x = b.op("dense", x, b.constant(f"w{i}", w), b.constant(f"b{i}", bias), name=f"dense_{i}")
        x = b.op("relu", x, name="hidden") if i == 0 else x
    b.stage = "softmax"
    return b.build([b.op("softmax", x, name="probabilities")])


@dataclass(frozen=True)
class Bench:
    """A module with its stimuli: all of what one sensor type needs."""

    pipeline: Pipeline
    values: np.ndarray
    """Recordings in LSB, float64 [recording, samples, channels]."""
    labels: np.ndarray
    graph: Graph
    """Quantised, before the compiler's passes."""
    module: InferenceModule
    cache: Path

    def windows(self, rng: np.random.Generator, each: int) -> np.ndarray:
        """Indices of ``each`` recordings of every class."""
        picks = [rng.choice(np.flatnonzero(self.labels == c), each, False) for c in
                 np.unique(self.labels)]  # fmt: skip
        return np.concatenate(picks)

    def word_sizes(self) -> list[str]:
        """Faults of word size that this sensor's words can have."""
        low = ["low 16 of 32 bits", "low 16 of 32 bits, unsigned"]
        return ["words of the other size", *(low if self.pipeline.sensor.dtype == "int32" else [])]

    def golden(self, picks: np.ndarray) -> np.ndarray:
        return integers(self.values[picks, START : START + WINDOW], self.pipeline)

    def trace(self, raw: np.ndarray, module: InferenceModule | None = None) -> Trace:
        """Build the module's firmware and run it in Unicorn, recording every value."""
        board, inputs = BOARDS.get(BOARD), {"raw": raw}
        firmware = build_image(module or self.module, board, "zig", BuildOptions(self.cache))
        return trace_of(run(firmware, board, "unicorn", RunOptions(inputs, trace=True)), inputs)


def make_bench(dtype: str, cache: Path) -> Bench:
    values, labels = recordings()
    p = pipeline(dtype)
    raw = to_raw(values[:, START : START + WINDOW], p.sensor)
    graph = apply(network(p, raw), "int8_ptq", Calibration({"raw": raw})).graph
    lsb = values.astype(np.float64) / np.array(p.sensor.lsb)
    pins = reference_choices(lower(graph), BOARD)  # wrong lines are planted in kernels of ref
    return Bench(p, lsb, labels, graph, compile_graph(graph, BOARD, choices=pins), cache)


def integers(lsb: np.ndarray, p: Pipeline) -> np.ndarray:
    limits = np.iinfo(p.sensor.dtype)
    return np.clip(np.rint(lsb), limits.min, limits.max).astype(p.sensor.dtype)


@dataclass(frozen=True)
class Clock:
    """A real sensor's clock and noise: ratio within 1 %, jitter within 1 % of a period, +-1 LSB."""

    ratio: float
    phase: float
    jitter: float
    noise: float

    def sample(self, values: np.ndarray, steps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Recordings [case, samples, channels] at nominal instants ``steps`` [case, n] or [n] after
        START, by cubic splines (the proof uses other kernels)."""
        steps = np.broadcast_to(steps, (len(values), np.shape(steps)[-1]))
        times = START + self.phase + self.ratio * steps
        times = times + rng.uniform(-self.jitter, self.jitter, times.shape)
        grid = np.arange(values.shape[1])
        times = np.clip(times, 0, grid[-1])
        seen = np.stack([CubicSpline(grid, v)(t) for v, t in zip(values, times, strict=True)])
        return np.asarray(seen + rng.uniform(-self.noise, self.noise, seen.shape))


EXACT = Clock(1.0, 0.0, 0.0, 0.0)


def real_clock(rng: np.random.Generator) -> Clock:
    return Clock(1 + rng.uniform(-0.01, 0.01), rng.uniform(-0.5, 0.5), 0.01, 1.0)


STEPS = np.arange(WINDOW)


def deliver(
    bench: Bench, picks: np.ndarray, fault: str, clock: Clock, rng: np.random.Generator
) -> np.ndarray:
    """What a driver with a fault hands over, in the model's own dtype."""
    values, p = bench.values[picks], bench.pipeline
    steps = TIMING[fault](rng, len(picks)) if fault in TIMING else STEPS
    seen = clock.sample(values, np.asarray(steps), rng)
    seen = SCALING[fault](seen) if fault in SCALING else seen
    raw = integers(seen, p)
    return np.ascontiguousarray(PACKING[fault](raw)) if fault in PACKING else raw


def _dropped(rng: np.random.Generator, cases: int) -> np.ndarray:
    gap = rng.integers(4, WINDOW - 4, (cases, 1))
    return STEPS + (gap <= STEPS)


def _scaled(seen: np.ndarray, factor: float, channels: slice) -> np.ndarray:
    seen = seen.copy()
    seen[:, :, channels] *= factor
    return seen


def _packed(raw: np.ndarray) -> np.ndarray:
    """The sensor's words lie in a buffer of the other width; the model reads them as its own."""
    other = np.int16 if raw.dtype == np.int32 else np.int32
    flat = raw.astype(other).reshape(len(raw), -1)
    twice = np.concatenate([flat, flat], axis=1).view(raw.dtype)
    return twice[:, : raw[0].size].reshape(raw.shape)


ACC, GYR = slice(0, 3), slice(3, 6)
TIMING: Mapping[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "half rate": lambda rng, n: 2 * STEPS,
    "double rate": lambda rng, n: STEPS / 2,
    "each sample twice": lambda rng, n: 2 * (STEPS // 2),
    "dropped sample": _dropped,
}
SCALING: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "gain x2": lambda s: 2 * s,
    "gain x0.5": lambda s: s / 2,
    "gain x1.3, acc": lambda s: _scaled(s, 1.3, ACC),
    "g instead of m/s2": lambda s: _scaled(s, 1 / 9.80665, ACC),
    "rad/s instead of deg/s": lambda s: _scaled(s, np.pi / 180, GYR),
    "swapped x and y": lambda s: s[:, :, [1, 0, 2, 3, 4, 5]],
    "negated z": lambda s: _scaled(s, -1, slice(2, 3)),
    "acc and gyro swapped": lambda s: s[:, :, [3, 4, 5, 0, 1, 2]],
    "rotated axes": lambda s: s[:, :, [1, 2, 0, 4, 5, 3]],
}
PACKING: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "low 16 of 32 bits": lambda r: r.astype(np.int16).astype(r.dtype),
    "low 16 of 32 bits, unsigned": lambda r: r & 0xFFFF,
    "words of the other size": _packed,
    "byte order": lambda r: r.byteswap(),
}
KINDS: Mapping[str, str] = {
    "half rate": "sample-rate", "double rate": "sample-rate", "each sample twice": "sample-rate",
    "dropped sample": "dropped-sample",
    "gain x2": "gain", "gain x0.5": "gain", "gain x1.3, acc": "gain",
    "g instead of m/s2": "unit", "rad/s instead of deg/s": "unit",
    "swapped x and y": "axes", "negated z": "axes", "acc and gyro swapped": "axes",
    "rotated axes": "axes",
    "low 16 of 32 bits": "word-size", "low 16 of 32 bits, unsigned": "word-size",
    "words of the other size": "word-size", "byte order": "byte-order",
}  # fmt: skip
"""Driver fault -> kind that must be named."""


def other_parameters(bench: Bench) -> list[tuple[str, InferenceModule]]:
    """(stage, module) with one DSP parameter changed that keeps the number of features."""
    found = []
    signal = signal_of(bench.pipeline)
    for i, use in enumerate(bench.pipeline.blocks):
        block = BLOCKS.get(use.block)
        for params in block.alternatives(signal, block.complete(use.params)):
            blocks = list(bench.pipeline.blocks)
            blocks[i] = BlockUse(use.block, params)
            front = feature_graph(replace(bench.pipeline, blocks=tuple(blocks)))
            if front.type("features") == bench.graph.type("features"):
                module = compile_graph(graft(bench.graph, front), BOARD)
                found.append((use.block, module))
    return found


def wrong_scale(bench: Bench, value: str, factor: float) -> InferenceModule:
    """The module with another scale at the node that makes ``value``."""
    graph = bench.graph
    node = graph.producer(value)
    if node.op == "quantize":
        was = graph.type(value).quant
        quant = Quant((float(np.float32(was.scale[0] * factor)),), was.zero_point)
        return compile_graph(
            graph.with_(types={**graph.types, value: replace(graph.type(value), quant=quant)}),
            BOARD,
        )
    if node.op == "dequantize":
        lsb = node.inputs[1]
        changed = (graph.constants[lsb] * np.float32(factor)).astype(np.float32)
        return compile_graph(graph.with_(constants={**graph.constants, lsb: changed}), BOARD)
    m, s = (graph.constants[i].astype(np.float64) for i in node.inputs[1:])
    new = dict(zip(node.inputs[1:], multipliers(m * 2.0 ** (s - 31) / factor), strict=True))
    return compile_graph(graph.with_(constants={**graph.constants, **new}), BOARD)


@dataclass(frozen=True)
class WrongLine:
    """One line of a kernel, changed; the first value that must differ."""

    kernel: str
    value: str
    old: str
    new: str


WRONG_LINES = (
    WrongLine("dequantize_int16", "physical", "- zero)", "- zero - 1)"),
    WrongLine("reduce_mean_float32", "mean", "ts_div(sum, (float)length)", "ts_div(sum, 32.0f)"),
    WrongLine("sub_float32", "centred", "(x) - (b)", "(b) - (x)"),
    WrongLine("sqrt_float32", "std", "ts_sqrt(x)", "ts_sqrt(0.5f * (x))"),
    WrongLine("reduce_max_float32", "max", ">", "<"),
    WrongLine("rfft_power_float32", "power_1", "re[i] = re[i] + tr;", "re[i] = re[i] - tr;"),
    WrongLine("dense_float32", "energy", "(value) * (weight)", "(value) - (weight)"),
    WrongLine("quantize_float32", "standard_int8", ">= 0.5f) ? 1 : 0", ">= 0.5f) ? 2 : 0"),
    WrongLine("dense_requantize_int8", "hidden_int8", "(value) - x_zero", "(value) + x_zero"),
    WrongLine("ts_dense.inc", "hidden_int8", "k = 0; k < depth", "k = 1; k < depth"),
    WrongLine("dense_requantize_int8", "hidden_int8", "requantized(sum", "requantized(9999 + sum"),
    WrongLine("dense_requantize_int8", "hidden_int8", "factors > 1 ? 1 : 0", "0 * factors"),
    WrongLine("dequantize_int8", "dense_1", "- zero", "+ zero"),
    WrongLine("softmax_float32", "probabilities", "ts_div(", "0.5f * ts_div("),
)  # fmt: skip


def wrong_line(bench: Bench, line: WrongLine) -> InferenceModule:
    """The module with one line of one kernel changed."""
    path = f"kernels/{line.kernel}" if "." in line.kernel else f"kernels/{line.kernel}.c"
    text = bench.module.sources[path]
    head, star, code = text.partition("*/\n")  # the comment in front may quote the line
    if line.old not in code:
        raise LookupError(f"{line.old!r} does not occur in {path}")
    changed = head + star + code.replace(line.old, line.new, 1)
    return replace(bench.module, sources={**bench.module.sources, path: changed})
