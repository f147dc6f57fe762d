"""WAV audio: integers of 8, 16, 24 and 32 bits and floats, any rate, any number of channels.

Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991 (RIFF);
"Multiple Channel Audio Data and WAVE Files", 2001 (WAVE_FORMAT_EXTENSIBLE); EBU Tech 3306, 2009
(RF64). Chunks may come in any order, those that are not needed are skipped. Integers stay integers
(8 bits are centred at 0), one step is 1. Compressed audio and big-endian files are refused. The
label is the part of the file's name before the first of two dots, else the name of the folder.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tinsmith.data.binary import channels_of, contract_of, converted, named, open_file, too_short
from tinsmith.data.dataset import Contract, RawRecording, Reading, Rows
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.naming import label_of
from tinsmith.data.text import Source

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_OTHER = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM", 80: "MPEG", 85: "MP3"}
_GUID = bytes.fromhex("000000001000800000aa00389b71")
"""End of the identifiers of formats that have a number."""
_CHUNKS = 1000
_CHANNELS = 256
_SMALL = 1 << 20
"""Files of up to this many bytes are read at once, longer ones in pieces of this size."""
_COPY = "Copy or record the file again."


@dataclass(frozen=True)
class _Layout:
    """How samples lie in the file: ``kind`` is "i" or "f"; ``width`` in bytes; ``offset`` of the
    first."""

    kind: str
    width: int
    channels: int
    rate_hz: int
    offset: int
    frames: int


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.wav.<what>``.
    """
    source = Source("wav", path.name)
    with open_file(path, source) as file:
        size = path.stat().st_size
        content: BinaryIO = io.BytesIO(file.read()) if size <= _SMALL else file
        layout = _layout(content, source)
        if layout.frames < 2:
            raise too_short(layout.frames, source)
        taken, names = named(_names(layout.channels), options, source)
        contract = contract_of(_dtype(layout), len(taken), source)
        shape = (layout.frames, len(taken))
        rows = Rows(
            shape, np.dtype(contract.dtype),
            lambda: _pieces(path, layout, taken, contract, source),
        )  # fmt: skip
        values: np.ndarray | Rows = rows
        if size <= _SMALL:
            content.seek(layout.offset)
            values = _decoded(content.read(), layout, taken, contract, (source, 0))
    recording = RawRecording("0", values, options.label or label_of(path))
    return Reading(channels_of(names, options), float(layout.rate_hz), (recording,), contract)


def _layout(file: BinaryIO, source: Source) -> _Layout:
    """Both chunks that matter, wherever they stand."""
    head = file.read(12)
    if head[:4] == b"RIFX":
        raise source.error("endian", "this is a big-endian WAV file (RIFX).", "Convert it to RIFF.")
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise source.error("header", "this is no WAV file: it does not begin with RIFF.", _COPY)
    end = file.seek(0, io.SEEK_END)
    form, data, long = b"", None, None
    at = 12
    for _ in range(_CHUNKS):
        if at + 8 > end or (form and data):
            break
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data" and size == 0xFFFFFFFF and long is not None:
            size = long
        if at + 8 + size > end:
            what = f"chunk {name!r} has {size} bytes of which the file holds {end - at - 8}."
            raise source.error("truncated", f"byte {at}: {what}", _COPY)
        if name == b"fmt ":
            form = file.read(min(size, 40))
        elif name == b"ds64" and size >= 16:
            long = struct.unpack("<Q", file.read(16)[8:])[0]
        elif name == b"data":
            data = (at + 8, size)
        at += 8 + size + size % 2
    if not form or data is None:
        lacking = "'data'" if form else "'fmt '"
        raise source.error("chunks", f"there is no chunk {lacking}.", _COPY)
    return _checked(form, data, source)


def _checked(form: bytes, data: tuple[int, int], source: Source) -> _Layout:
    if len(form) < 16:
        raise source.error("format", f"chunk 'fmt ' has {len(form)} of 16 bytes.", _COPY)
    tag, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE:
        if len(form) < 40 or form[26:] != _GUID:
            raise source.error("format", "its extensible format is none with a number.", _COPY)
        tag = struct.unpack("<H", form[24:26])[0]
    if tag not in (_PCM, _FLOAT):
        name = _OTHER.get(tag, f"format {tag}")
        hint = "Convert it to PCM, for instance with: ffmpeg -i in.wav -c:a pcm_s16le out.wav"
        raise source.error("compressed", f"{name} is not read; integers and floats are.", hint)
    if not 0 < channels <= _CHANNELS or not rate:
        what = f"{channels} channels at {rate} Hz; allowed are 1 to {_CHANNELS} and 1 Hz or more."
        raise source.error("format", what, _COPY)
    width = frame // channels
    allowed = (1, 2, 3, 4) if tag == _PCM else (4, 8)
    if width not in allowed or frame != width * channels or not 8 * width - 8 < bits <= 8 * width:
        what = f"{bits} bits in {frame} bytes for {channels} channels make no samples."
        raise source.error("format", what, "Read are 8, 16, 24 and 32 bits, floats of 32 and 64.")
    kind = "i" if tag == _PCM else "f"
    return _Layout(kind, width, channels, rate, data[0], data[1] // frame)


def _dtype(layout: _Layout) -> np.dtype:
    return np.dtype(f"<{layout.kind}{4 if layout.width == 3 else layout.width}")


def _names(count: int) -> list[str]:
    if count <= 2:
        return ["left", "right"] if count == 2 else ["audio"]
    return [f"channel_{i}" for i in range(count)]


def _pieces(
    path: Path, layout: _Layout, taken: list[int], contract: Contract, source: Source
) -> Iterator[np.ndarray]:
    frame = layout.width * layout.channels
    step = max(1, _SMALL // frame)
    with open_file(path, source) as file:
        file.seek(layout.offset)
        for first in range(0, layout.frames, step):
            data = file.read(min(step, layout.frames - first) * frame)
            yield _decoded(data, layout, taken, contract, (source, first))


def _decoded(
    data: bytes, layout: _Layout, taken: list[int], contract: Contract, where: tuple[Source, int]
) -> np.ndarray:
    """Whole frames as [n, taken channels]; what lies behind the last frame is not looked at."""
    source, first = where
    frame = layout.width * layout.channels
    frames = min(len(data) // frame, layout.frames - first)
    data = data[: frames * frame]
    if layout.width == 3:
        wide = np.zeros((frames * layout.channels, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0] >> 8
    elif layout.width == 1:
        values = (np.frombuffer(data, np.uint8) ^ 0x80).view(np.int8)
    else:
        values = np.frombuffer(data, _dtype(layout))
    rows = values.reshape(frames, layout.channels)
    if taken != list(range(layout.channels)):
        rows = rows[:, taken]
    return converted(rows, contract, source, first)


def _example() -> bytes:
    """Two channels of four samples."""
    samples = struct.pack("<8h", 0, 1, 300, -300, 32767, -32768, 2, -2)
    form = struct.pack("<HHIIHH", _PCM, 2, 8000, 32000, 4, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


FORMAT = Format("wav", (".wav", ".wave"), read, _example)
