"""What torch's exporter writes, with an open batch: the interpreter gives torch's numbers."""

import io
import warnings
from typing import Any

import numpy as np
import pytest

from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.interp import run_cases

torch = pytest.importorskip("torch")
nn: Any = torch.nn


class Attention(nn.Module):  # type: ignore[misc]
    """A layer of a transformer, a mean over the sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.encode(x).mean(1))


class Sequence(nn.Module):  # type: ignore[misc]
    """LSTM in both directions, GRU, the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.both = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(10, 4, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.gru(self.both(x)[0])[0][:, -1])


class Picture(nn.Module):  # type: ignore[misc]
    """Writing into a tensor, convolutions, norms, resizing, pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Hardswish(),
            nn.Upsample(scale_factor=2, mode="bilinear"), nn.ConvTranspose2d(8, 4, 2, 2),
            nn.GroupNorm(2, 4), nn.PReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
            nn.Linear(16, 4), nn.LogSoftmax(-1),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        y = x.clone()
        y[:, 0] = y[:, 0] * 2
        y[:, 1, 2:4] = 0.5
        return self.net(y)


NETS = {"attention": (Attention, (1, 7, 16)), "sequence": (Sequence, (1, 9, 6)),
        "picture": (Picture, (1, 3, 8, 8))}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "opset"),
    [("attention", 17), ("sequence", 11), ("sequence", 17), ("picture", 11), ("picture", 17)],
)
def test_exported_networks_give_the_same_numbers(name: str, opset: int) -> None:
    kind, shape = NETS[name]
    torch.manual_seed(3)
    net, x, file = kind().eval(), torch.randn(*shape), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (x,), file, dynamo=False, opset_version=opset, input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
        )  # fmt: skip
    graph = from_bytes(file.getvalue(), "m")
    assert graph.inputs == ("x",) and graph.type("x").shape == shape
    got = run_cases(graph, {"x": x.numpy()[None]})[graph.outputs[0]][0]
    want = net(x).detach().numpy()
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
