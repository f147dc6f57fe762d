"""Every family: learns a toy problem, is deterministic by seed, exports to a graph that computes
what torch or scikit-learn computes."""

from dataclasses import replace

import numpy as np
import pytest
from toys import LABELS, fit, toy_pipeline, toy_windows, trained

from tinsmith.core.codec import dumps, loads
from tinsmith.core.progress import Silent
from tinsmith.data.windows import TEST, TRAIN, Windows
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.learn.estimators import Fit, fitted
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.export import restore
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.train import train
from tinsmith.learn.trained import Trained

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
every_family = pytest.mark.parametrize("name", FAMILIES.names())
every_network = pytest.mark.parametrize("name", [f.name for f in FAMILIES.all() if f.build])
every_estimator = pytest.mark.parametrize("name", [f.name for f in FAMILIES.all() if f.estimator])


def restored(t: Trained) -> torch.nn.Module:
    return restore(t.pipeline, len(t.labels), t.weights)


@every_family
def test_learns_a_toy_problem(name: str) -> None:
    assert trained(name).test.accuracy.value >= 0.9
    assert not trained(name).curves.stuck


@every_network
def test_the_loss_falls(name: str) -> None:
    curves = trained(name).curves
    assert curves.train_loss[-1] < curves.train_loss[0]
    assert curves.guess is not None and min(curves.validation_loss) < curves.guess


@every_family
def test_same_seed_same_weights(name: str) -> None:
    torch.manual_seed(99)  # what other code did with torch's generator must not matter
    again = fit(name, 1)
    assert dumps(again) == dumps(trained(name))


@every_network
def test_another_seed_other_weights(name: str) -> None:
    again = trained(name)
    other = trained(name, seed=2)
    assert any((other.weights[k] != v).any() for k, v in again.weights.items())


@every_network
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


@every_estimator
def test_graph_equals_scikit_learn(name: str) -> None:
    """Probabilities where the estimator has some, else the class that it chooses."""
    t, windows = trained(name), toy_windows()
    family, raw = FAMILIES.get(name), to_raw(windows.values, t.pipeline.sensor)
    x, chosen = features(feature_graph(t.pipeline), raw), windows.part == TRAIN
    how = Fit(family.complete({}), np.ones(3, np.float32), t.seed)
    judge = fitted(family, x[chosen], windows.label[chosen], how, Silent())
    graph = t.to_graph()
    verify(graph)
    assert graph.outputs == ("probabilities",)
    assert graph.labels == {"probabilities": LABELS}
    got = run_cases(graph, {"raw": raw})["probabilities"][:, 0]
    assert (got.argmax(1) == judge.predict(x)).all()
    if hasattr(judge, "predict_proba"):
        assert np.abs(got - judge.predict_proba(x)).max() <= 1e-4
    assert np.abs(got.sum(1) - 1).max() <= 1e-5


@every_family
def test_a_rare_class_is_heard_where_classes_are_balanced(name: str) -> None:
    """Two clouds that overlap, one of a twentieth of the windows: it is found more often by those
    who do not know the training part by heart."""
    found, models = {}, set()
    for how in ("none", "balanced"):
        pipeline, windows = toy_pipeline(name), rare_windows()
        pipeline = replace(pipeline, hyper={**pipeline.hyper, "class_weights": how})
        x = features(feature_graph(pipeline), to_raw(windows.values, pipeline.sensor))
        model = train(pipeline, windows, x, 1, Silent())
        found[how] = model.test.per_class_recall[1].value
        models.add(dumps(model.to_graph()))
    assert len(models) == 2
    if name in ("linear", "mlp", "logistic", "svm"):
        assert found["balanced"] > found["none"]


def rare_windows() -> Windows:
    rng = np.random.default_rng(6)
    label = (np.arange(600) % 20 == 0).astype(np.int64)
    values = rng.normal(size=(600, 16, 2)) + 0.4 * label[:, None, None]
    part = np.arange(600) // 20 % 3
    return Windows(values.astype(np.float32), label, np.arange(600), part, ("a", "b"), False)


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
    assert stages[-1] == ("softmax" if FAMILIES.get(name).build else "probabilities")
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
