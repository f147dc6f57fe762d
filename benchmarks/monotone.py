"""Every model of the shared folder on every core that it fits: what is optimised for speed or size
against the reference's kernels at the same level, and against tinsmith as it was when these were
all that it had (`before_kernels.json`); as JSON and Markdown.

    python benchmarks/monotone.py [--models FOLDER] [--only TEXT] [--core NAME] [--jobs N]

Writes benchmarks/results/monotone.json and .md (whole runs only) and ends with 1 where something
costs more: with ``size`` flash, RAM or instructions, with ``speed`` instructions or RAM, or an int8
network more than its float form.
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from elftools.elf.elffile import ELFFile
from measure_models import CORES, KEPT, RESULTS, ROOT, inputs_file, models
from networks import commit

import tinsmith
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices
from tinsmith.codegen.compile import lower
from tinsmith.codegen.kernel_set import REFERENCE
from tinsmith.codegen.select import possible
from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.core.errors import TinsmithError
from tinsmith.core.job import Job
from tinsmith.core.store import LocalStore
from tinsmith.core.units import count_text
from tinsmith.devices.board import BOARDS, Core
from tinsmith.flow.model import MeasureOptions, ModelMeasurement, measure_graph
from tinsmith.flow.model_target import DoesNotFit
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph
from tinsmith.rewrite.fuse import shortened

BEFORE: Mapping[str, Any] = json.loads((ROOT / "benchmarks" / "before_kernels.json").read_bytes())
"""Model -> core -> what it cost at its defaults when there was one kernel for each operation."""
GATES = {"size": ("flash", "ram", "instructions"), "speed": ("instructions", "ram")}
"""Aim -> what must not be more than the reference's kernels cost."""
FORMS = {
    "ad01_int8.tflite": "ad01_fp32.tflite",
    "ei_temperature-regression.i8.tflite": "ei_temperature-regression.f32.tflite",
    "kws_ref_model.tflite": "kws_ref_model_float32.tflite",
}
"""An int8 model -> the float model of the same network, from 1,000 products up."""


@dataclass(frozen=True)
class Row:
    """One model on one core, with one aim, of the reference's kernels or all. ``layers``:
    instructions of each step; ``kernels``: what computes it; ``parts``: bytes of each function and
    table."""

    model: str
    core: str
    aim: str
    reference: bool
    outcome: str
    instructions: int = 0
    model_cycles: int = 0
    flash: int = 0
    ram: int = 0
    arena: int = 0
    layers: Mapping[str, int] = field(default_factory=dict)
    kernels: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)


def referred(graph: Graph, core: Core) -> tuple[Graph, Choices]:
    """The lowered graph as the reference alone computes it, and its kernels."""
    graph = lower(graph)
    while True:
        offers = {
            node: [k for k in kernels if k.startswith(f"{REFERENCE}/")]
            for node, kernels in possible(graph, core).items()
        }
        missing = {n.name for n in graph.nodes if n.parts and not offers[n.name]}
        if not missing:
            return graph, Choices({node: found[0] for node, found in offers.items()})
        graph = shortened(graph, missing)


def measured(path: Path, name: str, core: str) -> list[Row]:
    """All forms of a model on a core; what was done is kept."""
    cache = Cache(LocalStore(KEPT / "monotone"), code_fingerprint(Path(tinsmith.__file__).parent))
    key = (name, core, sha256(path.read_bytes()).hexdigest())
    kept = cache.step("rows", tuple[Row, ...], key, lambda: tuple(_rows(path, name, core)))
    return list(kept[0])


def _rows(path: Path, name: str, core: str) -> Iterable[Row]:
    try:
        graph = read_model(path)
        plain = referred(graph, BOARDS.get(CORES[core]).core)
    except TinsmithError as e:
        yield Row(name, core, "", True, f"refused: {e}")
        return
    with TemporaryDirectory() as folder:
        inputs = inputs_file(path, graph, Path(folder))
        for aim in GATES:
            for own, choices in (plain, (graph, NOTHING_CHOSEN)):
                about = (name, core, aim, choices is not NOTHING_CHOSEN)
                options = MeasureOptions(CORES[core], inputs=inputs, optimize=aim, cache=KEPT)
                yield _row(about, own, options, choices)


def _row(
    about: tuple[str, str, str, bool], graph: Graph, options: MeasureOptions, choices: Choices
) -> Row:
    try:
        found = measure_graph(graph, (about[0], None), options, Job(), choices)
    except DoesNotFit:
        return Row(*about, "does not fit")
    except TinsmithError as e:
        return Row(*about, f"failed: {e}")
    record, outcome = found.record(), found.outcome
    return Row(
        *about, "measured", int(record["instructions"]["max"]),
        int(outcome.model_cycles[0].value) if outcome.model_cycles else 0,
        int(record["flash_bytes"]), int(record["ram_bytes"]),
        found.firmware.module.plan.arena_bytes,
        {n: int(c.value) for n, c in (outcome.layers or {}).items()},
        dict(found.firmware.module.kernels), _parts(found),
    )  # fmt: skip


def _parts(found: ModelMeasurement) -> dict[str, int]:
    """Bytes of functions and constants by name, without the model's."""
    table = ELFFile(io.BytesIO(found.firmware.elf)).get_section_by_name(".symtab")
    prefix = f"{found.firmware.module.name}_"
    kinds = ("STT_FUNC", "STT_OBJECT")
    named = [s for s in table.iter_symbols() if s["st_info"]["type"] in kinds and s["st_size"]]
    return {s.name.removeprefix(prefix): int(s["st_size"]) for s in named}


