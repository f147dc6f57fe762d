"""The checker of certificates. It knows the meaning of graphs and an emulated core, and nothing of
the compiler: what a certificate claims is found out again from the module itself, or rejected.

Parts: *hashes* (the files are those that are spoken of), *plan* (every byte that is read is there),
*image* (symbols, sizes, alignment and stack of the linked image), *rounding* (what kernels make of
sums equals its definition, on all of them or next to each change), *steps* (each executed by
itself, equal to the interpreter, nothing else written, always as many instructions), *runs* (the
whole image equals the graph that was compiled) and *claims* (what is written down is what was
found). Ranges of sums are computed and stated; they reject nothing by themselves, as a graph may
mean sums that wrap.
"""

from hashlib import sha256
from pathlib import Path

from elftools.common.exceptions import ELFError

from tinsmith.bench.replay import Emulator, Stopped, check_board
from tinsmith.bench.rounding import compared
from tinsmith.core.errors import InternalError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Node
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.ir.text import graph_hash
from tinsmith.prove.bits import equal
from tinsmith.prove.certificate.checker import statement
from tinsmith.prove.certificate.checker.layers import layer_of
from tinsmith.prove.certificate.checker.plan import replay_plan
from tinsmith.prove.certificate.checker.statement import Certificate, Claims, Rejected, Subject
from tinsmith.prove.certificate.checker.steps import Proposer, Steps, Values

_DAMAGED = (
    LookupError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError,
    MemoryError, RuntimeError, ELFError, InternalError,
)  # fmt: skip
"""What a subject that contradicts itself may raise; it may hold anything."""


def check(
    given: Certificate, proposer: Proposer, cache: Path | None = None, job: Progress = SILENT
) -> Claims:
    """Find out again all that a certificate claims.

    Raises:
        Rejected: it does not hold.
    """
    if given.version != statement.VERSION:
        raise Rejected("claims", f"version {given.version} is none that this checker reads.")
    try:
        if dict(given.hashes) != hashes(given.subject):
            raise Rejected("hashes", "image, graphs or sources are not those that it names.")
        found = examine(given.subject, proposer, cache, job)
    except _DAMAGED as e:
        said = " ".join(f"{type(e).__name__}: {e}".split())[:200]
        raise Rejected("image", f"it contradicts itself: {said}.") from e
    for told, seen in zip(given.claims.steps, found.steps, strict=False):
        if told != seen:
            raise Rejected("claims", f"step {seen.node!r} is said to be {told}, but is {seen}.")
    if given.claims != found:
        raise Rejected("claims", "what it says of the whole module is not what was found.")
    return found


def hashes(subject: Subject) -> dict[str, str]:
    """SHA-256 of what a certificate speaks of."""
    sources = "".join(f"{path} {digest}\n" for path, digest in sorted(subject.sources.items()))
    return {
        "source": graph_hash(subject.source), "graph": graph_hash(subject.graph),
        "image": sha256(subject.elf).hexdigest(), "sources": sha256(sources.encode()).hexdigest(),
    }  # fmt: skip


def examine(
    subject: Subject, proposer: Proposer, cache: Path | None = None, job: Progress = SILENT
) -> Claims:
    """All that can be claimed of a module.

    Raises:
        Rejected: it is wrong.
        UserError ``certificate.board``: nothing can be executed on its core.
    """
    _check_subject(subject)
    replay_plan(subject)
    emulator, nodes = Emulator(subject, cache, job), subject.graph.nodes
    alignments = [_alignment(subject, n, emulator) for n in nodes]
    most, bounds, unbounded = emulator.stack_bounds()
    if most is not None and most > subject.stack_bytes:
        raise Rejected("image", f"its code needs {most} B of stack.")
    layers = {n.name: layer_of(subject.graph, n) for n in nodes}
    rounded = compared((layer for layer in layers.values() if layer), cache, job)
    if rounded.wrong is not None:
        raise Rejected("rounding", f"sum {rounded.wrong[1]} by {rounded.wrong[0]} is wrong.")
    steps, runs = Steps(subject, emulator, proposer), proposer.runs(subject.source)
    try:
        steps.execute(layers)
        counts, stack = _whole(subject, emulator, runs)
    except Stopped as e:
        raise Rejected(e.part, f"the emulated core: {e}") from None
    found = tuple(
        steps.claim(n, layers[n.name], bounds.get(n.name), at)
        for n, at in zip(nodes, alignments, strict=True)
    )
    if stack > (subject.stack_bytes if most is None else most):
        raise Rejected("runs", f"a run needs {stack} B of stack.")
    constant = all(s.constant for s in found) and len(set(counts)) == 1
    ends = stack, most, unbounded, rounded.sums, rounded.all, emulator.unreached()
    return Claims(found, len(counts), max(counts), constant, *ends)


def _check_subject(subject: Subject) -> None:
    board = subject.board
    if board.id in BOARDS.names() and BOARDS.get(board.id) != board:
        raise Rejected("image", f"its board is not {board.id!r} as it is known.")
    check_board(board)
    for graph in (subject.source, subject.graph):
        verify(graph)
    names = [n.name for n in subject.graph.nodes]
    if names != list(subject.steps) or set(names) != set(subject.kernels):
        raise Rejected("image", "its steps are not the nodes of its graph, in order.")


def _alignment(subject: Subject, node: Node, emulator: Emulator) -> int:
    """Of the arrays that belong to a node by their names."""
    symbols, constants = emulator.symbols, subject.graph.constants
    if subject.steps[node.name] not in symbols:
        raise Rejected("image", f"it has no function {subject.steps[node.name]!r}.")
    if symbols.get("ts_arena", 1) % 8 or symbols.get("ts_state", 0) % 8:
        raise Rejected("image", "its arena or state is not aligned to 8.")
    found = emulator.addresses(node)
    for value, at in found.items():
        held = constants[value].tobytes() if value in constants else b""
        if value in constants and at % constants[value].itemsize:
            raise Rejected("image", f"constant {value!r} at {at:#x} is misaligned.")
        if emulator.stored(at, len(held)) != held:
            raise Rejected("image", f"constant {value!r} is stored otherwise.")
    return min([16, *(at & -at for at in found.values())])


def _whole(subject: Subject, emulator: Emulator, given: Values) -> tuple[list[int], int]:
    """Instructions of whole runs that equal the source graph, and their deepest stack."""
    graph, own = subject.source, subject.graph
    want = run_cases(graph, given)
    found = emulator.run({o: given[i] for i, o in zip(graph.inputs, own.inputs, strict=True)})
    for mine, made in zip(graph.outputs, own.outputs, strict=True):
        if not equal(want[mine], found.outputs[made]):
            raise Rejected("runs", f"output {made!r} of the image is not that of the source graph.")
    counts = [int(c.value) for c in found.instructions or ()]
    return counts, int(found.stack.value) if found.stack else 0
