"""Package: a kind of archive that an inference module is handed over in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinsmith.build.module_binary import check_board
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board

_VERSION = re.compile(r"(0|[1-9]\d{0,4})(\.(0|[1-9]\d{0,4})){2}")


@dataclass(frozen=True)
class Golden:
    """Golden vectors that travel along: value name -> [case, *shape]; and what people need to know
    to feed the inputs and read the outputs."""

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    meaning: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Value name -> what the elements along its last axis are, in order: channels with the unit of
    one step, classes."""
    rate_hz: float | None = None
    """Sampling rate of the inputs."""
    reset_each: bool = True
    """Whether the state is reset before each case; else the cases are one sequence."""


@dataclass(frozen=True)
class Papers:
    """The certificate of the module that travels along (`prove/certificate`): its bytes, or why
    there is none."""

    certificate: bytes = b""
    reason: str = "none was asked for"


NO_PAPERS = Papers()


@dataclass(frozen=True)
class Order:
    """What a package is made of.

    ``board`` is the one that the module was compiled for, ``cache`` the folder of compiled objects,
    ``toolchain`` compiles what is handed over compiled for that board, ``version``
    (``<major>.<minor>.<patch>``) is the package's, ``job`` the one that compiles, ``papers`` what
    is certified of the module.
    """

    module: InferenceModule
    board: Board
    golden: Golden
    cache: Path
    toolchain: str = "zig"
    version: str = "1.0.0"
    job: Progress = field(default=SILENT, compare=False)
    papers: Papers = NO_PAPERS


def check_version(version: str) -> None:
    """Raises UserError ``package.version`` where not every package manager takes it."""
    if not _VERSION.fullmatch(version):
        raise UserError(
            "package.version",
            f"Version {version!r} is not of the form 1.2.3.",
            "Give three numbers with points between: packages of every kind take those.",
        )


@dataclass(frozen=True)
class Package:
    """A package kind: order -> file name and bytes, reproducible to the byte.

    ``make`` raises UserError ``package.golden`` (the golden vectors are not those of the module),
    ``package.version`` (see `check_version`), and what compiling raises. ``linked``: it is linked
    for the module's own board, which then must have memories; others bring sources, or binaries for
    systems.
    """

    name: str
    make: Callable[[Order], tuple[str, bytes]]
    linked: bool = False

    def check(self, board: Board) -> None:
        """Raises UserError ``build.board.host`` where there is no such package for a board: known
        before anything is compiled."""
        if self.linked:
            check_board(board)


PACKAGES: Catalogue[Package] = Catalogue("package", "tinsmith.build.packages", Package)
