"""Exported programs read from files: what torch computes, and to the bit what the live importer
makes of the same module."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.importers import IMPORTERS, read_model  # noqa: E402
from tinsmith.importers._frame import converted  # noqa: E402
from tinsmith.ir.graph import Graph  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402

nn, F = torch.nn, torch.nn.functional
PICTURE, SERIES, ROW = (1, 4, 9, 8), (1, 6, 4), (1, 12)
TOLERANCE = 1e-5
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Call(nn.Module):
    """A function of inputs and of layers as a module."""

    def __init__(self, function: Callable[..., Any], *layers: Any) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)
        self.register_buffer("row", torch.arange(12.0).reshape(1, 12) / 5)
        self.register_buffer("turned", torch.randn(12, 3).t(), persistent=False)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs, *self.layers)


class Inverted(nn.Module):
    """A block of MobileNetV2: expansion, depthwise, projection, and a way around."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Sequential(
            nn.Conv2d(4, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(True)
        )
        self.deep = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(True)
        )
        self.project = nn.Conv2d(8, 4, 1)

    def forward(self, x: Any) -> Any:
        return x + self.project(self.deep(self.expand(x)))


def layers(*made: Any) -> Any:
    return nn.Sequential(*made)


def attention(self: Any, x: Any, projection: Any) -> Any:
    q, k, v = projection(x).chunk(3, -1)
    return torch.softmax(q @ k.transpose(1, 2) / 2.0, -1) @ v


def many_in_place() -> Any:
    return layers(nn.Conv2d(4, 4, 3), nn.ReLU(True), nn.Hardswish(True), nn.LeakyReLU(0.2, True))


def turned(self: Any, x: Any) -> Any:
    return x.view(1, 3, 4).permute(0, 2, 1).reshape(1, 12)[:, 2:]


def with_constants(self: Any, x: Any) -> Any:
    return (x + self.row) @ self.turned.t() * torch.tensor([1.0, 2.0, 0.5])


def with_numbers(self: Any, x: Any) -> Any:
    return x * torch.arange(12) + torch.full((12,), 0.5) + torch.ones_like(x)


def several(self: Any, x: Any) -> Any:
    return {
        "parts": x.split([5, 7], 1),
        "largest": tuple(x.max(1)),
        "twice": [x, x + 1, x],
        "none": None,
    }


def infinite(self: Any, x: Any) -> Any:
    return torch.where(x > 0, x, float("-inf")).clamp(-3.0, float("inf"))


def normed() -> Any:
    return layers(
        nn.Conv2d(4, 6, 3, padding="same"), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.4), nn.Flatten(), nn.Linear(96, 2),
    )  # fmt: skip


MODELS: dict[str, tuple[Callable[[], Any], tuple[tuple[int, ...], ...]]] = {
    "dense": (lambda: layers(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(-1)), (ROW,)),
    "conv": (normed, (PICTURE,)),
    "written in place": (many_in_place, (PICTURE,)),
    "inverted": (Inverted, (PICTURE,)),
    "conv1d": (lambda: layers(nn.Conv1d(6, 3, 3, 2, 1), nn.SiLU(), nn.AvgPool1d(2)), (SERIES,)),
    "largest": (lambda: layers(nn.AdaptiveMaxPool2d((3, 2)), nn.InstanceNorm2d(4)), (PICTURE,)),
    "encoder": (lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), (SERIES,)),
    "transposed": (lambda: nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1), (PICTURE,)),
    "pooled": (lambda: layers(nn.AvgPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(1)), (PICTURE,)),
    "lstm": (lambda: nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True), (SERIES,)),
    "gru": (lambda: nn.GRU(4, 3, batch_first=True), (SERIES,)),
    "rnn": (lambda: nn.RNN(4, 3, nonlinearity="relu", bias=False), (SERIES,)),
    "attention": (lambda: Call(attention, nn.Linear(4, 12)), (SERIES,)),
    "layer norm": (lambda: layers(nn.LayerNorm(4), nn.GELU()), (SERIES,)),
    "group norm": (lambda: layers(nn.GroupNorm(2, 4), nn.PReLU(4)), (PICTURE,)),
    "resized": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (PICTURE,)),
    "two inputs": (lambda: Call(lambda s, x, y: torch.cat([x, y * s.row], 1)), (ROW, ROW)),
    "views": (lambda: Call(turned), (ROW,)),
    "constants": (lambda: Call(with_constants), (ROW,)),
    "made of numbers": (lambda: Call(with_numbers), (ROW,)),
    "several results": (lambda: Call(several), (ROW,)),
    "infinite numbers": (lambda: Call(infinite), (ROW,)),
    "embedding": (lambda: Call(lambda s, x, e: e(x.to(torch.int64)), nn.Embedding(9, 3)), (ROW,)),
}


