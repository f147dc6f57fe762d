"""The checker's execution of each step by itself: equal to the interpreter on every stimulus,
nothing else written, always as many instructions; what the stimuli show of weights and biases.

What is executed is proposed (`Proposer`) by whoever makes the certificate. That is not trusted: it
is judged by what it shows, and what shows less lets a certificate claim less."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import numpy as np

from tinsmith.bench.replay import Emulator
from tinsmith.bench.step_call import StepCall, StepResult
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.prove.bits import equal
from tinsmith.prove.certificate.checker.layers import Layer
from tinsmith.prove.certificate.checker.statement import Rejected, StepClaim, Subject, SumsClaim

GENERAL, SPECIAL = 2_000_000_000, 800_000_000
"""Instructions of stimuli for any step, and of those for layers, about; each gets a share."""
Values = Mapping[str, np.ndarray]
_MOST_CALLS, _LEAST_CALLS = 1000, 4
_LOOKS = 400
"""Windows that are looked through for taps that are seen."""


class Proposer(Protocol):
    """What to execute."""

    def runs(self, graph: Graph) -> Values:
        """Inputs of whole runs: [run, *shape]."""

    def general(self, graph: Graph, number: int) -> Iterator[Values]:
        """Of a node by its number: contents of its operands, constants apart."""

    def special(
        self, layer: Layer, number: int, calls: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of the layer with a number: contents of operand 0, at most ``calls``, and windows."""


@dataclass
class _Seen:
    """What was seen of a step; ``windows``: [window, group, taps]."""

    counts: list[int] = field(default_factory=list)
    stack: int = 0
    windows: list[np.ndarray] = field(default_factory=list)


