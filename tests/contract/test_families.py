"""Every family: learns a toy problem, is deterministic by seed, exports to a graph that computes
what torch computes."""

from functools import cache

import numpy as np
import pytest

from tinsmith.core.codec import dumps, loads
from tinsmith.core.progress import Silent
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import TEST, Windowing, Windows
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.export import restore
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.train import train
from tinsmith.learn.trained import Trained

torch = pytest.importorskip("torch")
every_family = pytest.mark.parametrize("name", FAMILIES.names())

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
        hyper={"epochs": 60, "learning_rate": 0.01},
    )


@cache
def trained(family: str, seed: int = 1) -> Trained:
    return fit(family, seed)


def fit(family: str, seed: int) -> Trained:
    pipeline, windows = toy_pipeline(family), toy_windows()
    found = features(feature_graph(pipeline), to_raw(windows.values, pipeline.sensor))
    return train(pipeline, windows, found, seed, Silent())


def restored(t: Trained) -> torch.nn.Module:
    return restore(t.pipeline, len(t.labels), t.weights)


@every_family
def test_learns_a_toy_problem(name: str) -> None:
    assert trained(name).test.accuracy.value >= 0.9
    assert trained(name).curves.train_loss[-1] < trained(name).curves.train_loss[0]


@every_family
def test_same_seed_same_weights(name: str) -> None:
    torch.manual_seed(99)  # what other code did with torch's generator must not matter
    again = fit(name, 1)
    assert dumps(again) == dumps(trained(name))
    other = trained(name, seed=2)
    assert any((other.weights[k] != v).any() for k, v in again.weights.items())


@every_family
def test_graph_equals_torch(name: str) -> None:
    t = trained(name)
    graph = t.to_graph()
    verify(graph)
    raw = to_raw(toy_windows().of(TEST)[0], t.pipeline.sensor)
    got = run_cases(graph, {"raw": raw})[graph.outputs[0]][:, 0]
    x = torch.from_numpy(features(feature_graph(t.pipeline), raw))
    with torch.no_grad():
        want = torch.softmax(restored(t)(x).double(), 1).numpy()
    assert graph.outputs == ("probabilities",)
    assert np.abs(got - want).max() <= 1e-5


@every_family
def test_graph_has_the_accuracy_that_training_measured(name: str) -> None:
    t = trained(name)
    values, labels = toy_windows().of(TEST)
    found = evaluate(t.to_graph(), to_raw(values, t.pipeline.sensor), labels)
    assert found.accuracy == t.test.accuracy
    assert (found.confusion == t.test.confusion).all()


@every_family
def test_stages_tell_the_story(name: str) -> None:
    stages = [*dict.fromkeys(n.stage for n in trained(name).to_graph().nodes)]
    told = ["scale", *(use.block for use in trained(name).pipeline.blocks), "features"]
    assert stages[: len(told)] == told
    assert stages[-1] == "softmax"
    assert all(stages) and len(stages) > 5


@every_family
def test_trained_survives_the_codec(name: str) -> None:
    t = trained(name)
    back = loads(Trained, dumps(t))
    assert back.pipeline == t.pipeline
    assert dumps(back) == dumps(t)
    assert dumps(back.to_graph()) == dumps(t.to_graph())


@every_family
def test_defaults_are_allowed(name: str) -> None:
    family = FAMILIES.get(name)
    complete = family.complete({})
    assert family.complete(complete) == complete
