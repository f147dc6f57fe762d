"""One convolution along the signal, and the mean over time of what it finds."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows


class Turn(torch.nn.Module):  # type: ignore[misc]  # torch is optional: seen as Any
    """[n, samples, channels] -> [n, channels, samples], as PyTorch's convolutions want it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A transposed copy."""
        return x.transpose(1, 2)


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers standardise, window, turn, conv, relu, pool, flat, output (logits)."""
    from tinsmith.learn.families._standardise import Standardise

    _, channels = rows.shape
    layers = OrderedDict(
        standardise=Standardise(rows.features),
        window=torch.nn.Unflatten(1, rows.shape),
        turn=Turn(),
        conv=torch.nn.Conv1d(channels, int(hyper["filters"]), kernel_size=3),  # type: ignore[arg-type]
        relu=torch.nn.ReLU(),
        pool=torch.nn.AdaptiveAvgPool1d(1),
        flat=torch.nn.Flatten(),
        output=torch.nn.Linear(int(hyper["filters"]), classes),  # type: ignore[arg-type]
    )
    return torch.nn.Sequential(layers)


FAMILY = Family(
    name="convolved",
    params=(Param("filters", 8, "filters of the convolution", (), 1, 256),),
    build=build,
    signal=True,
)
