"""Real model files of every format: those of the shared folder, and small models that the libraries
themselves train and save here."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 100_000
"""Files above are left out: almost every byte of theirs is a weight."""


def shared_files(shared: Path) -> list[Path]:
    """The small models of the shared folder; of the files for single operators every third."""
    models = shared / "models"
    found = [p for s in ("*.tflite", "*.onnx", "*.h5") for p in sorted(models.glob(s))]
    found += sorted((models / "tflm_int16_ops").glob("*.tflite"))[::3]
    return [p for p in found if p.stat().st_size <= MOST_BYTES]


def trained_files(folder: Path) -> list[Path]:
    """A .keras, .h5, .json, .ubj, .txt, .tsk or .pt2 file of every model below, written to
    ``folder``."""
    makes = (_keras, _xgboost, _lightgbm, _sklearn, torch_files)
    return [p for make in makes for p in make(folder)]


def _keras(folder: Path) -> list[Path]:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    layers, found = keras.layers, []
    keras.utils.set_random_seed(5)
    dense = [layers.Input((6,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax")]
    picture = [layers.Input((8, 8, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(),
               layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]  # fmt: skip
    series = [layers.Input((5, 3)), layers.LSTM(4), layers.Dense(1)]
    for name, parts in (("dense", dense), ("picture", picture), ("series", series)):
        model = keras.Sequential(parts)
        for suffix in (".keras", ".h5"):
            found.append(folder / f"{name}{suffix}")
            model.save(found[-1])
    return found


def _rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(80, 4))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int) + (x[:, 3] > 1)


def _xgboost(folder: Path) -> list[Path]:
    import xgboost

    x, y = _rows()
    makes: dict[str, Callable[[], Any]] = {
        "tree": lambda: xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1),
        "dart": lambda: xgboost.XGBRegressor(n_estimators=2, max_depth=2, booster="dart"),
        "line": lambda: xgboost.XGBRegressor(n_estimators=2, booster="gblinear"),
    }
    found = []
    for name, make in makes.items():
        model = make().fit(x, y)
        for suffix in (".json", ".ubj"):
            found.append(folder / f"{name}{suffix}")
            model.save_model(found[-1])
    return found


def _lightgbm(folder: Path) -> list[Path]:
    import lightgbm

    x, y = _rows()
    found = []
    for name, make in (("classes", lightgbm.LGBMClassifier), ("value", lightgbm.LGBMRegressor)):
        model = make(n_estimators=2, num_leaves=4, verbose=-1, n_jobs=1).fit(x, y)
        found.append(folder / f"{name}.txt")
        model.booster_.save_model(found[-1])
    return found


def _sklearn(folder: Path) -> list[Path]:
    from sklearn import ensemble, mixture, neighbors, neural_network, svm
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from tinsmith.importers.classic.sklearn import save

    x, y = _rows()
    estimators = {
        "forest": ensemble.RandomForestClassifier(3, max_depth=3, random_state=1),
        "mixture": mixture.GaussianMixture(2, random_state=1),
        "near": neighbors.KNeighborsClassifier(3),
        "network": neural_network.MLPClassifier((4,), max_iter=20, random_state=1),
        "machine": svm.SVC(),
    }
    return [
        save(make_pipeline(StandardScaler(), e).fit(x, y), folder / f"{name}.tsk")
        for name, e in estimators.items()
    ]


def torch_files(folder: Path) -> list[Path]:
    """Exported programs of PyTorch."""
    import torch

    nn = torch.nn
    torch.manual_seed(7)
    picture = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(True), nn.MaxPool2d(2),
                            nn.Flatten(), nn.Linear(27, 2), nn.Softmax(-1))  # fmt: skip
    series = nn.LSTM(3, 4, batch_first=True)
    dense = nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, 3))
    shapes = {"picture": (picture, (1, 2, 8, 8)), "series": (series, (1, 5, 3)),
              "dense": (dense, (1, 6))}  # fmt: skip
    found = []
    for name, (module, shape) in shapes.items():
        found.append(folder / f"{name}.pt2")
        program = torch.export.export(module.eval(), (torch.zeros(shape),), strict=False)
        torch.export.save(program, found[-1])
    return found
