"""The run as JSON: every number with its method, board, source and how many samples it is from."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.core.codec import content_hash
from tinsmith.core.quantity import Estimated, Quantity
from tinsmith.core.units import percent_text
from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows
from tinsmith.flow.figures import Figures, image_quantities
from tinsmith.flow.gates import setbacks
from tinsmith.flow.result import BoardResult, Model
from tinsmith.learn.metrics import Interval, Metrics

EMULATION = "emulated: core and memories, not peripherals"


def board_record(result: BoardResult) -> dict[str, Any]:
    """One board's figures, verdicts and gates."""
    size, outcome = result.firmware.size, result.measured.outcome
    return {
        **measured_record(result.figures, result.firmware, outcome),
        "board_name": result.board.name,
        "emulation": EMULATION if outcome.method == "emulated" else "",
        "accuracy": metrics_record(result.measured.accuracy),
        "windows_run": result.measured.accuracy.accuracy.samples,
        "windows_right": result.measured.accuracy.accuracy.hits,
        "windows_of": result.measured.of,
        "sections": {n: q.value for n, q in size.sections.items()} if size else {},
        "proof": [
            {"origin": v.origin, "equal": v.equal, "cases": v.cases, "says": str(v)}
            for v in result.proof.verdicts
        ],
        "gates": [asdict(g) for g in result.gates],
        "accepted": result.accepted,
        "elf_sha256": elf_hash(result),
    }


def measured_record(found: Figures, firmware: Firmware, outcome: Outcome) -> dict[str, Any]:
    """What is said of every firmware that ran, whatever it came from."""
    return {
        "board": found.board,
        "quantities": {name: quantity_record(q) for name, q in found.quantities.items()},
        "kernels": dict(firmware.module.kernels),
        "instructions_by_node": {n: q.value for n, q in (outcome.layers or {}).items()},
        "toolchain": firmware.toolchain_version,
        "stack_bounds": stack_record(firmware),
    }


def stack_record(firmware: Firmware) -> dict[str, Any] | None:
    """The deepest stacks that linked code can need: of a run and of its steps, in B; and why some
    have no bound."""
    found = firmware.stack
    if found is None:
        return None
    return {
        "run": found.run.value if found.run else None,
        "steps": {node: bound.value for node, bound in found.steps.items()},
        "unbounded": found.unbounded,
    }


def model_record(model: Model) -> dict[str, Any]:
    """The trained and compressed model: accuracy before and after, and where it came from."""
    return {
        **dataset_record(model.dataset),
        **windows_record(model.windows),
        "seed": model.trained.seed,
        "environment": dict(model.trained.environment),
        "method": model.compressed.method,
        "graph": content_hash(model.compressed.graph),
        "accuracy_float": metrics_record(model.float_accuracy),
        "accuracy_compressed": metrics_record(model.compressed_accuracy),
        "training": training_record(model),
        "sqnr_db": {e.value: e.sqnr_db for e in model.compressed.errors},
    }


def training_record(model: Model) -> dict[str, Any]:
    """How training went, and why the compressed model has learned nothing, if so."""
    curves = model.trained.curves
    return {
        "epochs": len(curves.train_loss),
        "best": curves.best,
        "stuck": curves.stuck,
        "setbacks": list(setbacks(model.compressed_accuracy, model.trained)),
    }


def dataset_record(dataset: Dataset) -> dict[str, Any]:
    """What a dataset is and where it came from."""
    manifest = dataset.manifest
    return {
        "dataset": dataset.id,
        "name": manifest.name,
        "channels": [asdict(c) for c in manifest.channels],
        "rate_hz": manifest.rate_hz,
        "recordings": {n: sum(r.label == n for r in manifest.recordings) for n in dataset.labels},
        "sources": dict(manifest.provenance),
        "notes": list(manifest.notes),
    }


def windows_record(windows: Windows) -> dict[str, Any]:
    """The split."""
    parts = enumerate(("train", "validation", "test"))
    return {
        "labels": list(windows.labels),
        "windows": {name: int((windows.part == i).sum()) for i, name in parts},
        "grouped_split": windows.grouped,
        "note": windows.note,
    }


