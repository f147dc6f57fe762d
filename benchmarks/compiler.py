"""What the compiler makes of public models: instructions, model cycles and memory, per layer too.

    python benchmarks/compiler.py                        write benchmarks/results/compiler.{json,md}
    python benchmarks/compiler.py --check                compare with what is written there, exactly
    python benchmarks/compiler.py --only kws --board nucleo_l4r5zi     one model on one board

Instructions in an emulator are deterministic for one compiler, so any other count is a change of
ours. The one input of every run is pseudo-random with a fixed seed.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import TinsmithError
from tinsmith.core.units import count_text
from tinsmith.devices.board import BOARDS
from tinsmith.flow.drawn import default_inputs
from tinsmith.flow.profile import products_of
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
CACHE = ROOT / ".tools" / "objects"
MODELS = {
    "kws_ref_model": "tflm", "ad01_int8": "tflm", "kws_ref_model_float32": "litert",
    "micro_speech_quantized": "litert", "ei_gestures-i8": "litert", "hello_world_int8": "litert",
}  # fmt: skip
"""Model -> whose integers it means."""
CORES = {
    "M4F": "nucleo_l4r5zi", "M33": "nucleo_u575zi", "M7": "nucleo_f746zg", "M3": "nucleo_f103rb",
    "M0+": "rpi_pico", "RV32IMC": "esp32_c3", "M55": "alif_e7",
}  # fmt: skip
AIMS = ("speed", "size")


@dataclass(frozen=True)
class Layer:
    """One step: its kernel, products, instructions and model cycles (None without a table)."""

    node: str
    kernel: str
    macs: int
    instructions: int | None
    model_cycles: int | None


@dataclass(frozen=True)
class Row:
    """One model on one board with one aim. ``ram``: static RAM with the painted stack, in B."""

    model: str
    core: str
    board: str
    aim: str
    toolchain: str
    runner: str
    instructions: int
    model_cycles: int | None
    macs: int
    flash: int
    ram: int
    arena: int
    layers: tuple[Layer, ...]


def rows(folder: Path, only: str, boards: Sequence[str]) -> Iterable[Row]:
    """Every model on every board that an emulator here runs."""
    for name, semantics in MODELS.items():
        if only not in name:
            continue
        graph = read_model(folder / f"{name}.tflite", semantics=semantics)
        for core, board in CORES.items():
            for aim in AIMS if board in boards else ():
                try:
                    yield row(graph, name, core, aim)
                except TinsmithError as e:
                    print(f"{name} on {board}: left out: {e}", file=sys.stderr)


def row(graph: Graph, name: str, core: str, aim: str) -> Row:
    """One build and one run."""
    board = BOARDS.get(CORES[core])
    runner = runners_for(board)[0]
    module = compile_graph(graph, board, choices=Choices(aim=aim))
    firmware = build_image(module, board, "zig", BuildOptions(CACHE, RUNNERS.get(runner).port))
    seen = run(firmware, board, runner, RunOptions(default_inputs(graph), cache=CACHE))
    layers = tuple(_layers(firmware, seen))
    size, stack, counts = firmware.size, seen.stack, seen.instructions
    assert size is not None and counts is not None
    cycles = round(seen.model_cycles[0].value) if seen.model_cycles else None
    return Row(
        name, core, board.id, aim, firmware.toolchain_version, seen.runner_version,
        counts[0].whole, cycles, sum(x.macs for x in layers), size.flash.whole,
        size.ram_static.whole + (stack.whole if stack else 0), firmware.arena.whole, layers,
    )  # fmt: skip


def _layers(firmware: Firmware, seen: Outcome) -> Iterable[Layer]:
    graph = firmware.module.graph
    for node in graph.nodes:
        macs = products_of(graph, node)
        count = (seen.layers or {}).get(node.name)
        cycles = (seen.layer_cycles or {}).get(node.name)
        yield Layer(
            node.name, firmware.module.kernels[node.name], macs,
            count.whole if count else None, round(cycles.value) if cycles else None,
        )  # fmt: skip


def as_markdown(found: Sequence[Row]) -> str:
    """A table of models, then one of layers for each model on Cortex-M4F, for speed."""
    text = ["# What the compiler makes of public models", ""]
    text += [
        "Emulated; model cycles: 0 wait states, not calibrated. Written by benchmarks/compiler.py.",
        "",
    ]
    head = "model core aim instructions per_product model_cycles flash_B RAM_B arena_B"
    text += ["| " + " | ".join(head.split()).replace("_", " ") + " |"]
    text += ["|---|---|---|---:|---:|---:|---:|---:|---:|"]
    for r in found:
        cycles = count_text(r.model_cycles) if r.model_cycles else ""
        text.append(
            f"| {r.model} | {r.core} | {r.aim} | {count_text(r.instructions)} | "
            f"{r.instructions / max(1, r.macs):.2f} | {cycles} | {count_text(r.flash)} | "
            f"{count_text(r.ram)} | {count_text(r.arena)} |"
        )
    for r in found:
        if r.core == "M4F" and r.aim == "speed":
            text += _layer_table(r)
    return "\n".join(text) + "\n"


def _layer_table(r: Row) -> list[str]:
    text = ["", f"## {r.model} on {r.board}, layers", ""]
    text += ["| layer | kernel | products | instructions | per product | model cycles |"]
    text += ["|---|---|---:|---:|---:|---:|"]
    for x in r.layers:
        each = f"{(x.instructions or 0) / x.macs:.2f}" if x.macs else ""
        count, cycles = (
            count_text(n) if n is not None else "" for n in (x.instructions, x.model_cycles)
        )
        cells = x.node, x.kernel, count_text(x.macs), count, each, cycles
        text.append(f"| {' | '.join(cells)} |")
    return text


def differences(found: Sequence[Row], wanted: Sequence[Mapping[str, Any]]) -> list[str]:
    """In words, every count that is another one than what is written."""
    known = {(r["model"], r["board"], r["aim"]): r for r in wanted}
    said = []
    for r in found:
        old = known.get((r.model, r.board, r.aim))
        if old is None:
            said.append(f"{r.model} on {r.board} for {r.aim}: nothing is written")
            continue
        if old["toolchain"] != r.toolchain:
            continue  # another compiler, other counts
        for name in ("instructions", "model_cycles", "flash", "ram", "arena"):
            if (now := getattr(r, name)) != old[name]:
                said.append(
                    f"{r.model} on {r.board} for {r.aim}: {name} {now}, written {old[name]}"
                )
    return said


def main() -> int:
    """Measure; write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    shared = Path(os.environ.get("TINSMITH_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--models", type=Path, default=shared / "models")
    parser.add_argument("--only", default="")
    parser.add_argument("--board", action="append", choices=CORES.values())
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    found = list(rows(asked.models, asked.only, asked.board or list(CORES.values())))
    print(as_markdown(found))
    file = RESULTS / "compiler.json"
    if asked.check:
        said = differences(found, json.loads(file.read_text(encoding="utf-8")))
        print("\n".join(said) or "All counts are as written.")
        return 1 if said else 0
    if not asked.only and not asked.board:
        file.write_text(json.dumps([asdict(r) for r in found], indent=1) + "\n", encoding="utf-8")
        file.with_suffix(".md").write_text(as_markdown(found), encoding="utf-8")
        print("Now `make docs`: docs/reference/performance.md shows these counts.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
