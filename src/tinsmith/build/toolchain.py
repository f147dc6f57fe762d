"""Toolchain: a compiler on this machine and the flags that it wants. `build/objects.py` compiles
with it, `build/image.py` links."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core.catalogue import Catalogue
from tinsmith.devices.board import Core


@dataclass(frozen=True)
class Found:
    """A toolchain on this machine: the command that compiles and links (argv prefix) and its
    version."""

    command: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class Toolchain:
    """A compiler family.

    Args:
        find: the compiler on this machine; raises MissingTool with what to install.
        target: flags of a core; raises UserError where the toolchain does not serve it.
        compile_flags: what this compiler needs beyond the common flags of build/objects.py.
        link_flags: link arguments before the objects.
        kernel_flags: how kernels are optimised; all other code is compiled for size.
        libraries: link arguments that must follow the objects.
        relocatable: flags of a core that make code and read-only data position-independent.
        environment: variables its process needs, given a cache folder.
        optimize: other ways to optimise kernels that a user may name: name -> flags.
    """

    name: str
    find: Callable[[], Found]
    target: Callable[[Core], Sequence[str]]
    compile_flags: Sequence[str]
    link_flags: Sequence[str]
    kernel_flags: Sequence[str]
    libraries: Sequence[str]
    relocatable: Callable[[Core], Sequence[str]]
    environment: Callable[[Path], dict[str, str]]
    optimize: Mapping[str, Sequence[str]] = field(default_factory=dict)


TOOLCHAINS: Catalogue[Toolchain] = Catalogue("toolchain", "tinsmith.build.toolchains", Toolchain)
