"""How a lower layer tells an upper one how far it is, without knowing whether a terminal, a job
or nobody listens."""

from typing import Protocol


class Progress(Protocol):
    """Receives what long work reports."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """``done`` of ``total`` units are finished; ``note`` is a few words for people (loss,
        file name, ...)."""


class Silent:
    """A Progress that nobody watches."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Ignore."""
