"""Exported programs that are refused, as PyTorch itself saves them, and odd ones that are read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hostile.mutate import zipped  # noqa: E402
from hostile.programs import document, members  # noqa: E402

from tinsmith.core.errors import UserError  # noqa: E402
from tinsmith.importers import IMPORTERS, read_model  # noqa: E402
from tinsmith.importers.torch.convert import convert  # noqa: E402
from tinsmith.importers.torch.pt2 import save  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Call(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("kept", torch.ones(1, 4))

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def export(module: Any, x: Any = None, **more: Any) -> Any:
    x = torch.linspace(-1, 2, 4).reshape(1, 4) if x is None else x
    return torch.export.export(module.eval(), (x,), strict=False, **more)


def saved(folder: Path, function: Callable[..., Any]) -> Path:
    torch.export.save(export(Call(function)), folder / "m.pt2")
    return folder / "m.pt2"


def refused(path: Path, code: str) -> str:
    with pytest.raises(UserError) as e:
        convert(path, "net")
    assert e.value.code == f"import.pt2.{code}"
    return f"{e.value.message} {e.value.hint}"


def run(path: Path, x: Any) -> np.ndarray:
    graph = convert(path, "net")
    values = Interpreter(graph).run({graph.inputs[0]: x.numpy()})
    return values[graph.outputs[0]]


def test_the_door_reads_in_the_sandbox_and_names_the_file(tmp_path: Path) -> None:
    graph = read_model(saved(tmp_path, lambda s, x: x * s.kept))
    assert (graph.name, graph.dialect, len(graph.nodes)) == ("m", "float", 1)
    path = saved(tmp_path, lambda s, x: torch.fft.rfft(x).abs())
    with pytest.raises(UserError, match=r"m\.pt2: Operation 'aten\.fft_rfft") as e:
        read_model(path)
    assert e.value.code == "import.pt2.op"


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt"])
def test_pickles_are_not_opened(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="pickle") as e:
        read_model(tmp_path / f"model{suffix}")
    assert e.value.code == "import.pt2.pickle" and "torch.export.save" in e.value.hint


def test_pickles_by_another_name(tmp_path: Path) -> None:
    module = nn.Linear(4, 2)
    torch.save(module.state_dict(), tmp_path / "saved.pt2")
    assert "torch.save" in refused(tmp_path / "saved.pt2", "pickle")
    torch.jit.trace(module, torch.ones(1, 4)).save(tmp_path / "script.pt2")
    assert "TorchScript" in refused(tmp_path / "script.pt2", "pickle")


def test_open_sizes(tmp_path: Path) -> None:
    sizes = {"x": {0: torch.export.Dim("batch")}}
    program = torch.export.export(
        nn.Linear(4, 2), (torch.ones(3, 4),), dynamic_shapes=({0: sizes["x"][0]},)
    )
    torch.export.save(program, tmp_path / "m.pt2")
    assert "dynamic_shapes" in refused(tmp_path / "m.pt2", "shape")


def test_other_types(tmp_path: Path) -> None:
    torch.export.save(export(nn.Linear(4, 2).half(), torch.ones(1, 4).half()), tmp_path / "m.pt2")
    assert "float16" in refused(tmp_path / "m.pt2", "type")


def write_to_buffer(s: Any, x: Any) -> Any:
    s.kept.add_(x)
    return s.kept * 2


def write_to_input(s: Any, x: Any) -> Any:
    return x.mul_(2) + 1


def write_to_parameter(s: Any, x: Any) -> Any:
    return s.kept.view(2, 2).mul_(2).reshape(1, 4) + x


@pytest.mark.parametrize("function", [write_to_buffer, write_to_parameter])
def test_what_a_module_keeps(function: Callable[..., Any], tmp_path: Path) -> None:
    assert "clone before you write" in refused(saved(tmp_path, function), "state")


@pytest.mark.parametrize("decomposed", [False, True])
def test_an_input_that_is_written_is_only_read(decomposed: bool, tmp_path: Path) -> None:
    program = export(Call(write_to_input))
    program = program.run_decompositions({}) if decomposed else program
    torch.export.save(program, tmp_path / "m.pt2")
    x = torch.linspace(-1, 2, 4).reshape(1, 4)
    assert np.array_equal(run(tmp_path / "m.pt2", x), (x * 2 + 1).numpy())


def test_a_buffer_that_functional_programs_write(tmp_path: Path) -> None:
    program = export(Call(write_to_buffer)).run_decompositions({})
    torch.export.save(program, tmp_path / "m.pt2")
    assert "'kept'" in refused(tmp_path / "m.pt2", "state")


def write_to_view(s: Any, x: Any) -> Any:
    y = x * 2
    y.view(2, 2).relu_()
    return y + 1


def return_what_a_view_writes(s: Any, x: Any) -> Any:
    y = x * 2
    y[:, 1:3].relu_()
    return y


@pytest.mark.parametrize("function", [write_to_view, return_what_a_view_writes])
def test_memory_that_another_name_reads(function: Callable[..., Any], tmp_path: Path) -> None:
    assert "reads afterwards" in refused(saved(tmp_path, function), "op")


def write_in_place(s: Any, x: Any) -> Any:
    y = x * 2
    y.relu_()
    y.view(2, 2)
    return (y + y).add_(0.5).clamp_(max=3.0)


def test_writes_that_nothing_else_sees(tmp_path: Path) -> None:
    path = saved(tmp_path, write_in_place)
    x = torch.linspace(-1, 2, 4).reshape(1, 4)
    assert np.array_equal(run(path, x), write_in_place(None, x).numpy())


def test_no_tensor_as_a_result(tmp_path: Path) -> None:
    torch.export.save(export(Call(lambda s, x: (x * 2, 3))), tmp_path / "m.pt2")
    assert "no tensor" in refused(tmp_path / "m.pt2", "output")


def test_a_branch_is_named(tmp_path: Path) -> None:
    def branch(s: Any, x: Any) -> Any:
        return torch.cond(x.sum() > 0, lambda y: y * 2, lambda y: y + 1, (x,))

    assert "cond" in refused(saved(tmp_path, branch), "op")


def test_several_methods(tmp_path: Path) -> None:
    from torch.export.pt2_archive._package import package_pt2

    programs = {n: export(nn.Linear(4, 2)) for n in ("first", "second")}
    package_pt2(str(tmp_path / "m.pt2"), exported_programs=programs)
    assert "first, second" in refused(tmp_path / "m.pt2", "methods")
    package_pt2(str(tmp_path / "one.pt2"), exported_programs={"first": programs["first"]})
    assert convert(tmp_path / "one.pt2", "net").nodes


def test_weights_that_share_memory_and_lie_askew(tmp_path: Path) -> None:
    module = nn.Linear(4, 3)
    whole = torch.arange(40.0).reshape(4, 10)
    module.weight = nn.Parameter(whole[:, 3:6].t())
    module.bias = nn.Parameter(whole[2, 1:4])
    torch.export.save(export(module), tmp_path / "m.pt2")
    graph = convert(tmp_path / "m.pt2", "net")
    assert any(np.array_equal(c, module.weight.detach()) for c in graph.constants.values())
    x = torch.ones(1, 4)
    assert np.allclose(run(tmp_path / "m.pt2", x), module(x).detach())


class Standardised(nn.Conv1d):
    """Its weight is computed from a parameter."""

    def forward(self, x: Any) -> Any:
        w = self.weight - self.weight.mean((1, 2), keepdim=True)
        return nn.functional.conv1d(x, w.flip(2) * 2.5, self.bias)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 3)),
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 3), dim=1),
        lambda: Standardised(3, 4, 3),
    ],
)
def test_weights_that_are_computed_are_known(make: Callable[[], Any], tmp_path: Path) -> None:
    torch.manual_seed(2)
    module, x = make(), torch.linspace(-1, 1, 18).reshape(1, 3, 6)
    torch.export.save(export(module, x), tmp_path / "m.pt2")
    assert not {n.op for n in convert(tmp_path / "m.pt2", "net").nodes} & {"sub", "mul", "div"}
    want = module(x).detach().numpy()
    assert np.abs(run(tmp_path / "m.pt2", x) - want).max() <= 1e-5 * np.abs(want).max()


def test_modules_of_any_name(tmp_path: Path) -> None:
    blocks = nn.ModuleDict({"my-layer (1)": nn.Linear(4, 2)})
    module = Call(lambda s, x: s.blocks["my-layer (1)"](x))
    module.blocks = blocks
    torch.export.save(export(module), tmp_path / "m.pt2")
    assert convert(tmp_path / "m.pt2", "net").nodes


def test_save_lets_torch_decompose_first(tmp_path: Path) -> None:
    class Gated(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.nn.functional.glu(x).mul_(2)

    x = torch.linspace(-1, 2, 4).reshape(1, 4)
    torch.export.save(export(Gated()), tmp_path / "plain.pt2")
    assert "importers.torch.pt2.save" in refused(tmp_path / "plain.pt2", "op")
    path = save(Gated(), [x.numpy()], tmp_path / "gated")
    assert path.name == "gated.pt2"
    assert np.allclose(run(path, x), Gated()(x))
    with pytest.raises(UserError, match="does not end"):
        save(Gated(), [x.numpy()], tmp_path / "gated.onnx")


def test_what_a_crafted_program_computes(tmp_path: Path) -> None:
    path = tmp_path / "m.pt2"
    path.write_bytes(zipped(members(document())))
    x = torch.tensor([[1.0, -2.0, 0.5]])
    assert np.array_equal(run(path, x), np.maximum([[-1 + 1.0, 3 - 8 + 2.5 + 1]], 0).astype("f4"))


def test_every_row_of_the_support_table_is_a_live_operation_too() -> None:
    rows = {r.operator for r in IMPORTERS.get("pt2").support()}
    assert rows and rows <= {r.operator for r in IMPORTERS.get("torch").support()}
    assert "aten.conv2d.default" in rows
