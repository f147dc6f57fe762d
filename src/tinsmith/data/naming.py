"""What the name and the place of a file say of its recordings: label, subject, take, ..."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from tinsmith.core.errors import UserError

LABEL = "label"
GROUPS = ("group", "subject", "person", "user", "speaker", "participant")
"""Metadata that is taken as the group where the user names none: the first that is there."""
RATES = ("rate_hz", "sampling_rate", "sample_rate", "samplerate", "rate", "fs")
"""Names under which a sampling rate in Hz is written beside samples."""
_FIELD = re.compile(r"\{(\w*)\}|\*")

Matcher = Callable[[str], Mapping[str, str] | None]
"""From a file's name, with its folders, to what the pattern finds there; None: it does not fit."""


def label_of(path: Path) -> str:
    """The part of the name before the first of two dots (``walk.monday.wav``), else the folder."""
    parts = path.name.split(".")
    return parts[0] if len(parts) > 2 and parts[0] else path.resolve().parent.name


def matcher(pattern: str) -> Matcher:
    """A pattern such as ``{label}_{subject}_{take}.wav`` or ``{subject}/{label}/*.csv``.

    A field takes as few characters as it can, but one, and no slash; ``*`` and ``{}`` stand for
    what is not wanted. As many folders are looked at as the pattern has; it may leave out the
    suffix.

    Raises:
        UserError ``data.pattern``: it has no field, one twice, or one that is no name.
    """
    fields = [m[1] for m in _FIELD.finditer(pattern) if m[1]]
    wrong = [f for f in fields if fields.count(f) > 1 or not f.isidentifier()]
    if wrong or not fields or _FIELD.sub("", pattern).count("{"):
        what = f"field {wrong[0]!r} twice or misspelt" if wrong else "no field, or a lonely brace"
        hint = "For 9_theo_13.wav write, for instance: {label}_{subject}_{take}.wav"
        raise UserError("data.pattern", f"The pattern {pattern!r} has {what}.", hint)
    parts, end = [], 0
    for m in _FIELD.finditer(pattern):
        parts.append(re.escape(pattern[end : m.start()]))
        parts.append(f"(?P<{m[1]}>[^/]+?)" if m[1] else "[^/]*?")
        end = m.end()
    whole = re.compile("".join(parts) + re.escape(pattern[end:]))
    depth = pattern.count("/") + 1
    suffix = PurePosixPath(pattern).suffix

    def match(name: str) -> Mapping[str, str] | None:
        path = PurePosixPath(*PurePosixPath(name).parts[-depth:])
        found = whole.fullmatch(str(path if suffix and "{" not in suffix else path.with_suffix("")))
        return found.groupdict() if found else None

    return match


def group_of(wanted: str | None, metadata: Mapping[str, str], file: str) -> str | None:
    """The value that says what must stay together in a split, None where nothing does.

    Raises:
        UserError ``data.group``: the user names a field that the file does not have.
    """
    if wanted is None:
        return next((metadata[g] for g in GROUPS if g in metadata), None)
    if wanted not in metadata:
        known = ", ".join(sorted(metadata)) or "nothing"
        hint = "Say it by a pattern (--set pattern={label}_{subject}.wav) or a label file."
        raise UserError("data.group", f"{file} says no {wanted!r}; it says: {known}.", hint)
    return metadata[wanted]
