"""Golden vectors of a model file: seeded, of its own types, one sequence where it has states."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import mixed_graph

from tinsmith.core.errors import UnknownKind, UserError
from tinsmith.core.progress import Silent
from tinsmith.flow.drawn import seeded_inputs
from tinsmith.flow.golden import golden_of
from tinsmith.flow.journal import Nobody
from tinsmith.flow.model_inputs import read_inputs
from tinsmith.flow.open import open_project
from tinsmith.flow.package import PackageOptions, package_model, package_project
from tinsmith.flow.start import begin
from tinsmith.flow.steps import Steps
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.store import dumps
from tinsmith.ir.types import TensorType


def with_inputs(*dtypes: str) -> Graph:
    b = Builder("many")
    for dtype in dtypes:
        b.input(f"in_{dtype}", TensorType((2, 3), dtype))
    return b.build([b.op("relu", "in_float32")])


def test_inputs_are_seeded_and_of_the_models_types() -> None:
    dtypes = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
    graph = with_inputs(*dtypes)
    drawn = [seeded_inputs(graph, 1, 2000) for _ in range(2)]
    for dtype in dtypes:
        one, two = (d[f"in_{dtype}"] for d in drawn)
        assert one.dtype.name == dtype and one.shape == (2000, 2, 3)
        assert one.tobytes() == two.tobytes()
    first = drawn[0]
    assert (first["in_int8"].min(), first["in_int8"].max()) == (-128, 127)
    assert (first["in_uint8"].min(), first["in_uint8"].max()) == (0, 255)
    assert set(np.unique(first["in_int64"])) == {0, 1}


def test_a_model_with_states_gets_one_sequence() -> None:
    found = golden_of(mixed_graph())
    assert not found.reset_each
    kept = run_cases(mixed_graph(), found.inputs, reset_each=False)
    again = run_cases(mixed_graph(), found.inputs, reset_each=True)
    assert found.outputs["share"].tobytes() == kept["share"].tobytes()
    assert found.outputs["share"].tobytes() != again["share"].tobytes()


def test_golden_inputs_of_a_file_are_taken(tmp_path: Path, rng: np.random.Generator) -> None:
    mine = rng.normal(size=(2, 1, 12)).astype(np.float32)
    np.savez(tmp_path / "x.npz", in_0=mine)
    found = golden_of(mixed_graph(), read_inputs(tmp_path / "x.npz", mixed_graph()))
    np.testing.assert_array_equal(found.inputs["x"], mine)
    assert len(found.outputs["sums"]) == 2


def test_kinds_are_asked_for_by_name_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No package kind") as e:
        package_model(tmp_path / "none.tflite", PackageOptions((), tmp_path, cache=tmp_path))
    assert e.value.code == "package.kind" and "zephyr" in e.value.hint
    with pytest.raises(UnknownKind, match="c_library"):
        package_model(
            tmp_path / "none.tflite", PackageOptions(("c_librari",), tmp_path, cache=tmp_path)
        )


@pytest.mark.parametrize("name", ["größe", "9lives", "a b", "_x", "a-b", "a" * 65])
def test_a_name_that_was_asked_for_is_not_changed_behind_ones_back(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no name in C") as e:
        package_model(
            tmp_path / "none", PackageOptions(("wasm",), tmp_path, name=name, cache=tmp_path)
        )
    assert e.value.code == "model.name"
    way_out = e.value.hint.rpartition(": ")[2]
    with pytest.raises(UserError, match="There is no file"):
        package_model(
            tmp_path / "none", PackageOptions(("wasm",), tmp_path, name=way_out, cache=tmp_path)
        )


@pytest.mark.parametrize(
    ("name", "whose"),
    [("string", "C"), ("Arduino", "Arduino"), ("wire", "Arduino"), ("SPI", "Arduino"),
     ("core_cm4", "CMSIS"), ("pthread", "POSIX"), ("esp_log", "ESP-IDF"), ("ts_x", "ours")],
)  # fmt: skip
def test_a_name_that_is_taken_is_refused(name: str, whose: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is taken") as e:
        package_model(
            tmp_path / "none", PackageOptions(("wasm",), tmp_path, name=name, cache=tmp_path)
        )
    assert e.value.code == "model.name" and e.value.hint.endswith(f": model_{name}")
    assert e.value.message.endswith(f"{whose}.")


@pytest.mark.parametrize(
    ("options", "code"),
    [({"version": "1.0"}, "package.version"), ({"version": "v1.0.0"}, "package.version"),
     ({"kinds": ("wasm", "slot_module")}, "build.board.host")],
)  # fmt: skip
def test_what_no_package_can_be_is_told_before_the_model_is_read(
    options: dict, code: str, tmp_path: Path
) -> None:
    asked = PackageOptions(**{"kinds": ("wasm",), "output": tmp_path, "cache": tmp_path, **options})
    with pytest.raises(UserError) as e:
        package_model(tmp_path / "none", asked)
    assert e.value.code == code and e.value.hint
    with pytest.raises(UserError) as e:
        package_project(project(tmp_path), ["host"], asked)  # has no recordings: no step can run
    assert e.value.code == code


def test_a_projects_toolchain_is_known_before_its_first_step(
    tmp_path: Path, require_tool: Callable[..., str]
) -> None:
    require_tool("arm-none-eabi-gcc")
    asked = PackageOptions(("wasm",), tmp_path, toolchain="arm_gcc", cache=tmp_path)
    with pytest.raises(UserError, match="no such pair"):
        package_project(project(tmp_path), ["rpi_pico", "esp32_c3"], asked)


def project(folder: Path) -> Steps:
    """A project with a recording that cannot be read."""
    begin(folder, [], [], Silent())
    (folder / "recordings").mkdir()
    (folder / "recordings" / "a.csv").write_text("")
    return open_project(folder, Nobody(), folder / "user")


@pytest.mark.parametrize(
    ("file", "name", "symbol"),
    [("My model-2.tinsmith", "", "My_model_2"), ("2nd.tinsmith", "", "m_2nd"),
     ("x.tinsmith", "wrist", "wrist"), (f"{'long' * 20}.tinsmith", "", "long" * 16)],
)  # fmt: skip
def test_a_package_is_called_as_the_file_or_as_asked(
    file: str, name: str, symbol: str, tmp_path: Path
) -> None:
    """Not as the graph inside, which may come from a file of another name."""
    (tmp_path / file).write_bytes(dumps(mixed_graph()))
    cache = Path(__file__).resolve().parents[3] / ".tools"
    options = PackageOptions(("c_library",), tmp_path / "out", name=name, cache=cache)
    (packed,) = package_model(tmp_path / file, options)
    assert packed.path.name == f"{symbol}-c-library.zip"
    with zipfile.ZipFile(packed.path) as archive:
        header = archive.read(f"{symbol}/{symbol}.h").decode()
    assert f"int32_t {symbol}_run(" in header and "mixed" not in header


def test_a_place_that_cannot_be_written_is_told_before_the_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = PackageOptions(("wasm",), tmp_path / "file", name="a" * 64, cache=tmp_path)
    with pytest.raises(UserError, match="is a file") as e:
        package_model(tmp_path / "none", options)
    assert e.value.code == "output.place"
