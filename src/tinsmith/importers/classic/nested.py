"""scikit-learn's estimators that are made of others of any kind: calibrated classifiers, and one
estimator per output.

Each member is a graph of its own, of which the outputs that are needed are taken in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending, movement, reduction
from tinsmith.compose.broken import broken
from tinsmith.compose.trees import at_most
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.importers.classic.linear import even_where_none, normalised
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.rewrite import PASSES

Describe = Callable[..., dict[str, Any]]
"""(estimator, whether it shall give decisions, not probabilities) -> its description."""
Translate = Callable[[Mapping[str, Any], str], Graph]
FROZEN = "FrozenEstimator"
CLOSE = (
    "Scores at which the isotonic calibration rises lie closer together than float32 tells apart: "
    "probabilities there differ from scikit-learn's. method='sigmoid' does not rise that steeply."
)
MOST_SLOPE = float(np.finfo(np.float32).max)


def nested(describe: Describe, translate: Translate) -> Mapping[str, Estimator]:
    """The estimators; how their members are described and translated is given, as a member may be
    made of others in turn."""
    calibrated = Estimator(
        lambda e: _calibrated(e, describe),
        lambda b, x, fields: _mean(b, x, fields, translate),
        note="sigmoid and isotonic; of classifiers that are supported",
    )
    labels = Estimator(
        lambda e: {"members": [describe(m) for m in e.estimators_]},
        lambda b, x, fields: _labels(b, x, fields, translate),
        note="label_0, probability_0, label_1, ...",
    )
    values = Estimator(
        lambda e: {"members": [describe(m) for m in e.estimators_]},
        lambda b, x, fields: _values(b, x, fields, translate),
    )
    return {
        "CalibratedClassifierCV": calibrated,
        "MultiOutputClassifier": labels,
        "MultiOutputRegressor": values,
    }


def _calibrated(e: Any, describe: Describe) -> Mapping[str, Any]:
    if e.method not in ("sigmoid", "isotonic"):
        unsupported(e, f"method {e.method!r}", "Supported: sigmoid, isotonic.")
    names, members = class_names(e), []
    for part in e.calibrated_classifiers_:
        inner = part.estimator.estimator if _is_frozen(part.estimator) else part.estimator
        if len(inner.classes_) != len(names):
            unsupported(e, "a part of it has not seen all classes", "Use fewer folds.")
        decides = hasattr(inner, "decision_function")
        member = describe(inner, decides)
        curves = [_curve(c) for c in part.calibrators]
        members.append({**member, "response": "decision" if decides else "probability",
                        "curves": curves})  # fmt: skip
    return {"classes": names, "members": members}


def _is_frozen(estimator: Any) -> bool:
    return type(estimator).__name__ == FROZEN


def _curve(calibrator: Any) -> Mapping[str, Any]:
    if hasattr(calibrator, "X_thresholds_"):
        at, value = (np.asarray(a, np.float64) for a in
                     (calibrator.X_thresholds_, calibrator.y_thresholds_))  # fmt: skip
        return {"kind": "isotonic", "at": at, "value": value}
    return {"kind": "sigmoid", "a": float(calibrator.a_), "b": float(calibrator.b_)}


def _mean(b: Builder, x: str, fields: Fields, translate: Translate) -> tuple[str, ...]:
    """Mean of the members' calibrated probabilities; the first of the largest is the label."""
    names, members = fields.names("classes"), fields.parts("members")
    if len(names) < 2:
        broken(f"{fields.kind}: {len(names)} class.")
    stage, found = b.stage, list[str]()
    for i, member in enumerate(members):
        score = _response(b, x, member, translate, i)
        b.stage = f"{stage}_{i}"
        found.append(_shares(b, score, member.parts("curves"), len(names)))
    b.stage = stage
    total = found[0]
    for more in found[1:]:
        total = b.op("add", total, more)
    mean = ending.scaled(b, total, 1 / len(found), "probability")
    return ending.label(b, mean, names), mean


def _response(b: Builder, x: str, member: Fields, translate: Translate, number: int) -> str:
    """Decisions or probabilities of a member [1, classes], of two classes the second's [1, 1]."""
    wanted, graph = member.text("response", "decision", "probability"), translate(member.body, "m")
    if wanted not in graph.outputs:
        kind = member.parts("steps")[-1].kind
        unsupported(
            kind, f"it is calibrated by its {wanted}, which is not supported",
            "Calibrate another classifier, or leave the calibration out.",
        )  # fmt: skip
    (score,) = b.inline(_alone(graph, (wanted,), number), x)
    if b.type(score).shape[1] == 2:
        score = movement.take(b, score, np.array([1]), 1)
    return score


