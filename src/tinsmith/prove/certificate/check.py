"""The checker of certificates. It knows the meaning of graphs and an emulated core, and nothing of
the compiler: what a certificate claims is found out again from the module itself, or rejected.

Parts: *hashes* (the files are those that are spoken of), *plan* (every byte that is read is there),
*sums* (no accumulator overflows), *image* (symbols, sizes and alignment of the linked image),
*steps* (each executed by itself, equal to the interpreter, nothing else written, always as many
instructions), *runs* (the whole image equals the graph that was compiled) and *claims* (what is
written down is what was found).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from tinsmith.bench.step_call import StepCall, StepResult
from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import Interpreter, run_cases, site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.rules import verify
from tinsmith.ir.text import graph_hash
from tinsmith.prove.certificate.layers import Layer, layer_of
from tinsmith.prove.certificate.replay import Emulator, why_not
from tinsmith.prove.certificate.statement import (
    VERSION,
    Certificate,
    Claims,
    StepClaim,
    Subject,
    SumsClaim,
)
from tinsmith.prove.certificate.stimuli import Patches, patches, plain, planted, windows_of

Where = Literal["hashes", "plan", "sums", "image", "steps", "runs", "claims"]
RUNS = 3
"""Inferences of the whole image, and as many traces whose operands steps are executed on."""
INSTRUCTIONS = 500_000_000
"""Of all stimuli of a module together, about; a share of it for each layer."""
_MOST_CALLS, _LEAST_CALLS, _PLAIN = 1000, 4, 4
_LOOKS = 400
"""Windows that are looked through for taps that are seen."""
_INTEGERS = ("int8", "uint8", "int16")
_DATA_DEPENDENT = ("tree_ensemble", "topk")
"""Operations of integers whose time may depend on data."""


class Rejected(UserError):
    """A certificate, or a module that none can be given for: which part says so, and why."""

    def __init__(self, part: Where, reason: str) -> None:
        super().__init__(
            f"certificate.{part}", f"Rejected by {part}: {reason}",
            "The module must not be used; compile it anew and report this.",
        )  # fmt: skip
        self.part = part


def check(given: Certificate, cache: Path | None = None, job: Progress = SILENT) -> Claims:
    """Find out again all that a certificate claims.

    Raises:
        Rejected: it does not hold.
    """
    if given.version != VERSION:
        raise Rejected("claims", f"its version is {given.version}; this checker reads {VERSION}.")
    if dict(given.hashes) != hashes(given.subject):
        raise Rejected("hashes", "image, graphs or sources are not those that it names.")
    found = examine(given.subject, cache, job)
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


def examine(subject: Subject, cache: Path | None = None, job: Progress = SILENT) -> Claims:
    """All that can be claimed of a module.

    Raises:
        Rejected: it is wrong.
        UserError ``certificate.board``: nothing can be executed on its core.
    """
    _check_subject(subject)
    replay_plan(subject)
    emulator = Emulator(subject, cache, job)
    layers = {n.name: layer_of(subject.graph, n) for n in subject.graph.nodes}
    sums = {name: _sums(name, layer) for name, layer in layers.items() if layer}
    alignments = {n.name: _alignment(subject, n, emulator.symbols) for n in subject.graph.nodes}
    steps = _Steps(subject, emulator, layers)
    steps.execute()
    claims = tuple(
        steps.claim(n, alignments[n.name], sums.get(n.name)) for n in subject.graph.nodes
    )
    return _whole(subject, emulator, claims)


def _check_subject(subject: Subject) -> None:
    board = subject.board
    if board.id in BOARDS.names() and BOARDS.get(board.id) != board:
        raise Rejected("image", f"its board is not {board.id!r} as it is known.")
    if refused := why_not(board):
        raise UserError(
            "certificate.board",
            f"Nothing can be executed step by step on {board.id}: {refused}.",
            "Name a board that runner 'unicorn' serves.",
        )
    for graph in (subject.source, subject.graph):
        verify(graph)
    names = [n.name for n in subject.graph.nodes]
    if names != list(subject.steps) or set(names) != set(subject.kernels):
        raise Rejected("image", "its steps are not the nodes of its graph, in order.")


# --- plan ---


def replay_plan(subject: Subject) -> None:
    """One run on a shadow of the arena: each byte knows which byte of which value it holds.

    Raises:
        Rejected: a place is missing, too small, misaligned or outside; a byte that is read is not
            there any more; results or scratch meet what must stay.
    """
    graph, shadow = subject.graph, _Shadow(subject)
    for name in graph.inputs:
        shadow.write(name)
    for node in graph.nodes:
        own, scratch = [i for i in dict.fromkeys(node.inputs) if i in subject.places], ""
        if f"{node.name}#scratch" in subject.places:
            scratch = f"{node.name}#scratch"
            shadow.soil(scratch)
        for name in own:
            shadow.read(name, node.name)
            if not _may_share(subject, node, name):
                shadow.pinned(name, node.outputs, node.name)
        for name in node.outputs:
            shadow.write(name)
        if scratch:
            shadow.soil(scratch)
        for name in node.outputs:
            shadow.read(name, f"{node.name}, after it was written")
    for name in (*subject.kept, *graph.outputs, *(s.next for s in graph.states)):
        if name in subject.places:
            shadow.read(name, "the end")


def _may_share(subject: Subject, node: Node, name: str) -> bool:
    """Whether the declared order of reads and writes lets the result lie where it lies."""
    timed = [t for t in subject.orders.get(node.name, ()) if node.inputs[t.operand] == name]
    if len(timed) != 1 or node.inputs.count(name) != 1 or len(node.outputs) != 1:
        return False
    (at, size), (to, made) = subject.places[name], subject.places[node.outputs[0]]
    reads, writes = timed[0].reads, timed[0].writes
    types = subject.graph.type(name), subject.graph.type(node.outputs[0])
    if (len(reads), len(writes)) != (types[0].elements, types[1].elements):
        return False
    reads = np.repeat(reads, size // len(reads))
    writes = np.repeat(writes, made // len(writes))
    first, end = max(at, to), min(at + size, to + made)
    if first >= end:
        return True
    return bool((writes[first - to : end - to] >= reads[first - at : end - at]).all())


class _Shadow:
    def __init__(self, subject: Subject) -> None:
        self._places = subject.places
        self._numbers = {name: k for k, name in enumerate(subject.places)}
        self._cells = np.full(subject.arena_bytes, -1, np.int64)
        graph = subject.graph
        needed = [*graph.inputs, *(o for n in graph.nodes for o in n.outputs)]
        for name in needed:
            if name not in self._places or self._places[name][1] != graph.type(name).nbytes:
                raise Rejected("plan", f"{name!r} has no place of {graph.type(name).nbytes} B.")
        known = {*needed, *(f"{n.name}#scratch" for n in graph.nodes)}
        for name, (at, size) in self._places.items():
            if name not in known or at % 8 or at < 0 or at + size > subject.arena_bytes:
                raise Rejected("plan", f"{name!r} lies at {at}, {size} B: misplaced.")
        _check_states(subject)

    def _held(self, name: str) -> np.ndarray:
        return (self._numbers[name] << 32) + np.arange(self._places[name][1])

    def _slice(self, name: str) -> slice:
        at, size = self._places[name]
        return slice(at, at + size)

    def write(self, name: str) -> None:
        self._cells[self._slice(name)] = self._held(name)

    def soil(self, name: str) -> None:
        self._cells[self._slice(name)] = -1

    def read(self, name: str, when: str) -> None:
        wrong = np.flatnonzero(self._cells[self._slice(name)] != self._held(name))
        if len(wrong):
            raise Rejected("plan", f"byte {wrong[0]} of {name!r} is gone at {when}.")

    def pinned(self, name: str, results: Sequence[str], when: str) -> None:
        at, size = self._places[name]
        for to, made in (self._places[r] for r in results):
            if at < to + made and to < at + size:
                raise Rejected("plan", f"{when} writes over {name!r} before all of it is read.")


def _check_states(subject: Subject) -> None:
    end = 0
    for name, at in sorted(subject.state_offsets.items(), key=lambda item: item[1]):
        if at % 8 or at < end:
            raise Rejected("plan", f"state {name!r} lies at {at}: misplaced.")
        end = at + subject.graph.type(name).nbytes
    if {s.name for s in subject.graph.states} != set(subject.state_offsets):
        raise Rejected("plan", "its states are not the graph's.")
    if end > subject.state_bytes:
        raise Rejected("plan", f"states end at {end}, behind {subject.state_bytes} B.")


# --- sums and image ---


def _sums(name: str, layer: Layer) -> SumsClaim:
    low, high = (int(v) for v in (layer.ranges()[0].min(), layer.ranges()[1].max()))
    limits = np.iinfo(layer.sums)
    wraps = low < limits.min or high > limits.max
    return SumsClaim(low, high, wraps, layer.weights.size, 0, layer.bias.size, 0, 0, 0)


def _alignment(subject: Subject, node: Node, symbols: Mapping[str, int]) -> int:
    """Of the arrays that belong to a node by their names."""
    if subject.steps[node.name] not in symbols:
        raise Rejected("image", f"it has no function {subject.steps[node.name]!r}.")
    if symbols.get("ts_arena", 1) % 8 or symbols.get("ts_state", 0) % 8:
        raise Rejected("image", "its arena or state is not aligned to 8.")
    graph, name, found = subject.graph, subject.name, 16
    for value in node.inputs:
        at = symbols.get(f"{name}_w_{value}")
        if value in graph.constants and at is not None:
            if at % graph.constants[value].itemsize:
                raise Rejected("image", f"constant {value!r} at {at:#x} is misaligned.")
            found = min(found, at & -at)
    tables = [a for s, a in symbols.items() if s.startswith(f"{name}_t_{node.name}_")]
    return min([found, *(a & -a for a in tables)])


# --- steps ---


@dataclass
class _Seen:
    """What was seen of a step."""

    calls: int = 0
    counts: list[int] = field(default_factory=list)
    stack: int = 0
    aimed: Patches | None = None
    within: np.ndarray | None = None


class _Steps:
    """Each step by itself on many stimuli, each on paint of its own."""

    def __init__(
        self, subject: Subject, emulator: Emulator, layers: Mapping[str, Layer | None]
    ) -> None:
        self._subject, self._graph, self._emulator = subject, subject.graph, emulator
        self._layers = layers
        self._seen = {n.name: _Seen() for n in self._graph.nodes}
        self._traces = _traces(self._graph)

    def execute(self) -> None:
        """First what any step can be executed on, then as much for layers as the budget allows."""
        self._execute(self._general())
        self._execute(self._for_layers())

    def _execute(self, stimuli: Iterator[tuple[Node, Mapping[str, np.ndarray]]]) -> None:
        asked = list(stimuli)
        calls = [self._call(n, v, k) for k, (n, v) in enumerate(asked)]
        if not calls:
            return
        try:
            done = self._emulator.call(calls)
        except UserError as e:
            raise Rejected("steps", f"the emulated core: {e.message}") from None
        for (node, values), call, result in zip(asked, calls, done, strict=True):
            self._judge(node, values, call, result)

    def _general(self) -> Iterator[tuple[Node, Mapping[str, np.ndarray]]]:
        for number, node in enumerate(self._graph.nodes):
            for trace in self._traces:
                yield node, trace
                yield node, trace  # on other paint
            names = self._moving(node)
            if not all(self._graph.type(n).dtype in _INTEGERS for n in names):
                continue
            rngs = [np.random.default_rng([number, k]) for k in range(len(names))]
            rows = [
                plain(self._graph.type(n), r, _PLAIN) for n, r in zip(names, rngs, strict=True)
            ]
            for values in zip(*rows, strict=True):
                yield node, self._with_constants(node, dict(zip(names, values, strict=True)))

    def _for_layers(self) -> Iterator[tuple[Node, Mapping[str, np.ndarray]]]:
        found = [(n, layer) for n in self._graph.nodes if (layer := self._layers[n.name])]
        for number, (node, layer) in enumerate(found):
            seen, rng = self._seen[node.name], np.random.default_rng([7, number])
            calls = INSTRUCTIONS // len(found) // max(seen.counts)
            calls = min(_MOST_CALLS, max(_LEAST_CALLS, calls))
            seen.aimed = patches(layer, rng, calls * len(windows_of(layer)))
            contents, seen.within = planted(layer, seen.aimed.values, rng)
            for x in contents:
                yield node, self._with_constants(node, {node.inputs[0]: x})

    def _moving(self, node: Node) -> list[str]:
        return [i for i in dict.fromkeys(node.inputs) if i not in self._graph.constants]

    def _with_constants(
        self, node: Node, values: Mapping[str, np.ndarray]
    ) -> Mapping[str, np.ndarray]:
        own = {i: self._graph.constants[i] for i in node.inputs if i in self._graph.constants}
        return {**values, **own}

    def _call(self, node: Node, values: Mapping[str, np.ndarray], number: int) -> StepCall:
        """Arena and state around the operands are painted; of two calls in turn every byte of the
        paint differs."""
        s, kept = self._subject, []
        for size in (s.arena_bytes, s.state_bytes):
            paint = np.random.default_rng(number // 2).integers(0, 256, size, np.uint8)
            kept.append(bytearray((paint ^ np.uint8(255 * (number % 2))).tobytes()))
        for name in self._moving(node):
            block, at = (
                (kept[0], s.places[name][0]) if name in s.places
                else (kept[1], s.state_offsets[name])
            )  # fmt: skip
            data = values[name].tobytes()
            block[at : at + len(data)] = data
        return StepCall(node.name, bytes(kept[0]), bytes(kept[1]))

    def _judge(
        self, node: Node, values: Mapping[str, np.ndarray], call: StepCall, done: StepResult
    ) -> None:
        s, seen = self._subject, self._seen[node.name]
        want = OPS.get(node.op).reference(
            [values[i] for i in node.inputs], site_of(self._graph, node)
        )
        before, after = (np.frombuffer(a, np.uint8).copy() for a in (call.arena, done.arena))
        for name, result in zip(node.outputs, want, strict=True):
            at, size = s.places[name]
            if not _equal(after[at : at + size], result):
                raise Rejected("steps", f"{node.name!r} ({s.kernels[node.name]}) is wrong.")
            after[at : at + size] = before[at : at + size]
        at, size = s.places.get(f"{node.name}#scratch", (0, 0))
        after[at : at + size] = before[at : at + size]
        if done.outside or done.state != call.state or (after != before).any():
            raise Rejected("steps", f"{node.name!r} writes where it has no business.")
        if done.stack > s.stack_bytes:
            raise Rejected("steps", f"{node.name!r} needs {done.stack} B of stack.")
        seen.calls, seen.stack = seen.calls + 1, max(seen.stack, done.stack)
        seen.counts.append(done.instructions)

    def claim(self, node: Node, alignment: int, sums: SumsClaim | None) -> StepClaim:
        """What was found of a step."""
        seen, kernel = self._seen[node.name], self._subject.kernels[node.name]
        constant = len(set(seen.counts)) == 1
        layer = self._layers[node.name]
        if not constant and layer is not None:
            least, most = min(seen.counts), max(seen.counts)
            raise Rejected("steps", f"{node.name!r} takes {least} to {most} instructions.")
        if layer is not None and sums is not None and seen.aimed is not None:
            sums = _looked(layer, sums, seen.aimed, seen.within)
        return StepClaim(
            node.name, kernel, seen.calls, max(seen.counts), constant, seen.stack, alignment, sums
        )


def _traces(graph: Graph) -> list[Mapping[str, np.ndarray]]:
    """Every value of some runs, one after the other."""
    machine, given = Interpreter(graph), _inputs(graph)
    return [
        {**graph.constants, **machine.run({k: v[i] for k, v in given.items()})}
        for i in range(RUNS)
    ]  # fmt: skip


def _equal(found: np.ndarray, want: np.ndarray) -> bool:
    """Bit for bit; of NaN any."""
    flat = np.ascontiguousarray(want).ravel()
    if found.tobytes() == flat.tobytes():
        return True
    if flat.dtype.kind != "f":
        return False
    other = np.frombuffer(found.tobytes(), flat.dtype)
    same = other.view(f"u{flat.itemsize}") == flat.view(f"u{flat.itemsize}")
    return bool((same | (np.isnan(other) & np.isnan(flat))).all())


def _looked(
    layer: Layer, sums: SumsClaim, aimed: Patches, within: np.ndarray | None
) -> SumsClaim:
    """Which taps, biases and breakpoints the windows show."""
    values = aimed.values if within is None else aimed.values * within
    made = np.einsum("ngt,gmt->ngm", values, layer.weights) + layer.bias
    flat = made.reshape(len(made), -1)
    results = layer.result(flat)
    bias = layer.bias.ravel()
    other = layer.result(flat - np.where(bias == 0, 1, bias))
    biases = int((results != other).any(axis=0).sum())
    wanted = aimed.wanted
    row, group = np.nonzero(wanted[..., 0] >= 0)
    hit = made[row, group, wanted[row, group, 0]] == wanted[row, group, 1]
    return SumsClaim(
        sums.low, sums.high, sums.wraps, sums.taps, _taps_seen(layer, values, flat, results),
        sums.biases, biases, len(hit), int(hit.sum()),
    )  # fmt: skip


def _taps_seen(
    layer: Layer, values: np.ndarray, sums: np.ndarray, results: np.ndarray
) -> int:
    """How many taps change a result where they are left out, or are 1 where they are 0."""
    groups, channels, taps = layer.weights.shape
    weights = np.where(layer.weights == 0, -1, layer.weights)
    seen = np.zeros((taps, groups, channels), bool)
    for n in range(min(len(values), _LOOKS)):
        rows = np.flatnonzero(~seen.all(axis=(1, 2)))
        if not len(rows):
            break
        gone = np.moveaxis(weights[:, :, rows], 2, 0) * values[n].T[rows][:, :, None]
        left = layer.result(sums[n] - gone.reshape(len(rows), -1))
        seen[rows] |= (left != results[n]).reshape(len(rows), groups, channels)
    return int(seen.sum())


# --- the whole image ---


def _whole(subject: Subject, emulator: Emulator, steps: tuple[StepClaim, ...]) -> Claims:
    graph = subject.source
    given = _inputs(graph)
    want = run_cases(graph, given)
    names = dict(zip(graph.inputs, subject.graph.inputs, strict=True))
    try:
        found = emulator.run({names[k]: v for k, v in given.items()})
    except UserError as e:
        raise Rejected("runs", f"the emulated core: {e.message}") from None
    for mine, own in zip(graph.outputs, subject.graph.outputs, strict=True):
        got = np.frombuffer(np.ascontiguousarray(found.outputs[own]).tobytes(), np.uint8)
        if not _equal(got, want[mine]):
            raise Rejected("runs", f"output {own!r} of the image is not that of the source graph.")
    counts = [int(c.value) for c in found.instructions or ()]
    stack = int(found.stack.value) if found.stack else 0
    if stack > subject.stack_bytes:
        raise Rejected("runs", f"a run needs {stack} B of stack.")
    constant = all(s.constant for s in steps) and len(set(counts)) == 1
    return Claims(steps, RUNS, max(counts), constant, stack)


def _inputs(graph: Graph) -> dict[str, np.ndarray]:
    """Floats around zero, small integers anywhere in their range, others 0 or 1, as they may be
    indices."""
    rng, found = np.random.default_rng(2), {}
    for name in graph.inputs:
        type = graph.type(name)
        shape = (RUNS, *type.shape)
        if type.dtype == "float32":
            found[name] = rng.standard_normal(shape).astype(np.float32)
        else:
            info = np.iinfo(type.dtype) if type.dtype in _INTEGERS else None
            low, high = (info.min, info.max + 1) if info else (0, 2)
            found[name] = rng.integers(low, high, shape).astype(type.dtype)
    return found
