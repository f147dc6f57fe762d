"""Program: a lowered graph with the kernel that computes each node. Planner, verifier and emitter
see nothing else of operations and kernels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tinsmith.codegen.kernel_set import INLINED, Binding, KernelSet, symbol_of
from tinsmith.codegen.order import Distances, safe_distances
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import Site


@dataclass(frozen=True)
class Call:
    """One step of a run: a node, and the kernel that computes it. ``constants``: which of its
    operands are constants."""

    node: Node
    site: Site
    set: KernelSet
    binding: Binding
    constants: frozenset[int] = frozenset()

    @property
    def kernel(self) -> str:
        """``<set>/<name>``: how choices name a kernel; its file is `kernels/<set>/<name>.c`."""
        return f"{self.set.name}/{self.binding.name}{INLINED * self.binding.inlined}"

    @property
    def symbol(self) -> str:
        """The C function, behind ``ts_``."""
        return symbol_of(self.kernel)

    def distances(self, operand: int) -> Distances:
        """Where an operand may begin, seen from the result, with which it shares memory: behind the
        result's end, if the kernel does not say in what order it reads the operand."""
        result = self.site.outputs[0]
        order = self.binding.order(operand)
        if order is None:
            return Distances(result.nbytes)
        return safe_distances(order.times(), self.site.inputs[operand].nbytes, result.nbytes)


@dataclass(frozen=True)
class Program:
    """A lowered graph and one call per node, in the same order. ``levels``: kernel -> how hard it
    is optimised (`codegen/costs.py`), where that was chosen."""

    graph: Graph
    calls: tuple[Call, ...]
    levels: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[tuple[int, Call]]:
        """Number and call of each step."""
        return enumerate(self.calls)

    @property
    def kernels(self) -> dict[str, str]:
        """Node -> kernel: the choices that were made."""
        return {c.node.name: c.kernel for c in self.calls}
