"""Networks of `tinsmith.testing.networks` on a Cortex-M4F: instructions per product, flash, RAM,
and what zeroed channels and weights save; as JSON and Markdown.

    python benchmarks/networks.py [--only TEXT]

Writes benchmarks/results/networks.json and .md. Every run's answers are compared with those of the
interpreter, byte by byte. Ends with 1 where they differ or a bound is not kept.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tinsmith.core.job import Job
from tinsmith.core.units import count_text
from tinsmith.flow.model import MeasureOptions, measure_graph
from tinsmith.ir.interp import run_cases
from tinsmith.testing.networks import WHOLE, Network, Pruning, mobilenet, resnet

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BOARD = "nucleo_l4r5zi"
AIMS = ("speed", "size", "ram")
KEPT_CHANNELS = 0.2
"""Share of the channels that are left where some are zeroed."""
PRUNED_MOST = 1.02
"""Of what a network without the zeroed channels costs."""
RAM_MOST = 1.5
"""Of the instructions at ``speed``, where RAM is aimed at."""


@dataclass(frozen=True)
class Bounds:
    """What is wanted at ``speed``: instructions per product, bytes of RAM; at ``ram``: bytes of
    RAM. Flash is bounded for all: 1.08 of the weights and 20 kB."""

    per_mac: float
    ram: int | None = None
    least_ram: int | None = None


NETWORKS: Mapping[str, tuple[Callable[[Pruning], Network], Bounds]] = {
    "mobilenet_v1_0.25_96": (lambda p: mobilenet(pruning=p), Bounds(1.15, 58_000, 32_000)),
    "resnet_8_32": (lambda p: resnet(pruning=p), Bounds(1.00, 36_000, 24_000)),
    "resnet_8_wide": (lambda p: resnet((40, 80, 160), pruning=p), Bounds(0.95)),
}
FORMS = {
    "whole": WHOLE,
    "channels zeroed": Pruning(KEPT_CHANNELS, "zeroed"),
    "channels left out": Pruning(KEPT_CHANNELS, "left out"),
    "weights zeroed": Pruning(sparse=1 - KEPT_CHANNELS),
}


@dataclass(frozen=True)
class Row:
    """One network in one form, compiled with one aim. Bytes as `tinsmith measure` counts them."""

    network: str
    form: str
    aim: str
    macs: int
    weights: int
    live: float
    instructions: int
    model_cycles: int
    flash: int
    ram: int
    exact: bool

    @property
    def per_mac(self) -> float:
        """Instructions for a product."""
        return self.instructions / self.macs


def measured(name: str, form: str, aim: str) -> Row:
    """Built, run on one picture and compared with the interpreter."""
    net = NETWORKS[name][0](FORMS[form])
    picture = {k: v[:1] for k, v in net.inputs.items()}
    with TemporaryDirectory() as folder:
        given, made = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(given, in_0=picture["x"])
        options = MeasureOptions(
            BOARD, inputs=given, outputs=made, optimize=aim, cache=ROOT / ".tools"
        )
        found = measure_graph(net.graph, (name, None), options, Job())
        with np.load(made) as arrays:
            (answer,) = arrays.values()
    (end,) = net.graph.outputs
    exact = answer.tobytes() == run_cases(net.graph, picture)[end].tobytes()
    record, cycles = found.record(), found.outcome.model_cycles
    return Row(
        name, form, aim, net.macs, net.weights, net.live(), int(record["instructions"]["max"]),
        int(cycles[0].value) if cycles else 0, int(record["flash_bytes"]),
        int(record["ram_bytes"]), exact,
    )  # fmt: skip


def missed(rows: Sequence[Row]) -> Iterable[str]:
    """A sentence for each bound that is not kept."""
    by = {(r.network, r.form, r.aim): r for r in rows}
    for r in rows:
        if not r.exact:
            yield f"{_named(r)}: its answers differ from the interpreter's"
        if r.form == "whole":
            yield from _whole(r, NETWORKS[r.network][1])
        if r.form == "channels zeroed":
            small = by[r.network, "channels left out", r.aim]
            yield from _within(r, small, PRUNED_MOST, ("instructions", "flash"))
        if r.form == "whole" and r.aim == "ram":
            fast = by[r.network, "whole", "speed"]
            yield from _within(r, fast, RAM_MOST, ("instructions",))
        if r.form == "weights zeroed":
            yield from _within(r, by[r.network, "whole", r.aim], 1.0, ("instructions", "flash"))


def _whole(r: Row, bounds: Bounds) -> Iterable[str]:
    if r.live < 0.95:
        yield f"{_named(r)}: {r.live:.0%} of its channels are live, 95 % are wanted"
    if r.aim == "speed":
        if r.per_mac > bounds.per_mac:
            yield f"{_named(r)}: {r.per_mac:.3f} instructions per MAC, {bounds.per_mac} are wanted"
        if r.flash > (most := 1.08 * r.weights + 20_000):
            yield f"{_named(r)}: flash {r.flash}, {most:.0f} is wanted"
    most_ram = {"speed": bounds.ram, "ram": bounds.least_ram}.get(r.aim)
    if most_ram is not None and r.ram > most_ram:
        yield f"{_named(r)}: RAM {r.ram}, {most_ram} is wanted"


def _within(r: Row, other: Row, most: float, what: Sequence[str]) -> Iterable[str]:
    for name in what:
        has, reference = getattr(r, name), getattr(other, name)
        if has > most * reference:
            share = has / reference
            yield f"{_named(r)}: {name} {has}, {share:.3f} of {reference} ({_named(other)})"


def _named(r: Row) -> str:
    return f"{r.network}, {r.form}, {r.aim}"


def as_markdown(rows: Sequence[Row], misses: Sequence[str]) -> str:
    """One table, then what is missed."""
    head = ["network", "form", "aim", "MAC", "instructions", "per MAC", "model cycles per MAC",
            "int8 weights B", "flash B", "RAM with stack B", "live channels", "exact"]  # fmt: skip
    lines = [
        "# Networks at any width\n",
        f"Written by `benchmarks/networks.py` for {BOARD}. Emulated; model cycles: zero wait "
        "states, uncalibrated. 1 kB = 1000 B.\n",
        f"| {' | '.join(head)} |",
        f"|---|---|---|{'---:|' * (len(head) - 4)}---|",
    ]
    for r in rows:
        cells = [
            r.network, r.form, r.aim, count_text(r.macs), count_text(r.instructions),
            f"{r.per_mac:.3f}", f"{r.model_cycles / r.macs:.3f}", count_text(r.weights),
            count_text(r.flash), count_text(r.ram), f"{100 * r.live:.1f} %",
            "yes" if r.exact else "no",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["\n## Bounds that are not kept\n", *([f"- {m}" for m in misses] or ["None."])]
    return "\n".join(lines) + "\n"


def commit() -> str:
    """What the figures are of; ``-dirty`` where files other than results differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    return f"{head}-dirty" if changed else head


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    """1 where an answer differs or a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="part of a network's name")
    asked = parser.parse_args()
    rows: list[Row] = []
    for name in (n for n in NETWORKS if asked.only in n):
        for form in FORMS:
            for aim in AIMS:
                rows.append(row := measured(name, form, aim))
                print(f"{_named(row)}: {row.per_mac:.3f} instructions per MAC, flash {row.flash}, "
                      f"RAM {row.ram}", flush=True)  # fmt: skip
    misses = list(missed(rows))
    if not asked.only:
        body = {"commit": commit(), "figures": [asdict(r) for r in rows], "missed": misses}
        text = json.dumps(body, indent=1, sort_keys=True) + "\n"
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "networks.json").write_text(text, encoding="utf-8")
        (RESULTS / "networks.md").write_text(as_markdown(rows, misses), encoding="utf-8")
    print(as_markdown(rows, misses))
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
