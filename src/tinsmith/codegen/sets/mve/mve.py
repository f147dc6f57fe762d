"""Integer layers on cores with the M-profile Vector Extension (Cortex-M55, M85): sixteen products
per instruction."""

from collections.abc import Sequence

from tinsmith.codegen.kernel_set import Binding, KernelSet, Use
from tinsmith.codegen.sets.mve import add, depthwise, dots, pool

OFFERS = (dots.conv, dots.dense, depthwise.bind, pool.bind, add.bind)
"""What the files of this folder take, each a function as `KernelSet.bind` is."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of all files of this folder."""
    return [binding for offer in OFFERS for binding in offer(use)]


SET = KernelSet("mve", bind, needs=frozenset({"mve"}), rank=20)
