"""Measures what kernels cost on a core and writes `codegen/cost_tables/<core>.json`.

The rows of all operations, random uses of layers and usual layers are compiled with each kernel
that takes them, at each level of the default toolchain, and emulated: instructions of a step are
exact, rates of work are fitted to them.

    python scripts/costs.py                         all cores that an emulator here counts
    python scripts/costs.py --board nucleo_l4r5zi   one
    python scripts/costs.py --code                  bytes of code only, nothing is emulated
    python scripts/costs.py --only packed           rows of kernels whose names begin so
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.sizes import SymbolSizes
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.costs import LEVELS, work
from tinsmith.codegen.kernel_set import symbol_of
from tinsmith.codegen.select import possible, select
from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Counted
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.graph import Graph
from tinsmith.testing.tables import batches, tables
from tinsmith.testing.uses import FAMILIES, NARROW, draw
from tinsmith.testing.usual import narrow, usual

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "src" / "tinsmith" / "codegen" / "cost_tables"
CACHE = ROOT / ".tools" / "objects"
COUNTED = ("nucleo_l4r5zi", "nucleo_f103rb", "rpi_pico", "esp32_c3", "alif_e7")
"""A board of each core that has a table of its own."""
USES, GRAPHS = 16, 3
ROOM = {"flash": 1 << 20, "ram": 1 << 18}
"""Bytes of memory that the images need."""


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
Rows = dict[str, dict[str, list[float]]]
"""Kernel -> level -> code, then a rate per unit of work."""


def measure(board: Board, emulated: bool, only: tuple[str, ...]) -> Found:
    """Kernel -> level -> what was seen, of those whose names begin as ``only`` says; code only
    where nothing is ``emulated``."""
    found: Found = defaultdict(dict)
    for graph, inputs in _graphs():
        for choices in _rounds(graph, board, only):
            for level in LEVELS:
                tried = (graph, inputs if emulated else None)
                try:
                    _add(found, board, tried, choices, level)
                except UserError as e:
                    if e.code != "build.fit":
                        raise
    return {kernel: seen for kernel, seen in found.items() if kernel.startswith(only)}


def _graphs() -> Iterable[tuple[Graph, Arrays]]:
    for names in batches():
        graph, inputs, _ = tables(names)
        yield graph, inputs
    for family in (*sorted(FAMILIES), *sorted(NARROW)):
        for seed in range(GRAPHS):
            drawn = draw(100 + seed, USES, family)
            yield drawn.graph, {n: a[:1] for n, a in drawn.inputs.items()}
    for network in (*usual(), *narrow()):
        yield network.graph, network.inputs


def _rounds(graph: Graph, board: Board, only: tuple[str, ...]) -> Iterable[Choices]:
    """Choices by which every kernel that is asked for and takes a node computes it once."""
    offers = possible(lower(graph), board.core)
    asked = {n: [k for k in kernels if k.startswith(only)] for n, kernels in offers.items()}
    for turn in range(max(map(len, asked.values()))):
        some = {n: kernels or offers[n] for n, kernels in asked.items()}
        yield Choices({n: kernels[turn % len(kernels)] for n, kernels in some.items()})


def _add(
    found: Found, board: Board, tried: tuple[Graph, Arrays | None], choices: Choices, level: str
) -> None:
    graph, inputs = tried
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    kernels = [p for p in module.sources if p.startswith("kernels/") and p.endswith(".c")]
    module = replace(module, levels=dict.fromkeys(kernels, level))
    runner = RUNNERS.get(runners_for(board)[0])
    firmware = build_image(module, board, "zig", BuildOptions(CACHE, runner.port))
    layers = None if inputs is None else _layers(firmware, board, inputs)
    sizes = SymbolSizes(firmware.elf)
    for call in select(lower(graph), board.core, choices).calls:
        code = sizes.kernel(module.name, symbol_of(call.kernel))
        seen = found[call.kernel].setdefault(level, Seen(code, [], []))
        if layers is not None:
            seen.work.append(work(call))
            seen.instructions.append(layers[call.node.name].value)


def _layers(firmware: Firmware, board: Board, inputs: Arrays) -> Mapping[str, Counted]:
    """Instructions of each step."""
    options = RunOptions(inputs, cache=CACHE)
    layers = run(firmware, board, runners_for(board)[0], options).layers
    assert layers is not None
    return layers


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--board", action="append", choices=COUNTED)
    parser.add_argument("--code", action="store_true", help="renew bytes of code only")
    parser.add_argument("--only", action="append", help="kernels whose names begin so")
    asked = parser.parse_args()
    only = tuple(asked.only or [""])
    for name in asked.board or COUNTED:
        board = with_room(BOARDS.get(name))
        file = FOLDER / f"{board.core.name}.json"
        try:
            found = measure(board, not asked.code, only)
        except UserError as e:
            print(f"{name}: left as it is: {e.message}")
            continue
        rows = _renewed(file, found) if asked.code else _rows(found)
        if asked.only and not asked.code:
            rows = dict(sorted({**json.loads(file.read_text("utf-8"))["kernels"], **rows}.items()))
        _write(file, name, rows)
        print(f"{name}: {len(rows)} kernels")
    return 0


def _write(file: Path, board: str, rows: Rows) -> None:
    head = {"method": "emulated", "board": board, "unit": "code B, instructions per unit of work"}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps({**head, "kernels": rows}, indent=1)
    file.write_text(_compact(text) + "\n", encoding="utf-8")


def _rows(found: Found) -> Rows:
    return {
        k: {level: seen.row() for level, seen in sorted(levels.items())}
        for k, levels in sorted(found.items())
    }


def _renewed(file: Path, found: Found) -> Rows:
    """The rows of a table with other code."""
    rows: Rows = json.loads(file.read_text("utf-8"))["kernels"]
    for kernel, levels in found.items():
        for level, seen in levels.items():
            if level in rows.get(kernel, {}):
                rows[kernel][level][0] = seen.code
    return rows


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


def with_room(board: Board) -> Board:
    """The board with more memory where it has little: what a core executes does not depend on how
    much there is."""
    wider = tuple(replace(m, nbytes=max(m.nbytes, ROOM.get(m.role, 0))) for m in board.memories)
    return replace(board, memories=wider)


if __name__ == "__main__":
    raise SystemExit(main())
