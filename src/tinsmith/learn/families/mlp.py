"""Multi-layer perceptron: fully connected layers with ReLU between them."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers standardise, dense_0, relu_0, dropout_0, dense_1, ..., output (logits)."""
    from torch import nn

    from tinsmith.learn.families._standardise import Standardise

    layers: OrderedDict[str, Any] = OrderedDict(standardise=Standardise(rows.features))
    width, hidden = rows.features.shape[1], hyper["hidden"]
    assert isinstance(hidden, tuple)
    for i, units in enumerate(hidden):
        layers[f"dense_{i}"] = nn.Linear(width, int(units))
        layers[f"relu_{i}"] = nn.ReLU()
        if hyper["dropout"]:
            layers[f"dropout_{i}"] = nn.Dropout(float(hyper["dropout"]))  # type: ignore[arg-type]
        width = int(units)
    layers["output"] = nn.Linear(width, classes)
    return nn.Sequential(layers)


FAMILY = Family(
    name="mlp",
    params=(
        Param("hidden", (32, 16), "units of each hidden layer", (), 1, 4096),
        Param("dropout", 0.1, "share of units silenced while training", (), 0.0, 0.9),
    ),
    build=build,
)
