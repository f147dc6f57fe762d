"""What the columns of tables were taken for, for people."""

from collections.abc import Sequence
from pathlib import Path

from tinsmith.core import sandbox
from tinsmith.core.progress import Progress
from tinsmith.data.dataset import Column, Dataset
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.formats.csv import Described

_READER = "tinsmith.data.formats.csv:described"
_FORMAT = "csv"


def columns_of(
    dataset: Dataset, paths: Sequence[Path], options: ReadOptions, progress: Progress
) -> tuple[Column, ...]:
    """What each column was taken for in the first table below ``paths`` that is in the dataset;
    none where there is no table."""
    suffixes = FORMATS.get(_FORMAT).suffixes
    used = {name for name in dataset.manifest.provenance if name.lower().endswith(suffixes)}
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in inside:
            if any(f"/{file.resolve().as_posix()}".endswith(f"/{name}") for name in used):
                arguments = (str(file), options)
                return sandbox.run(_READER, arguments, Described, None, progress).columns
    return ()
