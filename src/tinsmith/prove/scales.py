"""Would another scale or zero point explain what a quantisation node computed?

Each element of the result bounds the scale from both sides; a scale within all bounds is tried on
the op's own reference and only counts if it reproduces every element.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import equal

INFORMATIVE = 4
"""Fewest elements (not saturated, not zero) that a fitted scale must rest on."""

_SLACK = 2.0**-7
"""Rounding twice may move a half by this much (shifts of 6 bits and more); what does not reproduce
the result is sorted out by trying it."""


@dataclass(frozen=True)
class Use:
    """One use of an op as the device ran it. Operands that vary are [case, *shape]; so is the
    result."""

    op: str
    site: Site
    operands: tuple[np.ndarray, ...]
    varies: tuple[bool, ...]
    result: np.ndarray

    def recompute(self) -> np.ndarray:
        """The op's reference on the operands, case by case."""
        reference, rows = OPS.get(self.op).reference, []
        for case in range(len(self.result)):
            operands = [
                o[case] if v else o for o, v in zip(self.operands, self.varies, strict=True)
            ]
            with np.errstate(all="ignore"):
                rows.append(reference(operands, self.site)[0])
        return np.stack(rows)

    def explains(self) -> bool:
        """Whether the reference reproduces the result to the bit."""
        return equal(self.recompute(), self.result)


def explain(use: Use) -> str | None:
    """One clause with the fitted scale (or zero point), or None: no scale reproduces the result."""
    fit = FITS.get(use.op)
    return fit(use) if fit else None


def _quantize(use: Use) -> str | None:
    was = _quant(use.site.outputs[0])
    scale, zero = was.scale[0], was.zero_point[0]
    x = use.operands[0].astype(np.float64)

    def with_(inverse: float, shift: int) -> Use:
        quant = Quant((float(np.float32(1.0 / inverse)),), (shift,))
        return replace(use, site=_with_output(use.site, quant))

    for found, at in _solutions(x, use.result, (-128, 127), zero, with_):
        return _told(scale, 1.0 / found, zero, at)
    return None


def _requantize(use: Use) -> str | None:
    sums, multiplier, shift = use.operands
    attrs = use.site.attrs
    zero, low, high = (int(attrs[k]) for k in ("zero_point", "act_min", "act_max"))  # type: ignore[arg-type]
    factors = multiplier.astype(np.float64) * 2.0 ** (shift.astype(np.float64) - 31)

    def with_(ratio: float, at: int) -> Use:
        scaled = factors * ratio
        if attrs["rounding"] == "onnx":
            scaled = scaled.astype(np.float32).astype(np.float64)
        operands = (sums, *multipliers([float(f) for f in scaled]))
        moved = at if low == zero else low  # a folded relu clamps at the zero point
        site = replace(use.site, attrs={**attrs, "zero_point": at, "act_min": moved})
        return replace(use, operands=operands, site=site)

    products = sums.astype(np.float64) * factors
    for found, at in _solutions(products, use.result, (low, high), zero, with_):
        quant = use.site.outputs[0].quant
        if quant is None:
            return f"factors {found:.6g} times as large explain every element"
        return _told(quant.scale[0], quant.scale[0] / found, zero, at)
    return None


def _dequantize(use: Use) -> str | None:
    """y = scale * (q - zero point): any element gives the scale, all must agree."""
    q = use.operands[0].astype(np.float64)
    if len(use.operands) == 2:
        return _dequantize_raw(use, q)
    was = _quant(use.site.inputs[0])
    steps = q - was.zero_point[0]
    for scale in _scale_candidates(steps, use.result):
        quant = Quant((scale,), was.zero_point)
        site = replace(use.site, inputs=(replace(use.site.inputs[0], quant=quant),))
        if replace(use, site=site).explains():
            return _told(was.scale[0], scale, was.zero_point[0], was.zero_point[0])
    return None


