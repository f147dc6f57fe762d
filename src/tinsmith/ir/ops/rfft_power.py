"""Power spectrum of real signals: |DFT|^2 for bins 0..n/2 along the last axis, n a power of two.

Not normalised: divide by n * n, or by the window's energy, behind it if wanted.
"""

from collections.abc import Sequence

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
from tinsmith.ir.ops._cases import array, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of


def twiddles(n: int) -> np.ndarray:
    """Constant operand for signals of n samples: [n/2, 2] = cos and -sin of 2 pi k / n, computed in
    float64 and rounded to float32."""
    angle = 2 * np.pi * np.arange(n // 2) / n
    return np.stack([np.cos(angle), -np.sin(angle)], axis=1).astype(np.float32)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x float32 [..., n], twiddles float32 [n/2, 2] -> [..., n/2 + 1]; n a power of two >= 4."""
    of_dtype("rfft_power", inputs, 2, "float32")
    x, w = inputs
    n = x.shape[-1] if x.shape else 0
    if n < 4 or n & (n - 1):
        raise ShapeError("rfft_power", f"x {x.shape}; the last axis must be 4, 8, 16, ...")
    if w.shape != (n // 2, 2) or w.dtype != "float32":
        raise ShapeError("rfft_power", f"twiddles {w}; expected float32 [{n // 2}, 2]")
    return (TensorType((*x.shape[:-1], n // 2 + 1), "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Radix 2, decimation in time: bit-reversed order, then butterflies from span 2 to n.

    Source: Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series",
    1965. Each product is rounded before it is added.
    """
    x, w = operands
    n = x.shape[-1]
    bits = n.bit_length() - 1
    order = [int(f"{t:0{bits}b}"[::-1], 2) for t in range(n)]
    re, im = x.reshape(-1, n)[:, order], np.zeros((x.size // n, n), np.float32)
    half = 1
    with np.errstate(all="ignore"):
        while half < n:
            re, im = _butterflies(re, im, w[:: n // (2 * half)], half)
            half *= 2
        re, im = re[:, : n // 2 + 1], im[:, : n // 2 + 1]
        return ((re * re + im * im).reshape(site.outputs[0].shape),)


def _butterflies(
    re: np.ndarray, im: np.ndarray, w: np.ndarray, half: int
) -> tuple[np.ndarray, np.ndarray]:
    """One stage over [rows, n]: pairs (i, i + half) become (a + w b, a - w b)."""
    rows, n = re.shape
    (ar, br), (ai, bi) = (np.moveaxis(v.reshape(rows, -1, 2, half), 2, 0) for v in (re, im))
    tr = w[:, 0] * br - w[:, 1] * bi
    ti = w[:, 0] * bi + w[:, 1] * br
    pairs = ((ar + tr, ar - tr), (ai + ti, ai - ti))
    re, im = (np.stack(p, axis=2).reshape(rows, n) for p in pairs)
    return re, im


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's FFT in float64."""
    return (np.abs(np.fft.rfft(operands[0].astype(np.float64))) ** 2,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, twiddles, y, work of 2 n floats, rows, n)"""
    n = site.inputs[0].shape[-1]
    return [In(0), In(1), Out(), Scratch(8 * n), site.inputs[0].elements // n, n]


def cost(site: Site) -> Cost:
    """Four products per butterfly, two per bin."""
    n = site.inputs[0].shape[-1]
    rows = site.inputs[0].elements // n
    return Cost(rows * (2 * n * (n.bit_length() - 1) + n + 2), site.inputs[1].nbytes)


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Where the last axis is a power of two."""
    n = x.shape[-1] if x.shape else 0
    if x.dtype != "float32" or n < 4 or n & (n - 1):
        return None
    w = twiddles(n)
    return Extension((0, (w, type_of(w))))


def _case(x: np.ndarray) -> Case:
    return case(x, twiddles(x.shape[-1]), constant=(1,))


CASES = {
    "shortest": _case(normal(4)),
    "eight": _case(normal(8)),
    "rows": _case(normal(3, 16)),
    "deep": _case(normal(2, 3, 8)),
    "long": _case(normal(256)),
    "impulse": _case(np.eye(1, 32, 5, dtype=np.float32)),
    "constant": _case(np.full(16, 9.81, np.float32)),
    "tone": _case(np.sin(2 * np.pi * 5 * np.arange(64) / 64).astype(np.float32)),
    "zeros": _case(np.zeros(8, np.float32)),
    "large": _case(normal(16, scale=1e25)),
    "denormal": _case(normal(16, scale=1e-22)),
    "not_finite": _case(array("float32", [[1, np.inf, 2, 3], [np.nan, 1, 2, 3]])),
    "one_not_finite": _case(np.where(np.eye(16, 16) == 1, np.inf, normal(16, 16)).astype("f4")),
    "one_not_a_number": _case(np.where(np.eye(8, 8) == 1, np.nan, normal(8, 8)).astype("f4")),
    "overflowing": _case(normal(64, 16, scale=6e37)),
    "almost_overflowing": _case(normal(64, 8, scale=4e18)),
}

OP = Op(
    name="rfft_power",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=cost,
    cases=CASES,
    extend=extend,
)
