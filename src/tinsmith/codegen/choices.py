"""Choices: which kernel computes which node. A value like any other input of a build."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PARTS = "parts"
"""Chosen for a fused node: its operations one by one, each by a kernel of its own."""


@dataclass(frozen=True)
class Choices:
    """Node of the compiled graph -> kernel (``<set>/<name>``), or `PARTS`. What is not named is
    chosen by the compiler; the names of a fused node's operations may be chosen for too."""

    kernels: Mapping[str, str] = field(default_factory=dict)

    def apart(self, node: str) -> bool:
        """Whether a fused node is to be taken apart."""
        return self.kernels.get(node) == PARTS


NOTHING_CHOSEN = Choices()
