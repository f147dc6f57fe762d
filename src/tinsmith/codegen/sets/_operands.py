"""An int8 layer with weights and its requantisation, constants at hand: what sets begin with that
fold zero points into the bias and arrange weights."""

from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._conv import zeros_of
from tinsmith.ir.ops.fused import part_sites


@dataclass(frozen=True)
class Operands:
    """Of a layer x, w, b with a requantisation behind it.

    Args:
        site: the layer's own use, before it was fused.
        weights: less their zero point, int64, channels of the result in front.
        bias: as it is, int64.
        multiplier: of the requantisation, one or one per channel, int32; shift: likewise.
        result: the requantisation's use.
    """

    site: Site
    weights: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    result: Site

    @property
    def x_zero(self) -> int:
        """Zero point of x."""
        return zeros_of(self.site)[0]

    @property
    def w_zero(self) -> int:
        """Zero point of w, which ``weights`` no longer have."""
        return zeros_of(self.site)[1]

    @property
    def rows(self) -> np.ndarray:
        """The weights of each channel: [out, depth]."""
        return self.weights.reshape(len(self.weights), -1)

    def folded(self, offset: int = 0) -> np.ndarray:
        """The bias of sums over x + offset, whose places outside x hold zero point + offset."""
        sums: np.ndarray = self.bias - (self.x_zero + offset) * self.rows.sum(axis=1)
        return sums

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest sum of each channel, whatever x is. Where a window hangs over the
        border, fewer products are in it, but each may be 0 inside as well."""
        ends = np.stack([self.rows * (-128 - self.x_zero), self.rows * (127 - self.x_zero)])
        return self.bias + ends.min(0).sum(1), self.bias + ends.max(0).sum(1)


def operands_of(use: Use, op: str) -> Operands | None:
    """Those of a layer ``op`` over int8 whose operands, x excepted, are constants; None for any
    other use."""
    parts = list(part_sites(use.site)) if use.op == "fused" else []
    if [p.op for p, _ in parts] != [op, "requantize"]:
        return None
    (first, site), (last, result) = parts
    x, *constants = (use.contents[i] for i in (*first.inputs, *last.inputs[1:]))
    if site.inputs[0].dtype != "int8" or x is not None or any(c is None for c in constants):
        return None
    w, bias, multiplier, shift = (np.asarray(c) for c in constants)
    centred = np.moveaxis(w, OPS.get(op).channel_axis or 0, 0).astype(np.int64) - zeros_of(site)[1]
    return Operands(site, centred, bias.astype(np.int64), multiplier, shift, result)
