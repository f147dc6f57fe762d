"""Versions of a dataset: what is in a folder, what was in it before, how two versions differ.

An import into a folder that holds a dataset makes a version that follows it: what was there stays,
what was imported is added. A file that is there with the same content is read anew: its recordings
take the place of those that it gave before. Manifests of former versions are kept, and all samples
that they name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tinsmith.core.codec import content_hash, loads
from tinsmith.core.errors import InternalError, UserError, did_you_mean
from tinsmith.data.dataset import Dataset, Manifest, Recording
from tinsmith.data.rate import differ
from tinsmith.data.samples import MANIFEST, VERSIONS, SampleFolder, file_hash, sample_path


@dataclass(frozen=True)
class Difference:
    """How one version of a dataset differs from another, by ids of recordings.

    ``changed``: other label, group, metadata or samples under the same id, as "id: what".
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    other: tuple[str, ...]
    """What differs beside the recordings: channels, rate, contract."""
    notes: tuple[str, ...] = ()
    """What the import of the newer one noted."""


def open_dataset(folder: Path, version: str = "") -> Dataset:
    """The dataset in a folder, every sample file checked against its hash; ``version``: the
    beginning of an id, for one that came before.

    Raises:
        UserError: ``data.dataset`` where there is none or it is damaged; ``data.version``.
    """
    manifest = _manifest(folder, folder / MANIFEST)
    if manifest is None:
        hint = "Import recordings first: tinsmith data import FILE..."
        raise UserError("data.dataset", f"There is no dataset in {folder}.", hint)
    if version and not content_hash(manifest).startswith(version):
        manifest = _former(folder, version)
    for digest in sorted({r.digest for r in manifest.recordings}):
        path = sample_path(folder, digest)
        if not path.exists() or file_hash(path) != digest:
            raise _damaged(folder, f"samples/{path.name}")
    return Dataset(manifest, folder)


def versions(folder: Path) -> list[tuple[str, Manifest]]:
    """Ids and manifests of a dataset, the newest first, back to the first import.

    Raises:
        UserError: ``data.dataset`` where there is none or it is damaged.
    """
    manifest = open_dataset(folder).manifest
    found = [(content_hash(manifest), manifest)]
    while manifest.parent:
        former = _manifest(folder, folder / VERSIONS / f"{manifest.parent}.zip")
        if former is None:
            raise _damaged(folder, f"{VERSIONS}/{manifest.parent}.zip")
        found.append((manifest.parent, former))
        manifest = former
    return found


def diff(old: Manifest, new: Manifest) -> Difference:
    """What changed from one version to the other."""
    before = {r.id: r for r in old.recordings}
    after = {r.id: r for r in new.recordings}
    changed = [
        f"{id}: {_change(before[id], r)}"
        for id, r in after.items()
        if id in before and before[id] != r
    ]
    other = []
    for what in ("name", "channels", "rate_hz", "contract"):
        if getattr(old, what) != getattr(new, what):
            other.append(f"{what}: {getattr(old, what)} -> {getattr(new, what)}")
    added = tuple(id for id in after if id not in before)
    removed = tuple(id for id in before if id not in after)
    notes = tuple(n for n in new.notes if n not in old.notes)
    return Difference(added, removed, tuple(changed), tuple(other), notes)


def publish(manifest: Manifest, samples: SampleFolder) -> Dataset:
    """Write what was imported: as a first version, or as the one that follows what is there; an
    import that changes nothing makes none.

    Raises:
        UserError: ``data.rate``, ``data.channels``, ``data.contract`` or ``data.duplicate`` where
            it does not go with what is there.
    """
    folder = samples.folder
    path = folder / MANIFEST
    old = _manifest(folder, path)
    if old is None:
        samples.finish(manifest, None)
        return Dataset(manifest, folder)
    merged = _merged(old, manifest, folder)
    if _content(merged) == _content(old):
        samples.keep()
        return Dataset(old, folder)
    parent, before = content_hash(old), diff(old, merged)
    merged = replace(merged, parent=parent, added=before.added)
    samples.finish(merged, (parent, path.read_bytes()))
    return Dataset(merged, folder)


