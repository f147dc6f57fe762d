"""An int8 layer with its requantisation as kernels of sets see it: constants at hand, the zero
point of x folded into the bias, and the range of its sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.codegen.sets._operands import Operands, operands_of
from tinsmith.codegen.sets._requantise import LEAST_RIGHT, ROUNDINGS, Requantise, requantise
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._layout import integer


@dataclass(frozen=True)
class Layer:
    """A layer x, w, b with a requantisation behind it, all of int8.

    Args:
        site: the layer's own use, before it was fused.
        weights: less their zero point, channels of the result in front.
        bias: what a sum starts at if x is taken as it is and places outside x hold ``x_zero``.
        least: the smallest sum of each channel that any x makes.
        most: the largest one.
    """

    op: str
    site: Site
    weights: np.ndarray
    bias: np.ndarray
    least: np.ndarray
    most: np.ndarray
    x_zero: int
    requantise: Requantise

    @property
    def channels(self) -> int:
        """Of the result."""
        return len(self.bias)


def layer_of(use: Use, op: str, roundings: Sequence[str] = ROUNDINGS) -> Layer | None:
    """The layer ``op`` with its requantisation; None where the use is another, or where int32 does
    not hold all its sums, or weights less their zero point are no int8."""
    given = operands_of(use, op)
    if given is None:
        return None
    weights, (least, most) = given.weights, given.sums()
    if weights.min() < -128 or weights.max() > 127 or not _in_int32(least, most):
        return None
    constant = np.where(least == most, least, 1 << 31)
    factors, bias = _settled(given, constant)
    found = requantise(given.result, factors, least, most, roundings)
    if found is None:
        return None
    return Layer(op, given.site, weights, bias, least, most, given.x_zero, found)


def _settled(given: Operands, constant: np.ndarray) -> tuple[Sequence[np.ndarray], np.ndarray]:
    """Factors and bias with which channels of constant sums (2^31 where they are not) make what
    they make, where their own factors are too large: a network's dead channels may have any. Now
    they are 1/8, of a sum that is 8 times the result less its zero point."""
    multiplier, shift, bias = given.multiplier, given.shift, given.folded()
    if len(multiplier) != len(bias):
        return (multiplier, shift), bias
    settled = (constant < 1 << 31) & (multiplier != 0) & (-shift < LEAST_RIGHT)
    if not settled.any():
        return (multiplier, shift), bias
    sums = np.where(settled, constant, 0).astype(np.int32)
    after = given.result
    results = OPS.get("requantize").reference((sums[None], multiplier, shift), after)[0][0]
    steps = results.astype(np.int64) - integer("requantize", after.attrs, "zero_point")
    changed = np.where(settled, 1 << 30, multiplier), np.where(settled, -2, shift)
    return changed, np.where(settled, 8 * steps, bias)


def _in_int32(*arrays: np.ndarray) -> bool:
    return all(a.min() >= -(2**31) and a.max() < 2**31 for a in arrays)
