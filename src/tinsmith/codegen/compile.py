"""The compiler, read aloud: a graph goes through named passes, gets a kernel for every node and a
verified memory plan, and becomes C."""

from collections.abc import Callable
from dataclasses import replace

from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.choices import NOTHING_CHOSEN, RAM, Choices
from tinsmith.codegen.emit import Target, emit
from tinsmith.codegen.module import InferenceModule
from tinsmith.codegen.select import select
from tinsmith.codegen.stripes import striped
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify
from tinsmith.ir.text import graph_hash
from tinsmith.rewrite import PASSES

PIPELINE = (
    "fold_constants",  # first: what it leaves without users, the dead-code pass removes
    "shrink_constants",
    "sink_pads",  # before the next: transposes meet where no pad stands between
    "sink_transposes",  # before the next: leaves reshapes that change nothing
    "sink_turns",
    "fold_turns",
    "merge_views",
    "remove_identities",
    "eliminate_dead",
    "split_transposed",
    "merge_tables",
    "fold_pads",
    "read_raw",
    "remove_channels",  # behind the passes that leave layers next to each other
    "merge_equal",  # behind passes that ask for a value's only reader
    "lower",  # adds copies that the identity pass would take away again
    "fuse",  # what is fused is seen by no pass that changes values
    "fuse_sums",
    "fuse_products",
    "fuse_views",
    "order_nodes",  # last: what lives between nodes is known
)
"""Names of the passes, in order; each checks the grammar of its result. The order is a decision, so
it stands here: a file in rewrite/ is a kind that is listed and documented, and runs once it is
named in this list or in `importers/_frame.py`'s (a test compares them)."""


def compile_graph(
    graph: Graph,
    board: Board | str,
    planner: str = "best",
    dump: Callable[[str, Graph], None] | None = None,
    choices: Choices = NOTHING_CHOSEN,
) -> InferenceModule:
    """Compile a graph of any dialect for a board.

    Args:
        board: what to compile for; a text is the id of one that comes with tinsmith.
        planner: a memory planner, or ``best``: the smallest of all.
        dump: called with ``source`` and the graph, then with every pass's name and result; with
            ``stripes`` where regions may be cut.
        choices: kernels that are pinned, and whether inputs keep their content.

    Raises:
        UnknownKind: no such board or planner.
        UserError: ``codegen.kernel`` (an operation has no kernel for its types),
            ``codegen.choice`` (a pinned kernel that is not possible).
        InternalError: the graph, a pass or a plan breaks its rules.
    """
    found = BOARDS.get(board) if isinstance(board, str) else board
    core = found.core
    verify(graph)
    target = Target(found.id, core.isa.startswith("armv") and core.fpu != "none", graph_hash(graph))
    lowered = lower(graph, dump)
    if choices.aim == RAM and lowered is not graph:  # one that was lowered before stays as it is
        program = striped(lowered, core, choices)
        if dump:
            dump("stripes", program.graph)
    else:
        program = select(lowered, core, choices)
    module = emit(program, plan_memory(program, planner, choices.keep_inputs), target)
    return replace(module, tuned=choices.toolchain)


def lower(graph: Graph, dump: Callable[[str, Graph], None] | None = None) -> Graph:
    """The graph for whose nodes kernels are chosen; one that is lowered already stays as it is."""
    if graph.dialect == "lowered":
        return graph
    show = dump or (lambda name, graph: None)
    show("source", graph)
    for name in PIPELINE:
        graph = PASSES.get(name)(graph)
        show(name, graph)
    return graph