def _alone(graph: Graph, outputs: Sequence[str], number: int) -> Graph:
    """What computes these outputs, under names that have the member's number behind them."""
    labels = {o: graph.labels[o] for o in outputs if o in graph.labels}
    kept = PASSES.get("eliminate_dead")(graph.with_(outputs=tuple(outputs), labels=labels))
    new = {v: v if v in kept.inputs else f"{v}_{number}" for v in kept.types}
    nodes = tuple(
        replace(
            n, name=new[n.outputs[0]], inputs=tuple(new[i] for i in n.inputs),
            outputs=tuple(new[o] for o in n.outputs), stage=f"{n.stage}_{number}",
        )
        for n in kept.nodes
    )  # fmt: skip
    return kept.with_(
        nodes=nodes, outputs=tuple(new[o] for o in kept.outputs),
        types={new[v]: t for v, t in kept.types.items()},
        constants={new[v]: a for v, a in kept.constants.items()},
        labels={new[v]: c for v, c in kept.labels.items()},
    )  # fmt: skip


def _shares(b: Builder, score: str, curves: Sequence[Fields], count: int) -> str:
    """Calibrated probabilities [1, classes] of one member."""
    columns = b.type(score).shape[1]
    if len(curves) != columns or columns != (1 if count == 2 else count):
        broken(f"{len(curves)} curves for {columns} scores of {count} classes.")
    parts = [
        _on_curve(b, movement.take(b, score, np.array([i]), 1), curve)
        for i, curve in enumerate(curves)
    ]
    if count == 2:
        return ending.affine(b, parts[0], np.array([[-1.0], [1.0]]), np.array([1.0, 0.0]))
    return normalised(b, even_where_none(b, movement.concat(b, parts, 1)))


def _on_curve(b: Builder, score: str, curve: Fields) -> str:
    if curve.kind == "isotonic":
        return _between(b, score, curve)
    line = ending.shifted(b, ending.scaled(b, score, -curve.number("a")), -curve.number("b"))
    return elementwise.unary(b, "sigmoid", line)


def _between(b: Builder, score: str, curve: Fields) -> str:
    """Linear between thresholds, constant outside: the number of thresholds below the score says
    which piece it is; on it, value + share of the way * rise."""
    at = curve.array("at", None)
    value = curve.array("value", len(at))
    if (np.diff(at) <= 0).any():
        broken(f"{curve.kind}: thresholds do not rise.")
    narrow = at.astype(np.float32)
    if ((np.diff(narrow) == 0) & (np.diff(value) > 0)).any():
        b.note(CLOSE)
    limits = b.constant("thresholds", at_most(at)[None])
    above = elementwise.cast(b, elementwise.compare(b, "greater", score, limits), "int32")
    piece = b.op("reshape", reduction.reduce(b, "sum", above, (1,), False), shape=(1,))
    begin = np.concatenate([at[:1], at])
    with np.errstate(over="ignore"):
        slope = np.minimum(1 / np.diff(at), MOST_SLOPE)
    columns = {
        "begin": begin, "slope": np.concatenate([[0], slope, [0]]),
        "value": np.concatenate([value[:1], value]),
        "rise": np.concatenate([[0], np.diff(value), [0]]),
    }  # fmt: skip
    rows = {k: _looked_up(b, piece, c, k) for k, c in columns.items()}
    way = b.op("mul", b.op("sub", score, rows["begin"]), rows["slope"])
    way = elementwise.clip(b, way, 0.0, 1.0)
    return b.op("add", b.op("mul", way, rows["rise"]), rows["value"])


def _looked_up(b: Builder, piece: str, column: np.ndarray, name: str) -> str:
    """column[piece] as [1, 1]."""
    table = b.constant(name, column.astype(np.float32)[:, None])
    return movement.gather(b, table, piece, 0)


def _values(b: Builder, x: str, fields: Fields, translate: Translate) -> tuple[str, ...]:
    """The members' values side by side [1, targets]."""
    found = [
        _taken(b, x, _Member(m, i), translate, "value")[0]
        for i, m in enumerate(fields.parts("members"))
    ]
    if len(found) == 1:
        return (ending.named(b, found[0], "value"),)
    return (b.renamed(movement.concat(b, found, 1), "value"),)


def _labels(b: Builder, x: str, fields: Fields, translate: Translate) -> tuple[str, ...]:
    """All that each member gives, with the number of the output behind the name."""
    members = [_Member(m, i) for i, m in enumerate(fields.parts("members"))]
    return tuple(v for m in members for v in _taken(b, x, m, translate, "label"))


@dataclass(frozen=True)
class _Member:
    """One of several, and its number."""

    fields: Fields
    number: int


def _taken(
    b: Builder, x: str, member: _Member, translate: Translate, wanted: str
) -> tuple[str, ...]:
    """All outputs of a member, the wanted one first."""
    graph = translate(member.fields.body, "m")
    if graph.outputs[0] != wanted:
        kind = member.fields.parts("steps")[-1].kind
        unsupported(kind, f"it stands among others and gives no {wanted}", "Import it by itself.")
    return b.inline(_alone(graph, graph.outputs, member.number), x)
