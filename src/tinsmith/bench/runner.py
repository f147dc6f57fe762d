"""Runner: runs a linked firmware on something and reports what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.build.firmware import Firmware
from tinsmith.core.catalogue import Catalogue
from tinsmith.devices.board import Board


@dataclass(frozen=True)
class Runner:
    """A way to execute firmware.

    Args:
        method: what its numbers are.
        port: the port that an image must be linked with; the board's own port where empty.
        find: version of the tool on this machine; raises MissingTool with what to install.
        run: executes all cases. Raises UserError ``bench.<what>`` on a fault (stack overflow,
            access outside the board's memories, undefined instruction), naming address and program
            counter, and on a time-out.
    """

    name: str
    method: Literal["measured", "emulated", "native"]
    port: str
    find: Callable[[], str]
    run: Callable[[Firmware, Board, RunOptions], Outcome]


RUNNERS: Catalogue[Runner] = Catalogue("runner", "tinsmith.bench.runners", Runner)
