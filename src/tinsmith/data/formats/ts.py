"""UCR/UEA time-series text (.ts): a header of @-lines, then one recording per line, dimensions
separated by colons.

Source: the format description of Loning et al., "sktime: A Unified Interface for Machine Learning
with Time Series", 2019, and of timeseriesclassification.com. The files say no sampling rate: the
user must. Time stamps inside (@timeStamps true), regression targets and missing values are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, RawRecording, Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.text import Source, numbers, read_text

_KNOWN = (
    "problemname", "timestamps", "missing", "univariate", "dimension", "dimensions", "equallength",
    "serieslength", "classlabel", "targetlabel",
)  # fmt: skip
_CLASSES_ONLY = "Only classification without time stamps: export the values alone."

_SAY_LABEL = "Say it: --set label=NAME (project.toml: data.label)."


@dataclass(frozen=True)
class _Header:
    """What the @-lines say: whether lines end in a label, its values, sizes (0: not said)."""

    labelled: bool
    classes: tuple[str, ...]
    dimensions: int
    length: int


@dataclass(frozen=True)
class _Line:
    """A line of data and where it stands."""

    text: str
    number: int
    last: bool


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file; ``options.channels`` names the dimensions (else ``dim_0``, ``dim_1``, ...).

    Raises:
        UserError: ``data.ts.<what>``, naming file and line.
    """
    source = Source("ts", path.name)
    lines = [line.strip() for line in read_text(path, source).splitlines()]
    start = next((i for i, line in enumerate(lines) if line.lower() == "@data"), None)
    if start is None:
        raise source.error("header", "there is no @data line.", "Is this a UCR/UEA .ts file?")
    header = _header(lines[:start], source)
    body = [(i, line) for i, line in enumerate(lines[start + 1 :], start + 2) if line]
    if not body:
        raise source.error("empty", "no recording follows @data.", "Copy the file again.")
    recordings: list[RawRecording] = []
    for number, text in body:
        line = _Line(text, number, number == body[-1][0])
        recordings.append(_recording(line, header, options, source))
        header = replace(header, dimensions=recordings[0].values.shape[1])
    channels = _channels(header.dimensions, options, source)
    return Reading(channels, None, tuple(recordings))


def _header(lines: list[str], source: Source) -> _Header:
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        key, _, rest = line[1:].partition(" ")
        if not line.startswith("@") or key.lower() not in _KNOWN:
            raise source.error("header", f"line {number}: {line[:40]!r} is no known header line.")
        said[key.lower()] = rest.strip()
    for key in ("timestamps", "targetlabel"):
        if _true(said, key):
            raise source.error("kind", f"@{key} true: such files are not read.", _CLASSES_ONLY)
    words = said.get("classlabel", "false").split()
    labelled = _true(said, "classlabel")
    dimensions = 1 if _true(said, "univariate") else _count(said, "dimensions", source)
    length = _count(said, "serieslength", source) if _true(said, "equallength") else 0
    return _Header(labelled, tuple(words[1:]) if labelled else (), dimensions, length)


def _true(said: Mapping[str, str], key: str) -> bool:
    return said.get(key, "").lower().startswith("true")


def _count(said: Mapping[str, str], key: str, source: Source) -> int:
    text = said.get(key, "0")
    if not text.isdecimal():
        raise source.error("header", f"@{key} is {text!r}, not a whole number.", "Mend the header.")
    return int(text)


def _recording(line: _Line, header: _Header, options: ReadOptions, source: Source) -> RawRecording:
    """One line: ``1,2,3:4,5,6:label`` has two dimensions of three samples."""
    fields = line.text.split(":")
    label = fields.pop().strip() if header.labelled else ""
    if header.dimensions and len(fields) != header.dimensions:
        have = f"{len(fields)} dimensions"
        raise _broken(line, have, f"{header.dimensions}", source)
    columns = []
    for d, field in enumerate(fields):
        cells = field.split(",")
        place = [f"line {line.number}, dimension {d}, sample {i}" for i in range(len(cells))]
        columns.append(numbers(cells, source, place))
    lengths = sorted({len(c) for c in columns} | ({header.length} if header.length else set()))
    if len(lengths) != 1:
        raise _broken(line, f"dimensions of {lengths[0]} samples", f"{lengths[-1]}", source)
    if lengths[0] < 2:
        what = f"line {line.number}: a recording of one sample is no signal."
        raise source.error("one_sample", what, "A recording needs two samples or more.")
    if header.classes and label not in header.classes:
        allowed = f"The header allows: {', '.join(header.classes)}."
        raise source.error("label", f"line {line.number}: label {label[:40]!r}.", allowed)
    label = options.label or label
    if not label:
        raise source.error("label", f"line {line.number} has no label.", _SAY_LABEL)
    return RawRecording(str(line.number), np.array(columns, np.float32).T, label)


def _broken(line: _Line, have: str, want: str, source: Source) -> UserError:
    if line.last:
        message = f"line {line.number}, the last one, has {have} where {want} are expected."
        return source.error("truncated", message, "The file was cut off: copy it again.")
    message = f"line {line.number} has {have} where {want} are expected."
    return source.error("ragged", message, "Mend or delete the line.")


def _channels(count: int, options: ReadOptions, source: Source) -> tuple[Channel, ...]:
    names = options.channels or tuple(f"dim_{i}" for i in range(count))
    if len(names) != count:
        said = f"{len(names)} channel names for {count} dimensions."
        raise source.error("channels", said, f"Given: {', '.join(names)}.")
    return tuple(Channel(n, options.units.get(n, "")) for n in names)


_EXAMPLE = """\
@problemName Wrist
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true rest shake
@data
0.1,0.2,0.1:9.7,9.8,9.8:rest
3.5,-4.2,3.9:7.1,8.8,7.4:shake
"""

FORMAT = Format("ts", (".ts",), read, _EXAMPLE)
