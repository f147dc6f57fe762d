"""Rows of float32 to steps of 8 bits less their zero point: q = round(x * inverse + zero point),
halves away from zero, saturated to -127..127 (``asymmetric``: -128..127), minus the zero point.

The result is int16, so that a zero point of a row's own needs no place in what follows. NaN is 0.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.ops._rows import check_rows, is_asymmetric, lowest, steps_of
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x float32 [rows, n], scales float32 [rows, 3] (`row_scales`) -> int16 [rows, n], -255..255.
    Attribute: asymmetric (False if absent)."""
    of_dtype("quantize_rows", inputs, 2, "float32")
    check_rows("quantize_rows", *inputs)
    is_asymmetric("quantize_rows", attrs)
    return (TensorType(inputs[0].shape, "int16"),)


def _lowest(site: Site) -> int:
    return lowest(is_asymmetric("quantize_rows", site.attrs))


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """One rounded product, one rounded sum, clamped to +-256, rounded."""
    x, scales = operands
    return (steps_of(x, scales, _lowest(site)),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64, before rounding."""
    x, scales = (o.astype(np.float64) for o in operands)
    zero = scales[:, 2:]
    with np.errstate(all="ignore"):
        t = x * scales[:, 1:2] + zero
    return (np.clip(np.where(np.isnan(t), zero, t), _lowest(site), 127) - zero,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, scales, y, rows, n, lowest)"""
    return [In(0), In(1), Out(), *site.inputs[0].shape, _lowest(site)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind a float32 matrix, with scales in which some values saturate."""
    if len(x.shape) != 2 or x.dtype != "float32":
        return None
    step = rng.uniform(0.01, 0.1, x.shape[0])
    zero = rng.integers(-128, 128, x.shape[0])
    scales = np.stack([step, 1 / step, zero], -1).astype(np.float32)
    return Extension((0, (scales, type_of(scales))), {"asymmetric": bool(rng.integers(2))})


def _scales(*rows: tuple[float, float]) -> np.ndarray:
    return np.array([(s, 1 / s, z) for s, z in rows], np.float32)


_HALVES = (np.arange(-520, 521) / 4).astype(np.float32)[None]
CASES = {
    "one_element": case(normal(1, 1), _scales((0.1, 0))),
    "rows": case(normal(3, 7), _scales((0.01, 0), (0.03, 0), (0.5, 0))),
    "few": case(normal(2, 3), _scales((0.02, 0), (0.03, 0))),
    "halves": case(_HALVES, _scales((1, 0))),
    "asymmetric_halves": case(_HALVES, _scales((0.5, -128)), asymmetric=True),
    "asymmetric": case(normal(3, 9), _scales((0.01, 127), (0.02, -7), (0.001, 5)), asymmetric=True),
    "special": case(SPECIAL.reshape(4, 5), _scales((0.1, 0), (1e30, 0), (1e-30, 0), (1, 0))),
    "just_below_half": case(
        array("float32", [[0.49999997, -0.49999997, 0.5, -0.5]]), _scales((1, 0))
    ),
}

OP = Op(
    name="quantize_rows",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
