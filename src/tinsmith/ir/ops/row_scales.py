"""Scales of rows: for each row of x the step that brings it to 8 bits; see `_rows.py`.

Symmetric: step = m / 127, inverse = 127 / m, m the largest magnitude. A row of zeros: 1, 1, 0.
Attribute ``asymmetric``: step = (high - low) / 255 with high and low including 0, inverse = 1 /
step, and the zero point from the end of the range that errs less, rounded half away from zero.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.ops._rows import FIELDS, FLAT, LEAST, MOST, fields_of, is_asymmetric
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x float32 [rows, n] -> float32 [rows, 3]. Attribute: asymmetric (False if absent)."""
    of_dtype("row_scales", inputs, 1, "float32")
    (x,) = inputs
    if len(x.shape) != 2:
        raise ShapeError("row_scales", f"x {x.shape}; expected [rows, n]")
    is_asymmetric("row_scales", attrs)
    return (TensorType((x.shape[0], FIELDS), "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """float32, each operation rounded once."""
    return (fields_of(operands[0], is_asymmetric("row_scales", site.attrs)),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64; the zero point is the whole number that it is."""
    x = np.nan_to_num(np.clip(operands[0].astype(np.float64), -MOST, MOST), nan=0.0)
    low, high = np.min(x, -1, initial=0), np.max(x, -1, initial=0)
    flat = np.maximum(-low, high) < LEAST
    low = np.where(flat, -1.0, low)
    most = np.maximum(-low, high)
    if not is_asymmetric("row_scales", site.attrs):
        fields = [most / 127, 127 / most, np.zeros_like(most)]
    else:
        step = (high - low) / 255
        from_low = 128 - low / step < 127 + high / step
        zero = np.clip(np.where(from_low, -128 - low / step, 127 - high / step), -128, 127)
        fields = [step, 1 / step, np.sign(zero) * np.floor(np.abs(zero) + 0.5)]
    return (np.where(flat[:, None], FLAT, np.stack(fields, -1)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, n, asymmetric)"""
    asymmetric = is_asymmetric("row_scales", site.attrs)
    return [In(0), Out(), *site.inputs[0].shape, int(asymmetric)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind a float32 matrix."""
    if len(x.shape) != 2 or x.dtype != "float32":
        return None
    return Extension((0,), {"asymmetric": bool(rng.integers(2))})


_ONE_SIDED = np.abs(normal(4, 9))
CASES = {
    "one_element": case(normal(1, 1)),
    "rows": case(normal(5, 7, scale=3)),
    "zeros": case(np.zeros((2, 4), np.float32)),
    "special": case(SPECIAL.reshape(4, 5)),
    "asymmetric_one_element": case(normal(1, 1), asymmetric=True),
    "asymmetric": case(normal(40, 6), asymmetric=True),
    "asymmetric_positive": case(_ONE_SIDED, asymmetric=True),
    "asymmetric_negative": case(-_ONE_SIDED, asymmetric=True),
    "asymmetric_zeros": case(np.zeros((2, 4), np.float32), asymmetric=True),
    "asymmetric_special": case(SPECIAL.reshape(4, 5), asymmetric=True),
    "asymmetric_tiny": case(normal(3, 4, scale=1e-43), asymmetric=True),
    "asymmetric_halves": case(
        np.array([[-1, 254], [-63.5, 191.5], [-100.5, 154.5], [-150.5, 104.5]], np.float32),
        asymmetric=True,
    ),
}

OP = Op(
    name="row_scales",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