def check_twins(one: Recording, other: Recording) -> None:
    """Recordings with equal samples have equal labels.

    Raises:
        UserError ``data.duplicate``: they have not.
    """
    if one.label != other.label:
        message = f"{one.id} ({one.label}) and {other.id} ({other.label}) are the same."
        raise UserError("data.duplicate", message, "Remove the one with the wrong label.")


def _merged(old: Manifest, new: Manifest, folder: Path) -> Manifest:
    again = set(new.provenance.values())
    files = {f: h for f, h in old.provenance.items() if h not in again}
    kept = [r for r in old.recordings if r.file in files]
    if kept:
        _check_same(old, new, folder)
    names = _names(new.provenance, old.provenance)
    there = {r.digest: r for r in kept}
    added, notes = [], []
    for r in new.recordings:
        name = names[r.file]
        r = replace(r, id=name + r.id.removeprefix(r.file), file=name)
        if (twin := there.get(r.digest)) is not None:
            check_twins(twin, r)
            notes.append(f"{r.id} has the same samples as {twin.id} and was left out")
        else:
            added.append(r)
    provenance = {**files, **{names[f]: h for f, h in new.provenance.items()}}
    told = {*new.provenance, *(n.split(" was left out")[0] for n in new.notes)}
    old_notes = [n for n in old.notes if n.split(" was left out")[0].split(":")[0] not in told]
    return replace(
        new, recordings=(*kept, *added), provenance=provenance, name=old.name,
        notes=(*old_notes, *new.notes, *notes),
    )  # fmt: skip


def _names(new: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    """Names of files in the new version: where another file has the name, with a number."""
    by_content = {h: f for f, h in old.items()}
    taken = {f for f, h in old.items() if h not in new.values()}
    found = {}
    for name, content in new.items():
        free = by_content.get(content, name)
        number = 2
        while free in taken:
            free, number = f"{name}~{number}", number + 1
        taken.add(free)
        found[name] = free
    return found


def _check_same(old: Manifest, new: Manifest, folder: Path) -> None:
    hint = "Import into another folder: --into NAME, or mend the settings of this import."
    for what, code in (("channels", "channels"), ("contract", "contract")):
        a, b = getattr(old, what), getattr(new, what)
        if a != b:
            message = f"The dataset in {folder} has {what} {_plain(a)}; the new files {_plain(b)}."
            raise UserError(f"data.{code}", message, hint)
    if differ(old.rate_hz, new.rate_hz):
        message = f"The dataset in {folder} has {old.rate_hz:g} Hz, the new files {new.rate_hz:g}."
        raise UserError("data.rate", message, hint)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{c.name} [{c.unit}]" for c in value)
    return str(getattr(value, "dtype", value))


def _change(old: Recording, new: Recording) -> str:
    names = ("label", "group", "samples", "digest", "metadata", "file")
    found = []
    for name in names:
        a, b = getattr(old, name), getattr(new, name)
        if a != b:
            short = name in ("digest", "metadata")
            found.append(f"other {name}" if short else f"{name} {a} -> {b}")
    return ", ".join(found)


def _content(m: Manifest) -> object:
    """What makes a version another one."""
    recordings = sorted(m.recordings, key=lambda r: r.id)
    return recordings, dict(m.provenance), m.channels, m.rate_hz, m.contract, m.name


def _manifest(folder: Path, path: Path) -> Manifest | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return loads(Manifest, data)
    except InternalError as e:
        raise _damaged(folder, path.name) from e


def _former(folder: Path, version: str) -> Manifest:
    known = sorted(p.stem for p in (folder / VERSIONS).glob("*.zip"))
    fitting = [v for v in known if v.startswith(version)]
    found = _manifest(folder, folder / VERSIONS / f"{fitting[0]}.zip") if fitting else None
    if len(fitting) != 1 or found is None:
        guess = did_you_mean(version, known)
        what = "several versions" if len(fitting) > 1 else "no version"
        message = f"The dataset in {folder} has {what} {version!r}.{guess}"
        raise UserError("data.version", message, f"Former ones: {', '.join(known) or 'none'}.")
    return found


def _damaged(folder: Path, file: str) -> UserError:
    hint = "Import the recordings again, into another folder or after removing this one."
    return UserError("data.dataset", f"The dataset in {folder} is damaged: {file}.", hint)
