"""Programs of graphs that tests write by hand: the kernels that this computer would take."""

from tinsmith.codegen.program import Program
from tinsmith.codegen.select import select
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph


def program(graph: Graph) -> Program:
    """A lowered graph with a kernel for each node."""
    return select(graph, BOARDS.get("host").core)
