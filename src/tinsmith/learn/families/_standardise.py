"""The first layer of every family: features to mean 0 and deviation 1 of the training part."""

import numpy as np
import torch


class Standardise(torch.nn.Module):  # type: ignore[misc]  # torch is optional: seen as Any
    """(x - mean) * inverse_deviation. A feature that never varies is only shifted."""

    def __init__(self, features: np.ndarray) -> None:
        super().__init__()
        wide = features.astype(np.float64)
        deviation = wide.std(0)
        # Below float32's resolution of the mean a deviation is rounding noise, not information.
        constant = deviation <= 1e-6 * np.maximum(np.abs(wide.mean(0)), 1e-6)
        inverse = 1 / np.where(constant, 1.0, deviation)
        self.register_buffer("mean", torch.from_numpy(wide.mean(0).astype(np.float32)))
        self.register_buffer("inverse_deviation", torch.from_numpy(inverse.astype(np.float32)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[n, features] -> [n, features]."""
        return (x - self.mean) * self.inverse_deviation
