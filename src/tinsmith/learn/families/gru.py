"""Recurrent network: a gated recurrent unit along the signal; what it remembers at the end decides.

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical
Machine Translation", EMNLP 2014.
"""

from collections.abc import Mapping
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows, number, whole


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers signal, standardise, gru, dropout, output (logits)."""
    from torch import nn

    from tinsmith.learn.families._signal import Recurrent, beginning

    units = whole(hyper, "units")
    layers = beginning(rows)
    layers["gru"] = Recurrent(rows.shape[-1], units)
    if hyper["dropout"]:
        layers["dropout"] = nn.Dropout(number(hyper, "dropout"))
    layers["output"] = nn.Linear(units, classes)
    return nn.Sequential(layers)


FAMILY = Family(
    name="gru",
    params=(
        Param("units", 24, "numbers that are remembered from sample to sample", (), 1, 1024),
        Param("dropout", 0.1, "share of them silenced while training, at the end", (), 0.0, 0.9),
    ),
    build=build,
    signal=True,
)
