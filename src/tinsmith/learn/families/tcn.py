"""Temporal convolutional network: filters that look back, twice as far in each block, with what
went in added to what comes out.

Source: Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
Networks for Sequence Modeling", arXiv:1803.01271, section 3.
"""

from collections.abc import Mapping
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows, number, whole


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers signal, standardise, turn, widen, block_0, block_1, ..., mean, flat, dropout, output
    (logits)."""
    from torch import nn

    from tinsmith.learn.families._signal import Causal, Turn, beginning

    filters = whole(hyper, "filters")
    layers = beginning(rows)
    layers["turn"] = Turn()
    layers["widen"] = nn.Conv1d(rows.shape[-1], filters, 1)
    for i in range(whole(hyper, "blocks")):
        layers[f"block_{i}"] = Causal(filters, whole(hyper, "kernel"), 2**i)
    layers["mean"] = nn.AdaptiveAvgPool1d(1)
    layers["flat"] = nn.Flatten()
    if hyper["dropout"]:
        layers["dropout"] = nn.Dropout(number(hyper, "dropout"))
    layers["output"] = nn.Linear(filters, classes)
    return nn.Sequential(layers)


FAMILY = Family(
    name="tcn",
    params=(
        Param("filters", 24, "filters of each block", (), 1, 1024),
        Param("blocks", 3, "blocks; each looks back twice as far as the one before", (), 1, 10),
        Param("kernel", 3, "samples that a filter takes", (), 2, 63),
        Param("dropout", 0.1, "share of means silenced while training", (), 0.0, 0.9),
    ),
    build=build,
    signal=True,
)
