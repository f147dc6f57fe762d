"""What quantisation lost: signal-to-quantisation-noise ratios, value by value and in all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, log10

import numpy as np

from tinsmith.compress.method import (
    Calibration,
    Cause,
    Compressed,
    LayerError,
    OutputError,
    WeightError,
)
from tinsmith.compress.ranges import dequantised, quantised, sqnr_db, typical_db
from tinsmith.compress.rewrite import Rewriter
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter, site_of
from tinsmith.rewrite import evaluate

ALIKE = 3.0
"""dB within which losses count as equal: behind a value that lost its signal all others do, too."""


@dataclass
class _Tally:
    """Energies of signal and noise of every case."""

    signals: list[float] = field(default_factory=list)
    noises: list[float] = field(default_factory=list)

    def add(self, real: np.ndarray, got: np.ndarray) -> None:
        """One more case."""
        wide = real.astype(np.float64)
        self.signals.append(float(np.sum(np.square(wide))))
        self.noises.append(float(np.sum(np.square(wide - got))))

    def db(self) -> float:
        """As `sqnr_db`."""
        signal, noise = sum(self.signals), sum(self.noises)
        if noise == 0.0:
            return inf
        return 10.0 * log10(signal / noise) if signal > 0.0 else 0.0

    def typical(self) -> float:
        """As `typical_db`."""
        return typical_db(self.signals, self.noises)


@dataclass
class Observer:
    """Runs the quantised graph beside the float values and keeps score.

    Args:
        graph: the quantised graph.
        sources: value of it -> the float value that it stands for.
        values: the float values, [case, *shape] by name.
        reset_each: as they were made.
    """

    graph: Graph
    sources: Mapping[str, str]
    values: Mapping[str, np.ndarray]
    reset_each: bool = True
    accumulated: dict[str, _Tally] = field(default_factory=dict)
    local: dict[str, _Tally] = field(default_factory=dict)

    def run(self, calibration: Calibration) -> dict[str, np.ndarray]:
        """All cases; returns what the graph's outputs stand for, [case, *shape] by name."""
        inputs = calibration.inputs
        outputs: dict[str, list[np.ndarray]] = {o: [] for o in self.graph.outputs}
        machine = Interpreter(self.graph, calibration.job)
        for case in range(len(next(iter(inputs.values())))):
            fed = {i: self._fed(i, inputs[i][case]) for i in self.graph.inputs}
            if self.reset_each:
                machine.reset()
            seen = machine.run(fed)
            for value, source in self.sources.items():
                tally = self.accumulated.setdefault(value, _Tally())
                tally.add(self.values[source][case], self._real(value, seen[value]))
            for output, rows in outputs.items():
                array = self.graph.constants.get(output)
                rows.append(self._real(output, seen[output] if array is None else array))
            self._alone(fed, case)
        return {o: np.stack(rows) for o, rows in outputs.items()}

    def _fed(self, name: str, array: np.ndarray) -> np.ndarray:
        quant = self.graph.type(name).quant
        if self.graph.type(name).dtype != "int8" or quant is None or array.dtype == np.int8:
            return array
        return quantised(array, quant)

    def _real(self, value: str, array: np.ndarray) -> np.ndarray:
        quant = self.graph.type(value).quant
        return dequantised(array, quant) if array.dtype == np.int8 and quant else array

    def _alone(self, fed: Mapping[str, np.ndarray], case: int) -> None:
        """Each step with operands that come from the float graph, as exact as int8 can be."""
        known = {**fed, **self.graph.constants}
        known |= {s.name: self._exact(s.name, case, s.initial) for s in self.graph.states}
        for node in self.graph.nodes:
            (value,) = node.outputs
            if value not in self.sources and value in self.values:
                known[value] = self.values[value][case]
                continue
            operands = [known[i] for i in node.inputs]
            (got,) = evaluate(node.op, operands, site_of(self.graph, node))
            known[value] = got
            if value in self.sources:
                real = self.values[self.sources[value]][case]
                self.local.setdefault(value, _Tally()).add(real, self._real(value, got))
                known[value] = self._exact_int8(value, real, got)

    def _exact(self, name: str, case: int, other: np.ndarray) -> np.ndarray:
        return self.values[name][case] if name in self.values else other

    def _exact_int8(self, value: str, real: np.ndarray, got: np.ndarray) -> np.ndarray:
        quant = self.graph.type(value).quant
        return quantised(real, quant) if got.dtype == np.int8 and quant else real


