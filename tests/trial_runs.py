"""Runs trials: step by step in Unicorn, or by a program that paints, calls and looks in the image
itself, for this computer and for QEMU."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from firmwares import CACHE, emulator_of
from trials import Trial, Tried

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runners.unicorn import call_steps
from tinsmith.bench.step_call import StepCall
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.buffers import ALIGNMENT
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.codegen.planner import align_up
from tinsmith.devices.board import BOARDS, Board, Memory
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

TIMEOUT_S = 1200.0
FLASH, RAM = 16 << 20, 128 << 10
"""Memories of the boards that trials run on: flash for hundreds of layers, and RAM that is quickly
painted and looked through."""
EXTENSIONS = ("dsp", "mve")
TOGETHER = 4000
"""Calls of one process."""


def roomy(id: str) -> Board:
    """A board with other sizes of its memories, as its core is what is tried; one that no emulator
    has the memories of stays as it is, and this computer is as if it had all extensions: there
    kernels are the plain C that stands beside their instructions."""
    board = BOARDS.get(id)
    if board.core.isa == "native":
        return replace(board, core=replace(board.core, extensions=EXTENSIONS))
    if not runs_alone(board):
        return board
    sizes = {"flash": FLASH, "ram": RAM, "rodata": FLASH}
    return replace(
        board,
        memories=tuple(
            Memory(m.name, m.role, m.origin, sizes[m.role]) for m in board.memories
            if m.role != "rodata"
        ),
    )  # fmt: skip


Way = tuple[str, str]
"""A toolchain and how hard it optimises kernels."""


def faults(made: Tried, board: Board, way: Way, rng: np.random.Generator) -> list[str]:
    """What is wrong with trials of all cases; they run where the board's core is emulated."""
    if runs_alone(board):
        return list(_called(made, board, way, rng))
    return list(_looked_within(made, board, way, rng))


def runs_alone(board: Board) -> bool:
    """Whether single steps can be called from outside."""
    return board.core.isa != "native" and emulator_of(board.core)[1] == "unicorn"


def _called(made: Tried, board: Board, way: Way, rng: np.random.Generator) -> Iterator[str]:
    """Each step called by itself: all of RAM is watched."""
    firmware = build_image(made.module, board, way[0], BuildOptions(CACHE, optimize=way[1]))
    options = RunOptions({}, timeout_s=TIMEOUT_S, cache=CACHE)
    cases = len(next(iter(made.uses.values.values())))
    asked = [(t, c) for c in range(cases) for t in made.trials]
    for start in range(0, len(asked), TOGETHER):
        some = asked[start : start + TOGETHER]
        before = [made.before(t, c, rng) for t, c in some]
        calls = [StepCall(t.node, b.tobytes()) for (t, _), b in zip(some, before, strict=True)]
        done = call_steps(firmware, board, calls, options).results
        for (trial, case), was, result in zip(some, before, done, strict=True):
            if result.outside:
                yield f"{trial.kernel} writes outside of the arena for {trial} (case {case})"
            after = np.frombuffer(result.arena, np.uint8)
            if told := made.fault(trial, case, was, after):
                yield told


def _looked_within(made: Tried, board: Board, way: Way, rng: np.random.Generator) -> Iterator[str]:
    """All of a case by a program in the image, which hands back results and says where else a step
    wrote within the arena."""
    cases = len(next(iter(made.uses.values.values())))
    before = [[made.before(t, c, rng)[: t.end] for t in made.trials] for c in range(cases)]
    module = _wrapped(made)
    if board.core.isa == "native":
        firmware, runner = build_shared(module, CACHE, way[1]), "host"
    else:
        options = BuildOptions(CACHE, "qemu", optimize=way[1])
        firmware, runner = build_image(module, board, way[0], options), "qemu"
    given = np.stack([np.concatenate(arenas) for arenas in before]).view(np.int8)
    inputs = RunOptions({"given": given}, timeout_s=TIMEOUT_S, cache=CACHE)
    told = run(firmware, board, runner, inputs).outputs["told"].view(np.uint8)
    for case in range(cases):
        at = 0
        for trial, was in zip(made.trials, before[case], strict=True):
            mark, at, after = told[case, at], at + 1, was.copy()
            if mark:
                yield f"{trial.kernel} writes elsewhere in the arena for {trial} (case {case})"
            for value, place in trial.results:
                size = made.uses.graph.type(value).nbytes
                after[place : place + size] = told[case, at : at + size]
                at += size
            if fault := made.fault(trial, case, was, after):
                yield fault


