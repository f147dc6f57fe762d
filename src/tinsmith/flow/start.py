"""The beginning of a project: recordings imported, a project.toml written that explains itself."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from shutil import rmtree
from string import Template
from unicodedata import combining, normalize

from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.data.dataset import Column, Dataset
from tinsmith.data.disguise import check_disguised, growing
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files
from tinsmith.flow.columns import columns_of
from tinsmith.flow.places import check_output_folder
from tinsmith.flow.project import PROJECT_FILE
from tinsmith.flow.suited import Suited, suited

SETTINGS = (
    "rate_hz", "label", "label_column", "group_column", "time_column", "time_unit", "units",
    "channels", "pattern", "labels", "group", "format", "hmac_key", "strict", "columns", "ignore",
    "delimiter", "decimal", "date_order", "name_column", "value_column", "gaps", "rows",
    "resample_hz",
)  # fmt: skip
DATASET = "data"
_SENSOR = {"full_scale": "the value at the end of the range, per channel, in the channel's unit"}
_LISTS = ("channels", "columns", "ignore")
_RATES = ("rate_hz", "resample_hz")


@dataclass(frozen=True)
class Begun:
    """A new project: what was imported, what was taken for what, and the settings that suit it."""

    dataset: Dataset
    columns: tuple[Column, ...]
    """Of the first table; empty where there is none."""
    suited: Suited
    growing: tuple[str, ...]
    """Channels that only ever grow."""


def read_settings(settings: Sequence[str]) -> ReadOptions:
    """What the user said as ``key=value``.

    Raises:
        UserError: not key=value, an unknown key, or a rate that is no positive number.
    """
    options = ReadOptions()
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not value or key not in SETTINGS:
            raise UserError(
                "import.setting",
                f"--set {setting!r} is not a known KEY=VALUE.",
                f"Known keys: {', '.join(SETTINGS)}.",
            )
        found: object = value
        if key in _RATES:
            found = _rate(key, value)
        elif key in _LISTS:
            found = tuple(value.split(","))
        elif key == "strict":
            found = _yes(value)
        elif key == "units":
            found = _units(value)
        options = ReadOptions(**{**vars(options), key: found})
    return options


def import_into(
    project: Path, into: str, paths: Sequence[Path], settings: Sequence[str], progress: Progress
) -> Dataset:
    """Import files into a dataset at ``into`` in the project's folder, named after that.

    Raises:
        UserError: there is no such folder, ``into`` leads out of it, or a file is missing or cannot
            be read; see `import_files`.
    """
    if not project.is_dir():
        raise UserError(
            "import.folder",
            f"{project} is no folder.",
            "Go to a project's folder, say --project DIR, or make one with: tinsmith init DIR",
        )
    home, folder = project.resolve(), (project / into).resolve()
    if home not in folder.parents:
        raise UserError(
            "import.into",
            f"--into {into!r} is not inside {project}.",
            "Name a folder of the project, for instance: --into data",
        )
    options = read_settings(settings)
    check_output_folder(folder)
    for path in paths:
        if not os.path.lexists(path):
            raise UserError(
                "import.missing",
                f"There is no file or folder {path}.",
                "Name recordings, or folders of them.",
            )
    return import_files(paths, _identifier(home.name), options, project / into, progress)


def begin(
    folder: Path, paths: Sequence[Path], settings: Sequence[str], progress: Progress
) -> Begun | None:
    """Write ``folder/project.toml`` and, if there is none, ``.gitignore``; with ``paths``, import
    these first and suit the settings to
    them.

    Raises:
        UserError: there is a project already; ``output.place``: the folder cannot be written.
    """
    file = folder / PROJECT_FILE
    if file.exists():
        raise UserError("init.exists", f"{file} exists already.", "Edit it, or choose a new DIR.")
    read_settings(settings)
    check_output_folder(folder)
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        begun = _imported(folder, paths, settings, progress) if paths else None
    except BaseException:
        if new:
            _remove_empty(folder)
        raise
    template = files("tinsmith.flow").joinpath("project.toml.template")
    values = _settings(begun.dataset, begun.suited) if begun else _example()
    text = Template(template.read_text(encoding="utf-8")).substitute(
        values, name=_identifier(folder.resolve().name)
    )
    write_atomically(file, text.encode())
    ignored = folder / ".gitignore"
    if not ignored.exists():
        write_atomically(ignored, b"# What tinsmith makes again.\n.tinsmith/\nbuild/\n")
    return begun


def _imported(
    folder: Path, paths: Sequence[Path], settings: Sequence[str], progress: Progress
) -> Begun:
    new = not (folder / DATASET).exists()
    dataset = import_into(folder, DATASET, paths, settings, progress)
    options = read_settings(settings)
    try:
        if not options.channels:
            check_disguised(dataset)
    except UserError:
        if new:
            rmtree(folder / DATASET)
        raise
    columns = columns_of(dataset, paths, options, progress)
    return Begun(dataset, columns, suited(dataset), growing(dataset))


def _remove_empty(folder: Path) -> None:
    """Take the folder and empty ones inside away; whatever holds a file stays."""
    for path in (*sorted(folder.rglob("*"), reverse=True), folder):
        with suppress(OSError):
            path.rmdir()


def _settings(dataset: Dataset, found: Suited) -> dict[str, str]:
    """Settings as they stand in project.toml."""
    manifest = dataset.manifest
    key, values = ("lsb", found.lsb) if found.lsb else ("full_scale", found.full_scale)
    return {
        "data": f'dataset = "{DATASET}"',
        "channels": _texts([c.name for c in manifest.channels]),
        "units": _texts([c.unit for c in manifest.channels]),
        "rate_hz": f"{manifest.rate_hz:g}",
        "dtype": found.dtype,
        "sensor": f"{key} = [{', '.join(f'{v:g}' for v in values)}]",
        "sensor_why": _SENSOR[key] if key == "full_scale" else found.sensor_why,
        "samples": str(found.window.samples),
        "stride": str(found.window.stride),
        "window_why": found.window_why,
        "blocks": _blocks(found.blocks),
    }


def _example() -> dict[str, str]:
    return {
        "data": 'sources = ["recordings"]',
        "channels": '["acc_x", "acc_y", "acc_z"]',
        "units": '["m/s2", "m/s2", "m/s2"]',
        "rate_hz": "50",
        "dtype": "int16",
        "sensor": "full_scale = [40, 40, 40]",
        "sensor_why": _SENSOR["full_scale"],
        "samples": "128",
        "stride": "64",
        "window_why": "2.56 s at 50 Hz",
        "blocks": _blocks(("statistics", "spectral")),
    }


def _blocks(names: Sequence[str]) -> str:
    first, *more = (f'name = "{name}"' for name in names)
    told = f"[[block]]                   # all blocks: tinsmith kinds block\n{first}"
    return "\n\n".join([told, *(f"[[block]]\n{name}" for name in more)])


def _texts(values: Sequence[str]) -> str:
    return (
        "["
        + ", ".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
        + "]"
    )


def _identifier(name: str) -> str:
    """A name for C functions from a folder's name."""
    plain = "".join(c for c in normalize("NFKD", name.lower()) if not combining(c))
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in plain).strip("_")
    return kept if kept and kept[0].isalpha() else f"model_{kept}".rstrip("_")


def _units(value: str) -> dict[str, str]:
    pairs = [pair.partition(":") for pair in value.split(",")]
    if not all(name and colon and unit for name, colon, unit in pairs):
        hint = "Write a unit for each channel: --set units=acc_x:g,acc_y:g"
        raise UserError("import.setting", f"units={value} is no list of channels and units.", hint)
    return {name: unit for name, _, unit in pairs}


def _yes(value: str) -> bool:
    if value not in ("true", "false"):
        raise UserError("import.setting", f"strict={value} is neither true nor false.")
    return value == "true"


def _rate(key: str, value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise UserError(
            "import.setting", f"{key}={value} is not a positive number of samples per second."
        )
    return rate
