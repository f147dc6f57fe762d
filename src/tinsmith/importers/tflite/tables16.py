"""Functions of one int16 value: a table of 513 points, made at import (`ir/ops/lookup16.py`).

Points and corrections: TensorFlow Lite, lite/kernels/internal/common.h, LUTPopulateInt16: float32,
each point half of the line's error in the middle away from its own value.
"""

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.scaling import result_quant
from tinsmith.importers.tflite.tables import Function, round_away
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops.lookup16 import POINTS

_F4 = np.float32


def of_reals16(use: Use, function: Function) -> str:
    """The node that looks a function of float64 up, its results rounded to float32."""
    x, y = use.type(use.value(0)).quant, use.wanted.quant
    if x is None or y is None or x.zero_point != (0,) or y.zero_point != (0,):
        raise Unsupported(
            f"{use.type(use.value(0))} to {use.wanted}: it needs one scale for each, zero points 0"
        )
    table = use.constant(f"{use.name}_table", _points(function, x.scale[0], y.scale[0]), y)
    return use.op("lookup16", use.value(0), table)


def _points(function: Function, sx: float, sy: float) -> np.ndarray:
    low, high = _F4(sx) * _F4(-32768), _F4(sx) * _F4(32767)
    step = (high - low) / _F4(POINTS - 1)
    inverse = _F4(65536) / (_F4(sy) * _F4(32767) - _F4(sy) * _F4(-32768))
    left = low + np.arange(POINTS - 1, dtype=_F4) * step
    right = low + np.arange(1, POINTS, dtype=_F4) * step
    at, middle, after, last = (
        _steps(function, x, inverse) for x in (left, left + step / _F4(2), right, np.array([high]))
    )
    with np.errstate(over="ignore", invalid="ignore"):
        own = _rounded(at)
        line = _rounded((after + own) / _F4(2))
        found = own - _rounded((line - _rounded(middle)) / _F4(2))
    points = np.append(found, _rounded(last))
    if not np.isfinite(points).all():
        raise Unsupported("some of its results are no numbers")
    return np.asarray(np.clip(points, -32768, 32767).astype(np.int16))


def _steps(function: Function, x: np.ndarray, inverse: np.float32) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(function(x.astype(np.float64)).astype(_F4) * inverse)


def _rounded(x: np.ndarray) -> np.ndarray:
    return round_away(x).astype(_F4)


def log16(use: Use) -> str:
    """LOG: at and below zero the smallest result there is."""
    least = _F4(-32768) * _F4(result_quant(use).scale[0])
    return of_reals16(use, lambda x: np.where(x > 0, np.log(np.maximum(x, 1e-300)), least))


def rsqrt16(use: Use) -> str:
    """RSQRT: at and below zero the largest result there is; each step in float32."""
    most = _F4(32767) * _F4(result_quant(use).scale[0])

    def function(x: np.ndarray) -> np.ndarray:
        root = np.sqrt(np.maximum(x, 1e-300)).astype(_F4)
        return np.asarray(np.where(x > 0, _F4(1) / root, most))

    return of_reals16(use, function)
