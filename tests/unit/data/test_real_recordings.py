"""Real recordings of every format come in with their labels, subjects and values."""

import hmac
import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT
from tinsmith.data.dataset import Channel, Contract, Dataset
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


def load(path: Path, out: Path, **options: Any) -> Dataset:
    return import_files([path], "set", ReadOptions(**options), out, SILENT)


def plain_wav(path: Path) -> np.ndarray:
    """Samples of a file with a header of 44 bytes."""
    return np.frombuffer(path.read_bytes()[44:], "<i2")


def test_spoken_digits(data: Path, tmp_path: Path) -> None:
    folder = data / "fsdd"
    dataset = load(folder, tmp_path, pattern="{label}_{subject}_{take}.wav")
    m = dataset.manifest
    assert m.rate_hz == 8000 and m.contract == Contract("int16", (1.0,))
    assert Counter(r.label for r in m.recordings) == {str(d): 80 for d in range(10)}
    assert {r.group for r in m.recordings} == {"jackson", "nicolas", "theo", "yweweler"}
    for r in m.recordings[::97]:
        label, subject, take = r.file.removesuffix(".wav").split("_")
        assert (r.label, r.group, r.metadata) == (
            label,
            subject,
            {"subject": subject, "take": take},
        )
        assert np.array_equal(dataset.raw(r)[:, 0], plain_wav(folder / r.file))
        assert dataset.values(r).dtype == np.float32


def test_spoken_words(data: Path, tmp_path: Path) -> None:
    pattern = "{label}/{subject}_nohash_{take}.wav"
    dataset = load(data / "speech_commands_mini", tmp_path, pattern=pattern)
    m = dataset.manifest
    assert len(dataset.labels) == 30 and m.rate_hz == 16000
    assert len({r.group for r in m.recordings}) == 29
    assert all(r.file.startswith(f"{r.label}/{r.group}_nohash_") for r in m.recordings)
    assert len(m.recordings) == 218
    assert m.notes == (
        "zero/b87bdb22_nohash_1.wav was left out: byte 36: chunk b'data' has 32000 bytes of which "
        "the file holds 29140.",
    )


def test_bearings(data: Path, tmp_path: Path) -> None:
    folder = data / "cwru_bearing"
    with pytest.raises(UserError, match="7 npz, 1 json, 1 mat") as e:
        load(folder, tmp_path / "mixed")
    assert "--set format=npz" in e.value.hint
    dataset = load(folder, tmp_path / "npz", format="npz", labels=str(folder / "meta.json"))
    m = dataset.manifest
    assert m.rate_hz == 12000 and m.channels == (Channel("de"), Channel("fe"))
    said = json.loads((folder / "meta.json").read_text())
    for r in m.recordings:
        row = said[r.file.removesuffix(".npz")]
        assert (r.label, r.samples, r.metadata["rpm"]) == (
            row["label"],
            row["samples"],
            str(row["rpm"]),
        )
    with np.load(folder / "B007_0.npz") as arrays:
        found = next(r for r in m.recordings if r.file == "B007_0.npz")
        assert np.array_equal(dataset.values(found)[:, 1], arrays["fe"])


def test_a_bearing_of_matlab(data: Path, tmp_path: Path) -> None:
    path = data / "cwru_bearing" / "original_105_IR007_0.mat"
    wanted = scipy.io.loadmat(path)
    channels = ("*_DE_time", "*_FE_time")
    dataset = load(path, tmp_path, rate_hz=12000.0, label="inner", channels=channels)
    (r,) = dataset.manifest.recordings
    assert [c.name for c in dataset.manifest.channels] == ["DE_time", "FE_time"]
    assert r.metadata == {"X105RPM": "1797"}
    columns = [wanted[f"X105_{c}_time"][:, 0].astype(np.float32) for c in ("DE", "FE")]
    assert np.array_equal(dataset.values(r), np.column_stack(columns))


def test_a_heart(data: Path, tmp_path: Path) -> None:
    folder = data / "ecg_mitbih100"
    dataset = load(folder, tmp_path, rate_hz=360.0, channels=("adc",))
    (r,) = dataset.manifest.recordings
    assert dataset.manifest.contract == Contract("int16", (1.0, 1.0))
    with np.load(folder / "record100.npz") as arrays:
        assert np.array_equal(dataset.raw(r), arrays["adc"])
    assert [n.split(": ")[1] for n in dataset.manifest.notes] == [
        "array beat_sample was left out", "array beat_code was left out",
    ]  # fmt: skip


def test_gestures(data: Path, tmp_path: Path) -> None:
    dataset = load(data / "ei_format" / "gestures", tmp_path)
    m = dataset.manifest
    assert m.rate_hz == 62.5
    assert m.channels == tuple(Channel(f"acc{a}", "m/s2") for a in "XYZ")
    assert Counter(r.label for r in m.recordings) == {
        "idle": 14,
        "snake": 1,
        "updown": 3,
        "wave": 3,
    }


def test_segments_of_a_coffee_machine(data: Path, tmp_path: Path) -> None:
    folder = data / "ei_format" / "coffee"
    dataset = load(folder, tmp_path)
    info = json.loads((folder / "info.labels").read_text())
    recordings = {r.id: r for r in dataset.manifest.recordings}
    for f in info["files"]:
        values = json.loads((folder / f["path"]).read_text())["payload"]["values"]
        name = f["path"].removeprefix("training/")
        for s in f["label"]["labels"]:
            r = recordings.pop(f"{name}:{s['startIndex']}")
            assert (r.label, r.metadata["category"]) == (s["label"], "training")
            wanted = np.float32(values[s["startIndex"] : s["endIndex"] + 1])
            assert np.array_equal(dataset.values(r), wanted)
    assert not recordings


def test_the_documented_example(data: Path, tmp_path: Path) -> None:
    folder = data / "ei_format"
    for kind in ("json", "cbor"):
        dataset = load(folder / f"wave.01.{kind}", tmp_path / kind)
        (r,) = dataset.manifest.recordings
        assert (r.label, dataset.manifest.rate_hz) == ("wave", 100)
        assert r.metadata == {"device": "ac:87:a3:0a:2d:1b", "device_type": "DISCO-L475VG-IOT01A"}
        assert dataset.values(r)[0].tolist() == np.float32([-9.81, 0.03, 1.21]).tolist()
        with pytest.raises(UserError, match="the file or the key is wrong"):
            load(folder / f"wave.01.{kind}", tmp_path / "key", hmac_key="0123")
    body = json.loads((folder / "wave.01.json").read_text())
    dense = json.dumps({**body, "signature": "0" * 64}, separators=(",", ":"))
    body["signature"] = hmac.new(b"0123", dense.encode(), "sha256").hexdigest()
    (tmp_path / "wave.01.json").write_text(json.dumps(body, indent=4))
    assert load(tmp_path / "wave.01.json", tmp_path / "signed", hmac_key="0123").labels == ("wave",)


def test_a_voice_in_floats(data: Path, tmp_path: Path) -> None:
    path = data / "ei_format" / "hadouken.01.wav"
    dataset = load(path, tmp_path)
    (r,) = dataset.manifest.recordings
    assert (r.label, r.samples, dataset.manifest.rate_hz) == ("hadouken", 44100, 44100)
    assert dataset.manifest.contract == Contract()
    content = path.read_bytes()
    last = struct.unpack("<f", content[-4:])[0]
    assert dataset.values(r)[-1, 0] == last or content.find(b"data") < len(content) - 4 * 44100 - 8
