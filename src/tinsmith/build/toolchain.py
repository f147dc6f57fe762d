"""Toolchain: a compiler on this machine and the flags that it wants. `build/objects.py` compiles
with it, `build/image.py` links."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board, Core


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
        rank: which is taken first where several serve a board: the smallest.
        target: flags of a core; None where the toolchain does not compile for it.
        compile_flags: what this compiler needs beyond the common flags of build/objects.py.
        link_flags: link arguments before the objects.
        kernel_flags: how kernels are optimised; all other code is compiled for size.
        libraries: link arguments that must follow the objects.
        relocatable: flags of a core that make code and read-only data position-independent.
        environment: variables its process needs, given a cache folder.
        optimize: other ways to optimise kernels that a user may name: name -> flags.
        measured: the costs of kernels (`codegen/costs`) were measured with it, so it optimises each
            as they say.
    """

    name: str
    rank: int
    find: Callable[[], Found]
    target: Callable[[Core], Sequence[str] | None]
    compile_flags: Sequence[str]
    link_flags: Sequence[str]
    kernel_flags: Sequence[str]
    libraries: Sequence[str]
    relocatable: Callable[[Core], Sequence[str]]
    environment: Callable[[Path], dict[str, str]]
    optimize: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measured: bool = False

    def serves(self, board: Board) -> bool:
        """Whether it compiles for the board's core."""
        return self.target(board.core) is not None

    def flags(self, core: Core) -> tuple[str, ...]:
        """Flags of a core.

        Raises:
            UserError ``build.toolchain.core``: it does not compile for it.
        """
        found = self.target(core)
        if found is None:
            serving = [c.name for c in TOOLCHAINS.all() if c.target(core) is not None]
            raise UserError(
                "build.toolchain.core",
                f"Toolchain {self.name!r} does not compile for {core.title}.",
                f"Toolchains that do: {', '.join(serving) or 'none'}.",
            )
        return tuple(found)


TOOLCHAINS: Catalogue[Toolchain] = Catalogue("toolchain", "tinsmith.build.toolchains", Toolchain)


def toolchains_for(board: Board) -> tuple[str, ...]:
    """Toolchains that serve a board, the one to take first.

    Raises:
        UserError ``build.toolchain.core``: there is none.
    """
    serving = sorted((c.rank, c.name) for c in TOOLCHAINS.all() if c.serves(board))
    if not serving:
        raise UserError(
            "build.toolchain.core",
            f"No toolchain compiles for {board.core.title}, the core of board {board.id!r}.",
            "See `tinsmith board cores`.",
        )
    return tuple(name for _, name in serving)
