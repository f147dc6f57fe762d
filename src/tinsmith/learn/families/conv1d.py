"""1-D convolutional network: filters along the signal, or along the frames of a spectrogram."""

from collections.abc import Mapping
from typing import Any

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows, number, whole


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers signal, standardise, turn, then conv_0, norm_0, relu_0, pool_0, conv_1, ..., and
    mean, flat, dropout, output (logits). A pool halves the samples while four are left."""
    from torch import nn

    from tinsmith.learn.families._signal import Turn, beginning

    samples, width = rows.shape
    filters, kernel, pool = hyper["filters"], whole(hyper, "kernel"), whole(hyper, "pool")
    assert isinstance(filters, tuple)
    valid = hyper["padding"] == "valid"
    layers = beginning(rows)
    layers["turn"] = Turn()
    for i, count in enumerate(map(int, filters)):
        samples -= (kernel - 1) * valid
        _check_length(samples, i, hyper)
        layers[f"conv_{i}"] = nn.Conv1d(
            width, count, kernel, padding="valid" if valid else "same", bias=False
        )
        layers[f"norm_{i}"] = nn.BatchNorm1d(count)
        layers[f"relu_{i}"] = nn.ReLU()
        if pool > 1 and samples >= 2 * pool:
            layers[f"pool_{i}"] = nn.MaxPool1d(pool)
            samples //= pool
        width = count
    layers["mean"] = nn.AdaptiveAvgPool1d(1)
    layers["flat"] = nn.Flatten()
    if hyper["dropout"]:
        layers["dropout"] = nn.Dropout(number(hyper, "dropout"))
    layers["output"] = nn.Linear(width, classes)
    return nn.Sequential(layers)


def _check_length(samples: int, layer: int, hyper: Mapping[str, Attr]) -> None:
    if samples < 2:
        raise UserError(
            "learn.conv1d.short",
            f"Family 'conv1d': too few samples are left for convolution {layer} "
            f"(kernel {hyper['kernel']}, padding {hyper['padding']!r}).",
            'Choose a longer window, a smaller kernel, fewer filters, or padding = "same".',
        )


FAMILY = Family(
    name="conv1d",
    params=(
        Param("filters", (16, 32), "filters of each convolution", (), 1, 1024),
        Param("kernel", 5, "samples that a filter sees", (), 1, 255),
        Param("pool", 2, "samples of which the largest is kept after each convolution", (), 1, 16),
        Param("padding", "same", "whether filters reach over the ends", ("same", "valid")),
        Param("dropout", 0.1, "share of means silenced while training", (), 0.0, 0.9),
    ),
    build=build,
    signal=True,
)
