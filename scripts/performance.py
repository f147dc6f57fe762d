"""The page docs/reference/performance.md: our figures beside those that others publish.

Ours are those of benchmarks/results/compiler.json, what others publish stands in
benchmarks/published.toml. What was measured on silicon and what a model estimates never stand in
one table; that two of them cannot be told apart is said where the range of the estimate covers what
was measured.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinsmith.core.quantity import Estimated
    from tinsmith.devices.board import Board

Row = Mapping[str, Any]
TASKS = {"kws_ref_model": "kws", "ad01_int8": "ad"}
"""Model -> its task's name in MLPerf Tiny."""

HEAD = """# Performance

What the compiler makes of models that others publish figures for, the int8 reference models of
[MLPerf Tiny](https://github.com/mlcommons/tiny): {models}.

**Ours are not official MLPerf results and were not verified by MLCommons.** No board was at hand:
ours are emulated or estimated, those of others are measured. They stand in tables of their own and
are not ranked. MLPerf is a trademark of MLCommons.

- *emulated*: counted while the linked image ran in an emulator of the core. Exact, and the same
  each time; it says nothing of wait states, caches and buses.
- *estimated*: cycles by the tables of the core's manual, times the board's calibration, as a
  range. The calibration was made with other code than ours: the range is a judgement, not a bound.
- *published*: inferences per second that a submitter measured on a board; cycles are the clock
  divided by them. They hold what the submitter's harness does for one inference; ours begin where
  `run` is entered and end where it returns, with inputs in the arena.

Ours are compiled as `tinsmith measure MODEL --board BOARD --optimize speed` does, without tuning,
by {toolchain}. More models, and layers:
[benchmarks/results/compiler.md](../../benchmarks/results/compiler.md).
"""
COVERED = """## Tuned

What `tinsmith tune` adds to that, signal processing and network apart:
[benchmarks/results/tuning.md](../../benchmarks/results/tuning.md).

## Not covered

No energy: nothing here measures it. The models of the other tasks of MLPerf Tiny (vww, ic,
streaming wake word) are not among those that are compiled here; `benchmarks/networks.py` builds
networks of the shapes of vww and ic and says what they take.
"""


@dataclass(frozen=True)
class Published:
    """What one submission measured of one model on silicon; ``cycles``: of one inference."""

    model: str
    row: Row
    rate: float

    @property
    def cycles(self) -> float:
        """The clock divided by inferences per second."""
        return float(self.row["clock_mhz"]) * 1e6 / self.rate

    @property
    def name(self) -> str:
        """Who, with what, when."""
        return f"{self.row['submitter']}, {self.row['compiler']}, {self.row['round']}"


def performance_text(root: Path) -> str:
    """The whole page, from the files of a tree."""
    benchmarks = root / "benchmarks"
    rows = json.loads((benchmarks / "results" / "compiler.json").read_text(encoding="utf-8"))
    ours = [r for r in rows if r["model"] in TASKS and r["aim"] == "speed"]
    others = tomllib.loads((benchmarks / "published.toml").read_text(encoding="utf-8"))
    measured = list(published(others["measured"]))
    tools = ", ".join(sorted({r["toolchain"] for r in ours}))
    models = " and ".join(dict.fromkeys(
        f"`{r['model']}` ({TASKS[r['model']]}, {_count(r['macs'])} products)" for r in ours
    ))  # fmt: skip
    parts = [
        HEAD.format(toolchain=tools, models=models),
        *_estimates(ours),
        *_silicon(measured, others["round"]),
    ]
    parts += [*_told(ours, measured), *_counts(ours, others["counted"]), COVERED]
    return "\n".join(parts)


def published(rows: Iterable[Row]) -> Iterator[Published]:
    """One for each model of each submission, by model."""
    found = [Published(model, r, rate) for r in rows for model, rate in r["rates"].items()]
    yield from sorted(found, key=lambda p: list(TASKS).index(p.model))


def estimate(ours: Row, board: "Board") -> "Estimated | None":
    """Cycles of one of our rows, as the product states them; None where the board is not
    calibrated."""
    from tinsmith.bench.cycles_of import calibrated

    cycles = ours["model_cycles"]
    found = calibrated(board, None if cycles is None else [cycles])
    return found[0] if found else None


def verdict(ours: "Estimated", cycles: float) -> str:
    """What may be said of an estimate and of what was measured."""
    if ours.low <= cycles <= ours.high:
        return "**not distinguishable**, our range covers it"
    return "our range lies below it" if ours.high < cycles else "our range lies above it"


