"""Import: files in, an immutable content-addressed dataset in a folder out.

The folder holds ``samples/<SHA-256>.npy``, ``manifest.zip`` (canonical JSON inside) and, where
something was imported into a dataset, the manifests before it in ``versions/<id>.zip``. The
manifest is written last and at once, so a folder holds a whole dataset or the one it held before.
"""

from collections.abc import Sequence
from pathlib import Path

from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.progress import Progress
from tinsmith.data.contracts import widen
from tinsmith.data.dataset import Dataset, Manifest, Recording
from tinsmith.data.files import find, known_of
from tinsmith.data.format import ReadOptions
from tinsmith.data.naming import RATES, group_of
from tinsmith.data.rate import TOLERANCE, differ
from tinsmith.data.reading import Read
from tinsmith.data.receiving import Entry, Receiver, entry
from tinsmith.data.samples import SampleFolder, file_hash
from tinsmith.data.versions import check_twins, publish
from tinsmith.data.versions import open_dataset as open_dataset

_FATAL = ".signature"
"""End of codes that refuse an import, whatever else there is: somebody changed the file."""


def import_files(
    paths: Sequence[Path], name: str, options: ReadOptions, folder: Path, progress: Progress
) -> Dataset:
    """Read files (folders: all files of a known format below them) into a dataset at ``folder``.

    Equal files, options and name give an equal id, whatever the order and place of the files.
    Recordings with equal samples and label are kept once. Files of a folder that cannot be used are
    left out, unless the options are strict or nothing is left; a file that was given itself is not.
    The manifest's notes say which fell out. Where there is a dataset already, what is imported is
    added to it as a new version; a file that is there with the same content is read anew.

    Raises:
        UserError: ``data.<format>.<what>`` from a file; ``data.format``, ``data.rate``,
            ``data.channels``, ``data.contract`` or ``data.duplicate`` where files do not go
            together; see also `find` and `known_of`.
    """
    files = find(paths, options)
    known = known_of(files, paths, options, progress)
    entries = [entry(f, k) for f, k in zip(files, known, strict=True)]
    with SampleFolder(folder) as samples:
        Receiver(options, samples, progress).receive(entries)
        usable = _usable(entries, options)
        rate = _rate(usable, options)
        widen(usable, samples)
        _same(usable)
        recordings, notes = _recordings(usable, options)
        provenance = {e.file.name: file_hash(e.file.path) for e in usable}
        first = _read_of(usable[0])
        manifest = Manifest(
            name, first.channels, rate, tuple(recordings), provenance,
            (*_left_out(entries), *notes), first.contract,
        )  # fmt: skip
        return publish(manifest, samples)


def _usable(entries: Sequence[Entry], options: ReadOptions) -> list[Entry]:
    """Entries that were read; all others are left out with a note.

    Raises:
        UserError: nothing is usable, a signature is wrong, a file was named, or the user wants all
            or nothing.
    """
    usable = [e for e in entries if e.problem is None]
    problems = [e.problem for e in entries if e.problem is not None]
    grave = [
        e.problem
        for e in entries
        if e.problem is not None
        and (options.strict or not usable or not e.file.found or e.problem.code.endswith(_FATAL))
    ]
    if grave:
        codes = [p.code for p in grave]
        grave.sort(key=lambda p: -codes.count(p.code))  # one odd file is not what all suffer from
        more = f" {len(problems) - 1} more files cannot be used." if len(problems) > 1 else ""
        raise UserError(grave[0].code, grave[0].message + more, grave[0].hint)
    return usable


def _left_out(entries: Sequence[Entry]) -> list[str]:
    notes = []
    for e in entries:
        if e.problem is not None:
            why = e.problem.message.removeprefix(f"{e.file.path.name}: ")
            notes.append(f"{e.file.name} was left out: {why}")
        elif e.read is not None:
            notes.extend(f"{e.file.name}: {note}" for note in e.read.notes)
    return notes


def _read_of(e: Entry) -> Read:
    if e.read is None:
        raise InternalError(f"{e.file.name} was not read")
    return e.read


def _rate(entries: Sequence[Entry], options: ReadOptions) -> float:
    """The one rate of all files in Hz, as the user, the files or the label files say."""
    said = [(e.file.name, _rate_of(e)) for e in entries]
    known = [(name, rate) for name, rate in said if rate is not None]
    if options.resample_hz is None and options.rate_hz is not None:
        if not 0 < options.rate_hz < float("inf"):
            raise UserError("data.rate", f"A rate of {options.rate_hz} Hz is impossible.", "")
        known.insert(0, ("the rate you gave", options.rate_hz))
    if len(known) < len(said) and options.rate_hz is None:
        silent = next(name for name, rate in said if rate is None)
        hint = (
            "Say it, in samples per second: --set rate_hz=50, for instance; where each line of a "
            "table is an example of its own: --set rows=alone"
        )
        raise UserError("data.rate", f"{silent} does not say its sampling rate.", hint)
    first_name, first = known[0]
    for name, rate in known[1:]:
        if differ(first, rate):
            message = f"Mixed sampling rates: {first_name} {first:g} Hz, {name} {rate:g} Hz."
            hint = f"One data set has one rate (within {TOLERANCE:.0%}): resample, or import apart."
            raise UserError("data.rate", message, hint)
    return first


def _rate_of(e: Entry) -> float | None:
    rate = _read_of(e).rate_hz
    said = next((e.known.metadata[k] for k in RATES if k in e.known.metadata), None)
    if rate is not None or said is None:
        return rate
    try:
        value = float(said)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UserError("data.rate", f"{e.file.name}: a rate of {said[:40]!r} Hz is impossible.")
    return value


def _same(entries: Sequence[Entry]) -> None:
    """All files have the channels and the contract of the first."""
    first, name = _read_of(entries[0]), entries[0].file.name
    for e in entries:
        read = _read_of(e)
        if read.channels != first.channels:
            want, have = (
                ", ".join(f"{c.name} [{c.unit}]" for c in r.channels) for r in (first, read)
            )
            message = f"{e.file.name} has channels {have}; {name} has {want}."
            hint = "All files of a data set have the same channels, in the same order."
            raise UserError("data.channels", message, hint)
        if read.contract != first.contract:
            want, have = (_said(r) for r in (first, read))
            message = f"{e.file.name} has samples of {have}; {name} of {want}."
            hint = (
                "All files of a data set have samples of one type: convert them, or import apart."
            )
            raise UserError("data.contract", message, hint)


def _said(read: Read) -> str:
    scale = ", ".join(f"{s:g}" for s in sorted(set(read.contract.scale)))
    return f"{read.contract.dtype} (scale {scale})" if scale else read.contract.dtype


def _recordings(
    entries: Sequence[Entry], options: ReadOptions
) -> tuple[list[Recording], list[str]]:
    """Recordings without duplicates and notes on those."""
    kept: dict[str, Recording] = {}
    notes = []
    for e in entries:
        for head, digest in zip(_read_of(e).heads, e.digests, strict=True):
            id, name = f"{e.file.name}:{head.id}", e.file.name
            metadata = {**e.known.metadata, **head.metadata}
            group = group_of(options.group, metadata, name) if options.group else head.group
            group = group or group_of(None, metadata, name)
            one = Recording(id, head.label, group, head.samples, digest, name, metadata)
            if (twin := kept.setdefault(digest, one)) is one:
                continue
            check_twins(twin, one)
            notes.append(f"{one.id} has the same samples as {twin.id} and was left out")
    return list(kept.values()), notes
