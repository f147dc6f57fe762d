"""What certificates cost and tell: every model of the shared folder on three cores.

    python benchmarks/certificates.py [--models FOLDER] [--only TEXT] [--cores M4F,M0+,M55]

Writes benchmarks/results/certificates.json and .md: seconds of CPU (all processes together) for
making a certificate, from the model file on, and for checking it; what was executed. What is done
is kept under .tools by content of the model and of the code that takes part, so an interrupted run
goes on where it stopped. Ends with 1 where a certificate is refused, or takes longer than it may.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measure_models import KEPT, RESULTS, ROOT, models
from networks import commit

import tinsmith
from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.core.errors import TinsmithError, UserError
from tinsmith.core.job import Job
from tinsmith.core.store import LocalStore
from tinsmith.core.units import count_text
from tinsmith.flow.certified import Certified, certify_model, check_certificate
from tinsmith.flow.model import MeasureOptions

CORES = {"M4F": "nucleo_l4r5zi", "M0+": "rpi_pico", "M55": "alif_e7"}
PARTS = (
    "bench", "build", "codegen", "devices", "firmware", "importers", "ir", "kernels", "prove",
    "rewrite",
)  # fmt: skip
"""Packages whose code takes part in a certificate."""
MOST_S = 60.0
"""Of CPU, for making and for checking."""


@dataclass(frozen=True)
class Row:
    """One model on one board. ``outcome``: certified, or why not. ``code``, ``executed``: bytes of
    the functions that steps entered, counted for each step, and how many of them were executed;
    ``weights``: those of layers of integers whose absence some executed result would show."""

    model: str
    core: str
    outcome: str
    says: str = ""
    make_s: float = 0.0
    check_s: float = 0.0
    steps: int = 0
    stimuli: int = 0
    instructions: int = 0
    code: int = 0
    executed: int = 0
    weights: int = 0
    weights_seen: int = 0
    unreached: tuple[str, ...] = ()


def certified(path: Path, name: str, core: str) -> Row:
    """A model on a core; served from the cache where nothing changed."""
    package = Path(tinsmith.__file__).parent
    code = "".join(code_fingerprint(package / part) for part in PARTS)
    cache = Cache(LocalStore(KEPT / "certificates"), code)
    content = sha256(path.read_bytes()).hexdigest()
    return cache.step("rows", Row, (name, core, content), lambda: _row(path, name, core))[0]


def _row(path: Path, name: str, core: str) -> Row:
    options = MeasureOptions(CORES[core], cache=KEPT)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "certificate"
        try:
            make_s, made = _timed(lambda: certify_model(path, options, file, Job()))
            check_s, found = _timed(lambda: check_certificate(file, KEPT, Job()))
        except TinsmithError as e:
            return Row(name, core, _why_not(e), str(e))
    if made.record() != found.record():
        return Row(name, core, "failed", "what was checked is not what was made")
    return _told(name, core, (make_s, check_s), made)


def _why_not(error: TinsmithError) -> str:
    """A module that is rejected is our failure."""
    if isinstance(error, UserError) and error.code == "build.fit":
        return "does not fit"
    ours = not isinstance(error, UserError) or error.code.startswith(("bench.", "certificate."))
    return "failed" if ours else "refused"


def _timed(work: Callable[[], Certified]) -> tuple[float, Certified]:
    """Seconds of CPU of this process and of all that it starts, and what came of it."""
    before, found, after = os.times(), work(), os.times()
    return round(sum(after[:4]) - sum(before[:4]), 1), found


def _told(name: str, core: str, seconds: tuple[float, float], made: Certified) -> Row:
    claims = made.claims
    layers = [s.sums for s in claims.steps if s.sums is not None]
    return Row(
        name, core, "certified", "", *seconds, len(claims.steps),
        sum(s.stimuli for s in claims.steps),
        sum(s.stimuli * s.instructions for s in claims.steps),
        sum(s.code[0] for s in claims.steps), sum(s.code[1] for s in claims.steps),
        sum(u.taps for u in layers), sum(u.taps_seen for u in layers), claims.unreached,
    )  # fmt: skip


def as_json(rows: Sequence[Row]) -> str:
    """With the commit that the figures are of."""
    figures: dict[str, Any] = {"commit": commit(), "figures": [asdict(r) for r in rows]}
    return json.dumps(figures, indent=1, sort_keys=True) + "\n"


def as_markdown(rows: Sequence[Row]) -> str:
    """Seconds by model and core, then what was executed, then what has no certificate."""
    names, done = (
        dict.fromkeys(r.model for r in rows),
        [r for r in rows if r.outcome == "certified"],
    )
    by = {(r.model, r.core): r for r in rows}
    cores = [c for c in CORES if any(r.core == c for r in rows)]
    lines = [
        "# Certificates\n",
        "Written by `benchmarks/certificates.py`. Seconds of CPU of all processes together: making "
        "from the model file on (import, compilation and linking included) / checking. Each may "
        f"take {MOST_S:.0f} s.\n",
        f"| model | {' | '.join(f'{c} ({CORES[c]})' for c in cores)} |",
        f"|---|{'---:|' * len(cores)}",
        *[f"| {n} | {' | '.join(_seconds(by.get((n, c))) for c in cores)} |" for n in names],
        "\n## What was executed\n",
        "Of each step's functions the bytes of code that its stimuli executed; of the weights of "
        "layers of integers those whose absence some executed result would show.\n",
        "| model | core | steps | stimuli | M instructions | code executed | weights seen |",
        "|---|---|---:|---:|---:|---:|---:|",
        *[_executed(r) for r in done],
        "\n## Code that no step executed\n",
        *[f"- {r.model} on {r.core}: {', '.join(r.unreached)}" for r in done if r.unreached],
        "\n## No certificate\n",
        *[f"- {r.model} on {r.core}: {r.says}" for r in rows if r.outcome in ("refused", "failed")],
    ]
    return "\n".join(lines) + "\n"


def _seconds(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{row.make_s} / {row.check_s}" if row.outcome == "certified" else row.outcome


def _executed(r: Row) -> str:
    code, weights = _share(r.executed, r.code), _share(r.weights_seen, r.weights)
    counts = f"{r.steps} | {count_text(r.stimuli)} | {count_text(round(r.instructions / 1e6))}"
    return f"| {r.model} | {r.core} | {counts} | {code} | {weights} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def main() -> int:
    """1 where a model has no certificate for a reason of ours, or takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    shared = Path(os.environ.get("TINSMITH_SHARED") or ROOT.parent / "shared")
    parser.add_argument("--models", type=Path, default=shared / "models")
    parser.add_argument("--only", default="", help="part of a file's name")
    parser.add_argument("--cores", default=",".join(CORES))
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows: list[Row] = []
    for path in models(asked.models, asked.only):
        name = path.relative_to(asked.models).as_posix()
        for core in asked.cores.split(","):
            rows.append(certified(path, name, core))
            last = rows[-1]
            print(f"{name} on {core}: {last.outcome}, {_seconds(last)} {last.says}", flush=True)
    if not asked.only and asked.cores == ",".join(CORES):
        (RESULTS / "certificates.json").write_text(as_json(rows), encoding="utf-8")
        (RESULTS / "certificates.md").write_text(as_markdown(rows), encoding="utf-8")
    wrong = [r for r in rows if r.outcome == "failed" or max(r.make_s, r.check_s) > MOST_S]
    for r in wrong:
        print(f"{r.model} on {r.core}: {r.says or f'{r.make_s} / {r.check_s} s of CPU'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
