"""Training: what cannot be trained says so; the best weights are kept; nothing leaks out."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress, Silent
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import VALIDATION, Windowing, Windows
from tinsmith.ir.interp import Interpreter
from tinsmith.learn.export import restore
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.train import _fit, _Part, train
from tinsmith.learn.trained import Trained

torch = pytest.importorskip("torch")


class Counting:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, str]] = []

    def advance(self, done: int, total: int, note: str = "") -> None:
        self.seen.append((done, total, note))

    def check(self) -> None:
        """Nobody cancels."""


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


def fit(
    pipeline: Pipeline,
    windows: Windows,
    progress: Progress | None = None,
    found: np.ndarray | None = None,
) -> Trained:
    """Trained on the windows' own features, or on those given."""
    if found is None:
        raw = to_raw(windows.values, pipeline.sensor)
        found = features(feature_graph(pipeline), raw)
    return train(pipeline, windows, found, 1, progress or Silent())


def test_stops_early_and_keeps_the_best_weights(pipeline: Pipeline, windows: Windows) -> None:
    progress = Counting()
    trained = fit(pipeline, windows, progress)
    curves = trained.curves
    epochs = len(curves.validation_loss)
    assert epochs == curves.best + 1 + 8 < 80
    assert curves.best == int(np.argmin(curves.validation_loss))
    assert [s[:2] for s in progress.seen] == [(i + 1, 80) for i in range(epochs)]
    x, y = windows.of(VALIDATION)
    raw = to_raw(x, pipeline.sensor)
    with torch.no_grad():
        logits = restore(pipeline, 2, trained.weights)(
            torch.from_numpy(features(feature_graph(pipeline), raw))
        )
    loss = float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)))
    assert loss == pytest.approx(min(curves.validation_loss), rel=1e-6)


def test_torch_is_left_as_it_was(pipeline: Pipeline, windows: Windows) -> None:
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    fit(pipeline, windows).to_graph()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(3), want)


def test_environment_names_versions(pipeline: Pipeline, windows: Windows) -> None:
    found = fit(pipeline, windows)
    said = found.environment["torch"].partition("+")[0]  # what is behind it only torch itself says
    assert said == torch.__version__.partition("+")[0]
    assert found.seed == 1
    assert "test accuracy" in str(found)


def test_features_that_overflow(pipeline: Pipeline, windows: Windows) -> None:
    huge = replace(windows, values=windows.values * np.float32(3e37))
    sensor = Sensor("int16", (1e35,))
    with pytest.raises(UserError, match="'x std' of window 0 is not finite") as e:
        fit(replace(pipeline, sensor=sensor), huge)
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
    found = np.zeros((40, 1), np.float32)
    with pytest.raises(UserError, match=says) as e:
        fit(replace(pipeline, **change), windows, found=found)
    assert e.value.code == code


@pytest.mark.parametrize("shape", [(40, 3), (39, 6), (6,)])
def test_features_of_other_windows(
    pipeline: Pipeline, windows: Windows, shape: tuple[int, ...]
) -> None:
    wanted = re.escape(f"features are {list(shape)}; these windows and blocks make [40, 6]")
    with pytest.raises(UserError, match=wanted) as e:
        fit(pipeline, windows, found=np.zeros(shape, np.float32))
    assert e.value.code == "learn.features"


def test_features_are_computed_once(
    pipeline: Pipeline, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training takes them as they are: the slow interpreter is not asked again."""
    raw = to_raw(windows.values, pipeline.sensor)
    found = features(feature_graph(pipeline), raw)
    monkeypatch.setattr(Interpreter, "run", lambda *_: pytest.fail("features again"))
    assert fit(pipeline, windows, found=found).labels == ("a", "b")


def test_validation_is_needed(pipeline: Pipeline, windows: Windows) -> None:
    part = np.where(windows.part == VALIDATION, 0, windows.part)
    with pytest.raises(UserError, match="no validation part"):
        fit(pipeline, replace(windows, part=part))


def test_a_feature_that_never_varies(pipeline: Pipeline, windows: Windows) -> None:
    values = np.concatenate([windows.values, np.full_like(windows.values, 7.0)], axis=2)
    two = replace(
        pipeline, channels=(Channel("x"), Channel("y")), sensor=Sensor("int16", (0.001, 0.001))
    )
    trained = fit(two, replace(windows, values=values))
    assert all(np.isfinite(v).all() for v in trained.weights.values())
    assert trained.weights["standardise.inverse_deviation"].max() < 1e3


SLOW = """
import os, sys, threading, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
sys.path.insert(0, sys.argv[1])  # where loading torch takes half a minute
from tinsmith.core.errors import Cancelled
from tinsmith.core.job import Job
from tinsmith.learn.export import to_graph
from tinsmith.learn.train import train

work = {"train": lambda job: train(SimpleNamespace(family="linear"), None, None, 1, job),
        "export": lambda job: to_graph(None, ("a", "b"), {}, job)}[sys.argv[2]]
job = Job()
threading.Timer(0.3, job.cancel).start()
began = time.monotonic()
try:
    work(job)
except Cancelled:
    print(time.monotonic() - began, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("work", ["train", "export"])
def test_who_cancels_while_torch_is_loaded_is_back_at_once(work: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(30)\n")
    done = subprocess.run(
        [sys.executable, "-c", SLOW, str(tmp_path), work], capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert float(done.stdout) < 2, done.stderr


def test_a_batch_of_one_window_is_left_out(pipeline: Pipeline, windows: Windows) -> None:
    """It has no deviation: norms refuse it. 20 training windows are two batches of 19 and 1."""
    two = replace(pipeline, blocks=(BlockUse("flatten"),), family="conv1d")
    hyper = {"epochs": 2, "batch": 19, "filters": (4,), "pool": 8}
    trained = fit(replace(two, hyper=hyper), windows)
    assert len(trained.curves.train_loss) == 2


def test_filters_longer_than_the_signal(pipeline: Pipeline, windows: Windows) -> None:
    hyper = {"kernel": 5, "padding": "valid"}
    short = replace(pipeline, blocks=(BlockUse("flatten"),), family="conv1d", hyper=hyper)
    with pytest.raises(UserError, match="too few samples are left for convolution 1") as e:
        fit(short, windows)
    assert e.value.code == "learn.conv1d.short"
    assert 'padding = "same"' in e.value.hint


def test_the_loss_of_guessing_is_that_of_the_training_shares(
    pipeline: Pipeline, windows: Windows
) -> None:
    for how, shares in (("none", (0.75, 0.25)), ("balanced", (0.5, 0.5))):
        label = np.tile([0, 0, 0, 0, 1, 0, 1, 0], 5)  # of training three quarters are 0
        found = fit(
            replace(pipeline, hyper={"epochs": 2, "class_weights": how}),
            replace(windows, label=label),
        ).curves.guess
        truth = label[windows.part == VALIDATION]
        weight = np.array([1.0, 1.0]) if how == "none" else np.array([2 / 3, 2.0])
        loss = -np.log(np.array(shares))[truth]
        assert found == pytest.approx(np.average(loss, weights=weight[truth]), rel=1e-6)
