"""Kernels one by one: each use by every kernel that takes it, some hundreds in one image, with
results painted and all memory around them watched.

Uses do not depend on each other, so all lie in the same few kilobytes: operands at places of their
own, the result behind them or, where its kernel allows it, over an operand; red zones in between.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.codegen.buffers import ALIGNMENT, scratch_bytes, scratch_name
from tinsmith.codegen.emit import Target, emit
from tinsmith.codegen.kernel_set import KernelSet, sets_for
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.codegen.planner import align_up
from tinsmith.codegen.program import Call, Program
from tinsmith.codegen.uses import offers_of
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal
from tinsmith.testing.tables import SHARED_NAME

NAME = SHARED_NAME
RED = 64
"""Bytes before, between and behind what a step may touch."""
SELDOM = 4


@dataclass(frozen=True)
class Uses:
    """A lowered graph whose nodes are tried, and all its values ([case, *shape])."""

    graph: Graph
    values: Mapping[str, np.ndarray]
    offered: dict[tuple[str, str], Sequence[Call]] = field(default_factory=dict, compare=False)
    """What sets offer for nodes, as they are asked: the same on every core."""

    def offers(self, node: Node, sets: Sequence[KernelSet]) -> Iterator[Call]:
        """A call for each kernel that takes a node."""
        for kind in sets:
            key = node.name, kind.name
            if key not in self.offered:
                self.offered[key] = offers_of(self.graph, node, [kind])
            yield from self.offered[key]


@dataclass(frozen=True)
class Trial:
    """A use by one kernel; ``operands`` and ``results``: value of the uses -> its place;
    ``scratch``: offset and bytes."""

    node: str
    kernel: str
    operands: tuple[tuple[str, int], ...]
    results: tuple[tuple[str, int], ...]
    scratch: tuple[int, int]
    end: int
    """Bytes of the arena that are its own: red zones lie around all that it may touch."""


@dataclass(frozen=True)
class Tried:
    """A module with a step for each trial, in order."""

    uses: Uses
    module: InferenceModule
    trials: tuple[Trial, ...]

    def before(self, trial: Trial, case: int, rng: np.random.Generator) -> np.ndarray:
        """What the arena holds: paint, every byte of the result other than it is to become, then
        the operands."""
        arena = rng.integers(0, 256, self.module.plan.arena_bytes, np.uint8)
        for value, at in trial.results:
            wanted = self._bytes(value, case)
            arena[at : at + len(wanted)] = ~wanted
        for value, at in trial.operands:
            given = self._bytes(value, case)
            arena[at : at + len(given)] = given
        return arena

    def fault(self, trial: Trial, case: int, before: np.ndarray, after: np.ndarray) -> str:
        """What is wrong with a step; empty where nothing is."""
        left = after.copy()
        for value, at in trial.results:
            wanted = self.uses.values[value][case]
            made = after[at : at + wanted.nbytes].tobytes()
            if not equal(wanted, np.frombuffer(made, wanted.dtype).reshape(wanted.shape)):
                return f"{trial.kernel} computes another {value} (case {case})"
            left[at : at + wanted.nbytes] = before[at : at + wanted.nbytes]
        at, nbytes = trial.scratch
        left[at : at + nbytes] = before[at : at + nbytes]
        if (left != before).any():
            where = int(np.flatnonzero(left != before)[0])
            return f"{trial.kernel} writes to byte {where} of the arena for {trial} (case {case})"
        return ""

    def _bytes(self, value: str, case: int) -> np.ndarray:
        return np.frombuffer(self.uses.values[value][case].tobytes(), np.uint8)


def tried(uses: Uses, board: Board, often: Collection[str] = ()) -> Tried:
    """Every use by every kernel that takes it, for a board; every other one over an operand, where
    its kernel allows that. ``often``: sets to which that applies, if any are named; those of other
    sets are tried on one of `SELDOM` uses."""
    made, sets = _Making(uses), sets_for(board.core.features)
    for number, node in enumerate(uses.graph.nodes):
        for turn, call in enumerate(uses.offers(node, sets)):
            if not often or call.set.name in often or number % SELDOM == 0:
                made.add(number, turn, call)
    program = made.program()
    target = Target(board.id, board.core.isa.startswith("armv") and board.core.fpu != "none", "0")
    return Tried(uses, emit(program, made.plan(), target), tuple(made.trials))


class _Making:
    """Calls, places and types of a module of trials, as they are added."""

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._types: dict[str, TensorType] = {c: uses.graph.type(c) for c in uses.graph.constants}
        self._places: dict[str, Place] = {}
        self._calls: list[Call] = []
        self.trials: list[Trial] = []

    def add(self, number: int, turn: int, call: Call) -> None:
        """The use ``number`` by the ``turn``-th kernel that takes it."""
        node, graph = call.node, self._uses.graph
        moving = [i for i in node.inputs if i not in graph.constants]
        size = sum(align_up(t.nbytes, ALIGNMENT) + RED for t in call.site.outputs)
        at = RED + align_up(size, ALIGNMENT) + ALIGNMENT * (number % 2)
        label, operands, own = f"{node.name}_k{turn}", [], {}
        for k, value in enumerate(moving):
            name = f"{label}_i{k}"
            operands.append((value, at))
            self._put(name, graph.type(value), at)
            own.setdefault(value, name)
            at = align_up(at + graph.type(value).nbytes + RED, ALIGNMENT)
        results, ends = [], _over(call, operands, number) if (number + turn) % 2 else None
        for k, value in enumerate(node.outputs):
            place = at if ends is None else ends
            results.append((value, place))
            self._put(f"{label}_o{k}", graph.type(value), place)
            at = align_up(max(at, place + graph.type(value).nbytes) + RED, ALIGNMENT)
        scratch = (at, scratch_bytes(call))
        if scratch[1]:
            self._places[f"{label}#scratch"] = Place(at, scratch[1], 0, 0)
        renamed = replace(
            node, name=label, inputs=tuple(own.get(i, i) for i in node.inputs),
            outputs=tuple(f"{label}_o{k}" for k in range(len(node.outputs))), stage="",
        )  # fmt: skip
        assert scratch_name(renamed) == f"{label}#scratch"
        self._calls.append(replace(call, node=renamed))
        end = align_up(sum(scratch) + RED, ALIGNMENT)
        self.trials.append(Trial(label, call.kernel, tuple(operands), tuple(results), scratch, end))

    def _put(self, name: str, type: TensorType, at: int) -> None:
        self._types[name] = type
        self._places[name] = Place(at, type.nbytes, 0, 0)

    def program(self) -> Program:
        results = tuple(o for c in self._calls for o in c.node.outputs)
        inputs = tuple(i for i in self._places if i in self._types and i not in set(results))
        graph = Graph(
            NAME, "lowered", inputs, results, tuple(c.node for c in self._calls), self._types,
            self._uses.graph.constants,
        )  # fmt: skip
        return Program(graph, tuple(self._calls))

    def plan(self) -> MemoryPlan:
        end = max(t.end for t in self.trials)
        return MemoryPlan("trials", end, self._places, 0, {}, ALIGNMENT)


def _over(call: Call, operands: Sequence[tuple[str, int]], number: int) -> int | None:
    """Where the result may begin to share memory with an operand, in each use at another of the
    places that its kernel allows; None where it must not, or would meet another operand."""
    if len(call.site.outputs) != 1 or len({v for v, _ in operands}) != len(operands):
        return None
    nbytes = call.site.outputs[0].nbytes
    moving = [k for k in range(len(call.site.inputs)) if k not in call.constants]
    for order in call.binding.orders:
        if order.operand not in moving:
            continue
        mine = moving.index(order.operand)
        far = call.distances(order.operand)
        exact = [d for d in far.exact if d % ALIGNMENT == 0]
        apart = (align_up(far.least, ALIGNMENT), *exact)
        at = operands[mine][1] - apart[number // 2 % len(apart)]
        others = [
            (p, call.site.inputs[k].nbytes)
            for j, (k, (_, p)) in enumerate(zip(moving, operands, strict=True)) if j != mine
        ]  # fmt: skip
        if at >= RED and all(p >= at + nbytes + RED or p + n + RED <= at for p, n in others):
            return at
    return None
