"""What families that run along a signal begin with."""

from collections import OrderedDict
from typing import Any

import torch

from tinsmith.learn.families._standardise import Standardise
from tinsmith.learn.family import Rows


class Turn(torch.nn.Module):  # type: ignore[misc]  # torch is optional: seen as Any
    """[n, samples, channels] -> [n, channels, samples], as PyTorch's convolutions want it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Transposed."""
        return x.transpose(1, 2)


def beginning(rows: Rows) -> OrderedDict[str, Any]:
    """Layers signal ([n, features] -> [n, samples, channels]) and standardise, with mean and
    deviation of each channel: a shift in time changes nothing."""
    channels = rows.shape[-1]
    return OrderedDict(
        signal=torch.nn.Unflatten(1, rows.shape),
        standardise=Standardise(rows.features.reshape(-1, channels)),
    )
