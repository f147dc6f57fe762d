"""Tuning a model file, or a project's model, for one board: every variant of every layer is
measured on the emulated board, the best of them together is chosen, verified and written into the
lock file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.cycle_table import table_for
from tinsmith.bench.cycles_of import latency
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.choices import (
    BALANCED,
    RAM,
    Choices,
    Tuned,
    check_lock,
    read_pinned,
    write_tuned,
)
from tinsmith.codegen.costs import LEVELS
from tinsmith.codegen.runtime import library_of
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.units import count_text
from tinsmith.data.windows import TEST
from tinsmith.devices.board import Board
from tinsmith.flow import stages
from tinsmith.flow.figures import Figures, figures
from tinsmith.flow.locks import lock_of, tuned_model
from tinsmith.flow.model import MeasureOptions, case_inputs, open_model
from tinsmith.flow.model_inputs import renamed
from tinsmith.flow.model_target import DoesNotFit, Target
from tinsmith.flow.parts import chosen
from tinsmith.flow.places import check_output
from tinsmith.flow.run import make_model
from tinsmith.flow.steps import Steps, raw_part
from tinsmith.flow.trial import Cases
from tinsmith.ir.graph import Graph
from tinsmith.tune.choice import Budget, Market
from tinsmith.tune.prices import Prices, Seen, Total
from tinsmith.tune.search import Chosen
from tinsmith.tune.variants import (
    Variant,
    at_level,
    inlined,
    offers,
    rounds,
    variant_of,
    variants_in,
)
from tinsmith.version import __version__

_TRIES = 4
"""Choices that are built where what was told in advance is not quite what an image shows."""
_NO_EXCESS = Budget(0, 0, 0, 0)


@dataclass(frozen=True)
class TuneOptions:
    """What to tune and within which limits: bytes of flash, of static RAM with stack, of stack, and
    milliseconds at the slow end of the latency's range; None where there is no limit."""

    measure: MeasureOptions
    max_flash: int | None = None
    max_ram: int | None = None
    max_stack: int | None = None
    max_latency: float | None = None


@dataclass(frozen=True)
class LayerChange:
    """What a layer had and has; times in `Tuning.unit`. ``stage``: the part of the story that it
    belongs to."""

    layer: str
    stage: str
    before: Variant
    after: Variant
    time_before: float
    time_after: float


@dataclass(frozen=True)
class Tuning:
    """What came out. ``unit``: what time is counted in; ``images``: that were looked at, of which
    so many were built and run now, and the others kept of earlier; ``lock``: the file that holds
    the choice."""

    model: str
    board: str
    optimize: str
    toolchain: str
    unit: str
    before: Total
    after: Total
    figures: tuple[Figures, Figures]
    layers: tuple[LayerChange, ...]
    images: int
    built: int
    ran: int
    lock: Path

    @property
    def stages(self) -> dict[str, tuple[float, float]]:
        """Stage -> time before and after: signal processing and network apart."""
        found: dict[str, tuple[float, float]] = {}
        for x in self.layers:
            before, after = found.get(x.stage, (0.0, 0.0))
            found[x.stage] = before + x.time_before, after + x.time_after
        return found

    def record(self) -> dict[str, Any]:
        """For JSON."""
        before, after = ({**asdict(t), "ram": t.ram} for t in (self.before, self.after))
        return {
            "model": self.model, "board": self.board, "optimize": self.optimize,
            "toolchain": self.toolchain, "unit": self.unit, "before": before, "after": after,
            "instructions": [f.instructions.value for f in self.figures],
            "images": self.images, "built": self.built, "ran": self.ran, "lock": str(self.lock),
            "layers": [asdict(x) for x in self.layers],
            "stages": {name: list(times) for name, times in self.stages.items()},
        }  # fmt: skip


def tune_model(path: Path, options: TuneOptions, job: Job | None = None) -> Tuning:
    """Measure the variants of a model's layers, choose, verify and write the lock file.

    Raises:
        UserError: ``tune.board`` (nothing counts there), ``tune.latency`` (the board has no
            calibrated cycle model), ``tune.budget`` (no choice keeps to the limits; says the
            nearest), ``choices.file``, ``output.place`` (the lock file cannot be read, or not be
            written), and what `measure_model` raises.
    """
    job, how = job or Job(), options.measure
    target, lock = how.target(), lock_of(path, how.choices)
    _check(target, options, lock)
    graph = open_model(path, how.semantics, job)
    inputs = case_inputs(graph, how.inputs, job)
    return _tune(path.name, _Workbench(job, graph, target, inputs), options, lock)


