"""Method: a graph-to-graph compression with a report of what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.ir.graph import Graph


@dataclass(frozen=True)
class Calibration:
    """Representative inputs: input name -> [case, *shape] in the graph's own dtype."""

    inputs: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class LayerError:
    """Signal-to-quantisation-noise ratio of one value against the float graph, in dB, over the
    calibration cases."""

    value: str
    stage: str
    sqnr_db: float


@dataclass(frozen=True)
class Compressed:
    """The smaller graph and how much each layer lost."""

    graph: Graph
    method: str
    errors: tuple[LayerError, ...]


@dataclass(frozen=True)
class Method:
    """A compression method: (float graph, calibration) -> Compressed."""

    name: str
    apply: Callable[[Graph, Calibration], Compressed]


METHODS: Catalogue[Method] = Catalogue("method", "tinsmith.compress.methods", Method)