def reported(
    method: str,
    rewriter: Rewriter,
    graph: Graph,
    values: Mapping[str, np.ndarray],
    calibration: Calibration,
) -> Compressed:
    """The quantised graph with its losses against the float values of the calibration cases."""
    made = {o for n in graph.nodes for o in n.outputs}
    sources = {new: old for old, new in rewriter.int8_forms().items() if new in made}
    float_outputs = dict(zip(graph.outputs, rewriter.graph.outputs, strict=True))
    sources |= {new: old for new, old in float_outputs.items() if new in made and old in values}
    observer = Observer(graph, sources, values, rewriter.options.reset_each)
    got = observer.run(calibration)
    outputs = tuple(
        _output_error(new, values[old], got[new]) for new, old in float_outputs.items()
        if old in values
    )  # fmt: skip
    return Compressed(
        graph, method, _layers(observer), _weights(rewriter, graph), outputs, cause=cause(observer)
    )  # fmt: skip


def cause(observer: Observer) -> Cause | None:
    """The first value of those that lose most by themselves on typical cases, within `ALIKE`."""
    made = [(v, n.stage) for n in observer.graph.nodes for v in n.outputs if v in observer.local]
    losses = {v: observer.local[v].typical() for v, _ in made}
    worst = min(losses.values(), default=inf)
    if worst == inf:
        return None
    value, stage = next((v, s) for v, s in made if losses[v] <= worst + ALIKE)
    real = observer.values[observer.sources[value]]
    peaks = np.abs(real.astype(np.float64)).reshape(len(real), -1).max(axis=1)
    case = int(peaks.argmax())
    usual = float(np.median(peaks))
    return Cause(value, stage, losses[value], case, float(peaks[case]), usual)


def _layers(observer: Observer) -> tuple[LayerError, ...]:
    return tuple(
        LayerError(v, n.stage, observer.accumulated[v].db(), observer.local[v].db())
        for n in observer.graph.nodes
        for v in n.outputs
        if v in observer.local
    )


def _weights(rewriter: Rewriter, graph: Graph) -> tuple[WeightError, ...]:
    """Of every layer, against the weights after folding."""
    stages = {i: n.stage for n in graph.nodes for i in n.inputs}
    rows = []
    for new, old in rewriter.weights.items():
        quant = graph.type(new).quant
        assert quant is not None and quant.axis is not None  # layers.py makes them so
        shape = [1] * graph.constants[new].ndim
        shape[quant.axis] = -1
        real = graph.constants[new].astype(np.float64) * np.reshape(quant.scale, shape)
        found = sqnr_db(rewriter.graph.constants[old], real)
        rows.append(WeightError(new, stages[new], found))
    return tuple(rows)


def _output_error(name: str, real: np.ndarray, got: np.ndarray) -> OutputError:
    rows, errors = real.reshape(len(real), -1), real.astype(np.float64) - got
    top1 = None
    if rows.shape[1] > 1:
        same = rows.argmax(1) == got.reshape(len(got), -1).argmax(1)
        top1 = float(np.mean(same))
    signals, noises = (
        np.square(a.astype(np.float64)).reshape(len(real), -1).sum(axis=1) for a in (real, errors)
    )
    typical = typical_db(signals.tolist(), noises.tolist())
    largest, span = float(np.abs(errors).max()), float(np.abs(real).max())
    return OutputError(name, sqnr_db(real, got), typical, largest, span, top1)
