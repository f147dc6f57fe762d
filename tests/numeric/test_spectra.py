"""Power spectra by the portable kernel: the interpreter's bits on cores with an FPU and without,
also where a value is infinite, NaN, denormal or becomes infinite on the way."""

from collections.abc import Mapping

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

SIZES = (8, 16, 32, 64, 256)
OWN, REFERENCE = "plain/rfft_power_float32", "ref/rfft_power_float32"
ODD = np.array([np.inf, -np.inf, np.nan, -0.0, 1e-42, 3.4e38], np.float32)
SCALES = np.array([1.0, 1e-41, 1e-20, 4e18, 1e19, 2e37, 8e37])
"""Of values: some whose squares are denormal or infinite, some whose sums are."""


def spectra(tables: Mapping[int, np.ndarray]) -> Graph:
    """One for each length; its twiddles are as given."""
    b = Builder("spectra")
    ends = []
    for n, w in tables.items():
        x = b.input(f"x{n}", TensorType((2, n), "float32"))
        ends.append(b.op("rfft_power", x, b.constant(f"w{n}", w), name=f"y{n}"))
    return b.build(ends)


def rows(rng: np.random.Generator, cases: int) -> dict[str, np.ndarray]:
    """Noise of all scales, in every third case with an odd value, and rows of zeros."""
    made = {}
    for n in SIZES:
        x = rng.normal(size=(cases, 2, n)) * rng.choice(SCALES, (cases, 1, 1))
        x = np.clip(x, -3.4e38, 3.4e38).astype(np.float32)
        for case in range(0, cases, 3):
            x[case, rng.integers(2), rng.integers(n)] = rng.choice(ODD)
        x[1] = 0.0
        x[2] = -0.0
        made[f"x{n}"] = x
    return made


def emulated(graph: Graph, board: str, kernel: str, x: Mapping[str, np.ndarray]) -> Outcome:
    found = BOARDS.get(board)
    choices = Choices(dict.fromkeys(possible(lower(graph), found.core), kernel))
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    return run(firmware, found, "unicorn", RunOptions(x, cache=CACHE))


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "rpi_pico", "esp32_c3"])
def test_emulated_spectra_equal_the_interpreter(board: str, rng: np.random.Generator) -> None:
    graph, x = spectra({n: twiddles(n) for n in SIZES}), rows(rng, 60)
    wanted = run_cases(graph, x)
    outcome = emulated(graph, board, OWN, x)
    assert [o for o in graph.outputs if not equal(outcome.outputs[o], wanted[o])] == []
    odd = {o: ~np.isfinite(wanted[o]).all(axis=2) for o in graph.outputs}
    assert all(0 < some.sum() < some.size for some in odd.values())


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "rpi_pico"])
def test_a_usual_signal_takes_fewer_instructions(board: str, rng: np.random.Generator) -> None:
    graph = spectra({n: twiddles(n) for n in SIZES})
    x = {name: rng.normal(size=(1, *graph.type(name).shape)) for name in graph.inputs}
    x = {name: array.astype(np.float32) for name, array in x.items()}
    now, before = (emulated(graph, board, kernel, x).layers for kernel in (OWN, REFERENCE))
    assert now is not None and before is not None
    assert all(now[o].value < 0.9 * before[o].value for o in graph.outputs)


def test_other_factors_are_left_to_the_reference() -> None:
    def offered(w: np.ndarray) -> bool:
        graph = spectra({2 * len(w): w})
        found = possible(lower(graph), BOARDS.get("rpi_pico").core)
        return OWN in {k for kernels in found.values() for k in kernels}

    w = twiddles(16)
    assert offered(w) and not offered(twiddles(4))
    for place, value in (((0, 0), 0.5), ((0, 1), 1e-30), ((4, 1), -0.5)):
        other = w.copy()
        other[place] = value
        assert not offered(other)
