"""LightGBM: live boosters and estimators, and the text files of `save_model`.

The graph takes x, float32 [1, features], NaN where a value is missing. Outputs: ``label`` (int32
index into the classes) and ``probability``, or ``value``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.waiting import waited
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.importers.classic.lightgbm_file import OBJECTIVES, from_text, refuse
from tinsmith.ir.graph import Graph


def from_object(
    model: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT
) -> Graph:
    """A float graph of a Booster, LGBMClassifier, LGBMRegressor or LGBMRanker, up to its best
    iteration.

    Args:
        model: the trained object.
        example: not read; the model knows its features.
        name: name of the graph.
        job: whose work it is.

    Raises:
        UserError: ``import.lightgbm.<what>``, ``import.classic.<what>``.
        Cancelled: the job was cancelled.
    """
    booster = getattr(model, "booster_", model)
    if not hasattr(booster, "model_to_string"):
        refuse("object", f"{type(model).__name__} is no model of LightGBM.")
    return waited(lambda: from_text(booster.model_to_string(), name), job)


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A graph from a text file, parsed in a sandbox.

    Raises:
        UserError: ``import.lightgbm.<what>``, ``import.classic.<what>``, ``sandbox.<what>``.
    """
    return parsed(
        refuse, Order(path, name, job), "tinsmith.importers.classic.lightgbm_file:convert"
    )


def support() -> tuple[Support, ...]:
    """Objectives; boosting is gbdt, goss, dart or rf alike."""
    note = "no categories, no linear trees"
    return tuple(Support(k, ("float32",), note) for k in OBJECTIVES)


IMPORTER = Importer("lightgbm", (".txt",), from_object, read=from_file, support=support)
