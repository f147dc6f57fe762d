"""Files of estimators: what is written is read back, pickles and damaged files are refused."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC

from tinsmith.compose.broken import Broken
from tinsmith.core.codec import dumps
from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.classic import lightgbm as lightgbm_importer
from tinsmith.importers.classic import lightgbm_file as lightgbm_text
from tinsmith.importers.classic import sklearn as sklearn_importer
from tinsmith.importers.classic import sklearn_file, ubjson
from tinsmith.importers.classic import xgboost as xgboost_importer
from tinsmith.importers.classic import xgboost_file as xgboost_json
from tinsmith.importers.classic.estimators import ESTIMATORS, describe, stage_of, translate
from tinsmith.ir.rules import verify
from tinsmith.ir.text import to_text

X, Y = load_iris(return_X_y=True)


def pipeline() -> object:
    return make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1)).fit(X, Y)


def code_of(call, *arguments) -> str:
    with pytest.raises(UserError) as e:
        call(*arguments)
    assert e.value.message
    return e.value.code


def test_a_saved_pipeline_is_the_live_one(tmp_path: Path) -> None:
    model = pipeline()
    path = sklearn_importer.save(model, tmp_path / "iris")
    assert path.name == "iris.tsk"
    live = sklearn_importer.from_estimator(model, [np.zeros((1, 4), np.float32)], "iris")
    assert to_text(read_model(path)) == to_text(live)
    assert any("classes 0, 1, 2" in n.stage for n in live.nodes)


def test_the_file_is_read_without_scikit_learn(tmp_path: Path) -> None:
    path = sklearn_importer.save(pipeline(), tmp_path / "iris.tsk")
    code = (
        "import sys; sys.modules['sklearn'] = None; from pathlib import Path; "
        "from tinsmith.importers.classic.sklearn_file import convert; "
        f"print(convert(Path({str(path)!r}), 'm').outputs)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "label" in done.stdout


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib"])
def test_pickles_are_refused_and_the_way_out_is_said(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(pipeline()))
    with pytest.raises(UserError) as e:
        read_model(path)
    assert e.value.code == "import.sklearn.pickle" and "save(" in e.value.hint


def test_what_is_not_supported_is_named() -> None:
    cases = [
        StackingClassifier([("a", LogisticRegression())]).fit(X, Y),
        make_pipeline(QuantileTransformer(n_quantiles=9), LogisticRegression()).fit(X, Y),
        KNeighborsClassifier(metric="cosine").fit(X, Y),
        KNeighborsClassifier(weights=lambda d: d).fit(X, Y),
        SVC(kernel=lambda a, b: a @ b.T).fit(X, Y),
        RandomForestClassifier(3).fit(X, np.stack([Y, Y], 1)),
    ]
    for model in cases:
        assert code_of(describe, model) == "import.sklearn.estimator"
    assert code_of(describe, LogisticRegression()) == "import.sklearn.fitted"


def test_an_example_of_another_shape_is_refused() -> None:
    wrong = [np.zeros((2, 4), np.float32)]
    code = code_of(sklearn_importer.from_estimator, pipeline(), wrong, "m")
    assert code == "import.sklearn.example"


def test_another_version_and_another_suffix_are_refused(tmp_path: Path) -> None:
    assert code_of(sklearn_importer.save, pipeline(), tmp_path / "m.pkl") == "import.sklearn.suffix"
    path = tmp_path / "m.tsk"
    path.write_bytes(dumps({"kind": "tsk", "version": 2, "model": describe(pipeline())}))
    assert code_of(sklearn_file.convert, path, "m") == "import.sklearn.version"
    assert code_of(sklearn_importer.from_file, tmp_path / "none.tsk") == "import.sklearn.file"


def test_damaged_files_are_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    path = sklearn_importer.save(pipeline(), tmp_path / "m.tsk")
    good = path.read_bytes()
    refused = 0
    for _ in range(40):
        data = bytearray(good)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(data[: len(data) - int(rng.integers(2)) * int(rng.integers(99))]))
        refused += is_refused(lambda: sklearn_file.convert(path, "m"))
    assert refused


def is_refused(call) -> bool:
    """Nothing but a graph or a UserError comes out."""
    try:
        call()
    except UserError as e:
        assert e.code.startswith("import.")
        return True
    return False


@pytest.mark.parametrize("kind", sorted(ESTIMATORS))
def test_a_description_without_fields_is_refused(kind: str) -> None:
    body = {"kind": "Pipeline", "features": 3, "steps": ({"kind": kind},)}
    with pytest.raises(Broken):
        translate(body, "m")


def changed(body: object, rng: np.random.Generator) -> object:
    """A description with something in it replaced."""
    junk = [None, -1, 0, 1e308, float("nan"), "x", (), {}, np.zeros(0), np.full((2, 2), np.nan),
            np.full(3, 10**9), np.zeros((1, 4)), True]  # fmt: skip
    if isinstance(body, dict) and body:
        key = str(rng.choice(list(body)))
        return {**body, key: changed(body[key], rng)}
    if isinstance(body, tuple | list) and len(body) and rng.integers(2):
        at = int(rng.integers(len(body)))
        return (*body[:at], changed(body[at], rng), *body[at + 1 :])
    if isinstance(body, np.ndarray) and body.size and rng.integers(2):
        other = body.copy()
        other.flat[int(rng.integers(body.size))] = rng.choice([-5, 0, 1, 77, 2**40])
        return other
    return junk[int(rng.integers(len(junk)))]


def test_descriptions_that_contradict_themselves_are_refused(rng: np.random.Generator) -> None:
    models = [
        pipeline(), SVC().fit(X, Y), KNeighborsClassifier().fit(X, Y),
        GaussianMixture(2).fit(X), make_pipeline(PCA(2), MLPClassifier((3,), max_iter=5)).fit(X, Y),
    ]  # fmt: skip
    for model in models:
        good, refused = describe(model), 0
        for _ in range(150):
            other = changed(good, rng)
            refused += is_refused(lambda body=other: verify(translate(body, "m")))
        assert refused


def test_xgboost_files_agree(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(X, Y)
    live = to_text(xgboost_importer.from_object(model, (), "m"))
    for suffix in (".json", ".ubj"):
        model.save_model(tmp_path / f"m{suffix}")
        assert to_text(read_model(tmp_path / f"m{suffix}")) == live
    assert ubjson.loads((tmp_path / "m.ubj").read_bytes())["version"][0] == 3


def test_an_early_stopped_estimator_predicts_up_to_its_best_iteration() -> None:
    model = xgboost.XGBRegressor(n_estimators=60, early_stopping_rounds=2, n_jobs=1, eta=0.9)
    model.fit(X[::2], Y[::2], eval_set=[(X[1::2], 2 - Y[1::2])], verbose=False)
    graph = xgboost_importer.from_object(model, (), "m")
    assert len(graph.constants["trees"]) == model.best_iteration + 1
    assert len(graph.constants["trees"]) < model.get_booster().num_boosted_rounds()


def test_xgboost_refuses_by_name() -> None:
    model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, Y)
    body = json.loads(bytes(model.get_booster().save_raw("json")))

    def refused(change) -> str:
        other = json.loads(json.dumps(body))
        change(other["learner"])
        return code_of(xgboost_json.from_bytes, json.dumps(other).encode(), "m")

    def tree(learner: dict) -> dict:
        return learner["gradient_booster"]["model"]["trees"][0]

    changes = {
        "import.xgboost.objective": lambda m: m["objective"].update(name="survival:cox"),
        "import.xgboost.booster": lambda m: m["gradient_booster"].update(name="gbother"),
        "import.xgboost.categorical": lambda m: tree(m).update(split_type=[1] * 3),
        "import.xgboost.target": lambda m: m["learner_model_param"].update(num_target="2"),
        "import.xgboost.empty": lambda m: m["gradient_booster"]["model"].update(trees=[]),
        "import.classic.broken": lambda m: tree(m).update(left_children=[0, 0, 0]),
    }
    assert {refused(change) for change in changes.values()} == set(changes)
    model.missing = -1.0
    assert code_of(xgboost_importer.from_object, model, (), "m") == "import.xgboost.missing"


def test_damaged_ubjson_and_json_are_refused(rng: np.random.Generator) -> None:
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1).fit(X, Y)
    for kind in ("ubj", "json"):
        good, refused = bytes(model.get_booster().save_raw(kind)), 0
        for _ in range(150):
            data = bytearray(
                good[: int(rng.integers(1, len(good)))] if rng.integers(4) == 0 else good
            )
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
            refused += is_refused(lambda data=bytes(data): xgboost_json.from_bytes(data, "m"))
        assert refused


@pytest.mark.parametrize(
    "data",
    [b"", b"[" * 200, b"{L" + b"\x7f" * 8, b"[$L#L" + b"\x00\x00\x7f" + b"\xff" * 5,
     b"[#l\xff\xff\xff\xff", b"SL\xff\xff\xff\xff\xff\xff\xff\xff", b"[$d]", b"i\x01i", b"?",
     b"[$Z#L\x00\x00\x00\x00\x7f\xff\xff\xff"],
)  # fmt: skip
def test_hostile_ubjson_is_refused(data: bytes) -> None:
    assert code_of(ubjson.loads, data) == "import.classic.broken"


def test_ubjson_knows_every_type() -> None:
    data = b"[i\xffU\xffI\x01\x00l\x00\x00\x00\x02L" + bytes(7) + b"\x03d\x3f\x80\x00\x00"
    data += b"D\x3f\xf0" + bytes(6) + b"TFZSi\x02abCxN{i\x01kU\x07}[$I#i\x02\x00\x01\x00\x02]"
    *plain, shorts = ubjson.loads(data)
    assert plain == [-1, 255, 256, 2, 3, 1.0, 1.0, True, False, None, "ab", "x", {"k": 7}]
    assert shorts.tolist() == [1, 2]


def text_of(**parameters: object) -> str:
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1, **parameters)
    return model.fit(X, Y).booster_.model_to_string()


def test_lightgbm_files_agree(tmp_path: Path) -> None:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(X, Y)
    model.booster_.save_model(tmp_path / "m.txt")
    live = lightgbm_importer.from_object(model, (), "m")
    assert to_text(read_model(tmp_path / "m.txt")) == to_text(live)
    assert code_of(lightgbm_importer.from_object, object(), (), "m") == "import.lightgbm.object"


def test_lightgbm_refuses_by_name() -> None:
    text = text_of()
    changes = {
        "import.lightgbm.objective": ("objective=multiclass", "objective=other"),
        "import.lightgbm.categorical": ("num_cat=0", "num_cat=1"),
        "import.lightgbm.linear": ("is_linear=0", "is_linear=1"),
        "import.classic.broken": ("left_child=", "left_child=7 "),
        "import.lightgbm.empty": ("\nTree=", "\nTrie="),
    }
    for code, (old, new) in changes.items():
        assert old in text
        assert code_of(lightgbm_text.from_text, text.replace(old, new), "m") == code


def test_damaged_text_is_refused(rng: np.random.Generator) -> None:
    good, refused = text_of(num_leaves=4), 0
    for _ in range(200):
        at = int(rng.integers(len(good)))
        junk = str(rng.choice(["-", "9", " ", "=", "nan", "1e999", "\n", "x"]))
        refused += is_refused(
            lambda text=good[:at] + junk + good[at + 1 :]: lightgbm_text.from_text(text, "m")
        )
    assert refused


def test_what_is_missing_goes_where_lightgbm_sends_it() -> None:
    """All three readings of NaN and zero."""
    from tinsmith.ir.interp import run_cases

    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.2] = 0
    y = np.nan_to_num(x[:, 0], nan=2.0) - (x[:, 1] == 0) * 3
    asked = x[:60]
    for parameters in ({}, {"zero_as_missing": True}, {"use_missing": False}):
        model = lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1, **parameters)
        graph = lightgbm_importer.from_object(model.fit(x, y), (), "m")
        got = run_cases(graph, {"x": asked[:, None]})["value"].ravel()
        assert np.array_equal(got, model.predict(asked).astype(np.float32)), parameters


def test_names_of_stages() -> None:
    assert stage_of("KNeighborsClassifier") == "k_neighbors_classifier"
    assert stage_of("PCA") == "pca" and stage_of("LinearSVC") == "linear_svc"


def test_the_support_tables_are_what_is_dispatched_on() -> None:
    assert {s.operator for s in sklearn_importer.support()} == set(ESTIMATORS)
    assert {s.operator for s in lightgbm_importer.support()} == set(lightgbm_text.OBJECTIVES)
    assert set(xgboost_json.OBJECTIVES) < {s.operator for s in xgboost_importer.support()}
