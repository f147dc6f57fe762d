"""A toy problem that every family learns."""

from functools import cache

import numpy as np

from tinsmith.core.progress import Silent
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing, Windows
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.train import train
from tinsmith.learn.trained import Trained

LABELS = ("calm", "fast", "high")
ROW = (BlockUse("statistics"), BlockUse("spectral", {"fft_length": 16, "bands": 4}))


def toy_windows() -> Windows:
    """Three classes that differ in level and in spread, 2 channels of 16 samples."""
    rng = np.random.default_rng(5)
    label = np.repeat(np.arange(3), 20)
    level, spread = np.array([0.0, 0.0, 3.0])[label], np.array([0.2, 2.0, 0.2])[label]
    noise = rng.normal(size=(60, 16, 2)) * spread[:, None, None]
    values = (noise + level[:, None, None]).astype(np.float32)
    part = np.tile([0, 0, 0, 1, 2], 12)
    return Windows(values, label, np.arange(60), part, LABELS, grouped=False)


def toy_pipeline(family: str) -> Pipeline:
    return Pipeline(
        name="toy",
        channels=(Channel("x"), Channel("y")),
        rate_hz=50.0,
        sensor=Sensor("int16", (0.001, 0.001)),
        window=Windowing(16, 16),
        blocks=(BlockUse("flatten"),) if FAMILIES.get(family).signal else ROW,
        family=family,
        hyper={"epochs": 60, "learning_rate": 0.01} if FAMILIES.get(family).build else {},
    )


@cache
def trained(family: str, seed: int = 1) -> Trained:
    return fit(family, seed)


def fit(family: str, seed: int) -> Trained:
    pipeline, windows = toy_pipeline(family), toy_windows()
    found = features(feature_graph(pipeline), to_raw(windows.values, pipeline.sensor))
    return train(pipeline, windows, found, seed, Silent())
