"""Text files of numbers: decoding and parsing with errors that name file, line and column."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinsmith.core.errors import UserError

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
LARGEST = float(np.finfo(np.float32).max)
"""The largest value that a recording can hold."""


@dataclass(frozen=True)
class Source:
    """The file that an error message speaks of, and the format's name for its error codes."""

    format: str
    file: str

    def error(self, what: str, message: str, hint: str = "") -> UserError:
        """A UserError ``data.<format>.<what>`` whose message begins with the file's name."""
        return UserError(f"data.{self.format}.{what}", f"{self.file}: {message}", hint)


def read_text(path: Path, source: Source) -> str:
    """The whole file as UTF-8 text, a byte order mark removed.

    Raises:
        UserError: ``missing``, ``empty`` or ``binary``.
    """
    try:
        if not (path.is_file() or path.is_dir()) and path.exists():
            raise source.error("unreadable", "this is no file (a pipe or device).", "Copy it.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise source.error("missing", "there is no such file.", "Check the path.") from None
    except OSError as e:
        raise source.error("unreadable", f"cannot be read ({e.strerror}).", "Check it.") from None
    if not data.strip():
        raise source.error("empty", "the file is empty.", "Record or export it again.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise _binary(source, e.start) from None
    if bad := _CONTROL.search(text):
        raise _binary(source, len(text[: bad.start()].encode()))
    return text


def numbers(cells: Sequence[str], source: Source, place: Sequence[str]) -> list[float]:
    """The cells as finite floats; ``place`` names each cell for errors, e.g. ``line 3, column
    'x'``.

    Raises:
        UserError: ``missing_value``, ``number`` or ``nonfinite``.
    """
    try:
        values = [float(c) for c in cells]
    except ValueError:
        values = []
    if len(values) == len(cells) and "_" not in "".join(cells) and all(map(_fits, values)):
        return values
    cell, where = next((c, p) for c, p in zip(cells, place, strict=True) if not _is_number(c))
    raise _complaint(cell, source, where)


def _fits(value: float) -> bool:
    return abs(value) <= LARGEST


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and _fits(float(cell))
    except ValueError:
        return False


def _complaint(cell: str, source: Source, where: str) -> UserError:
    text = cell.strip()
    if text in ("", "?"):
        return source.error(
            "missing_value",
            f"{where}: the value is missing ({text!r}).",
            "Fill it in, or end recordings there: --set gaps=cut",
        )
    try:
        value = 0.0 if "_" in text else float(text)
    except ValueError:
        value = 0.0
    if not math.isfinite(value) or not _fits(value):
        return source.error(
            "nonfinite",
            f"{where}: {text!r} is not a finite 32-bit number.",
            "NaN and infinities are not allowed; fill the value in; recordings end at NaN with: "
            "--set gaps=cut",
        )
    return source.error(
        "number",
        f"{where}: {text[:40]!r} is not a number.",
        "Numbers are written with a decimal point, without thousands separators. A CSV column that "
        "is no channel is left out by naming those that are: --set channels=... (project.toml: "
        "signal.channels).",
    )


def _binary(source: Source, position: int) -> UserError:
    return source.error(
        "binary",
        f"this is not text (byte {position} cannot be part of UTF-8 text).",
        "Export the recording as text in UTF-8.",
    )
