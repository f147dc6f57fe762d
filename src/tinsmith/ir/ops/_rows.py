"""Rows of float32 values in 8 bits: what `row_scales`, `quantize_rows` and `scale_rows` share.

A row's scales are three numbers: the step, its inverse and the zero point, a whole number of
-128..127 (0 where the row is symmetric). Source: TensorFlow Lite, lite/kernels/internal/reference/
portable_tensor_utils.cc (SymmetricQuantizeFloats, AsymmetricQuantizeFloats), in float32 throughout.
"""

import numpy as np

from tinsmith.ir.op import Attrs, ShapeError
from tinsmith.ir.ops._layout import flag_of
from tinsmith.ir.types import TensorType

_F4 = np.float32

FIELDS = 3
"""Step, inverse, zero point."""
MOST = 1.5e38
"""Magnitudes beyond are taken as this; NaN as 0."""
LEAST = 1e-30
"""A row without larger magnitudes counts as zeros."""
FLAT = np.array([1, 1, 0], _F4)
"""Fields of a row of zeros."""


def is_asymmetric(op: str, attrs: Attrs) -> bool:
    """Attribute asymmetric, False if absent; ShapeError where it is no bool."""
    return flag_of(op, attrs, "asymmetric")


def check_rows(op: str, x: TensorType, scales: TensorType) -> None:
    """x [rows, n] and scales float32 [rows, 3]."""
    if len(x.shape) != 2 or scales.shape != (x.shape[0], FIELDS) or scales.dtype != "float32":
        raise ShapeError(op, f"x {x}, scales {scales}; expected [rows, n] and float32 [rows, 3]")


def lowest(asymmetric: bool) -> int:
    """Smallest step of a row."""
    return -128 if asymmetric else -127


def fields_of(x: np.ndarray, asymmetric: bool) -> np.ndarray:
    """Scales [rows, 3] of float32 rows [rows, n]; float32, each operation rounded once."""
    bound = np.where(np.isnan(x), _F4(0), np.clip(x, _F4(-MOST), _F4(MOST)))
    low, high = (np.asarray(f(bound, -1, initial=0), _F4) for f in (np.min, np.max))
    most = np.maximum(-low, high)
    flat = most < _F4(LEAST)
    most, low = np.where(flat, _F4(1), most), np.where(flat, _F4(-1), low)
    if asymmetric:
        fields = _asymmetric(low, high)
    else:
        fields = [most / _F4(127), _F4(127) / most, np.zeros_like(most)]
    return np.where(flat[:, None], FLAT, np.stack(fields, -1)).astype(_F4)


def _asymmetric(low: np.ndarray, high: np.ndarray) -> list[np.ndarray]:
    step = (high - low) / _F4(255)
    below, above = low / step, high / step
    from_low = _F4(128) - below < _F4(127) + above
    zero = np.where(from_low, _F4(-128) - below, _F4(127) - above)
    zero = np.clip(zero, _F4(-128), _F4(127))
    whole = np.trunc(zero)
    rest = zero - whole
    return [step, _F4(1) / step, whole + (rest >= _F4(0.5)) - (rest <= _F4(-0.5))]


def steps_of(x: np.ndarray, scales: np.ndarray, low: int) -> np.ndarray:
    """Rows in steps of low..127 less their zero points, int16: one rounded product, one rounded
    sum, clamped to +-256, rounded."""
    zero = np.clip(np.nan_to_num(scales[:, 2:], nan=0.0), _F4(-128), _F4(127))
    with np.errstate(all="ignore"):
        t = x * scales[:, 1:2] + zero
    t = np.where(np.isnan(t), zero, np.clip(t, _F4(-256), _F4(256)))
    whole = np.trunc(t)
    rest = t - whole
    q = whole + (rest >= 0.5) - (rest <= -0.5)
    return np.asarray((np.clip(q, low, 127) - np.trunc(zero)).astype(np.int16))
