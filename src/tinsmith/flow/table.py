"""Strict reading of TOML tables: every wrong or unknown key is named with its file and what is
allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinsmith.core.errors import UserError, did_you_mean

_MISSING = object()


@dataclass(frozen=True)
class Table:
    """One table of a TOML file: ``name`` is its path in the file, "" for the top level."""

    file: Path
    name: str
    rows: Mapping[str, Any]

    def key(self, key: str) -> str:
        """The key as a person would write it: ``limits.ram_bytes``."""
        return f"{self.name}.{key}" if self.name else key

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that nobody reads: a typing error must not be ignored in silence."""
        names = sorted(known)
        for key in self.rows:
            if key not in names:
                guess = did_you_mean(key, names, self.key(""))
                raise UserError(
                    "project.key.unknown",
                    f"{self.file}: key {self.key(key)!r} is unknown.{guess}",
                    f"Known here: {', '.join(names)}.",
                )

    def wrong(self, key: str, allowed: str) -> UserError:
        """The error for a key whose value is not allowed."""
        got = repr(self.rows[key]) if key in self.rows else "missing"
        return UserError(
            "project.value", f"{self.file}: {self.key(key)} is {got}; allowed is {allowed}."
        )

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A string that is not empty."""
        return str(self._get(key, (str,), "a text that is not empty", default))

    def count(self, key: str, default: Any = _MISSING, low: int = 0) -> Any:
        """A whole number of at least ``low``."""
        value = self._get(key, (int,), f"a whole number from {low} up", default)
        if value is not None and value < low:
            raise self.wrong(key, f"a whole number from {low} up")
        return value

    def number(self, key: str, default: Any = _MISSING, high: float = float("inf")) -> Any:
        """A number from 0 to ``high``."""
        allowed = "a number that is not negative" if high == float("inf") else f"0 to {high:g}"
        value = self._get(key, (int, float), allowed, default)
        if value is not None and not 0 <= value <= high:
            raise self.wrong(key, allowed)
        return value

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(key, (list, tuple), "a list of texts", default)
        if not all(isinstance(v, str) and v for v in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def table(self, key: str) -> "Table":
        """A table inside; empty where it is absent."""
        value = self.rows.get(key, {})
        if not isinstance(value, Mapping):
            raise self.wrong(key, f"a table, written [{self.key(key)}]")
        return Table(self.file, self.key(key), value)

    def _get(self, key: str, types: tuple[type, ...], allowed: str, default: Any) -> Any:
        if key not in self.rows and default is not _MISSING:
            return default
        value = self.rows.get(key)
        if not isinstance(value, types) or isinstance(value, bool) or value == "":
            raise self.wrong(key, allowed)
        return value