def _estimates(ours: Sequence[Row]) -> Iterator[str]:
    from tinsmith.devices.board import BOARDS

    yield "## Ours, estimated\n"
    yield _table("model | board | model cycles, 0 wait states | estimated cycles | time", 2)
    sources = []
    for row in ours:
        board = BOARDS.get(row["board"])
        found = estimate(row, board)
        if found is None:
            continue
        sources.append(f"Board {board.id}: {found.source}.")
        ms = [f"{1e3 * n / board.clock_hz:.3g}" for n in (found.low, found.high)]
        yield _cells(
            row["model"], board.id, _million(row["model_cycles"]),
            f"{_million(found.low)} to {_million(found.high)}", f"{ms[0]} to {ms[1]} ms",
        )  # fmt: skip
    yield ""
    yield from dict.fromkeys(sources)
    yield "The other boards have no calibrated cycle model: of them there are instructions only.\n"


def _silicon(measured: Sequence[Published], rounds: Mapping[str, Row]) -> Iterator[str]:
    yield "## Published, measured on silicon\n"
    yield "MLPerf Tiny, closed division, single stream; in the order of boards and rounds.\n"
    yield _table("model | board | clock | submitter, compiler, round | inferences/s | cycles", 2)
    for p in measured:
        at = rounds[p.row["round"]]
        folder = f"{at['repository']}/tree/{at['commit']}/{p.row['folder']}/{TASKS[p.model]}"
        yield _cells(
            p.model, p.row["board"], f"{p.row['clock_mhz']} MHz", f"[{p.name}]({folder})",
            f"{p.rate:g}", _million(p.cycles),
        )  # fmt: skip
    yield ""
    for name, at in rounds.items():
        yield f"Round {name}: {at['repository']}, retrieved on {at['retrieved']}.  "
    yield ""


def _told(ours: Sequence[Row], measured: Sequence[Published]) -> Iterator[str]:
    from tinsmith.devices.board import BOARDS

    yield "## What can be told\n"
    left = list(measured)
    for row in ours:
        board = BOARDS.get(row["board"])
        found = estimate(row, board)
        own = [p for p in measured if (p.model, p.row["like"]) == (row["model"], board.id)]
        same = sorted((p for p in own if p.row["same"]), key=lambda p: p.cycles)
        if found is None or not same:
            continue
        yield (f"`{row['model']}` on {board.name}, estimated {_million(found.low)} to "
               f"{_million(found.high)} cycles, beside what was published for this chip:\n"
        )  # fmt: skip
        for p in same:
            fewest = ", the fewest" if p is same[0] else ""
            yield f"- {p.name}: {_million(p.cycles)}{fewest}; {verdict(found, p.cycles)}."
            left.remove(p)
        yield ""
    boards = ", ".join(dict.fromkeys(p.row["board"] for p in left))
    yield f"Not compared, as no cycle model of ours is calibrated for them: {boards}."
    yield "Instructions are no cycles: a core may need more than one for some, and another less.\n"


def _counts(ours: Sequence[Row], counted: Row) -> Iterator[str]:
    from tinsmith.devices.board import BOARDS

    yield "## Instructions, all of them emulated\n"
    yield ("One whole inference. Those of other tools were counted by us, once and by hand, in "
           f"{counted['date']}:\nthe same model files, arm-none-eabi-gcc 12.2, QEMU 7.2; no script "
           "here repeats it. RAM is static RAM with\nthe deepest stack, flash the whole program; "
           "empty where it was not noted.\n")  # fmt: skip
    yield _table("model | core | tool | instructions | RAM, B | flash, B", 3)
    for row in ours:
        core = BOARDS.get(row["board"]).core.title
        yield _cells(row["model"], core, "**tinsmith**",
                     *(_count(row[k]) for k in ("instructions", "ram", "flash")))  # fmt: skip
        for other in counted["row"]:
            if other["board"] == row["board"]:
                figures = (other.get(k, {}).get(row["model"]) for k in
                           ("instructions", "ram", "flash"))  # fmt: skip
                yield _cells(row["model"], core, other["tool"], *map(_count, figures))
    yield f"\nThe tools: {', '.join(counted['sources'])}.\n"


def _table(head: str, numbers: int) -> str:
    """Head and rule of a table whose last columns hold numbers."""
    names = head.split(" | ")
    rules = ["---"] * (len(names) - numbers) + ["---:"] * numbers
    return f"| {head} |\n|{'|'.join(rules)}|"


def _cells(*texts: str) -> str:
    return f"| {' | '.join(texts)} |"


def _million(cycles: float) -> str:
    return f"{cycles / 1e6:.3f} M" if cycles < 1e6 else f"{cycles / 1e6:.2f} M"


def _count(value: int | None) -> str:
    from tinsmith.core.units import count_text

    return "" if value is None else count_text(value)
