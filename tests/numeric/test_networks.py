"""Networks of known shapes on an emulated core: what a product costs, and what zeros save; the full
table is that of `benchmarks/networks.py`."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases
from tinsmith.testing.networks import WHOLE, Network, Pruning, mobilenet, resnet

BOARD = "nucleo_l4r5zi"
MAKERS = {
    "mobilenet": lambda pruning: mobilenet(size=48, pruning=pruning),
    "resnet": lambda pruning: resnet(size=16, pruning=pruning),
    "wide": lambda pruning: resnet((40, 80), size=16, pruning=pruning),
}
LARGE = {"mobilenet_96": (mobilenet, 32_000), "resnet_32": (resnet, 24_000)}
"""Networks of usual sizes, and the most RAM with stack where that is aimed at."""
PER_MAC = {"mobilenet": 1.35, "resnet": 1.00, "wide": 0.95}
"""Most instructions for a product at these sizes; what stands around products weighs more here than
in the networks of the full table."""
MORE_FLASH = 20_000
LEFT_OUT = Pruning(0.2, "left out")
ZEROED = Pruning(0.2, "zeroed")
SPARSE = Pruning(sparse=0.8)


@dataclass(frozen=True)
class Cost:
    instructions: int
    flash: int
    ram: int


@cache
def network(name: str, pruning: Pruning) -> Network:
    return LARGE[name][0](pruning=pruning) if name in LARGE else MAKERS[name](pruning)


@cache
def measured(name: str, pruning: Pruning, aim: str = "speed") -> Cost:
    """What a run costs; its answer is the interpreter's."""
    net, board = network(name, pruning), BOARDS.get(BOARD)
    module = compile_graph(net.graph, BOARD, choices=Choices(aim=aim))
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    picture = {k: v[:1] for k, v in net.inputs.items()}
    outcome = run(firmware, board, "unicorn", RunOptions(picture, cache=CACHE))
    (end,) = net.graph.outputs
    wanted = run_cases(net.graph, picture)[end]
    assert outcome.outputs[end].tobytes() == wanted.tobytes()
    assert outcome.instructions is not None and outcome.stack is not None
    assert firmware.size is not None
    ram = firmware.size.ram_static.whole + int(outcome.stack.value)
    return Cost(int(outcome.instructions[0].value), firmware.size.flash.whole, ram)


@pytest.mark.parametrize("name", MAKERS)
def test_channels_are_alive(name: str) -> None:
    assert network(name, WHOLE).live() >= 0.95


@pytest.mark.parametrize("name", MAKERS)
def test_zeroed_channels_change_no_answer(name: str) -> None:
    """The network without them is the same network."""
    nets = [network(name, p) for p in (ZEROED, LEFT_OUT)]
    picture = {k: v[:1] for k, v in nets[0].inputs.items()}
    answers = [run_cases(n.graph, picture)[n.graph.outputs[0]] for n in nets]
    assert answers[0].tobytes() == answers[1].tobytes()
    assert nets[1].macs < nets[0].macs / 5


@pytest.mark.emulator
@pytest.mark.parametrize("name", MAKERS)
def test_a_product_costs_little(name: str) -> None:
    net, cost = network(name, WHOLE), measured(name, WHOLE)
    assert cost.instructions <= PER_MAC[name] * net.macs
    assert cost.flash <= 1.25 * net.weights + MORE_FLASH


@pytest.mark.emulator
@pytest.mark.parametrize("name", MAKERS)
def test_zeros_cost_nothing(name: str) -> None:
    """Of channels: no more than without them; of single weights: no more than other weights."""
    zeroed, left = measured(name, ZEROED), measured(name, LEFT_OUT)
    assert zeroed.instructions <= 1.02 * left.instructions
    assert zeroed.flash <= 1.02 * left.flash
    for aim in ("speed", "size"):
        sparse, whole = measured(name, SPARSE, aim), measured(name, WHOLE, aim)
        assert sparse.instructions <= whole.instructions
        assert sparse.flash <= whole.flash


@pytest.mark.emulator
@pytest.mark.parametrize("name", MAKERS)
def test_aims_mean_what_they_say(name: str) -> None:
    """What is aimed at is never paid for: nothing is faster than ``speed``, which takes no less
    flash than ``size`` and no less RAM than ``ram``; and that costs half as much time at most."""
    found = {aim: measured(name, WHOLE, aim) for aim in ("speed", "size", "ram")}
    assert found["speed"].instructions == min(c.instructions for c in found.values())
    assert found["size"].flash == min(c.flash for c in found.values())
    assert found["ram"].ram <= found["speed"].ram
    assert found["ram"].instructions <= 1.55 * found["speed"].instructions  # costs are estimates


@pytest.mark.emulator
@pytest.mark.parametrize("name", LARGE)
def test_ram_is_small_where_the_front_is_cut_into_stripes(name: str) -> None:
    """Their fronts alone would take more."""
    fast, small = (measured(name, WHOLE, aim) for aim in ("speed", "ram"))
    assert small.ram <= LARGE[name][1] < fast.ram
    assert small.instructions <= 1.5 * fast.instructions


def test_networks_are_drawn_from_their_seed() -> None:
    first, same, other = (mobilenet(size=32, seed=s) for s in (3, 3, 4))
    assert first.graph.constants.keys() == same.graph.constants.keys()
    for name, array in first.graph.constants.items():
        assert np.array_equal(array, same.graph.constants[name])
    assert any(not np.array_equal(a, other.graph.constants[n])
               for n, a in first.graph.constants.items())  # fmt: skip
