"""Recursive filter along the first axis of a signal, each channel by itself, in sections of second
order one behind the other, which begin at rest.

A section is a state-variable filter with two integrators p and q: their steps are d = a (x - q) -
c p and e = b (x - q) + a p; then y = m0 x + m1 (p + d) + m2 (q + e), p grows by 2 d and q by 2 e.
`svf` gives (a, b, c, m0, m1, m2) of any filter of second order. Other than the direct forms it
keeps float32's precision where the cut-off is far below the rate.

Source: Zavalishin, "The Art of VA Filter Design", 2012, 4.1 to 4.4 (trapezoidal integration
without delay in the loop).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    Scratch,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of


def svf(numerator: Sequence[float], denominator: Sequence[float]) -> np.ndarray:
    """The numbers of a section, [6] float64, from its transfer function in s = (z - 1) / (z + 1):
    (n2 s^2 + n1 s + n0) / (s^2 + d1 s + d0), given as (n2, n1, n0) and (d1, d0); d0, d1 > 0."""
    (n2, n1, n0), (d1, d0) = numerator, denominator
    g = np.sqrt(d0)
    rest = d1 + d0  # g (g + k), where k = d1 / g is twice the damping
    a = g / (1 + rest)
    return np.array([a, g * a, rest / (1 + rest), n2, (n1 - n2 * d1) / g, n0 / d0 - n2])


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x float32 [samples, channels], sections float32 [sections, 6] -> [samples, channels]."""
    of_dtype("iir", inputs, 2, "float32")
    x, sections = inputs
    if len(x.shape) != 2 or len(sections.shape) != 2 or sections.shape[1] != 6:
        raise ShapeError(
            "iir", f"x {x.shape}, sections {sections.shape}; expected [samples, channels], [n, 6]"
        )
    if sections.dtype != "float32":
        raise ShapeError("iir", f"the sections are {sections}; expected float32")
    return (TensorType(x.shape, "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sample by sample; each product is rounded before it is added."""
    x, sections = operands
    columns = [list(column) for column in x.T]
    with np.errstate(all="ignore"):
        for section in sections:
            columns = [_filtered(column, section) for column in columns]
    return (np.array(columns, np.float32).T.copy(),)


def _filtered(column: Sequence[np.float32], section: np.ndarray) -> list[np.float32]:
    """One section over one channel, on numpy's scalars: quicker than arrays of few channels."""
    a, b, c, m0, m1, m2 = section
    p = q = np.float32(0)
    y = []
    for x in column:
        rest = x - q
        d = a * rest - c * p
        e = b * rest + a * p
        band, low = p + d, q + e
        y.append((m0 * x + m1 * band) + m2 * low)
        p, q = band + d, low + e
    return y


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The difference equation of each section in float64, from its transfer function."""
    y = operands[0].astype(np.float64)
    for section in operands[1].astype(np.float64):
        (b0, b1, b2), (a1, a2) = _difference(section)
        x, y = y, np.zeros_like(y)
        past = np.zeros((4, x.shape[1]))
        for t, now in enumerate(x):
            y[t] = b0 * now + b1 * past[0] + b2 * past[1] - a1 * past[2] - a2 * past[3]
            past = np.stack([now, past[0], y[t], past[2]])
    return (y,)


def _difference(section: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b0, b1, b2), (a1, a2) of y[t] = b0 x[t] + b1 x[t-1] + b2 x[t-2] - a1 y[t-1] - a2 y[t-2]."""
    a, b, c, m0, m1, m2 = section
    d0 = (b / a) ** 2
    d1 = c / (1 - c) - d0
    s = [np.array(v, float) for v in ([1, -2, 1], [1, 0, -1], [1, 2, 1])]  # s^2, s, 1 times (z+1)^2
    below = s[0] + d1 * s[1] + d0 * s[2]
    above = m0 * below + m1 * (b / a) * s[1] + m2 * d0 * s[2]
    return above / below[0], below[1:] / below[0]


def arguments(site: Site) -> Sequence[Argument]:
    """(x, sections, y, work of 2 floats per section and channel, samples, channels, count)"""
    (samples, channels), count = site.inputs[0].shape, site.inputs[1].shape[0]
    return [In(0), In(1), Out(), Scratch(8 * channels * count), samples, channels, count]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """One or two low passes."""
    if x.dtype != "float32" or len(x.shape) != 2:
        return None
    cuts = rng.uniform(0.1, 1.0, int(rng.integers(1, 3)))
    sections = _sections(((0, 0, g * g), (1.4 * g, g * g)) for g in cuts)
    return Extension((0, (sections, type_of(sections))))


def _sections(filters: Iterable[tuple[Sequence[float], Sequence[float]]]) -> np.ndarray:
    return np.stack([svf(*f) for f in filters]).astype(np.float32)


def _case(x: np.ndarray, *filters: tuple[Sequence[float], Sequence[float]]) -> Case:
    return case(x, _sections(filters), constant=(1,))


_LOW = ((0.0, 0.0, 0.04), (0.28, 0.04))
_HIGH = ((1.0, 0.0, 0.0), (0.5, 0.1))
_BAND = ((0.0, 0.3, 0.0), (0.3, 0.5))
_GENERAL = ((0.7, -0.2, 0.4), (0.9, 0.3))
_SLOW = ((0.0, 0.0, 1e-4), (1.4e-2, 1e-4))
CASES = {
    "one_element": _case(normal(1, 1), _LOW),
    "low": _case(normal(50, 1), _LOW),
    "high": _case(normal(50, 1), _HIGH),
    "general": _case(normal(20, 2), _GENERAL),
    "sections": _case(normal(40, 3), _LOW, _BAND, _GENERAL),
    "step": _case(np.ones((60, 1), np.float32), _LOW, _HIGH),
    "far_below_the_rate": _case(normal(400, 1) + np.float32(1), _SLOW),
    "large_offset": _case(normal(60, 2) + np.float32(100), _LOW),
    "special": _case(np.stack([SPECIAL, np.roll(SPECIAL, 2)], axis=1), _GENERAL, _LOW),
    "denormal": _case(normal(30, 2, scale=1e-39), _LOW, _BAND),
}

OP = Op(
    name="iir",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=lambda s: Cost(7 * s.inputs[0].elements * s.inputs[1].shape[0], s.inputs[1].nbytes),
    cases=CASES,
    extend=extend,
    access="streamed",
    alias=(0,),
)
