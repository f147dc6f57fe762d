"""Puts charts, figures and sentences into the page."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinsmith.core.codec import content_hash
from tinsmith.core.quantity import Estimated, Quantity
from tinsmith.core.units import bytes_text, count_text, percent_text
from tinsmith.flow.gates import epochs_text, guessing_text, setbacks
from tinsmith.flow.project import Project
from tinsmith.flow.record import elf_hash, means_text, right_text, runner_text, share_text
from tinsmith.flow.report import board_charts, model_charts
from tinsmith.flow.result import BoardResult, Model, Result
from tinsmith.ir.graph import Attr
from tinsmith.learn.metrics import Interval
from tinsmith.version import __version__


@dataclass(frozen=True)
class FigureText:
    """One figure of a summary card; ``share`` (0..1) is how much of what there is."""

    name: str
    value: str
    detail: str
    method: str
    share: float | None = None
    tone: str = ""


@dataclass(frozen=True)
class BoardPart:
    """One board's part of the page."""

    result: BoardResult
    figures: tuple[FigureText, ...]
    story: str
    charts: Mapping[str, str]


def render(project: Project, result: Result) -> str:
    """The whole report as one HTML text; equal results give equal bytes.

    Raises:
        MissingTool: matplotlib is not installed (extra ``report``).
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tinsmith.flow", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["count"] = count_text
    page = environment.get_template("report.html.j2").render(
        project=project,
        result=result,
        model=result.model,
        pipeline=project.pipeline,
        version=__version__,
        **_texts(project, result.model),
        **_charts(result),
        emulated=any(b.measured.outcome.method == "emulated" for b in result.boards),
        uncalibrated=[
            b.board.id
            for b in result.boards
            if "latency" not in b.figures.quantities and b.measured.outcome.instructions
        ],
        provenance=_provenance(project, result),
    )
    return page + "\n"


def _texts(project: Project, model: Model) -> dict[str, object]:
    pipeline, curves = project.pipeline, model.trained.curves
    blocks = " and ".join(b.block for b in pipeline.blocks)
    return {
        "pipeline_text": f"{blocks} features, family {pipeline.family}",
        "training_text": f"{epochs_text(curves)}; seed "
        f"{model.trained.seed}; family {pipeline.family} with "
        + (", ".join(f"{k} {_plain(v)}" for k, v in pipeline.hyper.items()) or "defaults")
        + ".",
        "setbacks": tuple(setbacks(model.compressed_accuracy, model.trained)),
        "class_counts": model_charts.class_counts(model.windows),
        "feature_count": model.features.shape[1],
    }


def _plain(value: Attr) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _charts(result: Result) -> dict[str, object]:
    model, curves = result.model, result.model.trained.curves
    rows = [("float", model.float_accuracy.accuracy),
            (model.compressed.method, model.compressed_accuracy.accuracy)]  # fmt: skip
    rows += [(b.board.id, b.measured.accuracy.accuracy) for b in result.boards]
    estimates = [(b.board.id, e) for b in result.boards
                 if (e := b.figures.find("latency", Estimated))]  # fmt: skip
    errors = model.compressed.errors
    charts = {
        "examples": model_charts.window_examples(model),
        "scatter": model_charts.feature_scatter(model),
        "curves": model_charts.learning_curves(curves) if curves.train_loss else "",
        "accuracies": model_charts.accuracies(rows, beside=len(errors)),
        "errors": model_charts.layer_errors(model, beside=len(rows)) if errors else "",
        "confusion": model_charts.confusion(
            model.windows.labels, result.boards[0].measured.accuracy
        ),
        "latency": board_charts.latency(estimates) if estimates else "",
    }
    return {
        "charts": _safe(charts),
        "boards": [_board(b) for b in result.boards],
        "class_rows": _class_rows(model, result.boards[0]),
        "means_text": means_text(result.boards[0].measured.accuracy),
        "guessing_text": guessing_text(result.boards[0].measured.accuracy),
        "latency_sources": [f"{e.board}: {e.source}." for _, e in estimates],
    }


def _board(result: BoardResult) -> BoardPart:
    charts = {
        "memory": board_charts.memory_plan(result),
        "sizes": board_charts.sizes(result),
        "instructions": board_charts.instructions(result) if result.measured.outcome.layers else "",
    }
    plan = result.firmware.module.plan
    story = (
        f"{len(result.firmware.module.graph.nodes)} steps in an arena of "
        f"{count_text(plan.arena_bytes)} B, state {count_text(plan.state_bytes)} B. "
        f"Built with {result.firmware.toolchain_version}, ran on {runner_text(result)}."
    )
    return BoardPart(result, tuple(_figures(result)), story, _safe(charts))


def _figures(r: BoardResult) -> list[FigureText]:
    size, method = r.firmware.size, r.measured.outcome.method
    accuracy = r.measured.accuracy.accuracy
    guessing = r.measured.accuracy.guessing
    tone = "" if guessing is None or guessing.beaten else "bad"
    found = [FigureText("Test accuracy", percent_text(accuracy.value), _interval(accuracy, r),
                        method, tone=tone)]  # fmt: skip
    equal = all(v.equal for v in r.proof.verdicts)
    golden = f"{r.proof.cases} of {r.proof.cases}" if equal else "diverges"
    names = " and ".join(v.origin for v in r.proof.verdicts)
    found.append(
        FigureText("Golden vectors equal", golden, names, method, tone="good" if equal else "bad")
    )
    if size is not None:
        found.append(_room("Flash", size.flash, r.board.flash_bytes, size.flash.source))
    ram, stack = (r.figures.quantities.get(name) for name in ("ram", "stack"))
    if size is not None and ram is not None and stack is not None:
        detail = f"{size.ram_static.text} + {stack.text} stack"
        found.append(_room("RAM with stack", ram, r.board.ram_bytes, detail))
    if "instructions" in r.figures.quantities:
        low, high = r.figures.instructions_least, r.figures.instructions
        same = low.value == high.value
        detail = "per inference, every window" if same else f"at most; at least {low.text}"
        found.append(FigureText("Instructions", count_text(high.value), detail, high.method))
    found += _latency(r)
    return found


def _latency(r: BoardResult) -> list[FigureText]:
    """The range; "instructions only" without a badge where there is none; nothing for the host."""
    estimate = r.figures.find("latency", Estimated)
    if estimate is None:
        only = FigureText("Latency", "instructions only", "no calibrated cycle model", "")
        return [only] if r.measured.outcome.instructions else []
    text = f"{estimate.low:.3g}–{estimate.high:.3g} {estimate.unit}"
    detail = "range of a calibrated cycle model, see below"
    return [FigureText("Latency", text, detail, estimate.method)]


def _room(name: str, needs: Quantity, has: int, detail: str) -> FigureText:
    text, share = f"of {bytes_text(has)}; {detail}", min(1.0, needs.value / has)
    return FigureText(name, bytes_text(needs.whole), text, needs.method, share)


def _interval(interval: Interval, r: BoardResult) -> str:
    whole = interval.samples == r.measured.of
    some = "" if whole else f"; the test part has {r.measured.of} windows"
    return (
        f"95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f} %; "
        f"{right_text(interval)}{some}"
    )


def _class_rows(model: Model, result: BoardResult) -> list[tuple[str, ...]]:
    """Per class: precision, recall, F1 and windows of the board's answers."""
    found = result.measured.accuracy
    rows = zip(
        model.windows.labels, found.precision, found.per_class_recall, found.f1, found.support,
        strict=True,
    )  # fmt: skip
    return [
        (name, share_text(precision), percent_text(recall.value) if n else "-", share_text(f1),
         str(n))
        for name, precision, recall, f1, n in rows
    ]  # fmt: skip


def _provenance(project: Project, result: Result) -> list[tuple[str, str]]:
    model = result.model
    rows = [
        ("tinsmith", __version__),
        ("project", project.name),
        ("seed", str(project.seed)),
        ("dataset", model.dataset.id),
        *[(f"source {name}", digest) for name, digest in model.dataset.manifest.provenance.items()],
        *[(f"environment: {k}", v) for k, v in model.trained.environment.items()],
        ("float graph", content_hash(model.graph)),
        (f"{model.compressed.method} graph", content_hash(model.compressed.graph)),
    ]
    for b in result.boards:
        rows += [
            (f"{b.board.id}: image, SHA-256", elf_hash(b)),
            (f"{b.board.id}: toolchain", b.firmware.toolchain_version),
            *[(f"{b.board.id}: source", s) for s in b.board.sources],
        ]
    return rows


def _safe(charts: Mapping[str, str]) -> dict[str, str]:
    """Our own SVG goes into the page as it is; everything else is escaped."""
    from markupsafe import Markup

    return {name: Markup(svg) for name, svg in charts.items()}
