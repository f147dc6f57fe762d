"""Features: from a driver's raw integers to one feature vector, as the graph that the device runs.

Training computes its features by interpreting this very graph on quantised recordings, so that the
network is trained on what the device will compute.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.data.dataset import Channel
from tinsmith.dsp.block import BLOCKS, Block, Signal
from tinsmith.dsp.front import FEATURES
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import Quant, TensorType
from tinsmith.learn.evaluate import predict
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.pipeline import Pipeline, Sensor

_CLIPPED = 0.01
"""Share of samples of a channel that may lie outside the sensor's range before we refuse."""


def feature_graph(pipeline: Pipeline) -> Graph:
    """Float graph from input ``raw`` (sensor integers [samples, channels]) to ``features`` [1, n].

    Stages: ``scale`` (integers to physical units), each block by its name (``spectral``,
    ``spectral_2``, ...), ``features`` (all in one row).

    Raises:
        UserError: a block's parameter is wrong, or the sensor has not one lsb per channel.
    """
    signal = signal_of(pipeline)
    check_sensor(pipeline.sensor, pipeline.channels)
    lsb, shape = np.array(pipeline.sensor.lsb, np.float32), (signal.samples, len(signal.channels))
    b = Builder(pipeline.name)
    b.stage = "scale"
    quant = Quant(tuple(float(v) for v in lsb), (0,) * len(lsb), 1)
    raw = b.input("raw", TensorType(shape, pipeline.sensor.dtype, quant))
    x = b.op("dequantize", raw, b.constant("lsb", lsb), name="physical")
    parts = []
    for stage, use in zip(stages(pipeline), pipeline.blocks, strict=True):
        b.stage = stage
        block = BLOCKS.get(use.block)
        parts.append(block.lower(b, x, signal, block.complete(use.params)))
    b.stage = FEATURES
    joined = parts[0]
    for part in parts[1:]:
        joined = b.op("concat", joined, part, axis=0, name="joined")
    row = b.op("reshape", joined, shape=(1, b.type(joined).elements), name="features")
    return b.build([row])


def feature_names(pipeline: Pipeline) -> tuple[str, ...]:
    """Names of the features, one per element of the row."""
    signal = signal_of(pipeline)
    uses = [(BLOCKS.get(use.block), use.params) for use in pipeline.blocks]
    return tuple(n for block, p in uses for n in block.names(signal, block.complete(p)))


def row_shape(pipeline: Pipeline) -> tuple[int, ...]:
    """What one row of features is: (samples, channels) where a single block keeps the shape of the
    signal, else (features,).

    Raises:
        UserError ``learn.shape``: the family needs the former and gets the latter.
    """
    if len(pipeline.blocks) == 1:
        (use,) = pipeline.blocks
        block = BLOCKS.get(use.block)
        if block.shape is not None:
            return block.shape(signal_of(pipeline), block.complete(use.params))
    width = len(feature_names(pipeline))
    if FAMILIES.get(pipeline.family).signal:
        named = ", ".join(use.block for use in pipeline.blocks)
        keeping = ", ".join(b.name for b in BLOCKS.all() if b.shape is not None)
        raise UserError(
            "learn.shape",
            f"Family {pipeline.family!r} runs along a signal [samples, channels]; the blocks "
            f"({named}) make one row of {width} features.",
            f"Give the pipeline one block that keeps the signal: {keeping}.",
        )
    return (width,)


def stages(pipeline: Pipeline) -> tuple[str, ...]:
    """Stage of each block use: its name, numbered from the second use on."""
    found: list[str] = []
    for use in pipeline.blocks:
        before = sum(other.block == use.block for other in pipeline.blocks[: len(found)])
        found.append(f"{use.block}_{before + 1}" if before else use.block)
    return tuple(found)


def signal_of(pipeline: Pipeline) -> Signal:
    """What the pipeline's blocks are fed."""
    names = tuple(c.name for c in pipeline.channels)
    return Signal(pipeline.window.samples, names, pipeline.rate_hz)


def check_sensor(sensor: Sensor, channels: Sequence[Channel]) -> None:
    """One positive lsb per channel, else UserError."""
    if len(sensor.lsb) != len(channels) or not all(0 < np.float32(v) < np.inf for v in sensor.lsb):
        raise UserError(
            "learn.sensor",
            f"The sensor has lsb {sensor.lsb} for {len(channels)} channels.",
            "Give one positive number per channel.",
        )


def to_raw(values: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Physical values [..., channels] as the driver's integers: round(value / lsb), half to even,
    saturated at the ends of the dtype as a sensor saturates.

    Raises:
        UserError: more than 1 % of a channel's samples lie outside the sensor's range.
    """
    limits = np.iinfo(sensor.dtype)
    steps = np.rint(values.astype(np.float64) / np.array(sensor.lsb))
    outside = ((steps < limits.min - 1) | (steps > limits.max + 1)).reshape(-1, len(sensor.lsb))
    worst = int(outside.mean(0).argmax())
    if outside.mean(0)[worst] > _CLIPPED:
        reach = float(np.abs(values[..., worst]).max())
        raise UserError(
            "learn.sensor.range",
            f"Channel {worst} reaches {reach:g}; the sensor ends at "
            f"{limits.max * sensor.lsb[worst]:g}.",
            "Give the sensor's real full_scale (or lsb), or check the recordings' unit.",
        )
    clipped: np.ndarray = np.clip(steps, limits.min, limits.max).astype(sensor.dtype)
    return clipped


def features(graph: Graph, raw: np.ndarray, job: Progress = SILENT) -> np.ndarray:
    """Features of raw windows [n, samples, channels] by the reference interpreter, states reset
    before each: [n, features] float32."""
    return predict(graph, raw, job)


def block_of(pipeline: Pipeline, stage: str) -> Block | None:
    """The block whose stage this is, None for other stages."""
    found = dict(zip(stages(pipeline), pipeline.blocks, strict=True)).get(stage)
    return BLOCKS.get(found.block) if found else None
