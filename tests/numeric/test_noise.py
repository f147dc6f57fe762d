"""Models that are really trained: noise is refused, what can be learned is accepted."""

from collections.abc import Callable
from math import ceil

import numpy as np
import pytest

from tinsmith.core.progress import Silent
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import TEST, Windowing, Windows
from tinsmith.flow import gates
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.features import to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.train import train
from tinsmith.learn.units import Units

pytest.importorskip("torch")

SEEDS, RECORDINGS, WINDOWS, SAMPLES = 200, 90, 4, 8
LABELS = ("a", "b", "c")
PIPELINE = Pipeline(
    name="noise",
    channels=(Channel("x"), Channel("y")),
    rate_hz=50.0,
    sensor=Sensor("int16", (0.001, 0.001)),
    window=Windowing(SAMPLES, SAMPLES),
    blocks=(BlockUse("flatten"),),
    family="linear",
)


def recordings(seed: int, learnable: bool) -> tuple[Windows, Units]:
    """Recordings that each have a level of their own, which says nothing of their label; where they
    are learnable a smaller one says it."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(RECORDINGS) % 3)
    own = rng.normal(size=(RECORDINGS, 1, 2))
    part = np.array([0, 0, 0, 1, 2])[np.argsort(np.argsort(label, kind="stable")) % 5]
    recording = np.repeat(np.arange(RECORDINGS), WINDOWS)
    values = rng.normal(size=(len(recording), SAMPLES, 2)) + own[recording]
    if learnable:
        turn = 2 * np.pi * label / 3
        values += 2.5 * np.stack([np.cos(turn), np.sin(turn)], axis=1)[recording, None]
    windows = Windows(
        values.astype(np.float32), label[recording], recording, part[recording], LABELS, False
    )
    return windows, Units(recording, recording, grouped=False)


def judged(seed: int, learnable: bool) -> gates.Gate:
    """The gate's answer on the float model."""
    windows, units = recordings(seed, learnable)
    raw = to_raw(windows.values, PIPELINE.sensor)
    x = raw.reshape(len(raw), -1).astype(np.float32) * np.float32(0.001)
    trained = train(PIPELINE, windows, x, seed, Silent())
    test = windows.part == TEST
    graph = trained.to_graph()
    return gates.learned(
        evaluate(graph, raw[test], windows.label[test], units=units.of(test)), trained
    )


@pytest.mark.slow
def test_trained_on_noise_and_on_what_can_be_learned(
    campaign: Callable[..., int], record_result: Callable
) -> None:
    seeds = campaign(SEEDS)
    noise = [judged(seed, learnable=False) for seed in range(seeds)]
    learned = [judged(seed, learnable=True) for seed in range(seeds)]
    refused, accepted = sum(not g.passed for g in noise), sum(g.passed for g in learned)
    figures = {
        "seeds": seeds, "recordings": RECORDINGS, "test_recordings": RECORDINGS // 5,
        "noise_refused": refused, "learnable_accepted": accepted,
    }  # fmt: skip
    record_result("guessing", figures)
    assert refused >= ceil(0.99 * seeds), figures
    assert accepted >= ceil(0.95 * seeds), figures
