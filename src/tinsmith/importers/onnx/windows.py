"""How kernels and windows slide: the attributes that Conv, the poolings and their kin share.

Source: ONNX operators (onnx/docs/Operators.md).
"""

from collections.abc import Sequence

from tinsmith.compose.layers import ConvSpec, same_padding
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.use import Use

_MOST_LENGTH = 2**24
"""Places along an axis, padding included."""
Pads = tuple[tuple[int, int], ...]


def window(
    use: Use, lengths: Sequence[int], kernel: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...], Pads]:
    """(stride, dilation, padding) of a convolution or pooling."""
    count = len(lengths)
    stride = use.integers("strides", (1,) * count)
    dilation = use.integers("dilations", (1,) * count)
    how = use.text("auto_pad", "NOTSET")
    if len(stride) != count or len(dilation) != count or min(*stride, *dilation) < 1:
        raise Unsupported(f"its strides {stride} or dilations {dilation} do not fit {lengths}")
    if how in ("SAME_UPPER", "SAME_LOWER"):
        pads = same_padding(lengths, kernel, stride, dilation, how == "SAME_LOWER")
    elif how == "VALID":
        pads = ((0, 0),) * count
    elif how == "NOTSET":
        pads = pairs(use.integers("pads", (0,) * (2 * count)), count)
    else:
        raise Unsupported(f"its auto_pad is {how!r}")
    if max(n + sum(p) for n, p in zip(lengths, pads, strict=True)) > _MOST_LENGTH:
        raise Unsupported(f"its pads {pads} make more than {_MOST_LENGTH} places of {lengths}")
    return stride, dilation, pads


def pairs(pads: Sequence[int], count: int) -> Pads:
    """(before, after) per axis from all befores and then all afters."""
    if len(pads) != 2 * count:
        raise Unsupported(f"its pads {tuple(pads)} do not fit {count} axes")
    return tuple(zip(pads[:count], pads[count:], strict=True))


def conv_spec(use: Use, x: Sequence[int], w: Sequence[int]) -> ConvSpec:
    """How a kernel of shape ``w`` slides over a tensor of shape ``x``."""
    kernel = use.integers("kernel_shape", tuple(w[2:]))
    if tuple(kernel) != tuple(w[2:]) or len(x) != len(w):
        raise Unsupported(f"its kernel {kernel} and weights {tuple(w)} do not fit x {tuple(x)}")
    stride, dilation, pads = window(use, x[2:], kernel)
    return ConvSpec(stride, pads, dilation, use.integer("group", 1))
