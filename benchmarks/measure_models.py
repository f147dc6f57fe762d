"""Every model of the shared folder on seven cores: sizes and instructions, as JSON and Markdown.

    python benchmarks/measure_models.py [--models FOLDER] [--only TEXT] [--jobs N]

Writes benchmarks/results/measure_models.json and .md. What is done is kept under .tools by content
of the model and of tinsmith's code, so an interrupted run goes on where it stopped. Every board's
answers are compared with those of this computer, byte by byte. Inputs are the default ones of
`tinsmith measure`, or the first case of the reference vectors where a type has none.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import tinsmith
from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.core.errors import TinsmithError, UserError
from tinsmith.core.job import Job
from tinsmith.core.store import LocalStore
from tinsmith.core.units import count_text
from tinsmith.flow.drawn import default_inputs
from tinsmith.flow.model import MeasureOptions, measure_graph, semantics_of
from tinsmith.flow.model_target import DoesNotFit
from tinsmith.importers import read_model, read_suffixes
from tinsmith.ir.graph import Graph

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
KEPT = ROOT / ".tools"
CORES = {
    "M0+": "rpi_pico",
    "M3": "nucleo_f103rb",
    "M4F": "nucleo_l4r5zi",
    "M7": "nucleo_f746zg",
    "M33": "nucleo_u575zi",
    "RV32IMC": "esp32_c3",
    "M55": "alif_e7",
}


@dataclass(frozen=True)
class Row:
    """One model on one board. ``outcome``: measured, does not fit, refused, or failed (our bug);
    ``record``: the figures of `tinsmith measure`; ``says``: the message where there are none."""

    model: str
    core: str
    board: str
    outcome: str
    record: Mapping[str, Any]
    says: str
    equal_to_host: bool


def models(folder: Path, only: str) -> list[Path]:
    """Files that an importer reads, by name."""
    known = set(read_suffixes()) - {".json", ".txt"}
    found = [p for p in folder.rglob("*") if p.suffix.lower() in known]
    return sorted(p for p in found if only in p.name)


def measured(path: Path, name: str) -> list[Row]:
    """All boards for one model; served from the cache where nothing changed."""
    os.environ["OMP_NUM_THREADS"] = "1"
    cache = Cache(
        LocalStore(KEPT / "measure_models"), code_fingerprint(Path(tinsmith.__file__).parent)
    )
    content = sha256(path.read_bytes()).hexdigest()
    return list(
        cache.step("rows", tuple[Row, ...], (name, content), lambda: tuple(_rows(path, name)))[0]
    )


def _rows(path: Path, name: str) -> Iterable[Row]:
    try:
        graph = read_model(path)
    except TinsmithError as e:
        yield from (Row(name, c, b, _refusal(e), {}, str(e), False) for c, b in CORES.items())
        return
    with TemporaryDirectory() as folder:
        inputs = inputs_file(path, graph, Path(folder))
        host = _row(path, name, graph, ("host", "host"), (Path(folder), inputs, b""))
        answers = Path(folder) / "host.npz"
        golden = answers.read_bytes() if host.outcome == "measured" else b""
        for core in CORES.items():
            yield _row(path, name, graph, core, (Path(folder), inputs, golden))


def _refusal(error: TinsmithError) -> str:
    """A firmware that faults is our failure, whatever its message says."""
    ours = not isinstance(error, UserError) or error.code.startswith("bench.")
    return "failed" if ours else "refused"


def inputs_file(path: Path, graph: Graph, folder: Path) -> Path | None:
    """None for default values, else a file with the first case of the reference vectors."""
    try:
        default_inputs(graph)
        return None
    except UserError:
        name = path.name.removesuffix(".tflite")
        known = [path.with_name(f"{name}.{kind}.npz") for kind in ("vectors", "golden")]
        vectors = next((v for v in known if v.exists()), None)
        if vectors is None:
            return None
        with np.load(vectors) as arrays:
            first = {
                k: arrays[k].reshape(-1, *graph.type(graph.inputs[int(k[3:])]).shape)[:1]
                for k in arrays.files
                if k.startswith("in_")
            }
        np.savez(folder / "x.npz", **first)
        return folder / "x.npz"


def _row(
    path: Path,
    name: str,
    graph: Graph,
    where: tuple[str, str],
    work: tuple[Path, Path | None, bytes],
) -> Row:
    core, board = where
    folder, inputs, golden = work
    out = folder / f"{board}.npz"
    options = MeasureOptions(board, inputs=inputs, outputs=out, cache=KEPT)
    about = name, semantics_of(path, "")
    try:
        found = measure_graph(graph, about, options, Job())
    except DoesNotFit as e:
        return Row(name, core, board, "does not fit", {}, str(e), False)
    except TinsmithError as e:
        return Row(name, core, board, _refusal(e), {}, str(e), False)
    same = out.read_bytes() == golden
    return Row(name, core, board, "measured", found.record(), "", same)


def as_json(rows: Sequence[Row]) -> str:
    """With the commit that the figures are of; ``-dirty`` where files other than results differ."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    figures = [
        {"model": r.model, "core": r.core, "board": r.board, "outcome": r.outcome, "says": r.says,
         "equal_to_host": r.equal_to_host, **{k: v for k, v in r.record.items() if k != "model"}}
        for r in rows
    ]  # fmt: skip
    return (
        json.dumps(
            {"commit": f"{commit}-dirty" if changed else commit, "figures": figures},
            indent=1,
            sort_keys=True,
        )
        + "\n"
    )


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def as_markdown(rows: Sequence[Row]) -> str:
    """Instructions of one inference by core, then sizes on M4F, then what there are no figures
    of."""
    names = list(dict.fromkeys(r.model for r in rows))
    by = {(r.model, r.core): r for r in rows}
    ran = [n for n in names if any(by[n, c].outcome == "measured" for c in CORES)]
    lines = [
        "# Models on seven cores\n",
        "Written by `benchmarks/measure_models.py`. Emulated: core and memories, not peripherals. "
        "1 kB = 1000 B.\n",
        "## Instructions of one inference\n",
        f"| model | {' | '.join(f'{c} ({b})' for c, b in CORES.items())} |",
        f"|---|{'---:|' * len(CORES)}",
        *[f"| {n} | {' | '.join(_count(by[n, c]) for c in CORES)} |" for n in ran],
        "\n## Flash / RAM with stack, bytes\n",
        f"| model | {' | '.join(CORES)} |",
        f"|---|{'---:|' * len(CORES)}",
        *[f"| {n} | {' | '.join(_sizes(by[n, c]) for c in CORES)} |" for n in ran],
        "\n## Not run\n",
    ]
    for n in names:
        said = dict.fromkeys(by[n, c].says for c in CORES if by[n, c].outcome == "refused")
        lines += [f"- {n}: {text}" for text in said]
    return "\n".join(lines) + "\n"


