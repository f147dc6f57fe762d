"""Import: files in, an immutable content-addressed dataset in a folder out.

The folder holds ``samples/<SHA-256>.npy`` and ``manifest.zip`` (canonical JSON inside). The
manifest is written last and at once, so a folder holds a whole dataset or the one it held before.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from tinsmith.core import sandbox
from tinsmith.core.cache import write_atomically
from tinsmith.core.codec import dumps, loads
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.data.dataset import Dataset, Manifest, RawRecording, Reading, Recording
from tinsmith.data.format import FORMATS, ReadOptions
from tinsmith.data.rate import TOLERANCE, differ

_READER = "tinsmith.data.imports:read_files"
_LIMITS = sandbox.SandboxLimits(memory_bytes=4_000_000_000, cpu_s=600, wall_s=900)
_BATCH_FILES, _BATCH_BYTES = 64, 50_000_000


@dataclass(frozen=True)
class Readings:
    """What the sandboxed parser sends back: one reading per file."""

    files: tuple[Reading, ...]


@dataclass(frozen=True)
class _File:
    name: str
    path: Path
    format: str


def import_files(
    paths: Sequence[Path], name: str, options: ReadOptions, folder: Path, progress: Progress
) -> Dataset:
    """Read files (folders: all files of known formats below them) into a dataset at ``folder``.

    Equal files, options and name give an equal id, whatever the order and place of the files.
    Recordings with equal samples and label are kept once; the manifest's notes say which fell out.

    Raises:
        UserError: ``data.<format>.<what>`` from a file; ``data.format``, ``data.rate``,
            ``data.channels`` or ``data.duplicate`` where files do not go together.
    """
    files = _files(paths)
    readings = list(_readings(files, options, progress))
    rate = _rate(files, readings, options)
    _same_channels(files, readings)
    blobs: dict[str, bytes] = {}
    recordings, notes = _recordings(files, readings, blobs)
    provenance = {f.name: sha256(f.path.read_bytes()).hexdigest() for f in files}
    channels = readings[0].channels
    manifest = Manifest(name, channels, rate, tuple(recordings), provenance, tuple(notes))
    _write(folder, manifest, blobs)
    return open_dataset(folder)


def open_dataset(folder: Path) -> Dataset:
    """The dataset in a folder, every sample file checked against its hash.

    Raises:
        UserError: ``data.dataset`` where there is none or it is damaged.
    """
    try:
        manifest = loads(Manifest, (folder / "manifest.zip").read_bytes())
    except FileNotFoundError:
        hint = "Import recordings first: tinsmith data import FILE..."
        raise UserError("data.dataset", f"There is no dataset in {folder}.", hint) from None
    except Exception as e:
        raise _damaged(folder, "manifest.zip") from e
    for digest in sorted({r.digest for r in manifest.recordings}):
        path = _sample_path(folder, digest)
        if not path.exists() or sha256(path.read_bytes()).hexdigest() != digest:
            raise _damaged(folder, f"samples/{path.name}")
    return Dataset(manifest, folder)


def read_files(format: str, paths: tuple[str, ...], options: ReadOptions) -> Readings:
    """Parse files of one format; runs in the sandbox."""
    read = FORMATS.get(format).read
    return Readings(tuple(read(Path(p), options) for p in paths))


def _files(paths: Sequence[Path]) -> list[_File]:
    """All files in a stable order, named relative to what they have in common."""
    suffixes = {s: f.name for f in FORMATS.all() for s in f.suffixes}
    known = f"Known: {', '.join(sorted(suffixes))}."
    found: dict[Path, str] = {}
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        fitting = [p for p in inside if p.suffix.lower() in suffixes]
        if not fitting:
            what = "holds no file of a known format" if path.is_dir() else "is of no known format"
            raise UserError("data.format", f"{path} {what}.", known)
        found.update({_resolved(p): suffixes[p.suffix.lower()] for p in fitting})
    if not found:
        raise UserError("data.format", "No file was given.", known)
    top = os.path.commonpath([p.parent for p in found])
    return [_File(p.relative_to(top).as_posix(), p, found[p]) for p in sorted(found)]


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # until Python 3.12 a loop is a RuntimeError
        message = f"{path} cannot be followed: its links form a loop."
        raise UserError("data.source.loop", message, "Name the file itself.") from None


def _readings(
    files: Sequence[_File], options: ReadOptions, progress: Progress
) -> Iterator[Reading]:
    for batch in _batches(files):
        paths = tuple(str(f.path) for f in batch)
        arguments = (batch[0].format, paths, options)
        parsed = sandbox.run(_READER, arguments, Readings, _LIMITS, progress)
        progress.advance(files.index(batch[-1]) + 1, len(files), batch[-1].name)
        yield from parsed.files


def _batches(files: Sequence[_File]) -> Iterator[list[_File]]:
    """Runs of one format, small enough for one sandbox: starting one costs more than a file."""
    batch: list[_File] = []
    nbytes = 0
    for file in files:
        size = file.path.stat().st_size if file.path.exists() else 0
        full = len(batch) == _BATCH_FILES or nbytes + size > _BATCH_BYTES
        if batch and (full or file.format != batch[0].format):
            yield batch
            batch, nbytes = [], 0
        batch.append(file)
        nbytes += size
    if batch:
        yield batch


def _rate(files: Sequence[_File], readings: Sequence[Reading], options: ReadOptions) -> float:
    """The one rate of all files in Hz, as the user or the files say."""
    said = [(f.name, r.rate_hz) for f, r in zip(files, readings, strict=True)]
    known = [(name, rate) for name, rate in said if rate is not None]
    if options.rate_hz is not None:
        if not 0 < options.rate_hz < float("inf"):
            raise UserError("data.rate", f"A rate of {options.rate_hz} Hz is impossible.", "")
        known.insert(0, ("the rate you gave", options.rate_hz))
    if len(known) < len(said) and options.rate_hz is None:
        silent = next(name for name, rate in said if rate is None)
        hint = "Say it: --set rate_hz=50, for instance, in samples per second."
        raise UserError("data.rate", f"{silent} does not say its sampling rate.", hint)
    first_name, first = known[0]
    for name, rate in known[1:]:
        if differ(first, rate):
            message = f"Mixed sampling rates: {first_name} {first:g} Hz, {name} {rate:g} Hz."
            hint = f"One data set has one rate (within {TOLERANCE:.0%}): resample, or import apart."
            raise UserError("data.rate", message, hint)
    return first


def _same_channels(files: Sequence[_File], readings: Sequence[Reading]) -> None:
    first = readings[0].channels
    for file, reading in zip(files, readings, strict=True):
        if reading.channels != first:
            want, have = (
                ", ".join(f"{c.name} [{c.unit}]" for c in cs) for cs in (first, reading.channels)
            )
            message = f"{file.name} has channels {have}; {files[0].name} has {want}."
            hint = "All files of a data set have the same channels, in the same order."
            raise UserError("data.channels", message, hint)


def _recordings(
    files: Sequence[_File], readings: Sequence[Reading], blobs: dict[str, bytes]
) -> tuple[list[Recording], list[str]]:
    """Recordings without duplicates and notes on those; fills ``blobs`` (digest -> .npy)."""
    kept: dict[str, Recording] = {}
    notes = []
    for file, reading in zip(files, readings, strict=True):
        for raw in reading.recordings:
            blob = _npy(raw)
            digest = sha256(blob).hexdigest()
            one = replace(_recording(raw, digest), id=f"{file.name}:{raw.id}")
            if (twin := kept.get(digest)) is None:
                kept[digest], blobs[digest] = one, blob
            elif twin.label == one.label:
                notes.append(f"{one.id} has the same samples as {twin.id} and was left out")
            else:
                message = f"{twin.id} ({twin.label}) and {one.id} ({one.label}) are the same."
                raise UserError("data.duplicate", message, "Remove the one with the wrong label.")
    return list(kept.values()), notes


def _recording(raw: RawRecording, digest: str) -> Recording:
    return Recording(raw.id, raw.label, raw.group, len(raw.values), digest)


def _npy(raw: RawRecording) -> bytes:
    """Canonical .npy: little-endian float32, row-major, version 1.0."""
    out = io.BytesIO()
    values = np.ascontiguousarray(raw.values, dtype="<f4")
    np.lib.format.write_array(out, values, version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _write(folder: Path, manifest: Manifest, blobs: dict[str, bytes]) -> None:
    """Samples first, the manifest last; an interruption takes back what it wrote."""
    written = []
    try:
        for digest, blob in blobs.items():
            path = _sample_path(folder, digest)
            if not path.exists() or path.read_bytes() != blob:
                written.append(path)
                _place(path, blob)
        if hasattr(os, "sync"):  # not on Windows: `open_dataset` finds what a power cut took
            os.sync()
        write_atomically(folder / "manifest.zip", dumps(manifest))
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _place(path: Path, blob: bytes) -> None:
    """Write a file whole or not at all. Thousands of small ones are flushed to the disk together,
    before the manifest names them: one by one takes 6 ms each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        part.write_bytes(blob)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sample_path(folder: Path, digest: str) -> Path:
    return folder / "samples" / f"{digest}.npy"


def _damaged(folder: Path, file: str) -> UserError:
    hint = "Import the recordings again."
    return UserError("data.dataset", f"The dataset in {folder} is damaged: {file}.", hint)
