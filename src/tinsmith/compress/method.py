"""Method: a graph-to-graph compression with a report of what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph


@dataclass(frozen=True)
class Calibration:
    """Representative inputs: input name -> [case, *shape] in the graph's own dtype; and the job
    that looks at them."""

    inputs: Mapping[str, np.ndarray]
    job: Progress = field(default=SILENT, compare=False)


@dataclass(frozen=True)
class Options:
    """How a graph is compressed.

    Args:
        rounding: how int32 sums are brought to int8: ``double``, ``single`` or ``onnx``.
        io: float32 inputs and outputs stay ``float``, or become ``int8`` with scale and zero point.
        reset_each: states are reset before each calibration case, not only before the first.
    """

    rounding: Literal["double", "single", "onnx"] = "double"
    io: Literal["float", "int8"] = "float"
    reset_each: bool = True


@dataclass(frozen=True)
class LayerError:
    """Signal-to-quantisation-noise ratio of one value against the float graph, in dB, over the
    calibration cases.

    ``sqnr_db`` is accumulated: the value inside the quantised network. ``local_db`` is what this
    layer loses by itself, with operands that are as exact as their int8 form can be. Infinite where
    nothing was lost.
    """

    value: str
    stage: str
    sqnr_db: float
    local_db: float


@dataclass(frozen=True)
class WeightError:
    """SQNR of the weights of one layer, in dB."""

    weights: str
    stage: str
    sqnr_db: float


@dataclass(frozen=True)
class OutputError:
    """What one float32 output of the graph lost over the calibration cases.

    ``sqnr_db`` is over all cases together, ``typical_db`` that of a typical one (`ranges.py`);
    ``largest``: largest |error|, ``span``: largest |value|, in the output's unit; ``top1``: share
    of cases whose largest element is at the same place, None where it has fewer than two elements.
    """

    value: str
    sqnr_db: float
    typical_db: float
    largest: float
    span: float
    top1: float | None


@dataclass(frozen=True)
class Cause:
    """The first value that loses about as much as any on typical cases, by itself.

    ``typical_db``: its SQNR there; ``case``: the calibration case, counted from 0, whose largest
    |value|, ``peak``, is the largest of all, so that the range has to hold it; ``usual``: the
    median of the cases' largest.
    """

    value: str
    stage: str
    typical_db: float
    case: int
    peak: float
    usual: float


@dataclass(frozen=True)
class FloatNode:
    """A node that stayed float, and why."""

    node: str
    op: str
    stage: str
    reason: str


@dataclass(frozen=True)
class Compressed:
    """The smaller graph, how much each layer lost, and what stayed float.

    ``errors`` are in order of execution; ``cause``: what to look at where too much is lost, None
    where no value was rounded.
    """

    graph: Graph
    method: str
    errors: tuple[LayerError, ...]
    weights: tuple[WeightError, ...] = ()
    outputs: tuple[OutputError, ...] = ()
    floats: tuple[FloatNode, ...] = ()
    cause: Cause | None = None


@dataclass(frozen=True)
class Method:
    """A compression method: (float graph, calibration, options) -> Compressed."""

    name: str
    apply: Callable[[Graph, Calibration, Options], Compressed]


METHODS: Catalogue[Method] = Catalogue("method", "tinsmith.compress.methods", Method)