def _count(row: Row) -> str:
    if row.outcome != "measured":
        return row.outcome
    same = "" if row.equal_to_host else " (answers differ)"
    return f"{count_text(row.record['instructions']['max'])}{same}"


def _sizes(row: Row) -> str:
    if row.outcome != "measured":
        return row.outcome
    return f"{count_text(row.record['flash_bytes'])} / {count_text(row.record['ram_bytes'])}"


def main() -> int:
    """1 where something failed or answered otherwise than this computer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    shared = Path(os.environ.get("TINSMITH_SHARED") or ROOT.parent / "shared")
    parser.add_argument("--models", type=Path, default=shared / "models")
    parser.add_argument("--only", default="", help="part of a file's name")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    paths, began = models(asked.models, asked.only), time.monotonic()
    names = [p.relative_to(asked.models).as_posix() for p in paths]
    rows: list[Row] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for name, found in zip(names, pool.map(measured, paths, names), strict=True):
            rows += found
            ends = ", ".join(f"{r.core} {r.outcome}" for r in found)
            print(f"{time.monotonic() - began:6.0f} s  {name}: {ends}", flush=True)
    if not asked.only:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "measure_models.json").write_text(as_json(rows), encoding="utf-8")
        (RESULTS / "measure_models.md").write_text(as_markdown(rows), encoding="utf-8")
    wrong = [r for r in rows if r.outcome == "failed"]
    wrong += [r for r in rows if r.outcome == "measured" and not r.equal_to_host]
    for r in wrong:
        print(f"{r.model} on {r.board}: {r.says or 'its answers differ from the host'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
