"""Refusal of classic models that contradict themselves, whatever file they came in."""

from typing import NoReturn

from tinsmith.core.errors import UserError


class Broken(UserError):
    """A model that contradicts itself."""

    def __init__(self, message: str) -> None:
        super().__init__("import.classic.broken", message, "Is the file damaged?")


def broken(message: str) -> NoReturn:
    """Refuse a model that contradicts itself."""
    raise Broken(message)
