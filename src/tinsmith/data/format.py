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
    dimensions. Empty: all that the file has. ``pattern``: what the names of files say, e.g.
    ``{label}_{subject}_{take}.wav``. ``labels``: a file with labels and metadata of the others.
    ``group``: the metadata that no two sides of a split may share. ``format``: only files of this
    one. ``hmac_key``: key of signed files. ``strict``: one unusable file refuses all.
    """

    rate_hz: float | None = None
    label: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    time_unit: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    pattern: str | None = None
    labels: str | None = None
    group: str | None = None
    format: str | None = None
    hmac_key: str | None = None
    strict: bool = False
    columns: tuple[str, ...] = ()
    """Names of all columns, for a table that does not name them."""
    ignore: tuple[str, ...] = ()
    """Columns that are left out."""
    delimiter: str | None = None
    """``comma``, ``semicolon``, ``tab``, ``bar`` or ``blank``."""
    decimal: str | None = None
    """``comma`` or ``point``."""
    date_order: str | None = None
    """``dmy`` or ``mdy``."""
    name_column: str | None = None
    value_column: str | None = None
    """Of a long table, where each line is one value of one channel."""
    gaps: str | None = None
    """``cut``: a recording ends where samples are missing, and another begins after them."""
    rows: str | None = None
    """``alone``: each line of a table is an example of its own, no moment of a signal."""
    resample_hz: float | None = None
    """The rate to which all recordings are brought."""


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        suffixes: file names it reads, with the dot, in lower case.
        read: raises UserError (code ``data.<format>.<what>``) on anything it cannot make sense of.
        example: a small valid file, of two recordings or more where a file may hold that many:
            what the contract tests cut and damage. Files that are no text are made when asked for.
        loose: it writes numbers as text, so a file of whole numbers may stand for one of others.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, ReadOptions], Reading]
    example: str | Callable[[], bytes]
    loose: bool = False

    def sample(self) -> bytes:
        """The example as a file's content."""
        return self.example.encode() if isinstance(self.example, str) else self.example()


FORMATS: Catalogue[Format] = Catalogue("format", "tinsmith.data.formats", Format)
