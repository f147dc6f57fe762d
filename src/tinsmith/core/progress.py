"""How a lower layer tells an upper one how far it is and learns that its work is not wanted any
more, without knowing whether a terminal, a job or nobody listens."""

from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Receives what long work reports. Loops that may take more than some tenths of a second call
    one of the two in every turn."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """``done`` of ``total`` units are finished; ``note`` is a few words for people (loss,
        file name, ...).

        Raises:
            Cancelled: see `check`.
        """

    def check(self) -> None:
        """Whether to go on; costs next to nothing, and may be called by any thread.

        Raises:
            Cancelled: the work is not wanted any more.
        """


class Silent:
    """A Progress that nobody watches or cancels."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Ignore."""

    def check(self) -> None:
        """Go on."""


SILENT = Silent()
"""For work that was not given a job."""


@dataclass(frozen=True)
class StepRecord:
    """One step of a job: ``key`` is the hash of its function, its inputs and tinsmith's own code;
    empty where it is kept nowhere."""

    name: str
    key: str
    served: bool
    seconds: float


class Watcher(Protocol):
    """Receives the progress inside one step, to show it."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """See `Progress.advance`; raises nothing."""


class Listener(Protocol):
    """Hears what a job does, e.g. to show it."""

    def started(self, step: str) -> Watcher:
        """A step begins to be computed; what it returns hears of the progress inside."""

    def finished(self, record: StepRecord) -> None:
        """A step's result is there."""

    def noted(self, text: str) -> None:
        """Something was done that a person should know of: one sentence."""


class Nobody:
    """A Listener that shows nothing."""

    def started(self, step: str) -> Watcher:
        """Ignore."""
        return SILENT

    def finished(self, record: StepRecord) -> None:
        """Ignore."""

    def noted(self, text: str) -> None:
        """Ignore."""
