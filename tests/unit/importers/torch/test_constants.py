"""Constants of a graph do not grow with the length of the signal, and norms leave none behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.codegen.compile import lower  # noqa: E402
from tinsmith.importers import IMPORTERS, read_model  # noqa: E402
from tinsmith.importers.torch.pt2 import save  # noqa: E402
from tinsmith.ir.graph import Graph  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402
from tinsmith.ir.rules import verify  # noqa: E402

nn, F = torch.nn, torch.nn.functional
TOLERANCE = 1e-5


class Call(nn.Module):
    """A function as a module; w has a number per channel."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.w = nn.Parameter(torch.tensor([[0.5], [-1.5], [2.0]]))

    def forward(self, x: Any) -> Any:
        return self.function(x, self.w)


def series(*layers: Any) -> Any:
    return nn.Sequential(*layers)


def steps_first(*layers: Any) -> Any:
    return nn.Sequential(Call(lambda x, w: x.transpose(1, 2)), *layers)


MODULES: dict[str, Callable[[], Any]] = {
    "norm": lambda: nn.BatchNorm1d(3),
    "conv": lambda: series(nn.Conv1d(3, 16, 5), nn.BatchNorm1d(16)),
    "depthwise": lambda: series(nn.Conv1d(3, 6, 5, groups=3), nn.BatchNorm1d(6)),
    "transposed": lambda: series(nn.ConvTranspose1d(3, 4, 3, 2), nn.BatchNorm1d(4)),
    "norm behind relu": lambda: series(
        nn.Conv1d(3, 16, 5), nn.ReLU(), nn.BatchNorm1d(16), nn.Conv1d(16, 4, 3)
    ),
    "instance norm": lambda: nn.InstanceNorm1d(3, affine=True),
    "group norm": lambda: series(nn.Conv1d(3, 4, 3), nn.GroupNorm(2, 4)),
    "layer norm": lambda: steps_first(nn.LayerNorm(3)),
    "response norm": lambda: nn.LocalResponseNorm(2),
    "prelu": lambda: nn.PReLU(3),
    "attention": lambda: steps_first(nn.TransformerEncoderLayer(3, 1, 8, batch_first=True)),
    "lstm": lambda: steps_first(nn.LSTM(3, 5, batch_first=True)),
    "average": lambda: nn.AvgPool1d(3, 1, 1, count_include_pad=False),
    "per channel": lambda: Call(lambda x, w: (x * w + w) / w - w),
    "channels first operand": lambda: Call(lambda x, w: w - x + w / (2 + x * x)),
    "numbers": lambda: Call(lambda x, w: (1 - x) * (2 / (1 + x * x)) + 2.0 ** (-x * x)),
    "filled": lambda: Call(lambda x, w: x * torch.full_like(x, 0.5) + torch.ones_like(x)),
    "zeros": lambda: Call(lambda x, w: torch.where(x > 0, x, torch.zeros_like(x))),
    "made": lambda: Call(lambda x, w: x + torch.zeros(x.shape) + x.new_ones(x.shape)),
    "joined": lambda: Call(lambda x, w: torch.cat([x, torch.zeros_like(x)], 1)),
    "expanded": lambda: Call(lambda x, w: x * w.expand_as(x)),
    "repeats x": lambda: Call(lambda x, w: x.mean(2, keepdim=True) + torch.ones(x.shape)),
    "largest": lambda: Call(lambda x, w: torch.maximum(x, w) + torch.clamp(x, w, w + 1)),
    "chosen": lambda: Call(lambda x, w: torch.where(x > w, x, w)),
    "masked": lambda: Call(lambda x, w: x.masked_fill(x > 0, -1.0)),
    "rolled": lambda: Call(lambda x, w: x.roll((3, -2), (2, 1)).roll(0, 2)),
    "mixed": lambda: Call(lambda x, w: torch.lerp(x, w, 0.3) + torch.addcmul(x, x, w)),
    "curves": lambda: series(nn.Softplus(), nn.SELU(), nn.Hardswish(), nn.Softshrink(), nn.GELU()),
}


def made(name: str) -> Any:
    torch.manual_seed(5)
    module = MODULES[name]().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            for array in (part.running_mean, part.weight, part.bias):
                array.detach().normal_()
            part.running_var.uniform_(0.5, 2)
    return module


def loaded(module: Any, steps: int) -> Graph:
    """The graph, after it was seen to compute what torch computes."""
    x = np.random.default_rng(6).normal(size=(1, 3, steps)).astype(np.float32)
    graph = IMPORTERS.get("torch").load(module, [x], "net")
    verify(graph)
    got = Interpreter(graph).run({graph.inputs[0]: x})[graph.outputs[0]]
    with torch.no_grad():
        wanted = module(torch.from_numpy(x))
    want = (wanted[0] if isinstance(wanted, tuple) else wanted).numpy()
    assert got.shape == want.shape and np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
    return graph


def constant_bytes(graph: Graph) -> int:
    return sum(c.nbytes for c in graph.constants.values())


@pytest.mark.parametrize("name", MODULES)
def test_constants_do_not_grow_with_the_signal(name: str) -> None:
    module = made(name)
    short, long = (constant_bytes(loaded(module, steps)) for steps in (40, 56))
    assert short == long


def test_a_norm_between_convolutions_is_compiled_per_channel() -> None:
    """It is not folded; nothing is moved for it, and its constants are one number per channel."""
    short, long = (lower(loaded(made("norm behind relu"), steps)) for steps in (40, 56))
    assert constant_bytes(short) == constant_bytes(long)
    assert [n.op for n in short.nodes].count("strided") == 2  # of the input, and of the result


def test_a_folded_norm_costs_nothing(tmp_path: Path) -> None:
    """Conv1d(3, 16, 5) on 52 samples: 960 B of weights and 64 B of biases."""
    module, x = made("conv"), np.zeros((1, 3, 52), np.float32)
    for graph in (
        read_model(save(module, [x], tmp_path / "m")),
        IMPORTERS.get("torch").load(module, [x], "net"),
    ):
        assert constant_bytes(lower(graph)) == 1024
        assert not {n.op for n in graph.nodes} & {"mul", "add"}


def test_a_norm_of_a_channel_that_never_varies() -> None:
    """Its factor is as large as epsilon allows; one that no weight can hold stays a norm."""
    module = series(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4)).eval()
    module[1].running_var.fill_(0)
    assert not {n.op for n in loaded(module, 20).nodes} & {"mul", "add"}
    module[1].weight.detach().fill_(1e35)
    module[0].weight.detach().mul_(1e5)
    graph = IMPORTERS.get("torch").load(module, [np.zeros((1, 3, 20), np.float32)], "net")
    assert "mul" in {n.op for n in graph.nodes}
    assert all(np.isfinite(c).all() for c in graph.constants.values())
