"""Format: how recordings of one file format are read. Files are untrusted: parsed in the
sandbox, with limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core.catalogue import Catalogue
from tinsmith.data.dataset import Reading


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about the files: sampling rate (Hz) where they do not, one label for all,
    columns by name, units by channel, the unit of the time column (s, ms, us).

    ``channels``: the columns to take, in this order; for formats without names, the names of the
    dimensions. Empty: all that the file has.
    """

    rate_hz: float | None = None
    label: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    time_unit: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        suffixes: file names it reads, with the dot, in lower case.
        read: raises UserError (code ``data.<format>.<what>``) on anything it cannot make sense of.
        example: a small valid file of two recordings or more: shown in the reference, and what the
            contract tests cut and damage.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, ReadOptions], Reading]
    example: str


FORMATS: Catalogue[Format] = Catalogue("format", "tinsmith.data.formats", Format)
