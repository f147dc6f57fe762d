"""What was recognised in recordings, for people and as JSON."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from tinsmith.cli.show import show_dataset, show_windows
from tinsmith.cli.tables import facts, out, show_table
from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows
from tinsmith.flow.record import dataset_record, windows_record
from tinsmith.flow.start import Begun
from tinsmith.flow.steps import Steps

_NOTES = 12


def show_imported(dataset: Dataset) -> None:
    """What a dataset holds, and what its import wants people to know."""
    show_dataset(dataset)
    show_notes(dataset)


def split_of(steps: Steps, dataset: Dataset) -> Windows | str:
    """The windows of a project's recordings; or why they cannot be split."""
    try:
        return steps.cut(dataset)
    except UserError as e:
        return str(e)


def show_data(dataset: Dataset, windows: Windows | str) -> None:
    """What a project's dataset holds and how it is split, or why it is not."""
    show_imported(dataset)
    if isinstance(windows, str):
        typer.echo(f"These recordings cannot be split: {windows}")
    else:
        show_windows(windows)


def data_record(dataset: Dataset, windows: Windows | str) -> dict[str, Any]:
    """The same as JSON."""
    if isinstance(windows, str):
        return {**dataset_record(dataset), "windows": None, "note": windows}
    return {**dataset_record(dataset), **windows_record(windows)}


def show_begun(begun: Begun | None) -> None:
    """What was imported for a new project: columns with what each was taken for, the window, and
    what the sensor hands over."""
    if begun is None:
        return
    show_dataset(begun.dataset)
    if begun.columns:
        rows = [(c.name, c.role, c.why) for c in begun.columns]
        show_table(("column", "taken as", "because of"), rows, follows=True)
    found = begun.suited
    window = f"{found.window.samples} samples, one every {found.window.stride}: {found.window_why}"
    facts("Settings", [("window", window), ("sensor", f"{found.dtype}, {_scale(begun)}")])
    show_notes(begun.dataset)
    for name in begun.growing:
        told = f"channel {name!r} never falls inside a recording: is it a counter or a clock?"
        out().print(f"note: {told} Leave it out with: --set ignore={name}", markup=False)


def _scale(begun: Begun) -> str:
    found = begun.suited
    key, values = ("lsb", found.lsb) if found.lsb else ("full scale", found.full_scale)
    names = [c.name for c in begun.dataset.manifest.channels]
    each = ", ".join(f"{n} {v:g}" for n, v in zip(names, values, strict=True))
    same = f"{values[0]:g} for all channels" if len(set(values)) == 1 else each
    return f"{key} {same} ({found.sensor_why})"


def begun_record(begun: Begun) -> dict[str, Any]:
    """The same as JSON."""
    columns = [asdict(c) for c in begun.columns]
    found = {"columns": columns, "suited": asdict(begun.suited), "growing": list(begun.growing)}
    return {**dataset_record(begun.dataset), **found}


def show_notes(dataset: Dataset) -> None:
    """What the import did that was not asked for; what it did to many files alike, once."""
    notes = _gathered(dataset.manifest.notes)
    for note in notes[:_NOTES]:
        out().print(f"note: {note}", markup=False)
    if len(notes) > _NOTES:
        out().print(f"note: {len(notes) - _NOTES} more; all of them: tinsmith data show --json")


def _gathered(notes: Sequence[str]) -> list[str]:
    """Notes that say the same of several files, but for numbers, as one."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for note in notes:
        file, colon, rest = note.partition(": ")
        text, name = (rest, file) if colon else (note, "")
        alike.setdefault(re.sub(r"\d+(?:\.\d+)?", "#", text), []).append((name, text))
    return [_once(found) for found in alike.values()]


def _once(found: Sequence[tuple[str, str]]) -> str:
    file, text = found[0]
    if len(found) == 1:
        return f"{file}: {text}" if file else text
    same = len({t for _, t in found}) == 1
    named = f"{file}, ..." if same else f"as {file}"
    return f"{len(found)} files ({named}): {text}" if file else text
