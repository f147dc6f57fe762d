"""Results as text for people."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.cli.tables import facts, out, show_table
from tinsmith.core.quantity import Estimated, Quantity
from tinsmith.core.units import bytes_text, count_text
from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows
from tinsmith.flow.figures import Figures
from tinsmith.flow.gates import epochs_text, guessing_text, setbacks
from tinsmith.flow.model import ModelMeasurement
from tinsmith.flow.model_compare import Comparison
from tinsmith.flow.outputs import Delivered
from tinsmith.flow.package import Packed
from tinsmith.flow.parts import Built
from tinsmith.flow.record import (
    EMULATION,
    interval_text,
    latency_text,
    means_text,
    runner_text,
    share_text,
)
from tinsmith.flow.result import BoardResult, Model, Result
from tinsmith.learn.metrics import Metrics

_NO_CYCLES = "not given: the board has no calibrated cycle model"
_SIZES = (
    ("flash", "flash"), ("weights", "  weights"), ("code", "  code"), ("ram", "RAM with stack"),
    ("ram_static", "  static"), ("stack", "  stack"), ("stack_bound", "  stack, most"),
    ("arena", "arena"), ("state", "state"),
)  # fmt: skip


def show_run(result: Result, delivered: Delivered) -> None:
    """The outcome of a run: boards, gates, files, steps."""
    show_boards(result.boards, delivered)
    facts(
        "Run",
        [
            ("report", str(delivered.report)),
            ("steps", f"{delivered.executed} executed, {delivered.served} served"),
        ],
    )


def show_boards(
    results: Sequence[BoardResult], delivered: Delivered | None = None, kernels: bool = False
) -> None:
    """Figures, proof and gates per board; ``kernels``: and what computes which layer."""
    files = {w.board: w for w in delivered.boards} if delivered else {}
    for r in results:
        rows = [*_figures(r), *_proof(r)]
        rows += [(g.name, f"{'yes' if g.passed else 'NO'}: {' '.join(g.reasons)}") for g in r.gates]
        if r.board.id in files:
            rows.append(("image", str(files[r.board.id].image)))
            rows.append(("library", str(files[r.board.id].package)))
        facts(f"{r.board.id} ({r.board.name})", rows)
        if kernels:
            _show_kernels(r.firmware, r.measured.outcome)


def _figures(r: BoardResult) -> list[tuple[str, str]]:
    part, found = r.measured.accuracy.accuracy.samples, r.figures
    some = "" if part == r.measured.of else f"; the test part has {r.measured.of} windows"
    rows = [
        ("test accuracy", f"{interval_text(r.measured.accuracy.accuracy)}{some}"),
        ("by class", means_text(r.measured.accuracy)),
    ]
    if "flash" in found.quantities:
        rows.append(("flash", _room(found.flash, r.board.flash_bytes)))
    if "ram" in found.quantities:
        parts = f"{found.ram_static.text} static, {found.stack.text} stack"
        room = f"{bytes_text(found.ram.whole)} of {bytes_text(r.board.ram_bytes)}"
        rows.append(("RAM with stack", f"{room} ({found.ram.method}: {parts})"))
    if "instructions" in found.quantities:
        rows.append(("instructions", _per_inference(found)))
        rows.append(("latency", latency_text(found.find("latency", Estimated))))
    if r.measured.outcome.method == "emulated":
        rows.append(("method", f"{EMULATION} ({runner_text(r)})"))
    return rows


def _room(needs: Quantity, has: int) -> str:
    return f"{bytes_text(needs.whole)} of {bytes_text(has)} ({needs.method})"


def _proof(r: BoardResult) -> list[tuple[str, str]]:
    names = ("host", "board") if len(r.proof.verdicts) == 2 else ("host",)
    return [(f"proof, {n}", str(v)) for n, v in zip(names, r.proof.verdicts, strict=True)]


def show_proofs(results: Sequence[BoardResult]) -> None:
    """Per board: verdicts and the stages that were compared."""
    for r in results:
        facts(f"{r.board.id} ({r.board.name})", _proof(r))
        show_table(
            ("stage", "values", "elements", "types", "equal"),
            [
                (row.stage, str(row.values), str(row.elements), ", ".join(row.dtypes),
                 _equal(row.equal))
                for row in r.proof.stages
            ],
            follows=True,
        )  # fmt: skip


def _equal(seen: Sequence[bool | None]) -> str:
    """Of all executions; one that did not see a stage does not speak for it."""
    if False in seen:
        return "NO"
    return "on the host, not seen on the board" if None in seen else "yes"


def show_model(model: Model) -> None:
    """Accuracy before and after compression, and the confusion matrix."""
    pipeline = model.trained.pipeline
    facts(
        str(model.dataset),
        [
            ("pipeline", f"{' + '.join(b.block for b in pipeline.blocks)} -> {pipeline.family}"),
            ("training", epochs_text(model.trained.curves)),
            ("accuracy, float", interval_text(model.float_accuracy.accuracy)),
            (f"accuracy, {model.compressed.method}",
             interval_text(model.compressed_accuracy.accuracy)),
            ("by class", means_text(model.compressed_accuracy)),
            ("learned", _learned(model)),
            ("note", model.windows.note or "groups were kept together"),
        ],
    )  # fmt: skip
    show_confusion(model.windows.labels, model.compressed_accuracy)


def _learned(model: Model) -> str:
    """Whether the compressed model is better than guessing, in the words of the gate."""
    wrong = " ".join(setbacks(model.compressed_accuracy, model.trained))
    return f"NO: {wrong}" if wrong else f"yes: {guessing_text(model.compressed_accuracy)}"


def show_confusion(labels: Sequence[str], metrics: Metrics) -> None:
    """Truth by row, prediction by column; recall, precision and F1 of each class."""
    shares = zip(metrics.per_class_recall, metrics.precision, metrics.f1, strict=True)
    rows = zip(labels, metrics.confusion, shares, strict=True)
    show_table(
        ("truth", *labels, "recall", "precision", "F1"),
        [
            (label, *[str(int(n)) for n in row], interval_text(recall), share_text(precision),
             share_text(f1))
            for label, row, (recall, precision, f1) in rows
        ],
        follows=True,
    )  # fmt: skip


def show_sizes(built: Sequence[Built]) -> None:
    """Sizes of linked images, and their files."""
    for b in built:
        board, firmware = b.board, b.firmware
        size = firmware.size
        rows = [("arena", str(firmware.arena)), ("state", str(firmware.state))]
        if size is not None:
            rows.insert(0, ("flash", _room(size.flash, board.flash_bytes)))
            rows.insert(1, ("RAM, static", _room(size.ram_static, board.ram_bytes)))
        if firmware.stack is not None:
            rows.append(("stack, most", str(firmware.stack.image or firmware.stack.unbounded)))
        rows.append(("kernels", _kernels(firmware.module.kernels)))
        rows.append(("toolchain", firmware.toolchain_version))
        rows += [("image", str(b.written.image)), ("library", str(b.written.package))]
        facts(f"{board.id} ({board.name})", rows)


def show_measured(measured: ModelMeasurement, kernels: bool = False) -> None:
    """Figures of a model file on a board, with units and method; ``kernels``: and what computes
    which layer."""
    found, outcome = measured.figures, measured.outcome
    drawn = ", drawn by a fixed generator: --inputs X.npz gives your own" * measured.drawn
    rows = [("cases", f"{found.cases}{drawn}")]
    if measured.judged is not None:
        name = "accuracy" if measured.judged.classes is not None else "errors"
        rows.append((name, measured.judged.text))
    if "instructions" in found.quantities:
        rows.append(("instructions", _per_inference(found)))
    cycles, time = (found.find(name, Estimated) for name in ("cycles", "latency"))
    rows.append(("cycles", _said(cycles) if cycles else _NO_CYCLES))
    if time is not None:
        rows.append(("latency", f"{time.low:.3g} to {time.high:.3g} ms ({time.method})"))
    rows += [(text, _said(q)) for n, text in _SIZES if (q := found.quantities.get(n)) is not None]
    stack = measured.firmware.stack
    if stack is not None and stack.unbounded:
        rows.append(("  stack, most", stack.unbounded))
    how = f"{outcome.method}: {outcome.runner_version}"
    emulated = f" ({EMULATION.partition(': ')[2]})" if outcome.method == "emulated" else ""
    rows += [
        ("kernels", _kernels(measured.firmware.module.kernels)),
        ("method", f"{how}{emulated}"),
        ("toolchain", f"{measured.firmware.toolchain_version}, optimisation {measured.optimize}"),
        ("compiled in", f"{measured.compile_seconds:.2f} s"),
    ]
    if measured.semantics:
        rows.append(("semantics", measured.semantics))
    facts(f"{measured.model} on {found.board}", rows)
    if kernels:
        _show_kernels(measured.firmware, outcome)


def _show_kernels(firmware: Firmware, outcome: Outcome) -> None:
    """Which kernel computes which layer, and its instructions where the runner counts them."""
    counts, nodes = outcome.layers or {}, firmware.module.graph.nodes
    show_table(
        ("layer", "operation", "kernel", "instructions"),
        [
            (n.name, n.words, firmware.module.kernels.get(n.name, "-"),
             count_text(counts[n.name].value) if n.name in counts else "-")
            for n in nodes
        ],
        follows=True,
    )  # fmt: skip


def _kernels(kernels: Mapping[str, str]) -> str:
    """How many of which set; which one computes which layer is in the JSON and the lock file."""
    sets = Counter(kernel.partition("/")[0] for kernel in kernels.values())
    return ", ".join(f"{count} of set {name}" for name, count in sorted(sets.items()))


def _said(quantity: Quantity) -> str:
    return f"{quantity.text} ({quantity.method})"


def _per_inference(found: Figures) -> str:
    high, low = found.instructions, found.instructions_least
    least = "" if low.value == high.value else f", {count_text(low.value)} at least"
    origin = f"{high.method}, {high.source}"
    return f"{count_text(high.value)} per inference{least} ({origin})"


def show_comparison(found: Comparison) -> None:
    """Every layer of two executions, and the first that differs."""
    show_table(
        ("node", "stage", "operation", "type", "largest difference", "values that differ"),
        [
            (r.node, r.stage or "-", r.op, r.type, _difference(r.max_difference),
             f"{count_text(r.differing)} of {count_text(r.total)}")
            for r in found.layers
        ],
    )  # fmt: skip
    first = "none" if found.first is None else found.first.node
    rows = [("cases", str(found.cases)), ("first that differs", first)]
    facts(f"{found.model}: {' and '.join(found.origins)}", rows)


def _difference(most: float | None) -> str:
    return "not finite" if most is None else f"{most:g}"


def show_packed(packed: Sequence[Packed]) -> None:
    """Archives that were written, a line each."""
    for p in packed:
        out().print(f"{p.path}  {count_text(p.nbytes)} B, {p.kind} for {p.board}, {p.cases} golden "
                    f"cases, {p.uncertified and 'no '}certificate", markup=False, highlight=False,
                    soft_wrap=True)  # fmt: skip
    for reason in dict.fromkeys(p.uncertified for p in packed if p.uncertified):
        out().print(f"No certificate: {reason}.", markup=False, highlight=False, soft_wrap=True)


def show_dataset(dataset: Dataset) -> None:
    """What a dataset holds."""
    m = dataset.manifest
    channels = ", ".join(f"{c.name} ({c.unit})" if c.unit else c.name for c in m.channels)
    counts = {label: sum(r.label == label for r in m.recordings) for label in dataset.labels}
    seconds = sum(r.samples for r in m.recordings) / m.rate_hz
    facts(
        str(dataset),
        [
            ("channels", channels),
            ("labels", ", ".join(f"{label} ({n})" for label, n in counts.items())),
            ("length", f"{seconds:.{0 if seconds >= 10 else 2}f} s in all"),
            ("groups", str(len({r.group for r in m.recordings if r.group}) or "none")),
            ("id", dataset.id[:16]),
        ],
    )


def show_windows(windows: Windows) -> None:
    """The split."""
    size, rows = len(windows.labels), []
    for part, name in enumerate(("train", "validation", "test")):
        rows.append((name, *map(str, np.bincount(windows.of(part)[1], minlength=size))))
    show_table(("part", *windows.labels), rows, follows=True)
    if windows.note:
        out().print(windows.note)
