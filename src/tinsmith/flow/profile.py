"""Where the time of one inference goes: every layer's instructions and cycles, how far they are
from what the core's multiplier allows, and what would make the model faster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.codegen.kernel_set import REFERENCE
from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Emulated, Estimated
from tinsmith.core.units import count_text
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.ops.fused import part_sites

PRODUCTS = {"mve": 16, "dsp": 2}
"""Extension -> products of bytes that one instruction adds (VMLADAVA, SMLAD: Armv8-M Architecture
Reference Manual, DDI 0553); one without."""
_SCALING = ("requantize", "quantize", "dequantize")
_MUCH = 0.2
"""Share of the time from which a layer is spoken of."""


@dataclass(frozen=True)
class LayerProfile:
    """One step of an inference. ``products``: multiply-accumulates; ``weight_bytes``: constants
    that it reads; ``result_bytes``: what it writes; ``bound``: the fewest instructions that its
    products take on the core; ``share``: of all instructions. ``cycles``: model cycles, at zero
    wait states and uncalibrated, where the core has a table."""

    node: str
    stage: str
    operation: str
    kernel: str
    products: int
    weight_bytes: int
    result_bytes: int
    bound: int
    instructions: Emulated
    cycles: Estimated | None
    share: float

    @property
    def per_product(self) -> float | None:
        """Instructions for each product, None where there are none."""
        return self.instructions.value / self.products if self.products else None

    @property
    def of_bound(self) -> float | None:
        """Instructions as a multiple of the bound, None where there is none."""
        return self.instructions.value / self.bound if self.bound else None


@dataclass(frozen=True)
class Profile:
    """All layers of one inference in order of execution; ``advice``: what would make it faster, in
    sentences. ``total`` counts the run's frame, too."""

    model: str
    board: str
    total: Emulated
    model_cycles: Estimated | None
    cycles: Estimated | None
    layers: tuple[LayerProfile, ...]
    advice: tuple[str, ...]

    @property
    def longest(self) -> LayerProfile:
        """The step that takes most: what a scheduler that runs step by step has to wait for."""
        return max(self.layers, key=lambda x: x.instructions.value)

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "model": self.model, "board": self.board, "instructions": self.total.value,
            "model_cycles": self.model_cycles.value if self.model_cycles else None,
            "cycles": [self.cycles.low, self.cycles.high] if self.cycles else None,
            "longest_step": self.longest.node, "advice": list(self.advice),
            "layers": [_plain(x) for x in self.layers],
        }  # fmt: skip


def _plain(layer: LayerProfile) -> dict[str, Any]:
    return asdict(layer) | {
        "instructions": layer.instructions.value,
        "cycles": layer.cycles.value if layer.cycles else None,
        "instructions_per_product": layer.per_product, "instructions_of_bound": layer.of_bound,
    }  # fmt: skip


def profile(firmware: Firmware, outcome: Outcome, board: Board, optimize: str) -> Profile:
    """The profile of a firmware that ran.

    Raises:
        UserError ``profile.runner``: the runner counts no instructions.
    """
    if not outcome.layers or not outcome.instructions:
        raise UserError(
            "profile.runner",
            f"Runner {outcome.runner!r} counts no instructions on {board.id}.",
            "Profile on an emulated board: see `tinsmith board list`.",
        )
    graph = firmware.module.graph
    layers = tuple(_layers(graph, firmware.module.kernels, outcome, board))
    first, cycles = outcome.instructions[0], outcome.model_cycles
    assert isinstance(first, Emulated)
    return Profile(
        firmware.module.name, board.id, first, cycles[0] if cycles else None,
        outcome.cycles[0] if outcome.cycles else None, layers,
        tuple(_advice(graph, layers, optimize)),
    )  # fmt: skip


def _layers(
    graph: Graph, kernels: Mapping[str, str], outcome: Outcome, board: Board
) -> Iterator[LayerProfile]:
    counts, cycles = outcome.layers or {}, outcome.layer_cycles or {}
    total = max(1.0, sum(float(c.value) for c in counts.values()))
    for node in graph.nodes:
        weights = OPS.get(node.op).cost(site_of(graph, node)).weight_bytes
        products = products_of(graph, node)
        count = counts[node.name]
        assert isinstance(count, Emulated)
        written = sum(graph.type(o).nbytes for o in node.outputs)
        bound = -(-products // _at_once(graph, node, board))
        yield LayerProfile(
            node.name, node.stage, "+".join(p.op for p in node.parts or (node,)),
            kernels[node.name], products, weights, written, bound, count,
            cycles.get(node.name), float(count.value) / total,
        )  # fmt: skip


def products_of(graph: Graph, node: Node) -> int:
    """Multiply-accumulates of a layer; scaling its sums is none."""
    site = site_of(graph, node)
    if not node.parts:
        return 0 if node.op in _SCALING else OPS.get(node.op).cost(site).macs
    inner = [(p.op, s) for p, s in part_sites(site) if p.op not in _SCALING]
    return sum(OPS.get(op).cost(s).macs for op, s in inner)


def _at_once(graph: Graph, node: Node, board: Board) -> int:
    """Products that one instruction of the core adds: of bytes as `PRODUCTS` says, of 16 bits half
    as many, of floats one."""
    widest = max(graph.type(i).nbytes // max(1, graph.type(i).elements) for i in node.inputs[:2])
    if graph.type(node.inputs[0]).dtype == "float32":
        return 1
    most = next((n for e, n in PRODUCTS.items() if e in board.core.features), 1)
    return most if widest == 1 else max(1, min(most, 16 // (2 * widest)))


def _advice(graph: Graph, layers: Sequence[LayerProfile], optimize: str) -> Iterator[str]:
    """What would make it faster, the most rewarding first."""
    ranked = sorted(layers, key=lambda x: -x.instructions.value)
    floats = sum(x.share for x in layers if _is_float(graph, x.node) and x.products)
    if floats > _MUCH:
        yield (
            f"{floats:.0%} of the instructions compute with floats: integers take fewer on most "
            "cores. Try: tinsmith quantise MODEL --inputs X.npz"
        )
    for x in ranked[:3]:
        if x.share >= _MUCH and x.kernel.startswith(f"{REFERENCE}/") and x.products:
            yield (
                f"{x.node!r} takes {x.share:.0%} with the plain reference kernel {x.kernel}; no "
                "faster kernel takes such a use (types, rounding or range of sums)."
            )
        elif x.share >= _MUCH and x.of_bound and x.of_bound > 2:
            yield (
                f"{x.node!r} takes {x.share:.0%}, {x.of_bound:.1f} times what its "
                f"{count_text(x.products)} products need at least: few channels or small windows "
                "leave the multiplier waiting; more channels and a coarser grid cost less."
            )
    moved = sum(x.share for x in layers if all(OPS.get(o).moves for o in x.operation.split("+")))
    if moved > _MUCH / 2:
        yield f"{moved:.0%} of the instructions only move elements (transposes, copies, slices)."
    if optimize not in ("speed", ""):
        yield f"It was optimised for {optimize}. Try: --optimize speed"


def _is_float(graph: Graph, name: str) -> bool:
    node = next(n for n in graph.nodes if n.name == name)
    return graph.type(node.inputs[0]).dtype == "float32"
