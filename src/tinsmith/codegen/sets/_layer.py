"""An int8 layer with its requantisation as kernels of sets see it: constants at hand, the zero point
of x folded into the bias, and the range of its sums."""

from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.codegen.sets._requantise import Requantise, requantise
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._conv import zeros_of
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


def layer_of(use: Use, op: str) -> Layer | None:
    """The layer ``op`` with its requantisation; None where the use is another, or where int32 does
    not hold all its sums, or weights less their zero point are no int8."""
    if use.op != "fused":
        return None
    parts = list(part_sites(use.site))
    if [p.op for p, _ in parts] != [op, "requantize"]:
        return None
    (first, own), (last, after) = parts
    contents = [None if i >= len(use.contents) else use.contents[i] for i in first.inputs]
    factors = [use.contents[i] for i in last.inputs[1:]]
    w, b = contents[1:]
    if own.inputs[0].dtype != "int8" or contents[0] is not None or w is None or b is None:
        return None
    x_zero, w_zero = zeros_of(own)
    weights = np.moveaxis(w, OPS.get(op).channel_axis or 0, 0).astype(np.int64) - w_zero
    if weights.min() < -128 or weights.max() > 127:
        return None
    least, most = _range(weights, b.astype(np.int64), x_zero)
    found = requantise(after, factors, least, most)
    bias = b - x_zero * weights.reshape(len(b), -1).sum(1)
    if found is None or not _in_int32(least, most, bias):
        return None
    return Layer(op, own, weights, bias, least, most, x_zero, found)


def _range(weights: np.ndarray, bias: np.ndarray, x_zero: int) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest sum of each channel."""
    rows = weights.reshape(len(bias), -1)
    ends = np.stack([rows * (-128 - x_zero), rows * (127 - x_zero)])
    return bias + ends.min(0).sum(1), bias + ends.max(0).sum(1)


def _in_int32(*arrays: np.ndarray) -> bool:
    return all(a.min() >= -(2**31) and a.max() < 2**31 for a in arrays)
