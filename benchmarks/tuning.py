"""What `tinsmith tune` gains on the examples' projects and on a keyword network, signal processing
and network apart; as JSON and Markdown.

    python benchmarks/tuning.py [--only TEXT]

Writes benchmarks/results/tuning.json and .md (whole runs only). Ends with 1 where something is
slower than untuned, a first tuning takes more than 200 builds, or a second one builds or runs
anything.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.core.progress import Nobody
from tinsmith.core.units import count_text
from tinsmith.flow.model import MeasureOptions
from tinsmith.flow.open import model_job, open_project
from tinsmith.flow.project import read_project
from tinsmith.flow.tuning import TuneOptions, Tuning, tune_model, tune_project
from tinsmith.learn.features import feature_graph

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
AIM = "speed"
BOARDS = ("nucleo_l4r5zi", "rpi_pico")
PROJECTS = ("wrist-motion", "digits")
MODEL = "kws_ref_model.tflite"
MOST_BUILDS = 200
HEAD = f"""# What tuning gains

`tinsmith tune --optimize {AIM}`, before and after; emulated, model cycles at 0 wait states and not
calibrated. Before is what committed costs choose for the same aim. A second tuning builds and runs
nothing. Written by benchmarks/tuning.py.

| what | board | time in | DSP | network | whole inference | flash, B | RAM, B | images |
|---|---|---|---|---|---|---|---|---:|"""
Tune = Callable[[str], Tuning]
"""From a board."""


@dataclass(frozen=True)
class Part:
    """Time of some layers, in the row's unit."""

    before: float
    after: float


@dataclass(frozen=True)
class Row:
    """One tuning. ``dsp``: layers of signal processing, ``network``: all others; ``whole``: of
    an inference, what lies between the layers included. ``again``: images that were built or run
    by a second tuning."""

    what: str
    board: str
    toolchain: str
    unit: str
    dsp: Part
    network: Part
    whole: Part
    flash: Part
    ram: Part
    images: int
    built: int
    again: int


def rows(only: str, models: Path) -> Iterator[Row]:
    """Every project and the model, on every board."""
    for name in PROJECTS:
        if only in name:
            with TemporaryDirectory() as folder:
                project = _copy(ROOT / "examples" / name, Path(folder) / name)
                front = feature_graph(read_project(project).pipeline)
                blocks = {n.stage for n in front.nodes}
                for board in BOARDS:
                    yield _row(name, blocks, board, lambda b, p=project: _project(p, b))  # type: ignore[misc]
    if only in MODEL and (models / MODEL).is_file():
        with TemporaryDirectory() as folder:
            file = Path(shutil.copy(models / MODEL, folder))
            for board in BOARDS:
                yield _row(MODEL, set(), board, lambda b, f=file: _model(f, b))  # type: ignore[misc]


def _copy(example: Path, to: Path) -> Path:
    """The project with its recordings, and with no results of earlier runs."""
    shutil.copytree(example, to, ignore=shutil.ignore_patterns(".tinsmith", "build", "*.lock"))
    if (maker := to / "make_data.py").exists():
        subprocess.run([sys.executable, str(maker)], check=True)
    return to


def _project(folder: Path, board: str) -> Tuning:
    cache = folder.parent / "cache"
    return tune_project(open_project(folder, Nobody(), cache), _options(board, cache))


def _model(file: Path, board: str) -> Tuning:
    cache = file.parent / "cache"
    return tune_model(file, _options(board, cache), model_job(Nobody(), cache))


def _options(board: str, cache: Path) -> TuneOptions:
    return TuneOptions(MeasureOptions(board, optimize=AIM, semantics="", cache=cache))


def _row(what: str, blocks: set[str], board: str, tune: Tune) -> Row:
    found, again = tune(board), tune(board)
    a, b = found.before, found.after
    dsp, network = _part(found, blocks, True), _part(found, blocks, False)
    return Row(
        what, board, found.toolchain, found.unit, dsp, network, Part(a.time, b.time),
        Part(a.flash, b.flash), Part(a.ram, b.ram), found.images, found.built,
        again.built + again.ran,
    )  # fmt: skip


def _part(found: Tuning, blocks: set[str], inside: bool) -> Part:
    pairs = [times for stage, times in found.stages.items() if (stage in blocks) == inside]
    return Part(sum(a for a, _ in pairs), sum(b for _, b in pairs))


def problems(found: Sequence[Row]) -> list[str]:
    """In words, what is not as it has to be."""
    said = []
    for r in found:
        where = f"{r.what} on {r.board}"
        if r.whole.after > r.whole.before:
            said.append(f"{where}: slower than untuned")
        if r.built > MOST_BUILDS:
            said.append(f"{where}: {r.built} builds, at most {MOST_BUILDS} are wanted")
        if r.again:
            said.append(f"{where}: a second tuning built or ran {r.again} images")
    return said


def as_markdown(found: Sequence[Row]) -> str:
    """A table: before and after."""
    text = [HEAD]
    for r in found:
        parts = (r.dsp, r.network, r.whole, r.flash, r.ram)
        cells = (r.what, r.board, r.unit, *map(_pair, parts), str(r.images))
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def _pair(part: Part) -> str:
    if not part.before:
        return "none"
    change = part.after / part.before - 1
    return f"{count_text(part.before)} → {count_text(part.after)} ({change:+.1%})"


def main() -> int:
    """Tune; write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    shared = Path(os.environ.get("TINSMITH_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--models", type=Path, default=shared / "models")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    found = list(rows(asked.only, asked.models))
    print(as_markdown(found))
    if not asked.only:
        file = RESULTS / "tuning.json"
        file.write_text(json.dumps([asdict(r) for r in found], indent=1) + "\n", encoding="utf-8")
        file.with_suffix(".md").write_text(as_markdown(found), encoding="utf-8")
    said = problems(found)
    print("\n".join(said), file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    raise SystemExit(main())
