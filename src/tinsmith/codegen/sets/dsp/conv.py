"""Convolutions of int8 with requantisation."""

from collections.abc import Sequence

from tinsmith.codegen.kernel_set import Binding, Use


def bind(use: Use) -> Sequence[Binding]:
    """The kernels that take a use."""
    return []
