"""Depthwise separable convolutional network over pictures: spectrograms, images.

Source: Zhang, Suda, Lai and Chandra, "Hello Edge: Keyword Spotting on Microcontrollers",
arXiv:1711.07128, section 4.4.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows, number, whole


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers signal, standardise, picture, conv, conv_norm, conv_relu; for each block depth_0,
    depth_0_norm, depth_0_relu, point_0, point_0_norm, point_0_relu; then mean, flat, dropout,
    output (logits)."""
    from torch import nn

    from tinsmith.learn.families._signal import beginning

    filters, kernel, stride, blocks = (
        whole(hyper, k) for k in ("filters", "kernel", "stride", "blocks")
    )
    layers = beginning(rows)
    layers["picture"] = nn.Unflatten(1, (1, rows.shape[0]))
    first = nn.Conv2d(1, filters, kernel, stride, kernel // 2, bias=False)
    layers |= _normed("conv", first, filters)
    for i in range(blocks):
        depth = nn.Conv2d(filters, filters, 3, padding=1, groups=filters, bias=False)
        layers |= _normed(f"depth_{i}", depth, filters)
        layers |= _normed(f"point_{i}", nn.Conv2d(filters, filters, 1, bias=False), filters)
    layers["mean"] = nn.AdaptiveAvgPool2d(1)
    layers["flat"] = nn.Flatten()
    if hyper["dropout"]:
        layers["dropout"] = nn.Dropout(number(hyper, "dropout"))
    layers["output"] = nn.Linear(filters, classes)
    return nn.Sequential(layers)


def _normed(name: str, layer: Any, filters: int) -> OrderedDict[str, Any]:
    from torch import nn

    return OrderedDict(
        {name: layer, f"{name}_norm": nn.BatchNorm2d(filters), f"{name}_relu": nn.ReLU()}
    )


FAMILY = Family(
    name="dscnn",
    params=(
        Param("filters", 24, "filters of each layer", (), 1, 1024),
        Param("blocks", 3, "depthwise separable blocks after the first layer", (), 0, 16),
        Param("kernel", 3, "rows and columns that the first layer's filters see", (1, 3, 5, 7, 9)),
        Param("stride", 2, "rows and columns that the first layer moves on by", (1, 2, 3, 4)),
        Param("dropout", 0.1, "share of means silenced while training", (), 0.0, 0.9),
    ),
    build=build,
    signal=True,
)
