"""Where a project's recordings come from: an imported dataset, or files that are imported by the
run."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tinsmith.core.errors import MissingTool, UserError
from tinsmith.core.table import Table
from tinsmith.data.format import ReadOptions
from tinsmith.learn.pipeline import Pipeline

PACKAGE = "package:"
_TEXTS = (
    "label", "label_column", "group_column", "time_column", "time_unit", "pattern", "group",
    "format", "delimiter", "decimal", "date_order", "name_column", "value_column", "gaps", "rows",
)  # fmt: skip
_LISTS = ("columns", "ignore")
_SAID = ("rate_hz", "resample_hz", "strict", *_TEXTS, *_LISTS)
"""What a project may say about its sources; a dataset knows it already."""


@dataclass(frozen=True)
class Imported:
    """A dataset: a folder made by `tinsmith data import`."""

    folder: Path


@dataclass(frozen=True)
class Recordings:
    """Files with what the user says about them; the run imports them."""

    files: tuple[Path, ...]
    options: ReadOptions


Sources = Imported | Recordings


def read_sources(folder: Path, data: Table, pipeline: Pipeline) -> Sources:
    """The [data] table of a project in ``folder``; channels, units and, where [data] says none, the
    rate are those of the pipeline.

    Raises:
        UserError: neither or both of dataset and sources, or a file that does not exist.
        MissingTool: a source lies in a Python package that is not installed.
    """
    data.only(("dataset", "sources", *_SAID))
    if ("dataset" in data.rows) == ("sources" in data.rows):
        raise data.error(
            "toml.key",
            "[data] needs either 'dataset' or 'sources'.",
            "sources = a list of files, patterns or folders; "
            "dataset = a folder made by: tinsmith data import",
        )
    if "dataset" in data.rows:
        _nothing_said(data)
        return Imported(folder / data.text("dataset"))
    found = [p for s in data.texts("sources") for p in expand(folder, s)]
    if not found:
        raise data.wrong("sources", "one or more files, patterns or folders")
    return Recordings(tuple(dict.fromkeys(found)), _options(data, pipeline))


def _nothing_said(data: Table) -> None:
    for key in _SAID:
        if key in data.rows:
            raise data.error(
                "toml.key",
                f"{data.key(key)} has no effect on an imported dataset.",
                "Remove it; what the files do not say is said when they are imported: "
                f"tinsmith data import FILE... --set {key}=...",
            )


def expand(folder: Path, source: str) -> list[Path]:
    """Files that a source names: a file, a folder (all files in it), a pattern, or
    ``package:<package>/<path>`` inside an installed Python package (which is not imported)."""
    path = _in_package(source) if source.startswith(PACKAGE) else folder / source
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    elif "*" in source:
        files = sorted(p for p in _matching(path) if p.is_file())
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise UserError(
            "data.source.missing",
            f"Source {source!r} names no file ({path}).",
            "Check the path; it is read from the project's folder.",
        )
    return files


def _matching(pattern: Path) -> Iterator[Path]:
    """What a path with stars in some of its parts names; ``**`` is any number of folders."""
    stars = [i for i, part in enumerate(pattern.parts) if "*" in part]
    return Path(*pattern.parts[: stars[0]]).glob("/".join(pattern.parts[stars[0] :]))


def display(path: Path) -> str:
    """A source's path for people: without what differs from machine to machine."""
    parts = path.parts
    return (
        "/".join(parts[parts.index("site-packages") + 1 :])
        if "site-packages" in parts
        else path.name
    )


def _in_package(source: str) -> Path:
    package, _, rest = source.removeprefix(PACKAGE).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    locations: Iterator[str] = iter(spec.submodule_search_locations or ()) if spec else iter(())
    for location in locations:
        return Path(location) / rest
    if not package.isidentifier() or spec:
        raise UserError(
            "data.source.package",
            f"{PACKAGE}{package} names no Python package that holds files.",
            f"Write {PACKAGE}PACKAGE/PATH, for instance {PACKAGE}sktime/datasets/data.",
        )
    raise MissingTool(f"Python package {package!r}", f"Try: pip install {package}")


def _options(data: Table, pipeline: Pipeline) -> ReadOptions:
    """Where a project names its files, one that cannot be used refuses all, unless it says
    ``strict = false``; the rate of its signal is that of its files, unless they are resampled."""
    said: dict[str, Any] = {key: data.text(key) for key in _TEXTS if key in data.rows}
    said |= {key: data.texts(key) for key in _LISTS if key in data.rows}
    resampled = data.positives("resample_hz", 1)[0] if "resample_hz" in data.rows else None
    return ReadOptions(
        rate_hz=data.number("rate_hz", None if resampled else pipeline.rate_hz),
        resample_hz=resampled,
        strict=_strict(data),
        units={c.name: c.unit for c in pipeline.channels},
        channels=tuple(c.name for c in pipeline.channels),
        **said,
    )


def _strict(data: Table) -> bool:
    strict = data.rows.get("strict", True)
    if not isinstance(strict, bool):
        raise data.wrong("strict", "true or false")
    return strict
