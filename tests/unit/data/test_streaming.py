"""Long recordings go through in parts: neither side holds one, and what breaks off is left out."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.progress import SILENT
from tinsmith.data import samples
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files, open_dataset
from tinsmith.data.reading import PART_BYTES, Task, read_files
from tinsmith.data.rows import Sequence
from tinsmith.data.sidecar import Segment

RATE = ReadOptions(rate_hz=50.0)
LONG = np.random.default_rng(5).integers(-3000, 3000, (4_500_000, 2), np.int16)
"""18 MB."""


def saved(folder: Path, name: str = "walk.1.npz") -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / name, acc=LONG)
    return folder / name


def test_parts_are_small(tmp_path: Path) -> None:
    parts = list(read_files("npz", (Task(str(saved(tmp_path))),), RATE, False))
    assert max(len(p.samples) for p in parts) < 3 * PART_BYTES
    assert sum(len(p.samples) for p in parts) == LONG.nbytes
    assert sum(len(p.reads) for p in parts) == 1


def test_long_samples_are_written_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = import_files([saved(tmp_path / "in")], "set", RATE, tmp_path / "out", SILENT)
    (recording,) = dataset.manifest.recordings
    assert np.array_equal(dataset.raw(recording), LONG)
    assert open_dataset(tmp_path / "out") == dataset
    monkeypatch.setattr(samples, "_IN_MEMORY", 1 << 40)
    assert import_files([tmp_path / "in"], "set", RATE, tmp_path / "b", SILENT).id == dataset.id


def test_a_long_file_that_breaks_off_is_left_out(tmp_path: Path) -> None:
    """Here the checksum at its end is wrong; the first recordings of it were kept already."""
    path = saved(tmp_path / "in")
    with zipfile.ZipFile(path) as z:
        end = z.infolist()[0].header_offset + LONG.nbytes
    content = bytearray(path.read_bytes())
    content[end - 5] ^= 1
    path.write_bytes(content)
    np.savez(tmp_path / "in" / "rest.1.npz", acc=LONG[:100])
    labels = tmp_path / "in" / "structured_labels.labels"
    segments = '[{"startIndex": 0, "endIndex": 99999, "label": "a"}, ' \
               '{"startIndex": 100000, "endIndex": 4499999, "label": "b"}]'  # fmt: skip
    labels.write_text(
        '{"version": 1, "type": "structured-labels", "structuredLabels": {"walk.1.npz": '
        + segments + "}}"
    )  # fmt: skip
    dataset = import_files([tmp_path / "in"], "set", RATE, tmp_path / "out", SILENT)
    assert [r.file for r in dataset.manifest.recordings] == ["rest.1.npz"]
    assert "walk.1.npz was left out: it cannot be unpacked" in dataset.manifest.notes[0]
    assert len(list((tmp_path / "out" / "samples").iterdir())) == 1


def test_segments_of_long_recordings(tmp_path: Path) -> None:
    segments = (Segment(7, 1_000_006, "a"), Segment(1_500_000, 4_499_999, "b"))
    task = Task(str(saved(tmp_path)), segments=segments)
    data = b"".join(p.samples for p in read_files("npz", (task,), RATE, False))
    wanted = np.concatenate([LONG[7:1_000_007], LONG[1_500_000:]])
    assert data == wanted.astype("<i2").tobytes()


def test_a_killed_import_leaves_no_parts_for_ever(tmp_path: Path) -> None:
    (tmp_path / "out" / "samples").mkdir(parents=True)
    (tmp_path / "out" / "samples" / "123.part").write_bytes(b"half")
    import_files([saved(tmp_path / "in")], "set", RATE, tmp_path / "out", SILENT)
    assert len(list((tmp_path / "out" / "samples").iterdir())) == 1


def test_cuts_of_arrays() -> None:
    assert np.array_equal(Sequence(LONG).cut(3, 9), LONG[3:9])
