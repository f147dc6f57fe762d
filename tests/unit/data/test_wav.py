"""WAV files: every kind of sample comes in as it is; what lies is refused."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel, Contract, Reading, Rows, whole
from tinsmith.data.format import FORMATS, ReadOptions

GUID = bytes.fromhex("000000001000800000aa00389b71")
SAMPLES = struct.pack("<4h", 1, -2, 300, -400)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return (
        name
        + struct.pack("<I", len(body) if size is None else size)
        + body
        + b"\0" * (len(body) % 2)
    )


def form(tag: int, channels: int, bits: int, rate: int = 8000, more: bytes = b"") -> bytes:
    frame = channels * ((bits + 7) // 8)
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + more
    )


def riff(*chunks: bytes, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


def read(tmp_path: Path, content: bytes, name: str = "beep.1.wav", **options: object) -> Reading:
    path = tmp_path / name
    path.write_bytes(content)
    return FORMATS.get("wav").read(path, ReadOptions(**options))  # type: ignore[arg-type]


def values(reading: Reading) -> list[list[float]]:
    found: list[list[float]] = whole(reading.recordings[0].values).tolist()
    return found


@pytest.mark.parametrize(
    ("tag", "bits", "data", "dtype", "wanted"),
    [
        (1, 8, bytes([0, 127, 128, 255]), "int8", [-128, -1, 0, 127]),
        (1, 16, struct.pack("<3h", -32768, 5, 32767), "int16", [-32768, 5, 32767]),
        (1, 24, b"\x00\x00\x80\xff\xff\xff\x05\x00\x00\xff\xff\x7f", "int32",
         [-(1 << 23), -1, 5, (1 << 23) - 1]),
        (1, 32, struct.pack("<2i", -(1 << 31), (1 << 31) - 1), "int32",
         [-(1 << 31), (1 << 31) - 1]),
        (3, 32, struct.pack("<3f", -1, 0.5, 1.25), "float32", [-1, 0.5, 1.25]),
        (3, 64, struct.pack("<2d", -0.5, 2.0), "float32", [-0.5, 2.0]),
    ],
)  # fmt: skip
def test_every_kind_of_sample(
    tmp_path: Path, tag: int, bits: int, data: bytes, dtype: str, wanted: list[float]
) -> None:
    content = riff(form(tag, 1, bits, 44100), chunk(b"data", data))
    reading = read(tmp_path, content)
    assert values(reading) == [[v] for v in wanted]
    assert reading.contract == Contract(dtype, () if dtype == "float32" else (1.0,))
    assert reading.rate_hz == 44100 and reading.channels == (Channel("audio"),)
    subformat = struct.pack("<HHIH", 22, bits, 0, tag) + GUID
    extensible = riff(form(0xFFFE, 1, bits, 44100, subformat), chunk(b"data", data))
    assert values(read(tmp_path, extensible)) == values(reading)


def test_as_the_standard_library_writes_it(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.integers(-32768, 32767, (1000, 2), np.int16, endpoint=True)
    with wave.open(str(tmp_path / "a.b.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(wanted.astype("<i2").tobytes())
    reading = FORMATS.get("wav").read(tmp_path / "a.b.wav", ReadOptions())
    assert np.array_equal(whole(reading.recordings[0].values), wanted)
    assert [c.name for c in reading.channels] == ["left", "right"]


def test_chunks_in_any_order_and_others_between(tmp_path: Path) -> None:
    odd = chunk(b"LIST", b"abc")
    head, data = form(1, 1, 16), chunk(b"data", SAMPLES)
    wanted = [[1], [-2], [300], [-400]]
    for order in ((odd, head, odd, data, odd), (data, odd, head), (odd, odd, data, head, odd)):
        assert values(read(tmp_path, riff(*order))) == wanted


def test_channels_are_chosen_or_named(tmp_path: Path) -> None:
    content = riff(form(1, 2, 16), chunk(b"data", SAMPLES))
    assert values(read(tmp_path, content)) == [[1, -2], [300, -400]]
    right = read(tmp_path, content, channels=("right",))
    assert values(right) == [[-2], [-400]] and right.channels == (Channel("right"),)
    named = read(tmp_path, content, channels=("x", "y"), units={"x": "g"})
    assert named.channels == (Channel("x", "g"), Channel("y"))
    with pytest.raises(UserError, match=r"no channel 'lef'.*Did you mean 'left'"):
        read(tmp_path, content, channels=("lef",))


def test_labels(tmp_path: Path) -> None:
    content = riff(form(1, 1, 16), chunk(b"data", SAMPLES))
    folder = tmp_path / "yes"
    folder.mkdir()
    assert read(folder, content, "7.wav").recordings[0].label == "yes"
    assert read(folder, content, "no.7.wav").recordings[0].label == "no"
    assert read(folder, content, "no.7.wav", label="maybe").recordings[0].label == "maybe"


def test_long_files_come_in_pieces(tmp_path: Path) -> None:
    """Also those of 64-bit sizes (RF64), and with some of their channels."""
    wanted = np.arange(2_000_000, dtype=np.int32).astype("<i2").reshape(-1, 2)
    body = wanted.tobytes()
    sizes = chunk(b"ds64", struct.pack("<QQQI", len(body) + 72, len(body), len(wanted), 0))
    plain = riff(form(1, 2, 16), chunk(b"data", body))
    long = riff(sizes, form(1, 2, 16), chunk(b"data", body, 0xFFFFFFFF), magic=b"RF64")
    for content in (plain, long):
        found = read(tmp_path, content).recordings[0].values
        assert isinstance(found, Rows) and max(map(len, found.pieces())) < 300_000
        assert np.array_equal(whole(found), wanted)
    right = read(tmp_path, plain, channels=("right",)).recordings[0].values
    assert np.array_equal(whole(right), wanted[:, 1:])


NAN = struct.pack("<3f", 0, float("nan"), 1)
DATA = chunk(b"data", SAMPLES)
EXTENDED = struct.pack("<HHIH", 22, 16, 0, 1)
BAD = {
    "header": b"OggS" + bytes(60),
    "endian": riff(form(1, 1, 16), DATA, magic=b"RIFX"),
    "truncated": riff(form(1, 1, 16), chunk(b"data", SAMPLES, 1000)),
    "truncated ": riff(chunk(b"LIST", b"", 0xFFFFFFF0), form(1, 1, 16), DATA),
    "chunks": riff(form(1, 1, 16)),
    "chunks ": riff(DATA),
    "format": riff(chunk(b"fmt ", b"\1\0"), DATA),
    "format 0 channels": riff(form(1, 0, 16), DATA),
    "format 0 Hz": riff(form(1, 1, 16, 0), DATA),
    "format 60000 channels": riff(form(1, 60000, 8), DATA),
    "format 12 bits in 4": riff(
        chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 32000, 4, 12)), DATA
    ),
    "format guid": riff(form(0xFFFE, 1, 16, more=EXTENDED + bytes(14)), DATA),
    "compressed": riff(form(85, 1, 16), DATA),
    "one_sample": riff(form(1, 1, 16), chunk(b"data", b"\1\0")),
    "nonfinite": riff(form(3, 1, 32), chunk(b"data", NAN)),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_lies_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"beep\.1\.wav") as e:
        read(tmp_path, BAD[name])
    assert e.value.code == f"data.wav.{name.split()[0]}"
