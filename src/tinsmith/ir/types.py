"""Types of tensors: shape, dtype and quantisation."""

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

DType = Literal["float32", "int8", "uint8", "int16", "int32", "int64", "bool"]
SIZES: dict[str, int] = {
    "float32": 4, "int8": 1, "uint8": 1, "int16": 2, "int32": 4, "int64": 8, "bool": 1,
}  # fmt: skip
"""dtype -> bytes of an element. A bool is a byte that is 0 or 1."""


@dataclass(frozen=True)
class Quant:
    """Affine quantisation: real = scale * (integer - zero_point); per tensor or per ``axis``.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018, equation 1.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.zero_point) or not self.scale:
            raise ValueError("a Quant needs as many scales as zero points, at least one")
        if not all(0 < s < float("inf") for s in self.scale):
            raise ValueError(f"scales must be positive and finite, got {min(self.scale)}")
        if self.axis is None and len(self.scale) != 1:
            raise ValueError("several scales need an axis")


@dataclass(frozen=True)
class TensorType:
    """Shape and dtype of a tensor (row-major), and what its integers mean."""

    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None

    def __post_init__(self) -> None:
        if any(d < 1 for d in self.shape):
            raise ValueError(f"dimensions must be positive, got {self.shape}")
        if self.dtype not in SIZES:
            raise ValueError(f"dtype {self.dtype!r} is not one of {', '.join(SIZES)}")

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Size in memory in bytes."""
        return self.elements * SIZES[self.dtype]

    def __str__(self) -> str:
        quant = f" q({self.quant.scale[0]:.6g}, {self.quant.zero_point[0]})" if self.quant else ""
        return f"{self.dtype}[{'x'.join(map(str, self.shape))}]{quant}"


def type_of(array: np.ndarray, quant: Quant | None = None) -> TensorType:
    """The type of a numpy array."""
    return TensorType(tuple(array.shape), array.dtype.name, quant)  # type: ignore[arg-type]
