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


def reference_choices(graph: Graph, board: str = "host") -> Choices:
    """The kernel of the reference set for each node of a lowered graph."""
    return Choices(
        {
            node: next(k for k in kernels if k.startswith(f"{REFERENCE}/"))
            for node, kernels in possible(graph, BOARDS.get(board).core).items()
        }
    )


def reference_program(graph: Graph) -> Program:
    """`program` with the kernels of the reference set."""
    return select(graph, BOARDS.get("host").core, reference_choices(graph))
