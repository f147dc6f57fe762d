"""What variants cost: read off images that were linked and run. A layer's own part (time,
constants, step) is told from the kernel's code, which all layers share that use it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.build.sizes import SymbolSizes
from tinsmith.codegen.buffers import ALIGNMENT, buffers_of
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.choose import table_bytes
from tinsmith.codegen.kernel_set import symbol_of
from tinsmith.codegen.planner import room
from tinsmith.codegen.program import Program
from tinsmith.codegen.runtime import Library
from tinsmith.codegen.select import select
from tinsmith.devices.board import Core
from tinsmith.tune.variants import Variant


@dataclass(frozen=True)
class Price:
    """Of one variant of one layer: ``time`` of its step; ``flash``: its constants and its step
    function; ``memory``: what the arena holds while it runs, at least."""

    time: float
    flash: int
    memory: int


Layers = Mapping[str, Mapping[Variant, Price]]
"""Layer -> variant -> its own part."""


@dataclass(frozen=True)
class Total:
    """Of a whole image: time of an inference, bytes stored in flash, static RAM, deepest stack."""

    time: float
    flash: int
    static: int
    stack: int

    @property
    def ram(self) -> int:
        """Static RAM and stack."""
        return self.static + self.stack


@dataclass
class Prices:
    """All that was seen. ``layers``: layer -> variant -> its own part; ``code``: bytes of a
    kernel's functions and tables; ``stack``: the least of all images that hold the variant."""

    layers: dict[str, dict[Variant, Price]] = field(default_factory=dict)
    code: dict[Variant, int] = field(default_factory=dict)
    stack: dict[Variant, int] = field(default_factory=dict)

    def add(self, seen: "Seen", core: Core, variants: Mapping[str, Variant]) -> None:
        """Note what an image showed; ``variants``: of each layer."""
        module = seen.firmware.module
        program = select(module.graph, core, Choices(module.kernels))
        sizes, memory = SymbolSizes(seen.firmware.elf), _memory(program)
        times, deepest = seen.times(), seen.total().stack
        for call in program.calls:
            name = call.node.name
            variant = variants[name]
            own = table_bytes(call) + sizes.of(module.steps[name])
            price = Price(times[name], own, memory[name])
            self.layers.setdefault(name, {}).setdefault(variant, price)
            self.code.setdefault(variant, sizes.kernel(module.name, symbol_of(call.kernel)))
            self.stack[variant] = min(deepest, self.stack.get(variant, deepest))

    def bring(self, library: Library, present: Container[str]) -> None:
        """Add to a kernel's code what an image would bring along for it of the compiler's library,
        less what is ``present`` in the untuned one: there it is needed in any case."""
        for variant, own in self.code.items():
            functions = library.get(variant.kernel, {}).items()
            self.code[variant] = own + sum(n for name, n in functions if name not in present)


@dataclass(frozen=True)
class Seen:
    """An image that ran."""

    firmware: Firmware
    outcome: Outcome

    @property
    def unit(self) -> str:
        """What time is counted in: model cycles where the core has a table, else instructions."""
        return "model cycles" if self.outcome.model_cycles else "instructions"

    def times(self) -> dict[str, float]:
        """Of each layer in the first case."""
        found = self.outcome.layer_cycles or self.outcome.layers or {}
        return {name: float(count.value) for name, count in found.items()}

    def total(self) -> Total:
        """Of the whole; time of the first case."""
        counts = self.outcome.model_cycles or self.outcome.instructions or ()
        size, stack = self.firmware.size, self.outcome.stack
        assert size is not None and counts  # who tunes has asked for a board that shows them
        deepest = stack.whole if stack else 0
        return Total(float(counts[0].value), size.flash.whole, size.ram_static.whole, deepest)


def _memory(program: Program) -> dict[str, int]:
    """Layer -> bytes that are live while it runs, laid over each other as far as they may be."""
    buffers = list(buffers_of(program).values())
    return {
        call.node.name: room([b for b in buffers if b.first <= step <= b.last], ALIGNMENT)
        for step, call in program.steps()
    }
