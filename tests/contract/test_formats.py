"""Every format: reads its own example, refuses everything else with one clear error."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import FLOAT, TYPES, Reading, whole
from tinsmith.data.format import FORMATS, Format, ReadOptions

pytestmark = pytest.mark.parametrize("format", list(FORMATS.all()), ids=lambda f: f.name)


def read(format: Format, folder: Path, content: bytes) -> Reading:
    path = folder / f"recording{format.suffixes[0]}"
    path.write_bytes(content)
    return format.read(path, ReadOptions())


def readable_or_refused(format: Format, folder: Path, content: bytes) -> bool:
    """True if it was read, and then is sound; False if refused by name of the format."""
    try:
        sound(read(format, folder, content))
    except UserError as e:
        assert e.code.startswith(f"data.{format.name}."), e.code
        assert f"recording{format.suffixes[0]}" in e.message
        return False
    return True


def sound(reading: Reading) -> None:
    assert reading.recordings
    assert reading.rate_hz is None or 0 < reading.rate_hz < np.inf
    assert reading.contract.dtype in TYPES
    floats = reading.contract.dtype == FLOAT
    assert len(reading.contract.scale) == (0 if floats else len(reading.channels))
    for recording in reading.recordings:
        values = whole(recording.values)
        assert values.dtype == recording.values.dtype == np.dtype(reading.contract.dtype)
        assert values.shape == recording.values.shape == (len(values), len(reading.channels))
        assert len(values) >= 2
        assert np.isfinite(values).all()
        assert recording.label
    assert len({r.id for r in reading.recordings}) == len(reading.recordings)


def test_reads_its_example(format: Format, tmp_path: Path) -> None:
    reading = read(format, tmp_path, format.sample())
    sound(reading)
    assert len({r.label for r in reading.recordings}) >= 2 or len(reading.recordings) == 1


def test_refuses_what_is_not_there(format: Format, tmp_path: Path) -> None:
    with pytest.raises(UserError) as e:
        format.read(tmp_path / "gone", ReadOptions())
    assert e.value.code == f"data.{format.name}.missing"


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00\x01", b"PK\x03\x04\x00\x00"])
def test_refuses_empty_and_binary(format: Format, content: bytes, tmp_path: Path) -> None:
    assert not readable_or_refused(format, tmp_path, content)


def test_random_bytes_are_refused(format: Format, tmp_path: Path, rng: np.random.Generator) -> None:
    for _ in range(30):
        assert not readable_or_refused(format, tmp_path, rng.bytes(200))


def test_every_truncation_is_read_or_refused(format: Format, tmp_path: Path) -> None:
    content = format.sample()
    refused = [not readable_or_refused(format, tmp_path, content[:n]) for n in range(len(content))]
    assert sum(refused) > len(content) / 3


def test_every_mutation_is_read_or_refused(
    format: Format, tmp_path: Path, rng: np.random.Generator
) -> None:
    content = format.sample()
    outcomes = []
    for _ in range(400):
        mutant = bytearray(content)
        mutant[rng.integers(len(mutant))] = rng.choice(list(b"0.,:;?@-_\n\x00\xffne "))
        outcomes.append(readable_or_refused(format, tmp_path, bytes(mutant)))
    assert set(outcomes) == {True, False}
