"""Files that say labels and metadata of others: label files of exports (JSON), a JSON object of
file names, or a table of them (CSV). Untrusted: read in the sandbox.

Label files of exports are ``info.labels`` and files whose ``type`` is ``structured-labels`` (both
version 1). A JSON object maps a file's name, with or without suffix, to
an object of metadata, ``label`` among them. A table has the files' names in a column ``file``,
``path``, ``name`` or ``filename``, else in the first one.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinsmith.core import sandbox
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.data.naming import LABEL
from tinsmith.data.text import Source, read_text

_READER = "tinsmith.data.sidecar:read_labels"
_SUFFIX = ".labels"
_FILE_COLUMNS = ("file", "path", "filename", "file_name", "name")
_HINT = "Known are info.labels, structured labels, JSON objects and CSV tables."


@dataclass(frozen=True)
class Segment:
    """Samples ``first`` to ``last``, both included, have one label."""

    first: int
    last: int
    label: str


@dataclass(frozen=True)
class Said:
    """What a label file says of one file; label "" where it says none."""

    label: str = ""
    segments: tuple[Segment, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelFile:
    """A label file. Names in it are relative to its folder, or without folders."""

    path: str
    files: Mapping[str, Said]

    def of(self, path: Path) -> Said | None:
        """What it says of a file, by its path, its name, or its name without suffix."""
        folder = Path(self.path).parent
        names = [path.name, path.stem]
        if path.is_relative_to(folder):
            names.insert(0, path.relative_to(folder).as_posix())
        return next((self.files[n] for n in names if n in self.files), None)


def label_files(folders: Sequence[Path], named: str | None, job: Progress) -> list[LabelFile]:
    """The label file that the user names, else those of exports below the folders.

    Raises:
        UserError ``data.labels.<what>``: it cannot be read, or is none.
    """
    found = [Path(named)] if named else [p for f in folders for p in sorted(f.rglob(f"*{_SUFFIX}"))]
    limits = sandbox.SandboxLimits(result_bytes=200_000_000)
    return [sandbox.run(_READER, (p.resolve(),), LabelFile, limits, job) for p in found]


def read_labels(path: str) -> LabelFile:
    """Read one label file; runs in the sandbox."""
    source = Source("labels", Path(path).name)
    text = read_text(Path(path), source)
    if Path(path).suffix.lower() in (".csv", ".tsv", ".txt"):
        return LabelFile(path, _table(text, source))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as e:
        what = "nests too deep" if isinstance(e, RecursionError) else f"is no JSON ({e})"
        raise source.error("syntax", f"it {what}.", _HINT) from None
    try:
        return LabelFile(path, _object(body, source))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise source.error("form", f"it is no label file ({e}).", _HINT) from None


def _object(body: Any, source: Source) -> dict[str, Said]:
    kind = body.get("type")
    if isinstance(body.get("files"), list):
        return {f["path"]: _exported(f) for f in body["files"]}
    if kind == "structured-labels":
        return {
            name: Said(segments=_segments(rows)) for name, rows in body["structuredLabels"].items()
        }
    if kind is not None and "version" in body:
        raise source.error("kind", f"label files of type {kind!r} are not read.", _HINT)
    return {name: _said(dict(said)) for name, said in body.items()}


def _exported(row: Mapping[str, Any]) -> Said:
    """One file of an info.labels."""
    label, metadata = row.get("label") or {}, dict(row.get("metadata") or {})
    if row.get("category"):
        metadata["category"] = row["category"]
    known = _plain(metadata)
    if label.get("type") == "multi-label":
        return Said("", _segments(label["labels"]), known)
    return Said(str(label["label"]) if label.get("type") == "label" else "", (), known)


def _segments(rows: Sequence[Mapping[str, Any]]) -> tuple[Segment, ...]:
    found = [Segment(int(r["startIndex"]), int(r["endIndex"]), str(r["label"])) for r in rows]
    return tuple(sorted(found, key=lambda s: s.first))


def _said(row: dict[str, Any]) -> Said:
    known = _plain(row)
    label = known.pop(LABEL, "")
    return Said(label, (), known)


def _plain(row: Mapping[str, Any]) -> dict[str, str]:
    """What can be said as text; lists and objects cannot."""
    return {
        str(k): f"{v:g}" if isinstance(v, float) else str(v)
        for k, v in row.items()
        if isinstance(v, str | int | float)
    }


def _table(text: str, source: Source) -> dict[str, Said]:
    first = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [r for r in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if r]
    except csv.Error as e:
        raise source.error("syntax", f"{e}.", "Mend the quotes.") from None
    return dict(_rows([c.strip() for c in rows[0]], rows[1:], source))


def _rows(
    header: Sequence[str], rows: Sequence[Sequence[str]], source: Source
) -> Iterator[tuple[str, Said]]:
    lower = [h.lower() for h in header]
    at = next((lower.index(c) for c in _FILE_COLUMNS if c in lower), 0)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            what = f"line {number} has {len(row)} columns, the header {len(header)}."
            raise source.error("ragged", what, "Mend the line.")
        cells = {h: c.strip() for h, c in zip(header, row, strict=True) if c.strip()}
        name = cells.pop(header[at], "")
        known = {LABEL if k.lower() == LABEL else k: v for k, v in cells.items()}
        yield name, _said(dict(known))


def none_fits(files: Sequence[LabelFile], named: str | None) -> UserError:
    """The label file that the user named says nothing of any file."""
    names = ", ".join(list(files[0].files)[:3]) if files else ""
    message = f"{named} says nothing of the files that are imported; it names {names or 'none'}."
    return UserError("data.labels.none", message, "Names are those of files, or paths from it.")
