"""Which files an import reads, of which format each is, and what is known of each from its name and
from label files."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.naming import LABEL, matcher
from tinsmith.data.reading import Task
from tinsmith.data.samples import MANIFEST, SAMPLES
from tinsmith.data.sidecar import label_files, none_fits


@dataclass(frozen=True)
class SourceFile:
    """A file to read; ``name`` is relative to what all have in common. ``found``: below a folder
    that was given, else the file itself was."""

    name: str
    path: Path
    format: str
    found: bool = True


@dataclass(frozen=True)
class Known:
    """What is known of a file before it is read; ``why_not`` where the pattern does not fit."""

    task: Task
    metadata: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""


def find(paths: Sequence[Path], options: ReadOptions) -> list[SourceFile]:
    """All files in a stable order: those given, and those of known formats below given folders.

    Raises:
        UserError: ``data.format``: none, or of no known format; ``data.mixed``: a folder holds
            several formats and the user names none.
    """
    suffixes = {s: f.name for f in FORMATS.all() for s in f.suffixes}
    hint = f"Known: {', '.join(sorted(suffixes))}."
    if options.format is not None:
        suffixes = dict.fromkeys(FORMATS.get(options.format).suffixes, options.format)
    found: dict[Path, str] = {}
    given = {_resolved(p) for p in paths}
    for path in paths:
        inside = _inside(path, options)
        known = {p: f for p in inside if (f := suffixes.get(p.suffix.lower()))}
        if path.is_dir():
            _one_format(path, known)
        elif not known and options.format is not None:
            known = {path: options.format}
        if not known:
            what = "holds no file of a known format" if path.is_dir() else "is of no known format"
            raise UserError("data.format", f"{path} {what}.", hint)
        found.update({_resolved(p): f for p, f in known.items()})
    if not found:
        raise UserError("data.format", "No file was given.", hint)
    top = os.path.commonpath([p.parent for p in found])
    names = {p: p.relative_to(top).as_posix() for p in sorted(found)}
    return [SourceFile(name, p, found[p], p not in given) for p, name in names.items()]


def known_of(
    files: Sequence[SourceFile], paths: Sequence[Path], options: ReadOptions, job: Progress
) -> list[Known]:
    """What the names of files and label files say of each: the user's label before all, then label
    files, then the pattern.

    Raises:
        UserError: ``data.pattern``, ``data.labels.<what>``.
    """
    match = matcher(options.pattern) if options.pattern else None
    said = label_files([p for p in paths if p.is_dir()], options.labels, job)
    found = []
    fitting = 0
    for file in files:
        named = match(file.path.as_posix()) if match else {}
        if named is None:
            why = f"its name does not fit the pattern {options.pattern}"
            found.append(Known(Task(str(file.path)), {}, why))
            continue
        told = [t for f in said if (t := f.of(file.path))]
        fitting += len(told)
        label = next((t.label for t in told if t.label), named.get(LABEL, ""))
        metadata = {k: v for k, v in named.items() if k != LABEL}
        for t in told:
            metadata.update(t.metadata)
        cuts = [t.segments for t in told if t.segments and not options.label]
        segments = cuts[0] if cuts else ()
        task = Task(str(file.path), options.label or label, segments)
        found.append(Known(task, metadata))
    if options.labels and not fitting:
        raise none_fits(said, options.labels)
    return found


def _inside(path: Path, options: ReadOptions) -> list[Path]:
    """Files of a folder, hidden ones, the label file and those of datasets not among them; or the
    one file."""
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
    datasets = {p.parent / SAMPLES for p in files if p.name == MANIFEST}
    files = [p for p in files if datasets.isdisjoint(p.parents)]
    labels = Path(options.labels).resolve() if options.labels else None
    return [p for p in files if labels is None or p.resolve() != labels]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _one_format(folder: Path, known: Mapping[Path, str]) -> None:
    counts = Counter(known.values())
    if len(counts) > 1:
        listed = ", ".join(f"{n} {name}" for name, n in counts.most_common())
        hint = f"Say which, for instance: --set format={counts.most_common(1)[0][0]}"
        raise UserError("data.mixed", f"{folder} holds files of several formats: {listed}.", hint)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # until Python 3.12 a loop is a RuntimeError
        message = f"{path} cannot be followed: its links form a loop."
        raise UserError("data.source.loop", message, "Name the file itself.") from None
