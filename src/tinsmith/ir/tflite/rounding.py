"""How each operator of a named reference rounds when sums become integers of fewer bits again.

``litert`` was probed: models of one layer with random scales, zero points and sums at the ends of
their range ran with LiteRT 2.3.0 and its reference kernels (resolver BUILTIN_REF), and their
outputs were compared byte by byte with the roundings of `ir/ops/requantize.py`; exactly one gave
every byte (tests/numeric/test_litert.py repeats it). Results next to a half show that scales are
multiplied in float64. ``tflm`` rounds twice everywhere, as the outputs that were recorded of
TensorFlow Lite Micro for MLPerf Tiny's keyword and anomaly models say; sums of 64 bits are scaled
by 16 bits as its common functions do (lite/kernels/internal/common.cc). That it multiplies the
scales of fully connected layers in float32 is as its helper says (lite/kernels/kernel_util.cc);
those models do not tell it apart.
"""

from collections.abc import Mapping

SUMS = ("int8", "int16 + int32", "int16 + int64")
"""What is rounded: sums of int8 (and uint8) layers, of int16 ones with 32 or 64 bits of bias."""

_TWICE = ("double", "double", "wide16")
_ONCE = ("single", "single", "single")
_TABLE: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "litert": {
        "FULLY_CONNECTED": _ONCE,
        "CONV_2D": _TWICE,
        "DEPTHWISE_CONV_2D": _TWICE,
        "TRANSPOSE_CONV": _TWICE,
    },
    "tflm": {
        "FULLY_CONNECTED": _TWICE,
        "CONV_2D": _TWICE,
        "DEPTHWISE_CONV_2D": _TWICE,
        "TRANSPOSE_CONV": _TWICE,
    },
}
"""Semantics -> operator -> rounding of each of `SUMS`."""

ROUNDING: Mapping[str, Mapping[str, str]] = {
    semantics: {kind: roundings[0] for kind, roundings in table.items()}
    for semantics, table in _TABLE.items()
}
"""Semantics -> operator -> rounding of int8 layers."""

FLOAT32_PRODUCT = frozenset({("tflm", "FULLY_CONNECTED")})
"""(semantics, operator) whose scales of input and weights, where the weights have one, are
multiplied in float32; everywhere else in float64."""


def rounding_of(semantics: str, kind: str, dtype: str, bias: str) -> str:
    """Rounding of a layer with weights.

    Args:
        semantics: ``litert`` or ``tflm``.
        kind: name of the operator.
        dtype: of its activations inside of the graph: int8 or int16.
        bias: dtype of its bias: int32 or int64.
    """
    key = "int8" if dtype == "int8" else f"int16 + {bias}"
    return _TABLE[semantics][kind][SUMS.index(key)]
