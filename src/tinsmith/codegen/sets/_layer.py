"""An int8 layer with its requantisation as kernels of sets see it: constants at hand, the zero
point of x folded into the bias, and the range of its sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.codegen.sets._requantise import LEAST_RIGHT, ROUNDINGS, Requantise, requantise
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._conv import zeros_of
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops.fused import part_sites


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
    parts = list(part_sites(use.site)) if use.op == "fused" else []
    if [p.op for p, _ in parts] != [op, "requantize"]:
        return None
    (first, own), (last, after) = parts
    x, w, b = (use.contents[i] for i in first.inputs)
    if own.inputs[0].dtype != "int8" or x is not None or w is None or b is None:
        return None
    x_zero, w_zero = zeros_of(own)
    weights = np.moveaxis(w, OPS.get(op).channel_axis or 0, 0).astype(np.int64) - w_zero
    least, most = _range(weights, b.astype(np.int64), x_zero)
    if weights.min() < -128 or weights.max() > 127 or not _in_int32(least, most):
        return None
    bias = b - x_zero * weights.reshape(len(b), -1).sum(1)
    given = [use.contents[i] for i in last.inputs[1:]]
    factors, bias = _settled(after, given, bias, np.where(least == most, least, 1 << 31))
    found = requantise(after, factors, least, most, roundings)
    return Layer(op, own, weights, bias, least, most, x_zero, found) if found else None


def _settled(
    after: Site, factors: Sequence[np.ndarray | None], bias: np.ndarray, constant: np.ndarray
) -> tuple[Sequence[np.ndarray | None], np.ndarray]:
    """Factors and bias with which channels of constant sums (2^31 where they are not) make what
    they make, where their own factors are too large: a network's dead channels may have any. Now
    they are 1/8, of a sum that is 8 times the result less its zero point."""
    multiplier, shift = factors
    if multiplier is None or shift is None or len(multiplier) != len(bias):
        return factors, bias
    settled = (constant < 1 << 31) & (multiplier != 0) & (-shift < LEAST_RIGHT)
    if not settled.any():
        return factors, bias
    sums = np.where(settled, constant, 0).astype(np.int32)
    results = OPS.get("requantize").reference((sums[None], multiplier, shift), after)[0][0]
    steps = results.astype(np.int64) - integer("requantize", after.attrs, "zero_point")
    changed = [np.where(settled, 1 << 30, multiplier), np.where(settled, -2, shift)]
    return changed, np.where(settled, 8 * steps, bias)


def _range(weights: np.ndarray, bias: np.ndarray, x_zero: int) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest sum of each channel."""
    rows = weights.reshape(len(bias), -1)
    ends = np.stack([rows * (-128 - x_zero), rows * (127 - x_zero)])
    return bias + ends.min(0).sum(1), bias + ends.max(0).sum(1)


def _in_int32(*arrays: np.ndarray) -> bool:
    return all(a.min() >= -(2**31) and a.max() < 2**31 for a in arrays)
