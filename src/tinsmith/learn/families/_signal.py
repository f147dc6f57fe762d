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


class Recurrent(torch.nn.Module):  # type: ignore[misc]  # as above
    """[n, samples, channels] -> [n, units]: what a gated recurrent unit ends with."""

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.cells = torch.nn.GRU(channels, units, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last of its outputs."""
        along, _ = self.cells(x)
        return along[:, -1]


class Causal(torch.nn.Module):  # type: ignore[misc]  # as above
    """[n, filters, samples] -> the same: a convolution that sees no later sample, and x added."""

    def __init__(self, filters: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.before = torch.nn.ConstantPad1d(((kernel - 1) * dilation, 0), 0.0)
        self.conv = torch.nn.Conv1d(filters, filters, kernel, dilation=dilation, bias=False)
        self.norm = torch.nn.BatchNorm1d(filters)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x + relu(norm(conv(x)))."""
        return x + torch.relu(self.norm(self.conv(self.before(x))))
