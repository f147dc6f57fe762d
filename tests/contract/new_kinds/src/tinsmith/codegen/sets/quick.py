"""Dense layers whose weights lie by columns, for cores with the DSP extension."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, KernelSet, Packing
from tinsmith.ir.op import In, Out, Scratch, Site

BY_COLUMN = Packing("by_column", lambda w: np.ascontiguousarray(w.T))


def bind(op: str, site: Site) -> Sequence[Binding]:
    """Single rows of float32 with at least two channels."""
    if op != "dense" or site.inputs[0].dtype != "float32" or site.inputs[0].shape[0] != 1:
        return []
    channels, depth = site.inputs[1].shape
    arguments = (In(0), In(1), In(2), Out(), Scratch(4 * channels), depth, channels)
    return [Binding("dense_float32", arguments, packing={1: BY_COLUMN})]


SET = KernelSet("quick", bind, needs=frozenset({"dsp"}), rank=1)
