"""What is measured: every kernel that may compute a layer, at every level of the compiler. Layers
are measured together: in one image each has its next variant, so images are few."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.choices import PARTS, Choices
from tinsmith.codegen.costs import LEVELS
from tinsmith.codegen.kernel_set import INLINED, symbol_of
from tinsmith.codegen.module import InferenceModule
from tinsmith.codegen.select import possible
from tinsmith.devices.board import Core

Offers = Mapping[str, Sequence[str]]
"""Layer -> kernels that may compute it."""
_NO_LEVEL = "size"
"""Of a kernel that is compiled into a step: it is optimised as the step is."""


@dataclass(frozen=True, order=True)
class Variant:
    """A kernel, and how hard it is optimised."""

    kernel: str
    level: str


def offers(module: InferenceModule, core: Core, pinned: Choices) -> Offers:
    """The kernels of each layer of a module; what is pinned, or was taken apart, stays as it is."""
    fixed = {n for n in module.kernels if n in pinned.kernels}
    fixed |= {n for n, kernel in pinned.kernels.items() if kernel == PARTS}
    found = possible(module.graph, core)
    return {
        n: (module.kernels[n],) if n in fixed else tuple(dict.fromkeys(kernels))
        for n, kernels in found.items()
    }


def rounds(found: Offers) -> Iterator[Mapping[str, str]]:
    """Layer -> kernel, for each image: together they hold every kernel of every layer."""
    for turn in range(max((len(kernels) for kernels in found.values()), default=0)):
        yield {layer: kernels[turn % len(kernels)] for layer, kernels in found.items()}


def source_of(kernel: str) -> str:
    """The kernel's file in a module."""
    return f"kernels/{symbol_of(kernel)}.c"


def at_level(module: InferenceModule, level: str, toolchain: str) -> InferenceModule:
    """A module whose kernels are all optimised as hard; ``toolchain``: version of the one that is
    going to compile it."""
    paths = [source_of(k) for k in sorted(set(module.kernels.values())) if not inlined(k)]
    return replace(module, levels=dict.fromkeys(paths, level), tuned=toolchain)


def variant_of(kernel: str, level: str) -> Variant:
    """The variant that a kernel is, where all are compiled at a level."""
    return Variant(kernel, _NO_LEVEL if inlined(kernel) else level)


def inlined(kernel: str) -> bool:
    """Whether a kernel has no file of its own."""
    return kernel.endswith(INLINED)


def variants_in(module: InferenceModule, toolchain: str, optimize: str) -> dict[str, Variant]:
    """Layer -> variant of a module as it is compiled: levels of kernels that have none of their own
    are those of the toolchain's flags (`Toolchain.kernel_flags`, or as asked for)."""
    chain = TOOLCHAINS.get(toolchain)
    levels = module.levels if chain.measured or module.tuned else {}
    flags = chain.kernel_flags
    if optimize and not levels:
        flags = chain.optimize[optimize]
    usual = next((n for n in LEVELS if tuple(chain.optimize[n]) == tuple(flags)), _NO_LEVEL)
    return {
        layer: variant_of(k, levels.get(source_of(k), usual)) for layer, k in module.kernels.items()
    }
