"""Quantises a float model file with the user's calibration cases and writes a graph of our own."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.compress.apply import apply, check_float
from tinsmith.compress.method import METHODS, Calibration, Compressed, Options, OutputError
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Progress
from tinsmith.flow.model import check_graph_file, open_model, write_graph
from tinsmith.flow.model_inputs import read_inputs
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS

ROUNDINGS = ("double", "single", "onnx")
BORDERS = ("float", "int8")
LEAST_SQNR = 6.0
LEAST_AGREEMENT = 0.5
"""dB of a typical case, and share of equal classes, below which a quantised network is refused."""
GOOD_SQNR = 15.0
GOOD_AGREEMENT = 0.9
"""Below these the loss is noted."""
OUTLYING = 4.0
"""A case that reaches this many times as far as a typical one is named."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a graph is quantised.

    ``method``: a name in METHODS; ``io``, ``rounding`` and ``reset_each``: see `Options`;
    ``least_sqnr``: dB of a typical case that every output has to keep; from 0 down classes need not
    agree either.
    """

    method: str = "int8_ptq"
    io: str = "float"
    rounding: str = "double"
    reset_each: bool = False
    least_sqnr: float = LEAST_SQNR

    def checked(self) -> Options:
        """What the method is told.

        Raises:
            UserError: ``quantise.io``, ``quantise.rounding``.
            UnknownKind: no such method.
        """
        METHODS.get(self.method)
        io = next((i for i in BORDERS if i == self.io), None)
        rounding = next((r for r in ROUNDINGS if r == self.rounding), None)
        if io is None:
            raise _unknown("io", self.io, BORDERS)
        if rounding is None:
            raise _unknown("rounding", self.rounding, ROUNDINGS)
        return Options(rounding, io, self.reset_each)  # type: ignore[arg-type]  # both are of their Literal


@dataclass(frozen=True)
class QuantiseOptions(Manner):
    """How a model file is quantised: ``calibration``: an .npz file as `flow/model_inputs.py` reads
    it; ``output``: the file to write."""

    calibration: Path
    output: Path
    semantics: str = ""


@dataclass(frozen=True)
class Losses:
    """What a quantised graph lost. ``outputs``: as the method reports them, their ``top1`` only
    where the output is one of class scores (`scores_classes`); ``notes``: where that is much."""

    done: Compressed
    outputs: tuple[OutputError, ...]
    notes: tuple[str, ...] = ()


def _unknown(what: str, got: str, known: tuple[str, ...]) -> UserError:
    return UserError(
        f"quantise.{what}", f"--{what} {got!r} is unknown.", f"Known: {', '.join(known)}."
    )


@dataclass(frozen=True)
class Quantised:
    """What quantising a model file gave. Bytes of constants are those of weights, biases, tables
    and factors."""

    model: str
    output: str
    cases: int
    float_bytes: int
    bytes: int
    options: Options
    losses: Losses

    def record(self) -> dict[str, Any]:
        """Everything for JSON; the worst layers first, null where nothing was lost."""
        done = self.losses.done
        return {
            "model": self.model, "output": self.output, "cases": self.cases,
            "method": done.method, **asdict(self.options),
            "constants_bytes": {"float": self.float_bytes, "quantised": self.bytes},
            "layers": [_plain(asdict(e)) for e in worst_first(done.errors)],
            "weights": [_plain(asdict(e)) for e in worst_first(done.weights)],
            "outputs": [_plain(asdict(e)) for e in self.losses.outputs],
            "float_nodes": [asdict(f) for f in done.floats],
            "cause": _plain(asdict(done.cause)) if done.cause else None,
        }  # fmt: skip


def scores_classes(graph: Graph) -> bool:
    """Whether a graph is known to give the scores of classes, of which the largest counts: it has
    one output, a vector of two or more elements (all other axes have length 1), that comes from a
    softmax by nothing but steps which keep the order of the elements (a reshape, a logarithm).

    Where this is not so, which element is the largest may mean nothing (an autoencoder, a
    regression); a classifier that ends in logits cannot be told from these.
    """
    if len(graph.outputs) != 1:
        return False
    (name,) = graph.outputs
    type, made = graph.type(name), {o: n for n in graph.nodes for o in n.outputs}
    if type.elements < 2 or max(type.shape) != type.elements:
        return False
    while name in made and _keeps_order(graph, made[name]):
        name = made[name].inputs[0]
    return name in made and OPS.get(made[name].op).scores


def _keeps_order(graph: Graph, node: Node) -> bool:
    op = OPS.get(node.op)
    return op.increasing or (op.walk is not None and op.walk(site_of(graph, node)).straight)


def worst_first(rows: tuple[Any, ...]) -> list[Any]:
    """Rows of a report by their SQNR, lowest first."""
    return sorted(rows, key=lambda row: row.sqnr_db)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity."""
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in row.items()}


