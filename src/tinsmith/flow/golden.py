"""Golden windows: which windows of the test part prove a module, and the rows of the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinsmith.build.package import Golden
from tinsmith.core.progress import SILENT, Progress
from tinsmith.data.windows import TEST, Windows
from tinsmith.flow.drawn import seeded_inputs
from tinsmith.flow.result import StageRow
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.learn.pipeline import Pipeline
from tinsmith.prove import bits
from tinsmith.prove.parity import DRIVER
from tinsmith.prove.trace import Trace

Arrays = Mapping[str, np.ndarray]


def choose(windows: Windows, count: int) -> np.ndarray:
    """Indices into the test part, at most ``count``, ascending: the classes take turns, so each
    class is there as long as ``count`` allows."""
    _, labels = windows.of(TEST)
    queues = [list(np.flatnonzero(labels == c)) for c in range(len(windows.labels))]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(int(queue.pop(0)))
    return np.array(sorted(chosen), dtype=np.int64)


def golden_of(graph: Graph, inputs: Arrays | None = None, job: Progress = SILENT) -> Golden:
    """Golden vectors of a model file: its cases, or drawn ones. A model with states gets one
    sequence, so that the self-test sees the states work."""
    return answered(
        graph, seeded_inputs(graph) if inputs is None else inputs, not graph.states, job
    )


def answered(
    graph: Graph, stimulus: Arrays, reset_each: bool = True, job: Progress = SILENT
) -> Golden:
    """Golden vectors: the stimulus and what the reference interpreter makes of it."""
    machine = Interpreter(graph, job)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in graph.outputs}
    for i in range(len(next(iter(stimulus.values())))):
        if reset_each:
            machine.reset()
        values = machine.run({name: array[i] for name, array in stimulus.items()})
        for name in rows:  # not all values of all cases at a time
            rows[name].append(values[name])
    outputs = {name: np.stack(found) for name, found in rows.items()}
    return Golden(stimulus, outputs, reset_each=reset_each)


def explained(vectors: Golden, pipeline: Pipeline, labels: Sequence[str]) -> Golden:
    """Golden vectors that say what the input's channels and the output's elements are."""
    steps = zip(pipeline.channels, pipeline.sensor.lsb, strict=True)
    channels = tuple(f"{c.name}, one step is {lsb:.6g} {c.unit}".rstrip() for c, lsb in steps)
    ((source, _),), ((answer, _),) = vectors.inputs.items(), vectors.outputs.items()
    meaning = {source: channels, answer: tuple(labels)}
    return replace(vectors, meaning=meaning, rate_hz=pipeline.rate_hz)


def stage_rows(graph: Graph, golden: Trace, seen: Sequence[Trace]) -> tuple[StageRow, ...]:
    """Per stage, in order of execution: what the reference has and whether that of it which each
    trace saw is equal bit for bit."""
    stages = {DRIVER: list(graph.inputs)}
    for node in graph.nodes:
        stages.setdefault(node.stage or "other", []).extend(node.outputs)
    return tuple(_row(s, values, golden, seen) for s, values in stages.items())


def _row(stage: str, values: list[str], golden: Trace, seen: Sequence[Trace]) -> StageRow:
    reference = {**golden.raw, **golden.values}
    arrays = {v: reference[v] for v in values}
    equal = tuple(_equal(arrays, {**trace.raw, **trace.values}) for trace in seen)
    elements = sum(int(np.prod(a.shape[1:])) for a in arrays.values())
    dtypes = tuple(sorted({a.dtype.name for a in arrays.values()}))
    return StageRow(stage, len(arrays), elements, dtypes, equal)


def _equal(arrays: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> bool | None:
    found = [bits.equal(array, known[value]) for value, array in arrays.items() if value in known]
    return all(found) if found else None
