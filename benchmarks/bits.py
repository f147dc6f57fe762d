"""What weights of fewer than 8 bits cost and save: instructions, model cycles, flash.

    python benchmarks/bits.py                          write benchmarks/results/bits.{json,md}
    python benchmarks/bits.py --check                  compare with what is written there, exactly

The same layers and one network with weights of 8 bits and of few values. Of the latter every layer
is computed by a kernel with packed weights where one takes it, whether that is faster or not, so
that the table shows both. Instructions in an emulator are deterministic for one compiler.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.core.units import count_text
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.graph import Graph
from tinsmith.testing.networks import CODES, WHOLE, Growing, Network, Window, resnet

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
CACHE = ROOT / ".tools" / "objects"
CORES = {"M4F": "nucleo_l4r5zi", "M0+": "rpi_pico"}
SETS = ("packed_dsp/", "packed/")
"""Kernels with packed weights, the preferred first."""


@dataclass(frozen=True)
class Row:
    """One layer or network with one kind of weights on one board. ``flash``: of the whole image."""

    case: str
    weights: str
    core: str
    toolchain: str
    kernels: tuple[str, ...]
    products: int
    instructions: int
    model_cycles: int | None
    flash: int


def _layer(add: Callable[[Growing], str]) -> Callable[[str], Network]:
    """A network of one layer."""

    def make(codes: str) -> Network:
        net = Growing("layer", WHOLE, np.random.default_rng(5), 16, codes=codes)
        return Network(net.builder.build([add(net)]), net.inputs)

    return make


def _conv(size: int, channels: int, out: int, window: Window) -> Callable[[Growing], str]:
    def add(net: Growing) -> str:
        return net.layer(net.picture(size, channels), np.ones(out, bool), window).name

    return add


CASES: Mapping[str, Callable[[str], Network]] = {
    "dense 256 to 128": _layer(lambda net: net.dense(net.picture(0, 256), 128, True).name),
    "1 x 1, 64 to 64, 12 x 12": _layer(_conv(12, 64, 64, Window(1))),
    "3 x 3, 16 to 32, 12 x 12": _layer(_conv(12, 16, 32, Window(3))),
    "depthwise 3 x 3, 64, 12 x 12": _layer(_conv(12, 64, 64, Window(3, depthwise=True))),
    "ResNet-8, 32 x 32 x 3": lambda codes: resnet(codes=codes),
}


def rows() -> Iterable[Row]:
    """Every case with every kind of weights on every board."""
    for case, make in CASES.items():
        for weights in CODES:
            net = make(weights)
            for core, board in CORES.items():
                yield row(net, (case, weights, core), BOARDS.get(board))


def row(net: Network, what: tuple[str, str, str], board: Board) -> Row:
    """One build and one run."""
    choices = Choices({} if what[1] == "8 bit" else _packed(net.graph, board))
    module = compile_graph(net.graph, board, choices=choices)
    runner = runners_for(board)[0]
    options = BuildOptions(CACHE, RUNNERS.get(runner).port)
    firmware = build_image(module, board, "zig", options)
    given = {name: cases[:1] for name, cases in net.inputs.items()}
    seen = run(firmware, board, runner, RunOptions(given, cache=CACHE))
    size, counts = firmware.size, seen.instructions
    assert size is not None and counts is not None
    cycles = round(seen.model_cycles[0].value) if seen.model_cycles else None
    return Row(
        *what, firmware.toolchain_version, tuple(sorted(set(module.kernels.values()))), net.macs,
        counts[0].whole, cycles, size.flash.whole,
    )  # fmt: skip


def _packed(graph: Graph, board: Board) -> dict[str, str]:
    """Layer -> its kernel with packed weights, where there is one."""
    found = {}
    for node, kernels in possible(lower(graph), board.core).items():
        own = [k for kind in SETS for k in kernels if k.startswith(kind)]
        if own:
            found[node] = own[0]
    return found


def as_markdown(found: Sequence[Row]) -> str:
    """A table for each core; in brackets what is more or less than with 8 bits."""
    text = ["# Weights of fewer bits", ""]
    text += [
        "Emulated; model cycles, of cores with a table: 0 wait states, not calibrated. Flash is",
        "that of the whole image.",
        "In brackets: against the kernels that are chosen for weights of 8 bits. Written by",
        "benchmarks/bits.py.",
    ]
    for core, board in CORES.items():
        text += ["", f"## {core} ({board})", ""]
        text += [
            "| layer | weights | instructions | per product | model cycles | flash B | kernels |"
        ]
        text += ["|---|---|---:|---:|---:|---:|---|"]
        usual = {r.case: r for r in found if (r.weights, r.core) == ("8 bit", core)}
        for r in found:
            if r.core == core:
                text.append(_line(r, usual[r.case]))
    return "\n".join(text) + "\n"


def _line(r: Row, usual: Row) -> str:
    cycles = "" if r.model_cycles is None else _against(r.model_cycles, usual.model_cycles or 1)
    own = [k for k in r.kernels if k.startswith(SETS)] if r.weights != "8 bit" else []
    cells = (
        r.case, r.weights, _against(r.instructions, usual.instructions),
        f"{r.instructions / r.products:.2f}", cycles, _against(r.flash, usual.flash),
        ", ".join(own or [k for k in r.kernels if not k.startswith("ref/")]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _against(count: int, usual: int) -> str:
    text = count_text(count)
    return text if count == usual else f"{text} ({100 * count / usual - 100:+.0f} %)"


def differences(found: Sequence[Row], wanted: Sequence[Mapping[str, Any]]) -> list[str]:
    """In words, every count that is another one than what is written."""
    known = {(r["case"], r["weights"], r["core"]): r for r in wanted}
    said = []
    for r in found:
        old = known.get((r.case, r.weights, r.core), {})
        if old.get("toolchain", r.toolchain) != r.toolchain:
            continue  # another compiler, other counts
        for name in ("instructions", "model_cycles", "flash"):
            if (now := getattr(r, name)) != old.get(name):
                where = f"{r.case}, {r.weights}, {r.core}"
                said.append(f"{where}: {name} {now}, written {old.get(name)}")
    return said


def main() -> int:
    """Measure; write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    found = list(rows())
    print(as_markdown(found))
    file = RESULTS / "bits.json"
    if asked.check:
        said = differences(found, json.loads(file.read_text(encoding="utf-8")))
        print("\n".join(said) or "All counts are as written.")
        return 1 if said else 0
    file.write_text(json.dumps([asdict(r) for r in found], indent=1) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(as_markdown(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
