"""What was recognised in recordings, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tinsmith.cli.tables import facts, out, show_table
from tinsmith.data.dataset import Dataset
from tinsmith.flow.start import Begun

_NOTES = 12


def show_begun(begun: Begun) -> None:
    """Columns with what each was taken for, the window, and what the sensor hands over."""
    if begun.columns:
        rows = [(c.name, c.role, c.why) for c in begun.columns]
        show_table(("column", "taken as", "because of"), rows, follows=True)
    found = begun.suited
    window = f"{found.window.samples} samples, one every {found.window.stride}: {found.window_why}"
    facts("Settings", [("window", window), ("sensor", f"{found.dtype}, {_scale(begun)}")])


def _scale(begun: Begun) -> str:
    found = begun.suited
    key, values = ("lsb", found.lsb) if found.lsb else ("full scale", found.full_scale)
    names = [c.name for c in begun.dataset.manifest.channels]
    each = ", ".join(f"{n} {v:g}" for n, v in zip(names, values, strict=True))
    same = f"{values[0]:g} for all channels" if len(set(values)) == 1 else each
    return f"{key} {same} ({found.sensor_why})"


def begun_record(begun: Begun) -> dict[str, Any]:
    """The same as JSON."""
    return {"columns": [asdict(c) for c in begun.columns], "suited": asdict(begun.suited)}


def show_notes(dataset: Dataset) -> None:
    """What the import did that was not asked for; what it did to many files alike, once."""
    notes = _gathered(dataset.manifest.notes)
    for note in notes[:_NOTES]:
        out().print(f"note: {note}", markup=False)
    if len(notes) > _NOTES:
        out().print(f"note: {len(notes) - _NOTES} more; all of them: tinsmith data show --json")


def _gathered(notes: Sequence[str]) -> list[str]:
    """Notes that say the same of several files as one."""
    files: dict[str, list[str]] = {}
    for note in notes:
        file, colon, rest = note.partition(": ")
        files.setdefault(rest if colon else note, []).append(file if colon else "")
    return [_once(text, found) for text, found in files.items()]


def _once(text: str, files: Sequence[str]) -> str:
    if len(files) == 1:
        return f"{files[0]}: {text}" if files[0] else text
    return f"{len(files)} files ({files[0]}, ...): {text}"
