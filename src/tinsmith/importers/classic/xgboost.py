"""XGBoost: live boosters and estimators, and the JSON and UBJSON files of `save_model`.

The graph takes x, float32 [1, features], NaN where a value is missing. Outputs: ``label`` (int32
index into the classes) and ``probability``, ``decision``, or ``value``. Where early stopping found
a best iteration, a live object gives what its own `predict` gives: a Booster uses all rounds, an
estimator of the scikit-learn interface those up to the best. Files are of both alike: semantics
say which is meant.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.waiting import waited
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.importers.classic.xgboost_file import (
    BOOSTERS,
    OBJECTIVES,
    ROUNDS,
    from_bytes,
    refuse,
)
from tinsmith.ir.graph import Graph


def from_object(
    model: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT
) -> Graph:
    """A float graph of a Booster, XGBClassifier, XGBRegressor, XGBRanker or random forest.

    Args:
        model: the trained object.
        example: not read; the model knows its features.
        name: name of the graph.
        job: whose work it is.

    Raises:
        UserError: ``import.xgboost.<what>``, ``import.classic.<what>``.
        Cancelled: the job was cancelled.
    """
    booster = model
    if hasattr(model, "get_booster"):
        missing = getattr(model, "missing", np.nan)
        if missing is not None and not np.isnan(missing):
            refuse("missing", f"missing is {missing!r}.", "Only NaN marks what is missing.")
        booster = model.get_booster()
    if not hasattr(booster, "save_raw"):
        refuse("object", f"{type(model).__name__} is no model of XGBoost.")
    rounds = "all" if booster is model else "best"
    return waited(lambda: from_bytes(bytes(booster.save_raw("ubj")), name, rounds), job)


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A graph from a ``.json`` or ``.ubj`` file, parsed in a sandbox; ``semantics``: one of
    `ROUNDS`.

    Raises:
        UserError: ``import.xgboost.<what>``, ``import.classic.<what>``, ``sandbox.<what>``.
    """
    target = "tinsmith.importers.classic.xgboost_file:convert"
    return parsed(refuse, Order(path, name, job), target, semantics or ROUNDS[0])


def support() -> tuple[Support, ...]:
    """Boosters and objectives."""
    boosters = [Support(k, ("float32",), "no categories, one target") for k in BOOSTERS]
    return (*boosters, *(Support(k, ("float32",)) for k in OBJECTIVES))


IMPORTER = Importer(
    "xgboost", (".json", ".ubj"), from_object, read=from_file, support=support,
    semantics=("best", "all"),
)  # fmt: skip