class Steps:
    """Each step by itself on many stimuli, each on paint of its own."""

    def __init__(self, subject: Subject, emulator: Emulator, proposer: Proposer) -> None:
        self._subject, self._graph, self._emulator = subject, subject.graph, emulator
        self._seen = {n.name: _Seen() for n in self._graph.nodes}
        self._proposer = proposer

    def execute(self, layers: Mapping[str, Layer | None]) -> None:
        """First what any step can be executed on, then as much for layers as the budget allows."""
        nodes, asked = self._graph.nodes, self._proposer.general
        first = ((n, v) for k, n in enumerate(nodes) for v in islice(asked(self._graph, k), 1))
        self._execute(first, strict=True)
        every = ((n, v) for k, n in enumerate(nodes) for v in self._some(n, asked(self._graph, k)))
        self._execute(every, strict=False)
        self._execute(self._special(layers), strict=False)

    def _some(self, node: Node, asked: Iterator[Values]) -> Iterator[Values]:
        """As many as a step's share allows, at least one pair of paints, and whole pairs."""
        share = GENERAL // len(self._graph.nodes) // max(self._seen[node.name].counts)
        return islice(asked, max(2, share // 2 * 2))

    def _special(self, layers: Mapping[str, Layer | None]) -> Iterator[tuple[Node, Values]]:
        found = [(n, layer) for n in self._graph.nodes if (layer := layers[n.name])]
        for number, (node, layer) in enumerate(found):
            seen = self._seen[node.name]
            calls = SPECIAL // len(found) // max(seen.counts)
            calls = min(_MOST_CALLS, max(_LEAST_CALLS, calls))
            for x, spots in self._proposer.special(layer, number, calls):
                seen.windows.append(layer.windows(x)[spots])
                yield node, {node.inputs[0]: x}

    def _execute(self, stimuli: Iterable[tuple[Node, Values]], strict: bool) -> None:
        asked = list(stimuli)
        calls = [self._call(n, v, k) for k, (n, v) in enumerate(asked)]
        done = self._emulator.call(calls, strict) if calls else ()
        for (node, values), call, result in zip(asked, calls, done, strict=True):
            self._judge(node, values, call, result)

    def _call(self, node: Node, values: Values, number: int) -> StepCall:
        """Arena and state around the operands are painted; of two calls in turn every byte of the
        paint differs."""
        s, kept = self._subject, []
        for size in (s.arena_bytes, s.state_bytes):
            paint = np.random.default_rng(number // 2).integers(0, 256, size, np.uint8)
            kept.append(bytearray((paint ^ np.uint8(255 * (number % 2))).tobytes()))
        for name in {i for i in node.inputs if i not in self._graph.constants}:
            in_arena = name in s.places
            at, data = s.places[name][0] if in_arena else s.state_offsets[name], values[name]
            kept[not in_arena][at : at + data.nbytes] = data.tobytes()
        return StepCall(node.name, bytes(kept[0]), bytes(kept[1]))

    def _judge(self, node: Node, values: Values, call: StepCall, done: StepResult) -> None:
        s, seen, known = self._subject, self._seen[node.name], {**self._graph.constants, **values}
        site = site_of(self._graph, node)
        with np.errstate(all="ignore"):  # infinities and NaN are among the stimuli
            want = OPS.get(node.op).reference([known[i] for i in node.inputs], site)
        before, after = (np.frombuffer(a, np.uint8).copy() for a in (call.arena, done.arena))
        for name, result in zip(node.outputs, want, strict=True):
            at, size = s.places[name]
            found = np.frombuffer(after[at : at + size].tobytes(), result.dtype)
            if not equal(np.asarray(result), found.reshape(result.shape)):
                raise Rejected("steps", f"{node.name!r} ({s.kernels[node.name]}) is wrong.")
            after[at : at + size] = before[at : at + size]
        at, size = s.places.get(f"{node.name}#scratch", (0, 0))
        after[at : at + size] = before[at : at + size]
        if done.outside or done.state != call.state or (after != before).any():
            raise Rejected("steps", f"{node.name!r} writes where it has no business.")
        seen.stack = max(seen.stack, done.stack)
        seen.counts.append(done.instructions)

    def claim(self, node: Node, layer: Layer | None, bound: int | None, at: int) -> StepClaim:
        """What was found of a step. ``bound``: of its stack; ``at``: its alignment."""
        seen, kernel = self._seen[node.name], self._subject.kernels[node.name]
        least, most = min(seen.counts), max(seen.counts)
        if least != most and layer is not None and layer.x_type.dtype == "int8":
            raise Rejected("steps", f"{node.name!r} takes {least} to {most} instructions.")
        if seen.stack > (self._subject.stack_bytes if bound is None else bound):
            raise Rejected("steps", f"{node.name!r} needs {seen.stack} B of stack.")
        sums = looked(layer, np.concatenate(seen.windows)) if layer is not None else None
        ends = seen.stack, bound, at, self._emulator.covered(node), sums
        return StepClaim(node.name, kernel, len(seen.counts), most, least == most, *ends)


def looked(layer: Layer, values: np.ndarray) -> SumsClaim:
    """The range of sums, and which taps, biases and breakpoints some windows show."""
    low, high = layer.ranges()
    limits, (first, last) = np.iinfo(layer.sums), (layer.result(v[None]) for v in layer.within())
    wraps = bool(low.min() < limits.min or high.max() > limits.max)
    mute = 0 if wraps else int((first == last).sum())
    bias, size = layer.bias.ravel(), layer.weights.size
    sums = (np.einsum("ngt,gmt->ngm", values, layer.weights) + layer.bias).reshape(len(values), -1)
    results = layer.result(sums)
    other = layer.result(sums - np.where(bias == 0, 1, bias))
    aims = [np.concatenate([b - 1, b]) for b in layer.breakpoints()]
    biases, taps = (results != other).any(axis=0).sum(), _taps_seen(layer, values, sums, results)
    hit = sum(int(np.isin(a, sums[:, c]).sum()) for c, a in enumerate(aims))
    found = size, bias.size, mute, taps, int(biases), sum(len(a) for a in aims), hit
    return SumsClaim(int(low.min()), int(high.max()), wraps, *found)


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
