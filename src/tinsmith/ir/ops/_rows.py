"""Rows of float32 values in 8 bits: what `row_scales`, `quantize_rows` and `scale_rows` share.

A row's scales are three numbers: the step, its inverse and the zero point, a whole number of
-128..127 (0 where the row is symmetric). Source: TensorFlow Lite, lite/kernels/internal/reference/
portable_tensor_utils.cc (SymmetricQuantizeFloats, AsymmetricQuantizeFloats), in float32 throughout.
"""

from tinsmith.ir.op import Attrs, ShapeError
from tinsmith.ir.types import TensorType

FIELDS = 3
"""Step, inverse, zero point."""
MOST = 1.5e38
"""Magnitudes beyond are taken as this; NaN as 0."""
LEAST = 1e-30
"""A row without larger magnitudes counts as zeros."""


def is_asymmetric(op: str, attrs: Attrs) -> bool:
    """Attribute asymmetric; ShapeError where it is no bool."""
    value = attrs.get("asymmetric", False)
    if not isinstance(value, bool):
        raise ShapeError(op, f"attribute asymmetric is {value!r}; expected a bool")
    return value


def check_rows(op: str, x: TensorType, scales: TensorType) -> None:
    """x [rows, n] and scales float32 [rows, 3]."""
    if len(x.shape) != 2 or scales.shape != (x.shape[0], FIELDS) or scales.dtype != "float32":
        raise ShapeError(op, f"x {x}, scales {scales}; expected [rows, n] and float32 [rows, 3]")
