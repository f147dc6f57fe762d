"""Dense layers whose weights lie by columns, for cores with the DSP extension."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.ir.op import In, Out, Scratch


def bind(use: Use) -> Sequence[Binding]:
    """Single rows of float32 with at least two channels, by constant weights."""
    x, weights = use.site.inputs[0], use.contents[1] if use.op == "dense" else None
    if weights is None or x.dtype != "float32" or x.shape[0] != 1:
        return []
    channels, depth = weights.shape
    columns = Table("by_column", lambda: np.ascontiguousarray(weights.T))
    arguments = (In(0), columns, In(2), Out(), Scratch(4 * channels), depth, channels)
    return [Binding("dense_float32", arguments)]


SET = KernelSet("quick", bind, needs=frozenset({"dsp"}), rank=6)
