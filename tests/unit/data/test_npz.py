"""Arrays (.npz, .npy, .mat): which become channels, labels, rate and metadata; hostile files."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Reading, Rows, whole
from tinsmith.data.format import FORMATS, ReadOptions

ACC = np.arange(12, dtype=np.int16).reshape(6, 2)


def read(path: Path, **options: Any) -> Reading:
    return FORMATS.get(path.suffix[1:]).read(path, ReadOptions(**options))


@pytest.fixture(params=["npz", "mat", "npz packed"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Saves arrays, reads them."""

    def save(options: dict[str, Any], **arrays: Any) -> Reading:
        kind = request.param
        path = tmp_path / f"walk.1.{kind[:3]}"
        if kind == "mat":
            scipy.io.savemat(path, arrays)
        elif kind == "npz":
            np.savez(path, **arrays)
        else:
            np.savez_compressed(path, **arrays)
        return read(path, **options)

    return save


def names(reading: Reading) -> list[str]:
    return [c.name for c in reading.channels]


def test_vectors_and_matrices_stand_side_by_side(saved: Any) -> None:
    x = np.array([0.5, 1, 2, 3, 4, 5], np.float32)
    reading = saved({}, x=x, m=np.float32(ACC), short=np.arange(3), fs=50, subject="anna")
    assert names(reading) == ["x", "m_0", "m_1"]
    assert reading.rate_hz == 50
    (recording,) = reading.recordings
    assert recording.label == "walk" and recording.metadata == {"subject": "anna"}
    assert whole(recording.values).tolist() == np.column_stack([x, ACC]).tolist()
    assert reading.notes == ("array short was left out",)


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [("i1", "int8"), ("u1", "int16"), ("i2", "int16"), (">i2", "int16"), ("u2", "int32"),
     ("i4", "int32"), ("i8", "int32"), ("f4", "float32"), (">f8", "float32")],
)  # fmt: skip
def test_integers_stay_what_they_are(saved: Any, dtype: str, kept: str) -> None:
    reading = saved({}, adc=np.array([[1, 2], [3, 100], [5, 6]], dtype))
    assert reading.contract.dtype == kept
    values = whole(reading.recordings[0].values)
    assert values.dtype == kept and values.tolist() == [[1, 2], [3, 100], [5, 6]]


def test_channels_are_chosen_by_name_and_pattern(saved: Any) -> None:
    arrays = {"X105_DE_time": np.arange(5.0), "X105_FE_time": np.arange(5.0) * 2}
    reading = saved({"channels": ("*_FE_time",)}, **arrays, X105RPM=1797)
    assert names(reading) == ["FE_time"]
    assert whole(reading.recordings[0].values)[-1].tolist() == [8]
    assert reading.recordings[0].metadata == {"X105RPM": "1797"}
    assert reading.notes == ("array X105_DE_time was left out",)
    assert names(saved({"channels": ("a", "b")}, **arrays)) == ["a", "b"]
    for wanted, words in ((("X*",), "fits X105_DE_time, X105_FE_time"), (("none",), "no channel")):
        with pytest.raises(UserError, match=words):
            saved({"channels": wanted}, **arrays)


def test_labels_of_samples_are_runs(saved: Any) -> None:
    reading = saved({}, acc=ACC, y=np.array([0, 0, 1, 1, 1, 0]))
    found = [(r.id, r.label, whole(r.values).tolist()) for r in reading.recordings]
    assert found == [("0", "0", ACC[:2].tolist()), ("2", "1", ACC[2:5].tolist())]
    assert len(saved({"label": "run"}, acc=ACC, y=np.zeros(6)).recordings) == 1


def test_many_recordings_in_one_array(saved: Any) -> None:
    cube = np.arange(24, dtype=np.int16).reshape(3, 4, 2)
    reading = saved({"channels": ("x", "y")}, X=cube, labels=np.array([7, 8, 7]), fs=10)
    assert [r.label for r in reading.recordings] == ["7", "8", "7"]
    assert names(reading) == ["x", "y"]
    assert all(
        np.array_equal(whole(r.values), c) for r, c in zip(reading.recordings, cube, strict=True)
    )


def test_channels_in_rows(saved: Any) -> None:
    reading = saved({}, acc=np.arange(60, dtype=np.int16).reshape(2, 30))
    assert whole(reading.recordings[0].values)[3].tolist() == [3, 33]


