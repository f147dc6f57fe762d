"""Training: what cannot be trained says so; the best weights are kept; nothing leaks out."""

from dataclasses import replace

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import VALIDATION, Windowing, Windows
from tinsmith.learn.export import restore
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.train import _fit, _Part, train

torch = pytest.importorskip("torch")


class Counting:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, str]] = []

    def advance(self, done: int, total: int, note: str = "") -> None:
        self.seen.append((done, total, note))


@pytest.fixture
def windows() -> Windows:
    """Two overlapping classes of noise, so that training overfits."""
    rng = np.random.default_rng(3)
    label = np.repeat([0, 1], 20)
    values = rng.normal(size=(40, 8, 1)) + 0.5 * label[:, None, None]
    part = np.tile([0, 0, 1, 2], 10)
    return Windows(values.astype(np.float32), label, np.arange(40), part, ("a", "b"), grouped=False)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(
        name="p",
        channels=(Channel("x"),),
        rate_hz=50.0,
        sensor=Sensor("int16", (0.001,)),
        window=Windowing(8, 8),
        blocks=(BlockUse("statistics"),),
        family="mlp",
        hyper={"epochs": 80, "patience": 8, "learning_rate": 0.02},
    )


def test_stops_early_and_keeps_the_best_weights(pipeline: Pipeline, windows: Windows) -> None:
    progress = Counting()
    trained = train(pipeline, windows, 1, progress)
    curves = trained.curves
    epochs = len(curves.validation_loss)
    assert epochs == curves.best + 1 + 8 < 80
    assert curves.best == int(np.argmin(curves.validation_loss))
    assert [s[:2] for s in progress.seen] == [(i + 1, 80) for i in range(epochs)]
    x, y = windows.of(VALIDATION)
    raw = to_raw(x, pipeline.sensor)
    with torch.no_grad():
        logits = restore(trained)(torch.from_numpy(features(feature_graph(pipeline), raw)))
    loss = float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)))
    assert loss == pytest.approx(min(curves.validation_loss), rel=1e-6)


def test_torch_is_left_as_it_was(pipeline: Pipeline, windows: Windows) -> None:
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    train(pipeline, windows, 1, Silent()).to_graph()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(3), want)


def test_environment_names_versions(pipeline: Pipeline, windows: Windows) -> None:
    found = train(pipeline, windows, 1, Silent())
    assert found.environment["torch"] == torch.__version__
    assert found.seed == 1
    assert "test accuracy" in str(found)


def test_features_that_overflow(pipeline: Pipeline, windows: Windows) -> None:
    huge = replace(windows, values=windows.values * np.float32(3e37))
    sensor = Sensor("int16", (1e35,))
    with pytest.raises(UserError, match="'x std' of window 0 is not finite") as e:
        train(replace(pipeline, sensor=sensor), huge, 1, Silent())
    assert e.value.code == "learn.features"


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    x = torch.tensor([[1e38, -1e38, 1e38]] * 4)
    part = _Part(x, torch.tensor([0, 1, 0, 1]))
    module = torch.nn.Linear(3, 2)
    torch.nn.init.constant_(module.weight, 30.0)
    hyper = FAMILIES.get("linear").complete({"epochs": 3})
    with pytest.raises(UserError, match="diverged: the loss is nan in epoch 1") as e:
        _fit(module, part, part, hyper, Silent())
    assert "learning_rate" in e.value.hint


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"channels": (Channel("x"), Channel("y"))}, "learn.channels", "data has 1 channels"),
        ({"window": Windowing(9, 8)}, "learn.window", "Windows of 8 samples"),
        ({"hyper": {"hiden": (3,)}}, "dsp.param.unknown", "Did you mean 'hidden'"),
        ({"hyper": {"epochs": 0}}, "dsp.param.value", "Family 'mlp': epochs is 0"),
        ({"family": "mpl"}, "family.unknown", "Did you mean 'mlp'"),
    ],
)
def test_what_does_not_go_together(
    pipeline: Pipeline, windows: Windows, change: dict, code: str, says: str
) -> None:
    with pytest.raises(UserError, match=says) as e:
        train(replace(pipeline, **change), windows, 1, Silent())
    assert e.value.code == code


def test_validation_is_needed(pipeline: Pipeline, windows: Windows) -> None:
    part = np.where(windows.part == VALIDATION, 0, windows.part)
    with pytest.raises(UserError, match="no validation part"):
        train(pipeline, replace(windows, part=part), 1, Silent())


def test_a_feature_that_never_varies(pipeline: Pipeline, windows: Windows) -> None:
    values = np.concatenate([windows.values, np.full_like(windows.values, 7.0)], axis=2)
    two = replace(
        pipeline, channels=(Channel("x"), Channel("y")), sensor=Sensor("int16", (0.001, 0.001))
    )
    trained = train(two, replace(windows, values=values), 1, Silent())
    assert all(np.isfinite(v).all() for v in trained.weights.values())
    assert trained.weights["standardise.inverse_deviation"].max() < 1e3