def tune_project(steps: Steps, options: TuneOptions) -> Tuning:
    """The same for the model of a project on one of its boards or another: its lock file, and the
    first window of the test part.

    Raises:
        UserError: as `tune_model`, and what the steps of the project raise.
    """
    (board,) = chosen(steps, [options.measure.board])
    target, lock = steps.target(board, options.measure.optimize), steps.project.lock
    _check(target, options, lock)
    found = make_model(steps)
    graph = found.compressed.graph
    inputs = {graph.inputs[0]: raw_part(found.windows, TEST, steps.project.pipeline)}
    return _tune(steps.project.name, _Workbench(steps.job, graph, target, inputs), options, lock)


def _check(target: Target, options: TuneOptions, lock: Path) -> None:
    """What is wrong is known before a large model is read, and long before the lock file is
    written."""
    board = target.board
    if not board.memories:
        raise _uncounted(board)
    if options.max_latency is not None and (not board.calibration or not table_for(board)):
        raise _unclocked(board)
    RUNNERS.get(target.runner).find()
    check_output(lock)
    check_lock(lock)


def _tune(name: str, bench: "_Workbench", options: TuneOptions, lock: Path) -> Tuning:
    target = bench.target
    pinned = read_pinned(lock, target.board.id)
    with bench.job.showing(f"tune {target.board.id}"):
        found = _tuned(bench, pinned, options)
    tuned = found.tuned(tuned_model(bench.graph, pinned))
    write_tuned(lock, target.board.id, target.compiler, tuned)
    return _report(name, bench, found, lock)


class _Workbench:
    """Images of one model for one board: built, run, and kept."""

    def __init__(
        self, job: Job, graph: Graph, target: Target, inputs: Mapping[str, np.ndarray]
    ) -> None:
        self.job = job
        self.part = job.part()
        self.target = target
        self.graph = graph
        self._cases = {name: a[:1] for name, a in inputs.items()}

    def seen(self, choices: Choices, level: str = "") -> Seen:
        """The image of choices, all kernels at a level or each at its own."""
        target = self.target
        module = stages.compiled(self.part, self.graph, target.board, choices)
        if level:  # whatever is aimed at, it is the same image
            target = replace(target, optimize="")
            module = at_level(module, level, target.compiler)
        firmware = stages.built(self.part, module, target)
        cases = Cases(renamed(self._cases, self.graph, module.graph))
        return Seen(firmware, stages.measured(self.part, firmware, target, cases))

    def executed(self, step: str) -> int:
        """How many steps of a name were done now."""
        return sum(1 for r in self.part.records if r.name.startswith(step) and not r.served)

    @property
    def images(self) -> int:
        """How many images were looked at."""
        seen = [r for r in self.part.records if r.name.startswith("measure ")]
        return len({r.key or str(i) for i, r in enumerate(seen)})  # no keys where nothing is kept


@dataclass(frozen=True)
class _Found:
    """The untuned image and the chosen one, the variants of their layers, and all prices."""

    aim: str
    prices: Prices
    before: Seen
    after: Seen
    was: Chosen
    now: Chosen

    def tuned(self, model: str) -> Tuned:
        """For the lock file."""
        kernels = {layer: v.kernel for layer, v in self.now.items()}
        return Tuned(self.aim, model, __version__, kernels, levels_of(self.now))


def levels_of(chosen: Chosen) -> dict[str, str]:
    """Kernel -> level."""
    return {v.kernel: v.level for v in sorted(set(chosen.values())) if not inlined(v.kernel)}


def _tuned(bench: _Workbench, pinned: Choices, options: TuneOptions) -> _Found:
    target = bench.target
    first = target.aimed(pinned)
    before = bench.seen(first)
    if not before.outcome.layers:
        raise _uncounted(target.board)
    prices, was = _measured(bench, pinned, before)
    market = Market(prices, was, before.total(), bench.job)
    budget = _budget(options, before, target.board)
    seen = [(before, was), *_verified(bench, market, first, budget)]
    after, now = min(seen, key=lambda pair: market.rank(first.aim, budget, pair[0].total()))
    if budget.misses(after.total()):
        raise _over(options, after, target.board)
    return _Found(first.aim, prices, before, after, was, now)


