"""What the poolings share: a window over each channel of NHWC pictures, in float32, int8 or int16.

Attributes: size (y, x), stride (y, x), dilation (y, x; (1, 1) if absent), padding (top, bottom,
left, right) so small that every window has x at one place at least; integers also act_min and
act_max (both ends of the dtype if absent). The result has x's Quant. Places outside x are skipped.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import integer, of_dtype, per_tensor
from tinsmith.ir.ops._window import Tap, Window, geometry, numbers, window_of
from tinsmith.ir.types import Quant, TensorType, type_of


def pool_window(op: str, x: TensorType, attrs: Attrs) -> Window:
    """The windows over x; ShapeError where one would lie in the border alone."""
    height, width = numbers(op, attrs, "size", 2, least=1)
    window = window_of(op, x, (height, width), attrs)
    if window.empty():
        raise ShapeError(
            op, f"x {x.shape}, size {(height, width)}, padding {window.padding}, dilation"
            f" {window.dilation}: a window lies in the border alone; expected less padding",
        )  # fmt: skip
    return window


def clamp_of(op: str, x: TensorType, attrs: Attrs) -> tuple[int, int]:
    """act_min and act_max of integers."""
    info = np.iinfo(x.dtype)
    given: Attrs = {"act_min": int(info.min), "act_max": int(info.max), **attrs}
    low, high = integer(op, given, "act_min"), integer(op, given, "act_max")
    if not info.min <= low <= high <= info.max:
        raise ShapeError(op, f"act_min {low}, act_max {high} of {x.dtype}")
    return low, high


def pool_infer(op: str, inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, height, width, channels] -> [batch, rows, columns, channels], as x is quantised."""
    of_dtype(op, inputs, 1, *DTYPES)
    (x,) = inputs
    window = pool_window(op, x, attrs)
    if x.dtype != "float32":
        per_tensor(op, x)
        clamp_of(op, x, attrs)
    if window.kernel[0] * window.kernel[1] > MOST_PLACES:
        raise ShapeError(op, f"size {window.kernel}; at most {MOST_PLACES} places")
    shape = (x.shape[0], *window.results, x.shape[3])
    return (TensorType(shape, x.dtype, x.quant),)


def pool_taps(op: str, site: Site) -> list[Tap]:
    """Every place in the window, row by row."""
    return list(pool_window(op, site.inputs[0], site.attrs).taps())


def pool_arguments(op: str, site: Site) -> Sequence[Argument]:
    """(x, y, geometry (see `_window.py`)[, low, high])"""
    (x,) = site.inputs
    common: list[Argument] = [In(0), Out(), *geometry(x, pool_window(op, x, site.attrs))]
    return [*common, *clamp_of(op, x, site.attrs)] if x.dtype != "float32" else common


def patches(op: str, x: np.ndarray, site: Site) -> np.ndarray:
    """float64 [batch, rows, columns, channels, place in the window], NaN outside x."""
    window = pool_window(op, site.inputs[0], site.attrs)
    (top, bottom, left, right), (sy, sx), (dy, dx) = window.padding, window.stride, window.dilation
    sides = ((0, 0), (top, bottom), (left, right), (0, 0))
    wide = np.pad(x.astype(np.float64), sides, constant_values=np.nan)
    seen = np.lib.stride_tricks.sliding_window_view(wide, window.extent, axis=(1, 2))
    return seen[:, ::sy, ::sx, ..., ::dy, ::dx].reshape(*site.outputs[0].shape, -1)


def pool_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random window behind pictures."""
    if len(x.shape) != 4 or x.dtype not in DTYPES:
        return None
    if x.dtype != "float32" and (x.quant is None or x.quant.axis is not None):
        return None
    size = tuple(int(v) for v in rng.integers(1, 4, 2))
    stride = tuple(int(v) for v in rng.integers(1, 3, 2))
    padding = tuple(int(rng.integers(0, n)) for n in (size[0], size[0], size[1], size[1]))
    attrs: dict[str, Attr] = {"size": size, "stride": stride, "padding": padding}
    if x.dtype != "float32":
        attrs["act_min"] = int(rng.choice([np.iinfo(x.dtype).min, -100]))
    return Extension((0,), attrs)


DTYPES = ("float32", "int8", "int16")
MOST_PLACES = 1 << 15
"""Places of a window, so that no sum of int16 leaves int32."""
_Q = (Quant((0.1,), (-9,)),)
_WIDE: dict[str, Attr] = {"size": (3, 2), "stride": (2, 1), "padding": (1, 2, 0, 1)}


def pool_cases() -> Mapping[str, Case]:
    """The table of every pooling."""
    one, two = (1, 1), (2, 2)
    wide, wide8 = normal(2, 5, 7, 3), whole("int8", 2, 5, 7, 3)
    wide16 = whole("int16", 2, 5, 7, 3)
    picture = SPECIAL.reshape(1, 4, 5, 1)
    special = np.concatenate([picture, picture[:, ::-1, ::-1]], axis=3)
    return {
        "one_element": case(normal(1, 1, 1, 1), size=one, stride=one),
        "halved": case(normal(1, 4, 6, 3), size=two, stride=two),
        "few": case(normal(1, 3, 4, 2), size=two, stride=one, padding=(0, 1, 1, 0)),
        "wide": Case((wide,), (type_of(wide),), _WIDE),
        "everything": case(normal(1, 5, 4, 8, scale=100), size=(5, 4), stride=one),
        "spread": case(
            normal(1, 6, 7, 2), size=(2, 3), stride=(1, 2), dilation=(3, 2), padding=(2, 0, 1, 4)
        ),
        "special": case(special, size=two, stride=one, padding=(1, 1, 1, 1)),
        "int8_one_element": int8_case(whole("int8", 1, 1, 1, 1), quants=_Q, size=one, stride=one),
        "int8_pairs": int8_case(whole("int8", 1, 20, 20, 2), quants=_Q, size=(1, 2), stride=one),
        "int8_wide": Case((wide8,), (type_of(wide8, *_Q),), _WIDE),
        "int8_everything": int8_case(
            whole("int8", 1, 5, 4, 8), quants=_Q, size=(5, 4), stride=one, act_min=-9, act_max=6
        ),
        "int16_few": int8_case(whole("int16", 1, 2, 2, 3), quants=_Q, size=(1, 2), stride=one),
        "int16_wide": Case((wide16,), (type_of(wide16, *_Q),), _WIDE),
        "int16_clamped": int8_case(
            whole("int16", 1, 6, 6, 2), quants=_Q, size=two, stride=two, act_min=-9, act_max=4000
        ),
        "int8_clamped": int8_case(
            whole("int8", 1, 6, 6, 2), quants=_Q, size=two, stride=two, act_min=-9, act_max=40
        ),
    }
