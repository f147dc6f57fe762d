"""Trace: the driver's raw integers and every stage's output for one golden stimulus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

FaultKind = Literal[
    "gain", "unit", "axes", "sample-rate", "word-size", "byte-order", "dropped-sample", "stimulus",
    "dsp-parameter", "quantisation-scale", "kernel",
]  # fmt: skip


@dataclass(frozen=True)
class Trace:
    """What one execution of one module saw.

    ``origin`` says who computed it (``reference``, ``host c``, ``nucleo_l4r5zi/unicorn``, a device
    id). ``raw``: input name -> [case, *shape], exactly the integers that the driver delivered.
    ``values``: value name of the lowered graph -> [case, *shape], in order of execution.
    """

    origin: str
    raw: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Divergence:
    """The first stage at which a trace leaves its reference, and what explains it."""

    stage: str
    """``driver`` for the raw integers, else the stage of the first diverging node."""
    value: str
    kind: FaultKind
    evidence: str
    """One sentence with the numbers behind the verdict."""
    case: int
    differing: int
    total: int


@dataclass(frozen=True)
class Verdict:
    """Result of comparing one trace with the reference: equal, or where and how it diverges."""

    origin: str
    equal: bool
    cases: int
    compared_values: int
    divergence: Divergence | None = None

    def __str__(self) -> str:
        if self.divergence is None:
            equal = f"{self.cases} of {self.cases} golden vectors equal on {self.origin}"
            return f"{equal}, {self.compared_values} values each"
        d = self.divergence
        return f"{self.origin} diverges at {d.stage} ({d.value}): {d.kind}. {d.evidence}"
