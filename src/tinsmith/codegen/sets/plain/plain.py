"""Portable C for any core: int8 layers with their requantisation in 32 bits, weights arranged for
the kernels, zero points in the bias."""

from collections.abc import Callable, Mapping, Sequence

from tinsmith.codegen.kernel_set import Binding, KernelSet, Use
from tinsmith.codegen.sets.plain._depthwise import depthwise
from tinsmith.codegen.sets.plain._layers import conv2d, dense
from tinsmith.codegen.sets.plain._values import add, pool
from tinsmith.ir.ops.fused import part_sites

LAYERS: Mapping[str, Callable[[Use], Sequence[Binding]]] = {
    "conv2d": conv2d,
    "dense": dense,
    "depthwise_conv2d": depthwise,
}
"""First operation of a fused use, requantised -> its kernels."""
ALONE: Mapping[str, Callable[[Use], Sequence[Binding]]] = {
    "add": add,
    "avg_pool2d": pool,
    "max_pool2d": pool,
}
"""Operation of its own -> its kernels."""


def bind(use: Use) -> Sequence[Binding]:
    """A layer of int8 with its requantisation, or one without weights."""
    if use.op != "fused":
        return ALONE[use.op](use) if use.op in ALONE else []
    names = [part.op for part, _ in part_sites(use.site)]
    return LAYERS[names[0]](use) if names[1:] == ["requantize"] and names[0] in LAYERS else []


SET = KernelSet("plain", bind, rank=5)