def _measured(bench: _Workbench, pinned: Choices, before: Seen) -> tuple[Prices, Chosen]:
    """All variants of all layers, and those that the untuned image has."""
    target, prices = bench.target, Prices()
    module, core = before.firmware.module, target.board.core
    was = variants_in(module, target.toolchain, target.optimize)
    prices.add(before, core, was)
    turns, left = list(rounds(offers(module, core, pinned))), 0
    aimed = target.aimed(Choices())
    if aimed.aim != RAM:  # only that changes the layers; others share their images
        aimed = replace(aimed, aim=BALANCED)
    for number, kernels in enumerate(turns):
        for k, level in enumerate(LEVELS):
            done = number * len(LEVELS) + k
            bench.job.advance(done, len(turns) * len(LEVELS), f"kernels {number + 1}, {level}")
            own = replace(aimed, kernels={**kernels, **pinned.kernels})
            try:
                seen = bench.seen(own, level)
            except DoesNotFit:
                left += 1
                continue
            found = seen.firmware.module.kernels
            prices.add(seen, core, {n: variant_of(kernel, level) for n, kernel in found.items()})
    if TOOLCHAINS.get(target.toolchain).measured:
        prices.bring(library_of(core.name), before.firmware.symbols)
    if left:
        bench.job.note(f"{left} images did not fit the board: their variants are left out.")
    return prices, was


def _verified(
    bench: _Workbench, market: Market, first: Choices, budget: Budget
) -> list[tuple[Seen, Chosen]]:
    """Images of the best choices, until one fits the board and keeps to the limits."""
    found: list[tuple[Seen, Chosen]] = []
    limits, board = budget, bench.target.board
    for _ in range(_TRIES):
        best = market.best(first.aim, limits)
        own = Choices(
            {**{layer: v.kernel for layer, v in best.items()}, **first.kernels}, first.aim,
            first.keep_inputs, levels_of(best), bench.target.compiler,
        )  # fmt: skip
        try:
            found.append((bench.seen(own), best))
            excess = budget.excess(found[-1][0].total())
        except DoesNotFit as e:
            room = Budget(inf, board.flash_bytes, board.ram_bytes)
            excess = room.excess(Total(0, e.flash_bytes, e.ram_bytes, 0))
        if excess == _NO_EXCESS:
            break
        limits = limits.tightened(excess, market.predict(best))
    return found


def _budget(options: TuneOptions, before: Seen, board: Board) -> Budget:
    def limit(value: float | None) -> float:
        return inf if value is None else value

    time, wanted = inf, options.max_latency
    if wanted is not None:
        slow = latency(before.outcome, board)
        if slow is None:
            raise _unclocked(board)
        time = wanted * before.total().time / slow.high
    return Budget(time, limit(options.max_flash), limit(options.max_ram), limit(options.max_stack))


def _uncounted(board: Board) -> UserError:
    return UserError(
        "tune.board",
        f"Nothing counts the instructions of layers on {board.id!r}.",
        "Tune for an emulated board: see `tinsmith board list`.",
    )


def _unclocked(board: Board) -> UserError:
    return UserError(
        "tune.latency",
        f"Board {board.id!r} has no calibrated cycle model: its latency is not known.",
        "Leave --max-latency out; `tinsmith board show` says what a board has.",
    )


def _over(options: TuneOptions, nearest: Seen, board: Board) -> UserError:
    total, slow = nearest.total(), latency(nearest.outcome, board)
    rows = (
        ("flash", total.flash, options.max_flash),
        ("RAM with stack", total.ram, options.max_ram),
        ("stack", total.stack, options.max_stack),
    )
    told = [
        f"{what} {count_text(have)} of {count_text(limit)} B"
        for what, have, limit in rows
        if limit is not None
    ]
    if slow is not None and options.max_latency is not None:
        told.append(f"latency {slow.high:.3g} of {options.max_latency:.3g} ms")
    return UserError(
        "tune.budget",
        f"No choice of kernels keeps to the limits on {board.id}. The nearest: {', '.join(told)}.",
        "Allow that much, aim at what is scarce with --optimize, or try a smaller model.",
    )


def _report(name: str, bench: _Workbench, found: _Found, lock: Path) -> Tuning:
    board = bench.target.board
    pair = tuple(figures(s.firmware, s.outcome, board) for s in (found.before, found.after))
    then, now = found.before.times(), found.after.times()
    layers = tuple(
        LayerChange(n.name, n.stage, found.was[n.name], found.now[n.name], then[n.name],
                    now[n.name])
        for n in found.after.firmware.module.graph.nodes
    )  # fmt: skip
    return Tuning(
        name, board.id, found.aim, bench.target.compiler, found.before.unit,
        found.before.total(), found.after.total(), (pair[0], pair[1]), layers, bench.images,
        bench.executed("build "), bench.executed("measure "), lock,
    )  # fmt: skip
