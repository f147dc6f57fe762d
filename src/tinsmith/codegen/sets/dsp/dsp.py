"""Integer layers on cores with the DSP extension (Cortex-M4, M7, M33): two products per
instruction."""

from collections.abc import Sequence

from tinsmith.codegen.kernel_set import Binding, KernelSet, Use
from tinsmith.codegen.sets.dsp import conv, dense, depthwise, moves, pool, rows

OFFERS = (conv.bind, dense.bind, depthwise.bind, moves.bind, pool.bind, rows.bind)
"""What the files of this folder take, each a function as `KernelSet.bind` is."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of all files of this folder."""
    return [binding for offer in OFFERS for binding in offer(use)]


SET = KernelSet("dsp", bind, needs=frozenset({"dsp"}), rank=10)
