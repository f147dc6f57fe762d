"""Sums and differences of int16 whose scales are all powers of two: one operand is shifted, halves
away from zero, and nothing else is rounded.

Source: lite/kernels/{add,sub}.cc, PrepareInt16SubOpPOT; lite/kernels/internal/reference/{add,sub}.h
of int16; lite/kernels/internal/quantization_util.cc, CheckedLog2.
"""

import numpy as np

from tinsmith.compose import elementwise
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.scaling import finished, quant_of, result_quant
from tinsmith.importers.tflite.use import Use

_NEARLY = 1e-3
"""How far the logarithm of a scale may be from a whole number."""


def by_shifts(use: Use) -> bool:
    """Whether a sum or difference is made so: option 1 (True where an options table lacks it), and
    int16 with three such scales. TensorFlow Lite Micro never does."""
    if use.t.semantics != "litert" or use.given(0).dtype != "int16" or not _asked_for(use):
        return False
    logarithms = _logarithms(use)
    return bool(np.all(np.abs(logarithms - np.round(logarithms)) < _NEARLY))


def _asked_for(use: Use) -> bool:
    return use.operator.options is not None and bool(use.option(1, "<b", 1))


def _logarithms(use: Use) -> np.ndarray:
    quants = [quant_of(use, use.value(i)) for i in (0, 1)] + [result_quant(use)]
    return np.asarray(np.log2([q.scale[0] for q in quants]))


def shifted_pair(use: Use, op: str) -> str:
    """``add`` or ``sub``; option 0: the activation."""
    steps = np.round(_logarithms(use)).astype(int)
    shifts = (steps[2] - steps[:2]).tolist()
    alike = use.given(0).shape == use.given(1).shape
    if not alike or min(shifts) != 0 or max(shifts) > 30:
        raise Unsupported(
            f"its int16 scales are 2^{steps.tolist()}: of operands of one shape one has the "
            "result's, the other a smaller one"
        )
    sides = []
    for i, shift in enumerate(shifts):
        sides.append(_halved(use, elementwise.cast(use.b, use.value(i), "int32"), shift))
    total = elementwise.binary(use.b, op, sides[0], sides[1])
    return finished(use, total, 1.0, use.option(0))


def _halved(use: Use, value: str, times: int) -> str:
    """int32 over 2^times, halves away from zero."""
    if not times:
        return value
    b, zero = use.b, elementwise.scalar(use.b, value, 0)
    below = elementwise.cast(b, elementwise.compare(b, "less", value, zero), "int32")
    half = elementwise.scalar(b, value, 1 << (times - 1))
    nudged = elementwise.binary(b, "sub", elementwise.binary(b, "add", value, half), below)
    return elementwise.binary(b, "floordiv", nudged, elementwise.scalar(b, value, 1 << times))
