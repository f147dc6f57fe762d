"""Package: a kind of archive that an inference module is handed over in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tinsmith.codegen.module import InferenceModule
from tinsmith.core.catalogue import Catalogue


@dataclass(frozen=True)
class Golden:
    """Golden vectors that travel along: value name -> [case, *shape]; and what people need to know
    to feed the inputs and read the outputs."""

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    meaning: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Value name -> what the elements along its last axis are, in order: channels with the unit of
    one step, classes."""
    rate_hz: float | None = None
    """Sampling rate of the inputs."""


@dataclass(frozen=True)
class Package:
    """A package kind: (module, golden vectors) -> file name and bytes, reproducible to the byte."""

    name: str
    make: Callable[[InferenceModule, Golden], tuple[str, bytes]]


PACKAGES: Catalogue[Package] = Catalogue("package", "tinsmith.build.packages", Package)
