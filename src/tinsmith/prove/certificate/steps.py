"""The checker's execution of each step by itself: equal to the interpreter on every stimulus,
nothing else written, always as many instructions; what the stimuli show of weights and biases."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.bench.step_call import StepCall, StepResult
from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import Interpreter, site_of
from tinsmith.ir.op import OPS
from tinsmith.prove.certificate.layers import Layer
from tinsmith.prove.certificate.replay import Emulator
from tinsmith.prove.certificate.statement import Rejected, StepClaim, Subject, SumsClaim
from tinsmith.prove.certificate.stimuli import (
    INTEGERS,
    RUNS,
    Patches,
    patches,
    plain,
    planted,
    runs_of,
    windows_of,
)

INSTRUCTIONS = 800_000_000
"""Of all stimuli of a module together, about; a share of it for each layer."""
Stimulus = tuple[Node, Mapping[str, np.ndarray]]
"""A step and the contents of its operands."""
_MOST_CALLS, _LEAST_CALLS, _PLAIN = 1000, 4, 4
_LOOKS = 400
"""Windows that are looked through for taps that are seen."""


@dataclass
class _Seen:
    """What was seen of a step."""

    calls: int = 0
    counts: list[int] = field(default_factory=list)
    stack: int = 0
    aimed: Patches | None = None
    within: np.ndarray | None = None


class Steps:
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
        self._execute(self._general(), strict=True)
        self._execute(self._for_layers(), strict=False)

    def _execute(self, stimuli: Iterator[Stimulus], strict: bool) -> None:
        asked = list(stimuli)
        calls = [self._call(n, v, k) for k, (n, v) in enumerate(asked)]
        if not calls:
            return
        try:
            done = self._emulator.call(calls, strict)
        except UserError as e:
            raise Rejected("steps", f"the emulated core: {e.message}") from None
        for (node, values), call, result in zip(asked, calls, done, strict=True):
            self._judge(node, values, call, result)

    def _general(self) -> Iterator[Stimulus]:
        for number, node in enumerate(self._graph.nodes):
            for trace in self._traces:
                yield node, trace
                yield node, trace  # on other paint
            names = self._moving(node)
            if not all(self._graph.type(n).dtype in INTEGERS for n in names):
                continue
            rngs = [np.random.default_rng([number, k]) for k in range(len(names))]
            rows = [plain(self._graph.type(n), r, _PLAIN) for n, r in zip(names, rngs, strict=True)]
            for values in zip(*rows, strict=True):
                yield node, self._with_constants(node, dict(zip(names, values, strict=True)))

    def _for_layers(self) -> Iterator[Stimulus]:
        found = [(n, layer) for n in self._graph.nodes if (layer := self._layers[n.name])]
        for number, (node, layer) in enumerate(found):
            seen, rng = self._seen[node.name], np.random.default_rng([7, number])
            calls = INSTRUCTIONS // len(found) // max(seen.counts)
            calls = min(_MOST_CALLS, max(_LEAST_CALLS, calls))
            seen.aimed = patches(layer, rng, calls * len(windows_of(layer)))
            contents, seen.within = planted(layer, seen.aimed.values, rng)
            for x in contents:
                yield node, self._with_constants(node, {node.inputs[0]: layer.operand(x)})

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
            if not equal_bits(after[at : at + size], result):
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
    machine, given = Interpreter(graph), runs_of(graph)
    return [
        {**graph.constants, **machine.run({k: v[i] for k, v in given.items()})}
        for i in range(RUNS)
    ]  # fmt: skip


def equal_bits(found: np.ndarray, want: np.ndarray) -> bool:
    """Bit for bit; of NaN any."""
    flat = np.ascontiguousarray(want).ravel()
    if found.tobytes() == flat.tobytes():
        return True
    if flat.dtype.kind != "f":
        return False
    other = np.frombuffer(found.tobytes(), flat.dtype)
    same = other.view(f"u{flat.itemsize}") == flat.view(f"u{flat.itemsize}")
    return bool((same | (np.isnan(other) & np.isnan(flat))).all())


def _looked(layer: Layer, sums: SumsClaim, aimed: Patches, within: np.ndarray | None) -> SumsClaim:
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
    return replace(
        sums,
        taps_seen=_taps_seen(layer, values, flat, results),
        biases_seen=biases,
        breakpoints=len(hit),
        breakpoints_hit=int(hit.sum()),
    )


def _taps_seen(layer: Layer, values: np.ndarray, sums: np.ndarray, results: np.ndarray) -> int:
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
