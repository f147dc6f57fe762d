"""Portable C for any core: int8 layers with their requantisation in 32 bits, weights arranged for
the kernels, zero points in the bias; spectra of float32."""

from collections.abc import Callable, Mapping, Sequence

from tinsmith.codegen.kernel_set import Binding, KernelSet, Use
from tinsmith.codegen.sets.plain._depthwise import depthwise
from tinsmith.codegen.sets.plain._layers import conv2d, dense
from tinsmith.codegen.sets.plain._rescaled import product, requantize, widened_sum
from tinsmith.codegen.sets.plain._values import add, pool, rfft_power

LAYERS = (conv2d, dense, depthwise, product, widened_sum)
"""Of several operations in one step: each offers kernels for its own."""
ALONE: Mapping[str, Callable[[Use], Sequence[Binding]]] = {
    "add": add,
    "avg_pool2d": pool,
    "max_pool2d": pool,
    "requantize": requantize,
    "rfft_power": rfft_power,
}
"""Operation of its own -> its kernels."""


def bind(use: Use) -> Sequence[Binding]:
    """A layer of int8 with its requantisation, or an operation of its own."""
    if use.op != "fused":
        return ALONE[use.op](use) if use.op in ALONE else []
    return [binding for offer in LAYERS for binding in offer(use)]


SET = KernelSet("plain", bind, rank=5)
