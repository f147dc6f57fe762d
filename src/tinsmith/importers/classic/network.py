"""scikit-learn's multi-layer perceptrons."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.compose.broken import broken
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder


def _layers(e: Any) -> dict[str, Any]:
    layers = [
        {"kind": "layer", "w": np.asarray(w, np.float64).T.copy(), "b": np.asarray(v, np.float64)}
        for w, v in zip(e.coefs_, e.intercepts_, strict=True)
    ]
    return {"activation": str(e.activation), "layers": layers}


def _classifier(e: Any) -> Mapping[str, Any]:
    return {**_layers(e), "classes": class_names(e)}


def _regressor(e: Any) -> Mapping[str, Any]:
    if e.out_activation_ != "identity":
        unsupported(e, f"loss {e.loss!r} ends in {e.out_activation_!r}")
    return _layers(e)


def _forward(b: Builder, x: str, fields: Fields, name: str = "") -> str:
    layers = fields.parts("layers")
    kind = fields.text("activation", "identity", "logistic", "tanh", "relu")
    for i, layer in enumerate(layers):
        w = layer.array("w", None, b.type(x).shape[1])
        last = i == len(layers) - 1
        x = ending.affine(b, x, w, layer.array("b", len(w)), name if last else "")
        if not last:
            x = _active(b, x, kind)
    return x


def _active(b: Builder, x: str, kind: str) -> str:
    if kind == "relu":
        return b.op("relu", x)
    names = {"logistic": "sigmoid", "tanh": "tanh"}
    return elementwise.unary(b, names[kind], x) if kind in names else x


def _labels(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Two classes: class 1 where the logistic function is above one half."""
    scores = _forward(b, x, fields)
    count = b.type(scores).shape[1]
    names = fields.names("classes", max(2, count))
    if count == 1:
        label = ending.binary_label(b, scores, names, ending.ABOVE_ZERO)
        return label, ending.pair(b, scores)
    if count == 2:
        broken("A network for two classes has two outputs.")
    return ending.label(b, scores, names), b.op("softmax", scores, name="probability")


NETWORKS = {
    "MLPClassifier": Estimator(_classifier, _labels, note="one label per sample"),
    "MLPRegressor": Estimator(
        _regressor, lambda b, x, f: (_forward(b, x, f, "value"),), note="squared_error"
    ),
}
