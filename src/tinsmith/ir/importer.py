"""Importer: turns a trained model of another framework into a float graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.ir.graph import Graph


@dataclass(frozen=True)
class Importer:
    """A way in for models.

    Args:
        suffixes: file names it reads (with the dot); empty where the model is a live Python object.
        load: (model object or path, example inputs with batch dimension 1, graph name) -> float
            graph. Raises UserError ``import.<name>.<what>``; an operation that is not supported is
            named together with its node.
    """

    name: str
    suffixes: tuple[str, ...]
    load: Callable[[Any, Sequence[np.ndarray], str], Graph]


IMPORTERS: Catalogue[Importer] = Catalogue("importer", "tinsmith.ir.importers", Importer)