def quantise_model(path: Path, options: QuantiseOptions, job: Job | None = None) -> Quantised:
    """Import a float model, quantise it and write it as a file that `read_model` takes.

    Raises:
        UserError: ``model.file``, what the importer refuses, ``model.inputs.*`` (the calibration),
            ``model.save`` (another suffix), and what `quantised` raises.
    """
    job, chosen = job or Job(), options.checked()
    check_graph_file(options.output, path, options.calibration)
    graph = open_model(path, options.semantics, job)
    check_float(graph)
    inputs = read_inputs(options.calibration, graph, job.note, job)
    losses = quantised(graph, inputs, options, job)
    write_graph(losses.done.graph, options.output)
    cases = len(next(iter(inputs.values())))
    sizes = _constants(graph), _constants(losses.done.graph)
    return Quantised(path.name, str(options.output), cases, *sizes, chosen, losses)


def quantised(graph: Graph, inputs: Mapping[str, np.ndarray], manner: Manner, job: Job) -> Losses:
    """The quantised graph with its losses, which are judged and noted.

    Raises:
        UserError: ``compress.*``, ``quantise.*`` (``quantise.loss``: too little is left of an
            output).
    """
    options, notes = manner.checked(), list[str]()
    check_float(graph)
    done = job.step(
        "quantise", compressed, graph=graph, method=manner.method, inputs=inputs, options=options
    )
    outputs = judged(graph, done, manner.least_sqnr, notes.append)
    for text in notes:
        job.note(text)
    return Losses(done, outputs, tuple(notes))


def compressed(
    graph: Graph, method: str, inputs: Mapping[str, np.ndarray], options: Options, job: Progress
) -> Compressed:
    """Step: the method on the calibration cases."""
    return apply(graph, method, Calibration(inputs, job), options)


def judged(
    graph: Graph, done: Compressed, least: float, tell: Callable[[str], None]
) -> tuple[OutputError, ...]:
    """What the outputs lost; ``tell`` hears where that is much.

    Raises:
        UserError: ``quantise.nothing``, ``quantise.loss``.
    """
    _check_worth(done)
    outputs = outputs_lost(graph, done)
    _check_loss(done, outputs, least, tell)
    return outputs


def outputs_lost(graph: Graph, done: Compressed) -> tuple[OutputError, ...]:
    """What the outputs lost, ``top1`` only where they are class scores."""
    known = scores_classes(graph)
    return tuple(e if known else replace(e, top1=None) for e in done.outputs)


def _check_worth(done: Compressed) -> None:
    """Raises UserError ``quantise.nothing`` where all of the graph stayed float."""
    if not any(t.dtype == "int8" for t in done.graph.types.values()):
        first = done.floats[0] if done.floats else None
        why = f" Node {first.node!r} ({first.op}): {first.reason}." if first else ""
        raise UserError(
            "quantise.nothing",
            f"No node of {done.graph.name!r} becomes integer.{why}",
            "Measure and package the float model as it is.",
        )


def _check_loss(
    done: Compressed, outputs: tuple[OutputError, ...], least: float, tell: Callable[[str], None]
) -> None:
    """Notes what a typical case loses, where that is much.

    Raises:
        UserError: ``quantise.loss`` where it keeps less than ``least`` dB, or classes that are
            mostly others.
    """
    for error in outputs:
        agrees = 1.0 if error.top1 is None else error.top1
        if error.typical_db >= max(GOOD_SQNR, least) and agrees >= GOOD_AGREEMENT:
            continue
        share, half = "", ""
        if error.top1 is not None:
            share = f", its class agrees in {error.top1:.1%} of the cases"
            half = " and half of the classes"
        said = f"Output {error.value!r} keeps {error.typical_db:.1f} dB of a typical case{share}"
        if error.typical_db < least or (agrees < LEAST_AGREEMENT and least > 0):
            raise UserError(
                "quantise.loss",
                f"{said}; at least {least:g} dB{half} are asked for.",
                f"{_why(done)} To write it all the same: "
                f"--least-sqnr {min(0.0, error.typical_db // 1):g}",
            )
        tell(f"{said}. {_why(done)}")


def _why(done: Compressed) -> str:
    """The layer that loses most, and the case that its range has to hold."""
    found = done.cause
    if found is None:
        return "No single value is to blame."
    stage = f" ({found.stage})" if found.stage else ""
    text = f"{found.value!r}{stage} loses most, down to {found.typical_db:.1f} dB"
    if found.peak <= OUTLYING * found.usual:
        return f"{text}."
    return (
        f"{text}: calibration case {found.case}, counted from 0, reaches {found.peak:.4g} there, a "
        f"typical one {found.usual:.4g}. Is it a fault of the recording? Then leave it out."
    )


def _constants(graph: Graph) -> int:
    return sum(c.nbytes for c in graph.constants.values())
