"""How each operator of a named reference rounds when sums become int8 again.

``litert`` was probed: fully int8 models ran with LiteRT 2.3.0 and its reference kernels (resolver
BUILTIN_REF), and their outputs were compared byte by byte with both roundings of
`ir/ops/requantize.py`; exactly one gave every byte. Layers whose results lie next to a half showed
that scales are multiplied in float64. ``tflm`` is what gives the outputs that were recorded of
TensorFlow Lite Micro for MLPerf Tiny's keyword and anomaly models; that it multiplies the scales of
fully connected layers in float32 is as its helper says (lite/kernels/kernel_util.cc), and those
models do not tell it apart.
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
