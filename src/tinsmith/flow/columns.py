"""What the columns of tables were taken for, for people."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tinsmith.core import sandbox
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.data.dataset import Column
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.formats.csv import Described

_READER = "tinsmith.data.formats.csv:described"
_FORMAT = "csv"
_TRIED = 3


def columns_of(
    paths: Sequence[Path], options: ReadOptions, progress: Progress
) -> tuple[Column, ...]:
    """What each column of the first table below ``paths`` was taken for; none where there is no
    table. A text that is none was named by the import, and the next file is looked at."""
    suffixes = FORMATS.get(_FORMAT).suffixes
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for table in [p for p in inside if p.suffix.lower() in suffixes][:_TRIED]:
            with suppress(UserError):
                arguments = (str(table), options)
                return sandbox.run(_READER, arguments, Described, None, progress).columns
    return ()