PROGRAM = """\
#include "trials.h"

typedef struct {
    void (*step)(uint8_t *arena, uint8_t *state);
    uint32_t end, results, free[%(regions)d][2];
} trial;

%(declared)s

static const trial trials[] = {
%(rows)s
};

/* Words: most of the time goes here. */
static void fill(uint8_t *to, const uint8_t *from, uint32_t n) {
    uint32_t *const t = (uint32_t *)(void *)to;
    const uint32_t *const f = (const uint32_t *)(const void *)from;
    for (uint32_t i = 0; i < n / 4; i++) {
        t[i] = f[i];
    }
}

static uint32_t difference(const uint8_t *one, const uint8_t *other, uint32_t n) {
    const uint32_t *const a = (const uint32_t *)(const void *)one;
    const uint32_t *const b = (const uint32_t *)(const void *)other;
    uint32_t found = 0;
    for (uint32_t i = 0; i < n / 4; i++) {
        found |= a[i] ^ b[i];
    }
    return found;
}

static void copy(uint8_t *to, const uint8_t *from, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        to[i] = from[i];
    }
}

void trials_init(void *state) {
    (void)state;
}

void trials_reset(void *state) {
    (void)state;
}

/* For each trial: its arena as given, the step, results and whether anything else has changed. */
int32_t trials_run(void *arena, void *state) {
    uint8_t *const a = (uint8_t *)arena;
    const uint8_t *given = a + %(given)d;
    uint8_t *told = a + %(told)d;
    for (uint32_t k = 0; k < sizeof trials / sizeof trials[0]; k++) {
        const trial *t = &trials[k];
        fill(a, given, t->end);
        t->step(a, (uint8_t *)state);
        uint8_t *mark = told++;
        for (uint32_t r = 0; r < %(regions)d; r++) {
            uint32_t at = t->free[r][0], n = t->free[r][1];
            if (r < t->results) {
                copy(told, a + at, n);
                told += n;
            }
            copy(a + at, given + at, n);
        }
        *mark = difference(a, given, t->end) != 0;
        given += t->end;
    }
    return 0;
}
"""
HEADER = """\
#ifndef TRIALS_H
#define TRIALS_H
#include <stdint.h>
#define TRIALS_ARENA_BYTES %(end)d
#define TRIALS_STATE_BYTES 0
#define TRIALS_ALIGN 8
void trials_init(void *state);
void trials_reset(void *state);
int32_t trials_run(void *arena, void *state);
#endif
"""


def _wrapped(made: Tried) -> InferenceModule:
    """A module with one input, all arenas, and one output, a mark and the results of each trial."""
    inner, sizes = made.module, [_freed(made, t) for t in made.trials]
    work, count = inner.plan.arena_bytes, len(made.trials)
    values = [v for t in made.trials for v, _ in t.results]
    results = count + sum(made.uses.graph.type(v).nbytes for v in values)
    regions = max(map(len, sizes))
    given = sum(t.end for t in made.trials)
    told = work + given
    end = align_up(told + results, ALIGNMENT)
    names = [inner.steps[t.node] for t in made.trials]
    free = [", ".join(f"{{{at}, {n}}}" for at, n in some) for some in sizes]
    rows = [
        f"    {{{name}, {t.end}, {len(t.results)}, {{{some}}}}},"
        for name, t, some in zip(names, made.trials, free, strict=True)
    ]
    facts = {
        "declared": "\n".join(f"void {n}(uint8_t *arena, uint8_t *state);" for n in names),
        "rows": "\n".join(rows), "regions": regions, "given": work, "told": told,
        "end": end,
    }  # fmt: skip
    types = {"given": TensorType((given,), "int8"), "told": TensorType((results,), "int8")}
    places = {
        "given": Place(work, given, -1, 1), "told": Place(told, results, 0, 1)
    }  # fmt: skip
    graph = Graph("trials", "lowered", ("given",), ("told",), (), types)
    return replace(
        inner, name="trials", steps={}, graph=graph,
        plan=MemoryPlan("trials", end, places, 0, {}, ALIGNMENT),
        sources={**inner.sources, "trials.c": PROGRAM % facts, "trials.h": HEADER % facts},
    )  # fmt: skip


def _freed(made: Tried, trial: Trial) -> list[tuple[int, int]]:
    """Where a step may write: its results, then its scratch."""
    found = [(at, made.uses.graph.type(v).nbytes) for v, at in trial.results]
    return [*found, trial.scratch]
