"""How each operator of a named reference rounds when sums become int8 again.

Probed: fully int8 models were run with LiteRT 2.3.0 and its reference kernels (resolver
BUILTIN_REF) and with TensorFlow Lite Micro's reference kernels, and their outputs compared byte by
byte with both roundings of `ir/ops/requantize.py`; exactly one of them gave every byte. Whether
scales are multiplied in float32 was probed for LiteRT with layers whose results lie next to a half,
and is for TensorFlow Lite Micro as its helper for fully connected layers says
(lite/kernels/kernel_util.cc).
"""

from collections.abc import Mapping

ROUNDING: Mapping[str, Mapping[str, str]] = {
    "litert": {
        "FULLY_CONNECTED": "single",
        "CONV_2D": "double",
        "DEPTHWISE_CONV_2D": "double",
    },
    "tflm": {
        "FULLY_CONNECTED": "double",
        "CONV_2D": "double",
        "DEPTHWISE_CONV_2D": "double",
    },
}
"""Semantics -> operator -> rounding."""

FLOAT32_PRODUCT = frozenset({("tflm", "FULLY_CONNECTED")})
"""(semantics, operator) whose scales of input and weights, where the weights have one, are
multiplied in float32; everywhere else in float64."""
