"""Compiled stripes: kernels that read rows of an operand, results that slide over what they are
made of, on emulated cores; and what is said of the steps."""

from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE
from pictures import any_region, cut, network
from programs import reference_choices

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.module import InferenceModule
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.certificate.checker.layers import layer_of
from tinsmith.prove.certificate.checker.plan import replay_plan
from tinsmith.prove.certificate.checker.statement import Rejected
from tinsmith.prove.certificate.make import make, subject_of
from tinsmith.testing.networks import Network


def striped(seed: int) -> tuple[Network, Graph]:
    """A random network, and the same with some region in stripes."""
    for trial in range(100):
        rng = np.random.default_rng([seed, trial])
        net = network(rng, int(rng.integers(9, 20)))
        region = any_region(lower(net.graph), rng)
        if region is not None and len(region.nodes) > 1:
            return net, cut(region, rng)
    raise AssertionError("no region in a hundred networks")


def answer(module: InferenceModule, net: Network) -> np.ndarray:
    board = BOARDS.get(module.board)
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    outcome = run(firmware, board, "unicorn", RunOptions(net.inputs, cache=CACHE))
    (end,) = net.graph.outputs
    return outcome.outputs[end]


@pytest.mark.emulator
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "rpi_pico"])
def test_stripes_are_the_whole_bit_for_bit(board: str, seed: int) -> None:
    net, graph = striped(seed)
    aim = ("speed", "ram", "size")[seed % 3]
    choices = reference_choices(graph, board) if seed == 3 else Choices(aim=aim)
    module = compile_graph(graph, board, choices=choices)
    want = run_cases(net.graph, net.inputs)[net.graph.outputs[0]]
    assert answer(module, net).tobytes() == want.tobytes()


def front() -> Network:
    """A network whose first layers need most memory."""
    return network(np.random.default_rng(6), 24, least=5)


def test_a_region_is_cut_only_where_that_saves_memory_and_ram_is_aimed_at() -> None:
    net = front()
    plain = compile_graph(net.graph, "nucleo_l4r5zi")
    small = compile_graph(net.graph, "nucleo_l4r5zi", choices=Choices(aim="ram"))
    again = compile_graph(small.graph, "nucleo_l4r5zi", choices=Choices(aim="ram"))
    assert not [n for n in plain.graph.nodes if "rows" in n.name]
    assert [n for n in small.graph.nodes if "rows" in n.name]
    assert small.plan.arena_bytes < 0.98 * plain.plan.arena_bytes
    assert again.graph == small.graph  # a graph that was lowered stays as it is


@pytest.mark.emulator
def test_certificates_see_rows_and_reject_rows_that_are_lost() -> None:
    """The layer over rows of x is checked as any layer; what is left of x may not lie further down
    than what it is taken from allows."""
    net, board = front(), BOARDS.get("nucleo_l4r5zi")
    module = compile_graph(net.graph, board.id, choices=Choices(aim="ram"))
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    subject = subject_of(firmware, board, net.graph)
    replay_plan(subject)
    taking = [n for n in module.graph.nodes if n.parts and n.parts[0].op == "slice"]
    layers = [layer for n in taking if (layer := layer_of(module.graph, n))]
    claims = {s.node: s.sums for s in make(firmware, board, net.graph, CACHE).claims.steps}
    seen = [found for n in taking if (found := claims[n.name]) is not None]
    assert len(seen) == len(layers) and all(u.biases_seen == u.biases for u in seen)
    assert max(u.taps_seen / u.taps for u in seen) == 1  # in a border some taps see nothing
    assert layers and all(x.operand.elements > x.x_type.elements for x in layers)
    crops = [n for n in module.graph.nodes if n.op == "slice"]
    for node in crops:
        (at, size), (rows, left) = (subject.places[v] for v in (node.inputs[0], node.outputs[0]))
        assert rows <= at + size - left
        places = {**subject.places, node.outputs[0]: (at + size - left + 8, left)}
        with pytest.raises(Rejected):
            replay_plan(replace(subject, places=places, arena_bytes=subject.arena_bytes + size))


def test_inputs_that_are_kept_stay_whole() -> None:
    net = front()
    choices = Choices(aim="ram", keep_inputs=True)
    module = compile_graph(net.graph, "nucleo_l4r5zi", choices=choices)
    assert module.plan.kept == net.graph.inputs


def test_who_pins_a_layer_gets_it_whole_and_who_pins_stripes_gets_these() -> None:
    net = front()
    module = compile_graph(net.graph, "nucleo_l4r5zi", choices=Choices(aim="ram"))
    pinned = Choices(module.kernels, "ram")
    assert compile_graph(net.graph, "nucleo_l4r5zi", choices=pinned).sources == module.sources
    whole = lower(net.graph)
    (name, *_) = (n.name for n in whole.nodes if n.name not in module.kernels)
    own = Choices({name: reference_choices(whole, "nucleo_l4r5zi").kernels[name]}, "ram")
    assert name in compile_graph(net.graph, "nucleo_l4r5zi", choices=own).kernels


def test_stripes_share_their_constants() -> None:
    """Tables that are made for a layer are stored once."""
    net = front()
    module = compile_graph(net.graph, "nucleo_l4r5zi", choices=Choices(aim="ram"))
    weights = module.sources[f"{module.name}_weights.c"]
    bodies = [part.partition("= {")[2] for part in weights.split("TS_WEIGHTS const")[1:]]
    tables = [b for b in bodies if len(b) > 60]
    assert len(tables) == len(set(tables))


def test_cores_whose_kernels_were_not_measured_are_served_too() -> None:
    """There products and moved bytes stand for time."""
    net = front()
    small = compile_graph(net.graph, "host", choices=Choices(aim="ram"))
    whole = compile_graph(net.graph, "host", choices=NOTHING_CHOSEN)
    assert small.plan.arena_bytes <= whole.plan.arena_bytes
