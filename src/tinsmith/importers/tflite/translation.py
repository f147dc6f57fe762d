"""What a translation has made so far, as its operators find it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinsmith.importers.tflite.schema import Model
from tinsmith.importers.tflite.variables import Variables
from tinsmith.ir.builder import Builder


@dataclass
class Translation:
    """The graph that grows.

    Args:
        model: the subgraph that is translated.
        semantics: whose integers are meant.
        builder: of the graph.
        first_contents: what a subgraph, by its number, assigns to variables.
        values: index of a tensor of the subgraph -> name of its value.
    """

    model: Model
    semantics: str
    builder: Builder
    first_contents: Callable[[int], dict[str, np.ndarray]]
    values: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.variables = Variables(self.builder)