def test_one_array_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "rest.1.npy", ACC)
    reading = FORMATS.get("npz").read(tmp_path / "rest.1.npy", ReadOptions())
    assert reading.recordings[0].label == "rest" and len(reading.channels) == 2


@pytest.mark.parametrize("order", ["C", "F"])
def test_long_arrays_come_in_pieces(tmp_path: Path, order: Any) -> None:
    long = np.arange(9_000_000, dtype=np.int32).reshape(-1, 3)
    labels = np.repeat([0, 1, 0], len(long) // 3)
    np.savez_compressed(tmp_path / "a.npz", acc=np.asarray(long, order=order), y=labels)
    recordings = read(tmp_path / "a.npz").recordings
    assert all(isinstance(r.values, Rows) for r in recordings)
    third = len(long) // 3
    for i in (0, 2, 1):
        assert np.array_equal(whole(recordings[i].values), long[i * third : (i + 1) * third])
    assert max(len(p) for p in recordings[0].values.pieces()) < 500_000  # type: ignore[union-attr]


def header(shape: str, descr: str = "'<f4'", magic: bytes = b"\x93NUMPY\x01\x00") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"
    return magic + len(text).to_bytes(2, "little") + text.encode()


def archive(content: bytes, name: str = "x.npy", compress: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as z:
        z.writestr(name, content)
    return out.getvalue()


class Opened:
    def __reduce__(self) -> Any:
        return (open, ("pwned", "w"))


def pickled() -> bytes:
    out = io.BytesIO()
    np.savez(out, x=np.array([Opened()], object), y=np.zeros(4))
    return out.getvalue()


def damaged() -> bytes:
    out = io.BytesIO()
    np.savez(out, x=np.zeros(100))
    body = bytearray(out.getvalue())
    body[200] ^= 0xFF
    return bytes(body)


HOSTILE = {
    "pickle": pickled,
    "pickle alone": lambda: archive(pickle.dumps(Opened()), "x.npy"),
    "size": lambda: archive(header("(1000000000000, 3)") + bytes(64)),
    "size small": lambda: archive(header("(4,)") + bytes(64)),
    "bomb": lambda: archive(header("(40000000, 2)") + bytes(320_000_000), compress=8),
    "dtype": lambda: archive(header("(-4, -4)") + bytes(64)),
    "dtype fields": lambda: archive(header("(4,)", "[('a', '<f4')]") + bytes(16)),
    "broken deep": lambda: archive(header("(" * 3000 + ")" * 3000)),
    "broken header": lambda: archive(header("(4,", "'<f4'") + bytes(16)),
    "broken code": lambda: archive(header("(__import__('os').getpid(),)") + bytes(16)),
    "broken checksum": damaged,
    "version": lambda: archive(header("(4,)", magic=b"\x93NUMPY\x09\x00") + bytes(16)),
    "empty": lambda: archive(b"hello", "readme.txt"),
    "nonfinite": lambda: archive(header("(4,)") + b"\x00\x00\xc0\x7f" * 4),
    "range": lambda: archive(header("(4,)", "'<i8'") + b"\xff" * 7 + b"\x7f" * 25),
    "one_sample": lambda: archive(header("(1, 3)") + bytes(12)),
    "broken bzip": lambda: archive(header("(4,)") + bytes(16), compress=12)[:-40],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "walk.1.npz"
    path.write_bytes(HOSTILE[name]())
    with pytest.raises(UserError, match=r"walk\.1\.npz") as e:
        [whole(r.values) for r in read(path).recordings]
    kind = name.split()[0]
    assert e.value.code in (f"data.npz.{kind}", "data.npz.broken" if kind == "pickle" else "")
    assert not Path("pwned").exists()


def test_mat_files_that_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "walk.1.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UserError, match=r"7\.3") as e:
        read(path)
    assert e.value.code == "data.mat.version" and "-v7" in e.value.hint
    scipy.io.savemat(path, {"cell": np.array([1, "x"], object), "s": {"a": 1}})
    with pytest.raises(UserError, match="no array of numbers"):
        read(path)
    scipy.io.savemat(path, {"x": np.zeros((100, 2))})
    body = bytearray(path.read_bytes())
    at = body.index((100).to_bytes(4, "little") + (2).to_bytes(4, "little"))
    body[at + 3] = 0x70
    path.write_bytes(body)
    with pytest.raises(UserError) as e:
        read(path)
    assert e.value.code in ("data.mat.size", "data.mat.broken")