def violations(rows: Sequence[Row]) -> Iterable[str]:
    """A sentence for each figure that is more than it may be, with what causes it."""
    by = {(r.model, r.core, r.aim, r.reference): r for r in rows if r.outcome == "measured"}
    for r in rows:
        if r.outcome.startswith("failed"):
            yield f"{_named(r)}: {r.outcome}"
        plain = by.get((r.model, r.core, r.aim, True))
        if r.outcome == "measured" and not r.reference:
            once = _once(r)
            for other, name in ((once, "before"), (plain, "by the reference")):
                for what in GATES[r.aim] if other else ():
                    own, most = getattr(r, what), getattr(other, what)
                    if own > most:
                        cause = _cause(what, r, plain) if plain else "no other row"
                        yield f"{_named(r)}: {what} {own}, {name} {most}: {cause}"
        real = by.get((FORMS.get(r.model, ""), r.core, r.aim, False))
        if r.aim == "speed" and not r.reference and real and r.outcome == "measured":
            yield from _slower(r, real)


def _once(r: Row) -> Row | None:
    """The same model before there was a choice of kernels."""
    found = BEFORE["models"].get(r.model, {}).get(r.core)
    if found is None:
        return None
    instructions, flash, ram = found
    return Row(r.model, r.core, "", True, "measured", instructions, 0, flash, ram)


def _slower(r: Row, real: Row) -> Iterable[str]:
    what = "model_cycles" if r.model_cycles and real.model_cycles else "instructions"
    own, other = getattr(r, what), getattr(real, what)
    if own > other:
        yield f"{_named(r)}: {what} {own}, as float {other}"


def _named(r: Row) -> str:
    return f"{r.model}, {r.core}, {r.aim}"


def _cause(what: str, r: Row, plain: Row) -> str:
    """What grew most against the reference, at most three of it."""
    if what == "ram":
        stacks = [row.ram - row.arena for row in (r, plain)]
        return (
            f"arena {r.arena} B against {plain.arena} B, the rest {stacks[0]} against {stacks[1]}"
        )
    if what == "flash":
        sums = [sum(v for n, v in row.parts.items() if n.startswith("t_")) for row in (r, plain)]
        code = [n for n in r.parts if "ts_" in n and n not in plain.parts]
        most = sorted(code, key=lambda n: -r.parts[n])[:3]
        named = ", ".join(f"{n} {r.parts[n]} B" for n in most)
        return f"tables {sums[0]} B against {sums[1]} B; {named}"
    grown = {n: v - plain.layers.get(n, 0) for n, v in r.layers.items()}
    most = sorted((n for n in grown if grown[n] > 0), key=lambda n: -grown[n])[:3]
    return ", ".join(f"{n} +{grown[n]} by {r.kernels.get(n, '')}" for n in most)


def as_markdown(rows: Sequence[Row], wrong: Sequence[str]) -> str:
    """Per aim a table of before and after, then what costs more."""
    by = {(r.model, r.core, r.aim, r.reference): r for r in rows if r.outcome == "measured"}
    lines = [
        "# Optimised against the reference's kernels\n",
        "Written by `benchmarks/monotone.py`. Before: tinsmith at its defaults when there was one "
        "kernel for each operation. By the reference: each layer by the kernel of `ref` today, at "
        "the same level. Emulated; RAM with stack.",
    ]
    for aim in GATES:
        lines += [
            f"\n## {aim}\n",
            "| model | core | instructions before | by the reference | now | flash B before "
            "| by the reference | now | RAM B before | by the reference | now |",
            f"|---|---|{'---:|' * 9}",
        ]
        for (model, core, own, reference), plain in by.items():
            now = by.get((model, core, aim, False))
            if own == aim and reference and now:
                forms = (_once(plain), plain, now)
                cells = [count_text(getattr(r, w)) if r else "" for w in ("instructions", "flash",
                         "ram") for r in forms]  # fmt: skip
                lines.append(f"| {model} | {core} | {' | '.join(cells)} |")
    lines += ["\n## What costs more\n", *([f"- {w}" for w in wrong] or ["Nothing."])]
    return "\n".join(lines) + "\n"


def main() -> int:
    """1 where something costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models")
    parser.add_argument("--only", default="", help="part of a file's name")
    parser.add_argument("--core", action="append", choices=list(CORES))
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    rows, began = _all(asked), time.monotonic()
    wrong = list(violations(rows))
    if not asked.only and not asked.core:
        figures = [
            {k: v for k, v in asdict(r).items() if k not in ("layers", "kernels", "parts")}
            for r in rows
        ]
        body = {"commit": commit(), "figures": figures, "more": wrong}
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(body, indent=1, sort_keys=True) + "\n"
        (RESULTS / "monotone.json").write_text(text, encoding="utf-8")
        (RESULTS / "monotone.md").write_text(as_markdown(rows, wrong), encoding="utf-8")
    for sentence in wrong:
        print(sentence)
    print(f"{len(rows)} rows, {len(wrong)} violations, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def _all(asked: argparse.Namespace) -> list[Row]:
    """Every model on every core that is asked for, smaller files first."""
    paths = sorted(models(asked.models, asked.only), key=lambda p: p.stat().st_size)
    work = [
        (p, p.relative_to(asked.models).as_posix(), c) for p in paths for c in asked.core or CORES
    ]
    rows: list[Row] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for (_, name, core), found in zip(work, pool.map(_measured, work), strict=True):
            rows += found
            print(f"{name} on {core}: {', '.join(dict.fromkeys(r.outcome for r in found))}",
                  flush=True)  # fmt: skip
    return rows


def _measured(work: tuple[Path, str, str]) -> list[Row]:
    return measured(*work)


if __name__ == "__main__":
    sys.exit(main())