def _dequantize_raw(use: Use, q: np.ndarray) -> str | None:
    """Sensor integers: scales are an operand, one for all or one per channel (last axis)."""
    was, zero = use.operands[1], use.site.inputs[0].quant
    steps = q - (zero.zero_point[0] if zero else 0)
    fitted = was.copy()
    shape = (-1, len(was)) if len(was) > 1 else (-1, 1)
    columns = zip(steps.reshape(shape).T, use.result.reshape(shape).T, strict=True)
    for channel, (column, result) in enumerate(columns):
        for scale in _scale_candidates(column, result):
            if equal(column.astype(np.float32) * np.float32(scale), result):
                fitted[channel] = scale
                break
    if not replace(use, operands=(use.operands[0], fitted)).explains():
        return None
    changed = np.flatnonzero(fitted != was)
    first = int(changed[0])
    told = _told(float(was[first]), float(fitted[first]), 0, 0)
    return f"{told} (channels {', '.join(str(c) for c in changed)})" if len(was) > 1 else told


def _scale_candidates(steps: np.ndarray, result: np.ndarray) -> Iterator[float]:
    """The float32 numbers next to result / steps where that is known best."""
    flat, values = steps.ravel(), result.ravel().astype(np.float64)
    if np.count_nonzero(flat) < INFORMATIVE:
        return
    at = int(np.argmax(np.abs(flat)))
    guess = np.float32(values[at] / flat[at])
    for direction in (0, 1, -1, 2, -2):
        scale = guess
        for _ in range(abs(direction)):
            scale = np.nextafter(scale, np.float32(np.inf if direction > 0 else 0))
        if np.isfinite(scale) and scale > 0:
            yield float(scale)


def _solutions(
    x: np.ndarray,
    result: np.ndarray,
    clamp: tuple[int, int],
    zero: int,
    with_: Callable[[float, int], Use],
) -> Iterator[tuple[float, int]]:
    """(factor, zero point) with clamp(round(x * factor) + zero point) == result, verified.

    The true zero point is tried first, then the others by distance.
    """
    for at in sorted(range(-128, 128), key=lambda z: abs(z - zero)):
        low = at if clamp[0] == zero else clamp[0]
        bounds = _bounds(x, result.astype(np.float64), (low, clamp[1]), at)
        if bounds is None:
            continue
        for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9):
            factor = bounds[0] + share * (bounds[1] - bounds[0])
            if with_(factor, at).explains():
                yield factor, at
                return


def _bounds(
    x: np.ndarray, result: np.ndarray, clamp: tuple[int, int], zero: int
) -> tuple[float, float] | None:
    """All factors f > 0 with |x f + zero - result| <= 1/2 (and a little) for every element.

    One-sided where the result is clamped. None: there is none, or too few elements say anything.
    """
    below = np.where(result <= clamp[0], -np.inf, result - zero - 0.5 - _SLACK)
    above = np.where(result >= clamp[1], np.inf, result - zero + 0.5 + _SLACK)
    known = x != 0
    silent_ok = np.all((below <= 0) & (above >= 0) | known)
    informative = known & np.isfinite(below) & np.isfinite(above) & (result != zero)
    if not silent_ok or np.count_nonzero(informative) < INFORMATIVE:
        return None
    a, b = below[known] / x[known], above[known] / x[known]
    low = max(0.0, float(np.minimum(a, b).max()))
    high = float(np.maximum(a, b).min())
    return (low, high) if 0 < high < np.inf and low <= high else None


def _quant(type: TensorType) -> Quant:
    if type.quant is None:
        raise ValueError("a quantisation node needs a Quant")
    return type.quant


def _with_output(site: Site, quant: Quant) -> Site:
    return replace(site, outputs=(replace(site.outputs[0], quant=quant),))


def _told(was: float, scale: float, zero: int, at: int) -> str:
    if at != zero:
        return f"zero point {at} instead of {zero} (scale {scale:.6g}) explains every element"
    return f"scale {scale:.6g} instead of {was:.6g} ({scale / was:.4g}x) explains every element"


FITS: Mapping[str, Callable[[Use], str | None]] = {
    "quantize": _quantize,
    "requantize": _requantize,
    "dequantize": _dequantize,
}
