"""A model file that is refused: named, with what it is by its content."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from onnxes import one, saved

from tinsmith.core.errors import Cancelled, UserError
from tinsmith.core.job import Job
from tinsmith.importers import IMPORTERS, read_model, read_suffixes
from tinsmith.ir.text import graph_hash

TFLITE = b"\x1c\x00\x00\x00TFL3" + bytes(64)


@pytest.mark.parametrize("name", ["m.onnx", "m.bin", "m.json", "m.h5"])
def test_a_file_under_another_ones_suffix_is_told_by_its_content(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(TFLITE)
    with pytest.raises(UserError, match=name) as e:
        read_model(tmp_path / name)
    assert e.value.hint == "By its content it is a .tflite file: rename it."


def test_a_file_of_hdf5_is_a_keras_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.tflite", "w") as f:
        f["x"] = 1
    with pytest.raises(UserError, match=r"m\.tflite: .*TFL3") as e:
        read_model(tmp_path / "m.tflite")
    assert "a .h5 file" in e.value.hint


def test_a_broken_file_under_its_own_suffix_keeps_the_importers_hint(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(TFLITE)
    with pytest.raises(UserError, match=r"^m\.tflite: ") as e:
        read_model(tmp_path / "m.tflite")
    assert e.value.code.startswith("import.tflite.") and "rename" not in e.value.hint


def test_a_missing_file_is_no_riddle(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'none\.bin'") as e:
        read_model(tmp_path / "none.bin")
    assert ".tflite" in e.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "m.json: The file holds no object"),
        (b"hello", "m.json: The file holds no object"),
        (b"{}", "m.json: The file has no key 'learner'"),
        (b'\t{\t"learner": 1', "m.json: The file is no JSON"),
        (b"{i\x01", "m.json: 1 bytes are wanted at byte 3 of 3"),
    ],
)
def test_text_that_is_no_model_of_xgboost_is_read_as_text(
    content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_model(tmp_path / "m.json")


def test_the_semantics_of_onnx_are_its_own(tmp_path: Path) -> None:
    path = saved(one("Relu", [np.zeros((1, 4), np.float32)], (1, 4)), tmp_path)
    assert graph_hash(read_model(path, semantics="onnx")) == graph_hash(read_model(path))
    with pytest.raises(UserError, match="Semantics 'litert' are not known") as e:
        read_model(path, semantics="litert")
    assert e.value.hint == "Known: onnx."


@pytest.mark.parametrize("field", ["suffixes", "refused", "magic", "semantics"])
def test_listings_say_what_the_importers_are(field: str) -> None:
    """They are read from the text of the declarations, without importing them."""
    for importer in IMPORTERS.all():
        assert IMPORTERS.listing(importer.name, field) == getattr(importer, field)


def test_reading_one_format_loads_no_other() -> None:
    script = (
        "import sys, pathlib, tinsmith.importers as i\n"
        "try:\n i.read_model(pathlib.Path('none.tflite'))\nexcept Exception as e: print(e)\n"
        "own = [m for m in sys.modules if m.startswith('tinsmith.importers.')]\n"
        "print({m.split('.')[2] for m in own} - {'_frame'})"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "{'tflite'}", ran.stdout + ran.stderr


@pytest.mark.parametrize("suffix", read_suffixes())
def test_every_reader_of_files_knows_its_job(suffix: str, tmp_path: Path) -> None:
    """What is read here is no model; who cancelled does not come to hear that."""
    path, job = tmp_path / f"m{suffix}", Job()
    path.write_bytes(b"nothing")
    with pytest.raises(UserError):
        read_model(path, job=job)
    job.cancel()
    with pytest.raises(Cancelled):
        read_model(path, job=job)


@pytest.mark.parametrize(("name", "told"), [("list", "model_list"), ("audio", "")])
def test_a_model_that_is_called_otherwise_in_c_says_so(
    name: str, told: str, tmp_path: Path
) -> None:
    path = saved(one("Relu", [np.zeros((1, 4), np.float32)], (1, 4)), tmp_path)
    notes = read_model(path.rename(tmp_path / f"{name}.onnx")).notes
    assert len(notes) == bool(told) and told in "".join(notes)
