"""How each operator of a named reference rounds when sums become integers of fewer bits again.

Both references were probed: models of one layer with random scales, zero points and sums at the
ends of their range ran with LiteRT 2.3.0 and its reference kernels (resolver BUILTIN_REF) and with
TensorFlow Lite Micro's own (tflite-micro 0.dev20261023, x86-64), and their outputs were compared
byte by byte with the roundings of `ir/ops/requantize.py`; exactly one gave every byte. Results next
to a half say that both multiply scales in float64. tests/numeric/test_litert.py repeats it for
LiteRT. Pairs of types that a reference refuses, or whose bias it reads as another type, are not
there.
"""

from collections.abc import Mapping

# The three roundings differ in one step of the result now and then, which is why each operator has
# its own. ``double`` is gemmlowp's product in fixed point: its high 31 bits are rounded, then the
# shift to the right rounds again, so that a value just below a half may go up twice. ``single``
# rounds the whole product once. ``wide16`` is for sums of 64 bits, whose product with a multiplier
# of 31 bits would not fit: it takes 16 bits of the multiplier.
SUMS = ("int8", "int16 + int32", "int16 + int64")
"""What is rounded: sums of int8 (and uint8) layers, of int16 ones with 32 or 64 bits of bias."""

_TWICE = {"int8": "double", "int16 + int32": "double", "int16 + int64": "wide16"}
_WIDE_ONLY = {"int8": "double", "int16 + int64": "wide16"}
# FULLY_CONNECTED is the one operator in which the two references differ: LiteRT rounds it once. The
# others are as they are in both, but that Micro has no TRANSPOSE_CONV with 32 bits of bias.
ROUNDING: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "litert": {
        "FULLY_CONNECTED": dict.fromkeys(SUMS, "single"),
        "CONV_2D": _TWICE,
        "DEPTHWISE_CONV_2D": _WIDE_ONLY,
        "TRANSPOSE_CONV": _TWICE,
    },
    "tflm": {
        "FULLY_CONNECTED": _TWICE,
        "CONV_2D": _TWICE,
        "DEPTHWISE_CONV_2D": _WIDE_ONLY,
        "TRANSPOSE_CONV": _WIDE_ONLY,
    },
}
"""Semantics -> operator -> what is rounded -> rounding."""


def rounding_of(semantics: str, kind: str, dtype: str, bias: str) -> str | None:
    """Rounding of a layer with weights; None where the reference has no such layer.

    Args:
        semantics: ``litert`` or ``tflm``.
        kind: name of the operator.
        dtype: of its activations inside of the graph: int8 or int16.
        bias: dtype of its bias: int32 or int64.
    """
    return ROUNDING[semantics][kind].get("int8" if dtype == "int8" else f"int16 + {bias}")
