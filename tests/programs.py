"""Programs of graphs that tests write by hand: the kernels that this computer would take."""

from tinsmith.codegen.choices import Choices
from tinsmith.codegen.kernel_set import REFERENCE
from tinsmith.codegen.program import Program
from tinsmith.codegen.select import possible, select
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph


def program(graph: Graph) -> Program:
    """A lowered graph with a kernel for each node."""
    return select(graph, BOARDS.get("host").core)


def reference_program(graph: Graph) -> Program:
    """The same with the kernels of the reference set."""
    core = BOARDS.get("host").core
    own = {
        node: next(k for k in kernels if k.startswith(f"{REFERENCE}/"))
        for node, kernels in possible(graph, core).items()
    }
    return select(graph, core, Choices(own))
