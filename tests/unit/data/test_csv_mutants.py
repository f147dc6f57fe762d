"""Tables of many forms with bytes changed, put in, cut out and repeated: read soundly, or refused
by name with one clear error; held in memory or not."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Reading, whole
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats import csv

TABLES = (
    csv.FORMAT.example,
    "sep=;\nDatum;Zeit;ax;Label\n01.05.2024;10:00:00,00;1,5;a\n01.05.2024;10:00:00,02;2,5;a\n"
    "01.05.2024;10:00:00,04;3,5;b\n01.05.2024;10:00:00,06;3,75;b\n",
    "Device: x\n\ntime,ax,\ns,g,\n0.00,1,\n0.02,2,\n0.04,3,\n",
    '"date","P"\n"1","2015-02-04 17:51:00",23.18\n"2","2015-02-04 17:52:00",23.15\n',
    "time,sensor,value\n0.0,x,1\n0.0,y,2\n0.1,x,3\n0.1,y,4\n0.2,x,1\n0.2,y,1\n",
    "a b c\n1 2 3\n4 5 6\n7 8 9\n",
    "timestamp,ax\n2024-05-01T10:00:00.00Z,1\n2024-05-01T10:00:00.02Z,2\n",
    " -242, -2217,  -311\n  138, -2986,   -42\n  456, -1855,    11\n",
)
OPTIONS: tuple[dict[str, object], ...] = (
    {}, {"gaps": "cut"}, {"resample_hz": 25.0}, {"rows": "alone"}, {"rate_hz": 50.0},
    {"time_unit": "ms", "gaps": "cut"}, {"gaps": "cut", "resample_hz": 7.0},
)  # fmt: skip
BYTES = b"0.,:;?@-_\n\r\x00\xff\"'ne +T\t|[]/aZ9\xc3\xb5"


def mutant(rng: np.random.Generator) -> bytes:
    found = bytearray(TABLES[rng.integers(len(TABLES))].encode())
    for _ in range(rng.choice([1, 1, 2, 4])):
        at, other = int(rng.integers(len(found))), int(BYTES[rng.integers(len(BYTES))])
        kind = rng.integers(5)
        if kind <= 1:
            found[at] = other
        elif kind == 2:
            found.insert(at, other)
        elif kind == 3:
            del found[at : at + int(rng.integers(1, 9))]
        else:
            found[at:] = found[max(0, at - 20) :]
    return bytes(found)


def sound(reading: Reading) -> None:
    assert reading.recordings
    assert reading.rate_hz is None or 0 < reading.rate_hz < np.inf
    assert len({r.id for r in reading.recordings}) == len(reading.recordings)
    for recording in reading.recordings:
        values = whole(recording.values)
        assert values.shape == (len(recording.values), len(reading.channels))
        assert values.dtype == reading.contract.dtype
        assert np.isfinite(values).all() and recording.label


@pytest.mark.parametrize("held", [0, csv.HELD_BYTES])
def test_mutants(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(csv, "HELD_BYTES", held)
    path, codes = tmp_path / "walk.csv", set()
    for _ in range(500):
        path.write_bytes(mutant(rng))
        options = ReadOptions(**OPTIONS[rng.integers(len(OPTIONS))])  # type: ignore[arg-type]
        try:
            sound(csv.FORMAT.read(path, options))
        except UserError as e:
            assert e.code.startswith("data.csv.") and e.message.startswith("walk.csv: ")
            codes.add(e.code)
        else:
            codes.add("read")
    assert {"read", "data.csv.ragged", "data.csv.number", "data.csv.binary"} <= codes


def test_a_long_file_is_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    from tinsmith.data.formats.csv import _text

    monkeypatch.setattr(csv, "HELD_BYTES", 0)
    monkeypatch.setattr(_text, "_BLOCK", 1 << 16)
    monkeypatch.setattr(_text, "SAMPLE", 1 << 15)
    path = tmp_path / "walk.csv"
    path.write_text("x,y\n" + "".join(f"{i * 300 % 977}.25,{i % 7}.5\n" for i in range(600_000)))
    tracemalloc.start()
    try:
        (recording,) = csv.FORMAT.read(path, ReadOptions()).recordings
        assert not isinstance(recording.values, np.ndarray)
        rows = sum(len(piece) for piece in recording.values.pieces())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == len(recording.values) == 600_000
    assert peak < path.stat().st_size / 2
