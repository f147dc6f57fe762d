"""Inputs and outputs of model files: defaults that others can repeat, files that are refused."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from inputs import lcg_bytes

from tinsmith.core.errors import UserError
from tinsmith.flow.drawn import default_inputs
from tinsmith.flow.model_inputs import read_inputs, write_outputs
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import Quant, TensorType


def graph(*types: TensorType) -> Graph:
    b = Builder("taking")
    names = [b.input(f"x{i}", t) for i, t in enumerate(types)]
    return b.build(names)


ALL = graph(
    TensorType((1, 3), "int8"),
    TensorType((2, 2), "int16"),
    TensorType((5,), "float32"),
    TensorType((3,), "uint8"),
    TensorType((2, 1), "bool"),
)


def test_the_generators_bytes_run_on_through_all_inputs_in_order() -> None:
    data = lcg_bytes(3 + 8 + 5 + 3 + 2)
    found = default_inputs(ALL)
    assert list(found) == ["x0", "x1", "x2", "x3", "x4"]
    assert {k: (v.shape, v.dtype.name) for k, v in found.items()} == {
        "x0": ((1, 1, 3), "int8"),
        "x1": ((1, 2, 2), "int16"),
        "x2": ((1, 5), "float32"),
        "x3": ((1, 3), "uint8"),
        "x4": ((1, 2, 1), "bool"),
    }
    signed = data.astype(np.int64) - 256 * (data > 127)
    assert found["x0"].ravel().tolist() == signed[:3].tolist()
    pairs = struct.unpack("<4h", data[3:11].tobytes())
    assert found["x1"].ravel().tolist() == list(pairs)
    assert found["x2"].ravel().tolist() == (signed[11:16] / 128).tolist()
    assert found["x3"].ravel().tolist() == data[16:19].tolist()
    assert found["x4"].ravel().tolist() == [bool(b & 1) for b in data[19:21]]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_other_integers_have_no_default_values(dtype: str) -> None:
    with pytest.raises(UserError, match=f"no default values for {dtype}") as e:
        default_inputs(graph(TensorType((2,), dtype)))  # type: ignore[arg-type]
    assert "--inputs" in e.value.hint


def saved(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


TWO = graph(TensorType((2,), "int8"), TensorType((3,), "float32"))
GOOD = {"in_0": np.ones((4, 2), np.int8), "in_1": np.zeros((4, 3), np.float32)}


def test_a_file_comes_in_under_the_models_names(tmp_path: Path) -> None:
    found = read_inputs(saved(tmp_path / "x.npz", **GOOD), TWO)
    assert list(found) == ["x0", "x1"]
    np.testing.assert_array_equal(found["x0"], GOOD["in_0"])
    big = {**GOOD, "in_1": np.arange(12, dtype=">f4").reshape(4, 3)}
    swapped = read_inputs(saved(tmp_path / "big.npz", **big), TWO)["x1"]
    assert swapped.dtype == np.float32 and swapped.dtype.isnative
    np.testing.assert_array_equal(swapped, big["in_1"])


def test_a_boolean_is_one_or_zero_whatever_byte_is_stored(tmp_path: Path) -> None:
    odd = np.array([[0, 1, 2, 255]], np.uint8).view(np.bool_)
    path = saved(tmp_path / "x.npz", in_0=odd)
    found = read_inputs(path, graph(TensorType((4,), "bool")))["x0"]
    assert found.view(np.uint8).tolist() == [[0, 1, 1, 1]]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"in_1": None}, "names", "There is no array 'in_1'"),
        ({"in_1": None, "in1": GOOD["in_1"]}, "names", "Did you mean 'in1'"),
        ({"in_2": GOOD["in_0"]}, "names", "'in_2' is no input"),
        ({"in_0": np.full((4, 2), 300, np.int16)}, "type", r"in_0 is int16\[4, 2\].*takes int8"),
        ({"in_0": np.ones((4, 3), np.int8)}, "type", r"int8\[4, 3\]"),
        ({"in_0": np.ones((4, 2, 2), np.int8)}, "type", r"int8\[4, 2, 2\].*int8\[case, 2\]"),
        ({"in_0": np.ones(2, np.int8)}, "case", r"int8\[2\]: one case without"),
        ({"in_1": np.ones(3, np.float32)}, "case", r"float32\[3\]: one case without"),
        ({"out": GOOD["in_0"]}, "names", "'out' is no input.*takes in_0, in_1"),
        ({"xout_0": GOOD["in_0"]}, "names", "'xout_0' is no input"),
        ({"in_0": np.int8(1)}, "type", r"int8\[\]"),
        ({"in_0": np.ones((3, 2), np.int8)}, "type", r"same number of cases.*\[3, 4\]"),
        ({"in_0": np.ones((4, 2), "datetime64[s]")}, "file", "no numbers"),
        ({"in_0": np.full((4, 2), "a")}, "file", "no numbers"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    change: dict, code: str, words: str, tmp_path: Path
) -> None:
    arrays = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    with pytest.raises(UserError, match=words) as e:
        read_inputs(saved(tmp_path / "x.npz", **arrays), TWO)
    assert e.value.code == f"model.inputs.{code}"


def test_reference_outputs_beside_the_inputs_are_passed_over(tmp_path: Path) -> None:
    beside = {
        k: np.ones((9, 9)) for k in ("out_0", "out_1", "out_12", "out_0_opt", "out_0_xnnpack")
    }
    heard: list[str] = []
    found = read_inputs(saved(tmp_path / "x.npz", **GOOD, **beside), TWO, heard.append)
    assert list(found) == ["x0", "x1"] and heard == []


def test_axes_of_length_one_are_mended_and_told(tmp_path: Path) -> None:
    model = graph(TensorType((1, 2, 1, 3), "int8"), TensorType((3,), "float32"))
    rows = np.arange(24, dtype=np.int8).reshape(4, 2, 3)
    path = saved(tmp_path / "x.npz", in_0=rows, in_1=np.ones((4, 1, 3), np.float32))
    heard: list[str] = []
    found = read_inputs(path, model, heard.append)
    np.testing.assert_array_equal(found["x0"], rows.reshape(4, 1, 2, 1, 3))
    assert found["x1"].shape == (4, 3)
    assert [h.count("reshaped") for h in heard] == [1, 1]
    assert "in_0 is int8[4, 2, 3]; the model takes int8[case, 1, 2, 1, 3]" in heard[0]


def test_one_case_without_its_axis_says_how_to_add_it(tmp_path: Path) -> None:
    model = graph(TensorType((2, 3), "int8"))
    with pytest.raises(UserError) as e:
        read_inputs(saved(tmp_path / "x.npz", in_0=np.ones((2, 3), np.int8)), model)
    assert e.value.code == "model.inputs.case" and "x[None]" in e.value.hint


@pytest.mark.parametrize("cases", [1, 5])
def test_a_batch_of_one_may_be_left_out(cases: int, tmp_path: Path) -> None:
    """Of one case it makes no difference which of the two axes is missing."""
    path = saved(tmp_path / "x.npz", in_0=np.ones((cases, 3), np.int8))
    assert read_inputs(path, graph(TensorType((1, 3), "int8")))["x0"].shape == (cases, 1, 3)


def test_a_wrong_dtype_says_how_to_convert(tmp_path: Path) -> None:
    model = graph(TensorType((2,), "int8", Quant((0.25,), (-3,))))
    real = saved(tmp_path / "x.npz", in_0=np.ones((4, 2), np.float32))
    with pytest.raises(UserError) as e:
        read_inputs(real, model)
    assert e.value.hint.startswith("Real values become integers by round(x / 0.25) + -3")
    with pytest.raises(UserError) as e:
        read_inputs(saved(tmp_path / "d.npz", **{**GOOD, "in_1": np.full((4, 3), 1e300)}), TWO)
    assert "x.astype(numpy.float32)" in e.value.hint


def test_what_is_converted_is_told(tmp_path: Path) -> None:
    heard: list[str] = []
    path = saved(tmp_path / "x.npz", **{**GOOD, "in_1": np.full((4, 3), 0.5)})
    found = read_inputs(path, TWO, heard.append)
    assert found["x1"].dtype == np.float32 and (found["x1"] == 0.5).all()
    assert len(heard) == 1 and heard[0].endswith(
        "in_1 is float64[4, 3]; the model takes float32[case, 3]: converted."
    )


def test_a_file_may_call_arrays_as_the_model_does_and_numbers_go_by_order(tmp_path: Path) -> None:
    named = saved(tmp_path / "x.npz", x1=GOOD["in_1"], x0=GOOD["in_0"])
    np.testing.assert_array_equal(read_inputs(named, TWO)["x1"], GOOD["in_1"])
    b = Builder("crossed")
    names = [b.input(n, TensorType((2,), "int8")) for n in ("in_1", "in_0")]
    path = saved(tmp_path / "y.npz", in_0=np.zeros((1, 2), "i1"), in_1=np.ones((1, 2), "i1"))
    found = read_inputs(path, b.build(names))
    assert (found["in_1"].max(), found["in_0"].max()) == (0, 1)
    twice = saved(tmp_path / "z.npz", in_0=GOOD["in_0"], x0=GOOD["in_0"], in_1=GOOD["in_1"])
    with pytest.raises(UserError, match="'x0' is no input"):
        read_inputs(twice, TWO)


def test_no_numbers_are_floats_too(tmp_path: Path) -> None:
    """NaN marks what is missing for models of trees."""
    path = saved(tmp_path / "x.npz", **{**GOOD, "in_1": np.full((4, 3), np.nan, np.float32)})
    assert np.isnan(read_inputs(path, TWO)["x1"]).all()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        read_inputs(tmp_path, TWO)


def test_no_cases_are_refused(tmp_path: Path) -> None:
    none = {k: v[:0] for k, v in GOOD.items()}
    with pytest.raises(UserError, match="at least 1"):
        read_inputs(saved(tmp_path / "x.npz", **none), TWO)


def archive(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(name, data)
    return out.getvalue()


class Bomb:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("touched-by-a-pickle"),))


def objects() -> bytes:
    out = io.BytesIO()
    np.savez(out, in_0=np.array([Bomb()], object))
    return out.getvalue()


def single() -> bytes:
    out = io.BytesIO()
    np.save(out, np.ones((1, 2), np.int8))
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no archive", pickle.dumps({"in_0": 1}), objects(), single(),
        archive("in_0.npy", b"\x93NUMPY\x01\x00\x04\x00abcd"),
        archive("in_0.npy", b"\x93NUMPY\x09\x00"),
        archive("in_0.txt", b"text"),
        archive("in_0.npy", b"\x93NUMPY\x01\x00\x3a\x00"
                b"{'descr': '|i1', 'fortran_order': False, 'shape': (9, 9)}\n"),
        archive("in_0.npy", single())[:-30],
    ],
)  # fmt: skip
def test_what_is_no_npz_of_numbers_is_refused(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.npz"
    path.write_bytes(data)
    with pytest.raises(UserError) as e:
        read_inputs(path, TWO)
    assert e.value.code in ("model.inputs.file", "model.inputs.names"), e.value
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_an_array_larger_than_memory_is_refused(tmp_path: Path) -> None:
    """The header promises 4 TB; the limits of the sandbox hold."""
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head
    path = tmp_path / "x.npz"
    path.write_bytes(archive("in_0.npy", data))
    with pytest.raises(UserError) as e:
        read_inputs(path, TWO)
    assert e.value.code in ("sandbox.memory", "model.inputs.file")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*x\.npz") as e:
        read_inputs(tmp_path / "x.npz", TWO)
    assert e.value.code == "model.inputs.file"


def test_outputs_are_written_in_order_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "there" / "y.npz"
    arrays = [np.arange(6, dtype=np.int16).reshape(2, 3), np.ones((2, 1), np.float32)]
    write_outputs(path, arrays)
    with np.load(path) as found:
        assert found.files == ["out_0", "out_1"]
        for i, want in enumerate(arrays):
            np.testing.assert_array_equal(found[f"out_{i}"], want)
            assert found[f"out_{i}"].dtype == want.dtype
    first = path.read_bytes()
    write_outputs(path, arrays)
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["y.npz"]
