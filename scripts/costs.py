"""Measures what kernels cost on a core and writes `codegen/cost_tables/<core>.json`.

The rows of all operations and random uses of layers are compiled with each kernel that takes
them, at each level of the default toolchain, and emulated: instructions of a step are exact, rates
of work are fitted to them.

    python scripts/costs.py                         all cores that an emulator here counts
    python scripts/costs.py --board nucleo_l4r5zi   one
"""

import argparse
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from scipy.optimize import nnls

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.costs import LEVELS, work
from tinsmith.codegen.kernel_set import symbol_of
from tinsmith.codegen.select import possible, select
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.graph import Graph
from tinsmith.testing.tables import batches, tables
from tinsmith.testing.uses import FAMILIES, draw

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "src" / "tinsmith" / "codegen" / "cost_tables"
CACHE = ROOT / ".tools" / "objects"
COUNTED = ("nucleo_l4r5zi", "nucleo_f103rb", "rpi_pico", "esp32_c3", "alif_e7")
"""A board of each core that has a table of its own."""
USES, GRAPHS = 16, 3


@dataclass
class Seen:
    """What was measured of one kernel at one level."""

    code: int
    work: list[tuple[int, ...]]
    instructions: list[float]

    def row(self) -> list[float]:
        """Code, then a rate per unit of work: least squares of relative errors, none negative."""
        counts = np.array(self.work, np.float64)
        wanted = np.array(self.instructions, np.float64)
        rates, _ = nnls(counts / wanted[:, None], np.ones(len(wanted)))
        return [self.code, *(float(f"{r:.4g}") for r in rates)]


Found = dict[str, dict[str, Seen]]
Arrays = Mapping[str, np.ndarray]


def measure(board: Board) -> Found:
    """Kernel -> level -> what was seen."""
    found: Found = defaultdict(dict)
    for graph, inputs in _graphs():
        for choices in _rounds(graph, board):
            for level in LEVELS:
                _add(found, board, (graph, inputs), choices, level)
    return found


def _graphs() -> Iterable[tuple[Graph, Arrays]]:
    for names in batches():
        graph, inputs, _ = tables(names)
        yield graph, inputs
    for family in sorted(FAMILIES):
        for seed in range(GRAPHS):
            drawn = draw(100 + seed, USES, family)
            yield drawn.graph, {n: a[:1] for n, a in drawn.inputs.items()}


def _rounds(graph: Graph, board: Board) -> Iterable[Choices]:
    """Choices by which every kernel that takes a node computes it once."""
    offers = possible(lower(graph), board.core)
    for turn in range(max(map(len, offers.values()))):
        yield Choices({node: kernels[turn % len(kernels)] for node, kernels in offers.items()})


def _add(
    found: Found, board: Board, tried: tuple[Graph, Arrays], choices: Choices, level: str
) -> None:
    graph, inputs = tried
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    kernels = [p for p in module.sources if p.startswith("kernels/") and p.endswith(".c")]
    module = replace(module, levels=dict.fromkeys(kernels, level))
    runner = RUNNERS.get(runners_for(board)[0])
    firmware = build_image(module, board, "zig", BuildOptions(CACHE, runner.port))
    outcome = run(firmware, board, runner.name, RunOptions(inputs, cache=CACHE))
    sizes = _sizes(firmware)
    for call in select(lower(graph), board.core, choices).calls:
        code = sizes.get(f"{module.name}_ts_{symbol_of(call.kernel)}", 0)
        seen = found[call.kernel].setdefault(level, Seen(code, [], []))
        assert outcome.layers is not None
        seen.work.append(work(call))
        seen.instructions.append(outcome.layers[call.node.name].value)


def _sizes(firmware: Firmware) -> Mapping[str, int]:
    """Bytes of each function of the image."""
    table = ELFFile(io.BytesIO(firmware.elf)).get_section_by_name(".symtab")
    return {s.name: int(s["st_size"]) for s in table.iter_symbols()}


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--board", action="append", choices=COUNTED)
    for name in parser.parse_args().board or COUNTED:
        board = BOARDS.get(name)
        try:
            found = measure(board)
        except UserError as e:
            print(f"{name}: left as it is: {e.message}")
            continue
        rows = {
            k: {level: seen.row() for level, seen in sorted(levels.items())}
            for k, levels in sorted(found.items())
        }
        FOLDER.mkdir(exist_ok=True)
        file = FOLDER / f"{board.core.name}.json"
        head = {
            "method": "emulated",
            "board": name,
            "unit": "code B, instructions per unit of work",
        }
        text = json.dumps({**head, "kernels": rows}, indent=1)
        file.write_text(_compact(text) + "\n", encoding="utf-8")
        print(f"{name}: {len(rows)} kernels")
    return 0


def _compact(text: str) -> str:
    """Lists of numbers on one line."""
    made: list[str] = []
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        if inside:
            made[-1] += f" {bare}" if bare[0] not in "]" else bare
        else:
            made.append(line)
        inside = (inside or bare.endswith("[")) and not bare.startswith("]")
    return "\n".join(made)


if __name__ == "__main__":
    raise SystemExit(main())
