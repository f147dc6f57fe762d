"""Errors that a user can act on.

TinsmithError
+-- UserError           the user's mistake, exit code 2: what we got, what is allowed, what to do
|   +-- UnknownKind     a name that no catalogue entry has
|   +-- MissingTool     an optional tool or Python package that is not installed
+-- Cancelled           the user wants the work no more, exit code 130
+-- InternalError       our bug, exit code 1: shown with an id
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """`` Did you mean 'acc_x'?`` for an error message, or nothing where no known name is near."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean {prefix + near[0]!r}?" if near else ""


class TinsmithError(Exception):
    """Root of all errors that tinsmith raises on purpose."""


class UserError(TinsmithError):
    """A mistake that the user can mend.

    Args:
        code: stable dotted identifier, e.g. ``data.csv.empty``; scripts may match on it.
        message: what we got and what is allowed, one or two sentences.
        hint: what to do next; empty only where the message already says it.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


LISTED = 24
"""So many names a message lists; more are a command's to show."""


def some(names: Sequence[str]) -> str:
    """Names for a message: all, or the first ones and how many more there are."""
    if len(names) <= LISTED:
        return ", ".join(names) or "none"
    return f"{', '.join(names[:LISTED])} and {len(names) - LISTED} more"


class UnknownKind(UserError):
    """A name that is in no catalogue; says which names are close."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(
            f"{kind}.unknown",
            f"{kind.capitalize()} {name!r} is unknown.{did_you_mean(name, names)}",
            f"Known: {some(names)}.",
        )
        self.kind = kind
        self.name = name


class MissingTool(UserError):
    """An optional tool or package that this step needs and that is not installed."""

    def __init__(self, tool: str, hint: str) -> None:
        super().__init__("tool.missing", f"{tool} is needed here and is not installed.", hint)
        self.tool = tool


class Cancelled(TinsmithError):
    """The work was cancelled by whoever wanted it; what was finished is kept."""

    code = "cancelled"
    message = "Cancelled."
    hint = "What was finished is kept; the same command goes on from there."

    def __init__(self) -> None:
        super().__init__(self.message)


class InternalError(TinsmithError):
    """A state that cannot happen unless tinsmith itself is wrong."""
