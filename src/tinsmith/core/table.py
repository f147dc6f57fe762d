"""Strict reading of TOML tables: every wrong or unknown key is named with its file and what is
allowed.

Codes of errors: ``toml.syntax`` (no TOML at all), ``toml.key`` (missing, unknown or misplaced),
``toml.value`` (not allowed).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinsmith.core.errors import UserError, did_you_mean

_MISSING = object()


@dataclass(frozen=True)
class Table:
    """One table of a TOML text: ``name`` is its path in the text, "" for the top level; ``file`` is
    None where the text is in no file."""

    file: Path | None
    name: str
    rows: Mapping[str, Any]

    def key(self, key: str) -> str:
        """The key as a person would write it: ``limits.ram_bytes``."""
        return f"{self.name}.{key}" if self.name else key

    def error(self, code: str, message: str, hint: str = "") -> UserError:
        """An error whose message begins with the file."""
        return UserError(code, f"{self.file}: {message}" if self.file else message, hint)

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that nobody reads: a typing error must not be ignored in silence."""
        names = sorted(known)
        for key in self.rows:
            if key not in names:
                guess = did_you_mean(key, names, self.key(""))
                raise self.error(
                    "toml.key",
                    f"key {self.key(key)!r} is unknown.{guess}",
                    f"Known here: {', '.join(names)}.",
                )

    def wrong(self, key: str, allowed: str) -> UserError:
        """The error for a key that is missing or whose value is not allowed."""
        if key not in self.rows:
            return self.error("toml.key", f"{self.key(key)} is missing; allowed is {allowed}.")
        return self.error(
            "toml.value", f"{self.key(key)} is {self.rows[key]!r}; allowed is {allowed}."
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

    def positives(self, key: str, count: int) -> tuple[float, ...]:
        """``count`` finite numbers above 0, from a list of so many, or from one number for all."""
        given: Any = self.rows.get(key)
        values = tuple(given) if isinstance(given, list | tuple) else (given,) * count
        good = [type(v) in (int, float) and 0 < v < float("inf") for v in values]
        if len(values) != count or not all(good):
            one = "a positive number"
            raise self.wrong(key, one if count == 1 else f"{one}, or {count} of them in a list")
        return tuple(map(float, values))

    def texts(self, key: str, default: Any = _MISSING, empty: bool = False) -> tuple[str, ...]:
        """A list of strings; ``empty``: whether they may be empty."""
        value = self._get(key, (list, tuple), "a list of texts", default)
        if not all(isinstance(v, str) and (v or empty) for v in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def table(self, key: str) -> "Table":
        """A table inside; empty where it is absent."""
        value = self.rows.get(key, {})
        if not isinstance(value, Mapping):
            raise self.wrong(key, f"a table, written [{self.key(key)}]")
        return Table(self.file, self.key(key), value)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """One or more tables inside, each written with double brackets."""
        value = self.rows.get(key)
        good = isinstance(value, list | tuple) and all(isinstance(v, Mapping) for v in value)
        if not good or not value:
            raise self.wrong(key, f"one or more tables, each written [[{self.key(key)}]]")
        return tuple(Table(self.file, f"{self.key(key)}[{i}]", v) for i, v in enumerate(value))

    def _get(self, key: str, types: tuple[type, ...], allowed: str, default: Any) -> Any:
        if key not in self.rows and default is not _MISSING:
            return default
        value = self.rows.get(key)
        if not isinstance(value, types) or isinstance(value, bool) or value == "":
            raise self.wrong(key, allowed)
        return value


def read_toml(text: str, file: Path | None = None) -> Table:
    """The top level of a TOML text.

    Raises:
        UserError ``toml.syntax``: it is none.
    """
    try:
        return Table(file, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as e:
        raise Table(file, "", {}).error("toml.syntax", f"this is not valid TOML: {e}.") from None