def saved(module: Any, inputs: list[np.ndarray], path: Path) -> Path:
    program = torch.export.export(module.eval(), tuple(map(torch.from_numpy, inputs)), strict=False)
    torch.export.save(program, path)
    return path


def made(name: str, folder: Path) -> tuple[Any, list[np.ndarray], Path]:
    torch.manual_seed(3)
    make, shapes = MODELS[name]
    rng = np.random.default_rng(4)
    module = make().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 2)
            part.running_mean.normal_()
    inputs = [rng.uniform(-2, 2, shape).astype(np.float32) for shape in shapes]
    if name == "embedding":
        inputs = [rng.integers(0, 9, ROW).astype(np.float32)]
    return module, inputs, saved(module, inputs, folder / "m.pt2")


def results(graph: Graph, inputs: list[np.ndarray]) -> list[np.ndarray]:
    values = Interpreter(graph).run(dict(zip(graph.inputs, inputs, strict=True)))
    return [values[name] for name in graph.outputs]


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return flat(list(value.values()))
    if isinstance(value, tuple | list):
        return [leaf for inner in value for leaf in flat(inner)]
    return [] if value is None else [value.detach().numpy()]


@pytest.mark.parametrize("name", MODELS)
def test_a_file_computes_what_the_module_computes(name: str, tmp_path: Path) -> None:
    module, inputs, path = made(name, tmp_path)
    graph = converted("tinsmith.importers.torch.convert:convert", path, "net", ())
    live = IMPORTERS.get("torch").load(module, inputs, "net")
    got = results(graph, inputs)
    with torch.no_grad():
        wanted = flat(module(*map(torch.from_numpy, inputs)))
    for mine, theirs, want in zip(got, results(live, inputs), wanted, strict=True):
        assert mine.dtype == theirs.dtype == want.dtype
        assert mine.shape == want.shape and mine.tobytes() == theirs.tobytes()
        finite = np.isfinite(want)
        largest = max(1e-3, float(np.abs(want[finite]).max()))
        assert (np.abs(mine[finite] - want[finite]) <= TOLERANCE * largest).all()
        assert np.array_equal(mine[~finite], want[~finite])
    assert [n.stage for n in graph.nodes] == [n.stage for n in live.nodes]


@pytest.mark.parametrize(("shape", "said"), [((4, 3, 9), True), ((1, 3, 9), False)])
def test_a_batch_is_said(shape: tuple[int, ...], said: bool, tmp_path: Path) -> None:
    path = saved(nn.Conv1d(3, 2, 3), [np.zeros(shape, np.float32)], tmp_path / "m.pt2")
    graph = read_model(path)
    note = (
        "It was exported for a batch of 4: one run takes 4 samples. Export from an example of "
        "batch size 1 to run one at a time."
    )
    assert graph.notes == ((note,) if said else ())


def test_what_may_be_no_batch_is_not_said(tmp_path: Path) -> None:
    """A series without a batch, from which one row of scores comes."""
    module = Call(lambda s, x, dense: dense(x).mean(0), nn.Linear(6, 3))
    path = saved(module, [np.zeros((9, 6), np.float32)], tmp_path / "m.pt2")
    assert not read_model(path).notes
