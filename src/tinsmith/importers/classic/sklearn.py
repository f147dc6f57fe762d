"""scikit-learn's estimators and pipelines: live, or from ``.tsk`` files that `save` writes.

Pickles run code when they are loaded, so they are refused: load one where you trust it, and save
the estimator as ``.tsk``, which holds numbers and names only and is read without scikit-learn.

The graph takes x, float32 [1, features]. Outputs: ``label`` (int32 index into the classes, which
the graph's labels name; 1 and -1 of detectors of outliers) with ``probability`` or ``decision``;
``value`` of regressors; ``cluster``;
``score`` of mixtures and anomalies; ``features`` of transformers. Of several classifiers, one per
output, each name has the output's number behind it: ``label_0``, ``probability_0``, ``label_1``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.waiting import waited
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.importers.classic.estimator import refuse
from tinsmith.importers.classic.estimators import ESTIMATORS, describe, features_like, translate
from tinsmith.importers.classic.sklearn_file import write
from tinsmith.ir.graph import Graph
from tinsmith.ir.naming import graph_name

SUFFIX = ".tsk"
PICKLES = (".pkl", ".pickle", ".joblib", ".skops")


def from_estimator(
    estimator: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT
) -> Graph:
    """A float graph of a fitted estimator or pipeline.

    Args:
        estimator: scikit-learn's object; asked for its attributes only.
        example: float32 [1, features], or nothing.
        name: name of the graph.
        job: whose work it is.

    Raises:
        UserError: ``import.sklearn.estimator`` (not supported; names it), ``.fitted``,
            ``.example``; ``import.classic.limit``.
        Cancelled: the job was cancelled.
    """
    description = waited(lambda: describe(estimator), job)
    for array in example:
        features_like(array, description["features"])
    return waited(lambda: translate(description, name), job)


def save(estimator: Any, path: str | Path) -> Path:
    """Write a fitted estimator or pipeline to ``path`` (suffix ``.tsk``, added if there is none).

    Raises:
        UserError: ``import.sklearn.suffix`` and what `from_estimator` raises: what is written can
            be read.
    """
    target = Path(path)
    target = target if target.suffix else target.with_suffix(SUFFIX)
    if target.suffix.lower() != SUFFIX:
        refuse("suffix", f"{target.name!r} does not end in {SUFFIX}.")
    description = describe(estimator)
    translate(description, graph_name(target))
    write(description, target)
    return target


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A graph from a ``.tsk`` file, parsed in a sandbox.

    Raises:
        UserError: ``import.sklearn.pickle``, ``.file``, ``.version``, ``.estimator``;
            ``import.classic.broken``, ``.limit``; ``sandbox.<what>``.
    """
    if path.suffix.lower() in PICKLES:
        refuse(
            "pickle",
            f"{path.name!r} may be a pickle, which runs code when it is loaded.",
            "Where you trust it, load it and call "
            f"tinsmith.importers.classic.sklearn.save(estimator, '{path.stem}{SUFFIX}').",
        )
    return parsed(refuse, Order(path, name, job), "tinsmith.importers.classic.sklearn_file:convert")


def support() -> tuple[Support, ...]:
    """Every estimator of the table."""
    return tuple(Support(k, ("float32",), e.note) for k, e in sorted(ESTIMATORS.items()))


IMPORTER = Importer(
    "sklearn", (".tsk",), from_estimator, read=from_file, support=support,
    refused=(".pkl", ".pickle", ".joblib", ".skops"),
)  # fmt: skip