def proof_record(result: BoardResult) -> dict[str, Any]:
    """The verdicts of one board with every stage."""
    return {
        "board": result.board.id,
        "equal": result.proof.equal,
        "verdicts": [asdict(v) for v in result.proof.verdicts],
        "stages": [asdict(s) for s in result.proof.stages],
    }


def firmware_record(firmware: Firmware) -> dict[str, Any]:
    """Sizes of a linked image; null where none is linked."""
    size, sizes = firmware.size, image_quantities(firmware)
    return {
        "board": firmware.board,
        "toolchain": firmware.toolchain_version,
        **{
            f"{name}_bytes": sizes[name].value if name in sizes else None
            for name in ("flash", "ram_static", "weights", "code", "arena", "state", "stack_bound")
        },
        "sections": {n: q.value for n, q in size.sections.items()} if size else {},
        "quantities": {name: quantity_record(q) for name, q in sizes.items()},
        "stack_bounds": stack_record(firmware),
        "kernels": dict(firmware.module.kernels),
        "elf_sha256": sha256(firmware.elf).hexdigest(),
    }


def quantity_record(quantity: Quantity) -> dict[str, Any]:
    """A quantity with its method."""
    return asdict(quantity)


def metrics_record(metrics: Metrics) -> dict[str, Any]:
    """Accuracy and recall with intervals; per class precision, F1 and support in the order of the
    labels; means over classes; the test against guessing; and the confusion matrix
    [truth][prediction]. What there is not is null."""
    guessing = metrics.guessing
    return {
        "accuracy": interval_record(metrics.accuracy),
        "recall": [interval_record(r) for r in metrics.per_class_recall],
        "precision": list(metrics.precision),
        "f1": list(metrics.f1),
        "support": list(metrics.support),
        "balanced_accuracy": metrics.balanced_accuracy,
        "macro_f1": metrics.macro_f1,
        "roc_auc": metrics.auc,
        "confusion": metrics.confusion.tolist(),
        "only_answer": metrics.only_answer,
        "guessing": guessing and {**asdict(guessing), "beaten": guessing.beaten},
    }


def interval_record(interval: Interval) -> dict[str, Any]:
    """A share, its interval, and how many samples are right of how many, in how many units."""
    return {**asdict(interval), "hits": interval.hits}


def interval_text(interval: Interval) -> str:
    """``97.9 %, 95 % interval 79.0 to 99.9 % (47 of 48 windows right, 16 recordings)``."""
    low, high = 100 * interval.low, 100 * interval.high
    share = f"{100 * interval.value:.1f} %, 95 % interval {low:.1f} to {high:.1f} %"
    return f"{share} ({right_text(interval)})"


def right_text(interval: Interval) -> str:
    """``47 of 48 windows right, 16 recordings``."""
    right = f"{interval.hits} of {interval.samples} windows right"
    if interval.by == "window":
        return right
    return f"{right}, {interval.units} {interval.by}{'s' if interval.units != 1 else ''}"


def share_text(share: float | None) -> str:
    """``97.5 %``; a dash for what there is not."""
    return "-" if share is None else percent_text(share)


def means_text(metrics: Metrics) -> str:
    """Balanced accuracy and macro F1, and the area under the ROC curve where there is one."""
    means = (("balanced", metrics.balanced_accuracy), ("macro F1", metrics.macro_f1))
    parts = [f"{name} {percent_text(value)}" for name, value in means]
    auc = [] if metrics.auc is None else [f"ROC AUC {metrics.auc:.3f}"]
    return ", ".join(parts + auc)


def latency_text(latency: Estimated | None) -> str:
    """The range, or that there is none."""
    if latency is None:
        return "instructions only"
    return f"{latency.text} ({latency.method})"


def runner_text(result: BoardResult) -> str:
    """Runner and its version, which may already say the name."""
    outcome = result.measured.outcome
    version = outcome.runner_version
    return version if version.startswith(outcome.runner) else f"{outcome.runner} {version}"


def elf_hash(result: BoardResult) -> str:
    """SHA-256 of the image."""
    return sha256(result.firmware.elf).hexdigest()
