"""PyTorch's layers and functions, through torch.export: what torch computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.core.errors import UserError  # noqa: E402
from tinsmith.importers import IMPORTERS  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402
from tinsmith.ir.rules import verify  # noqa: E402

nn, F = torch.nn, torch.nn.functional
PICTURE, SERIES, ROW = (1, 4, 9, 8), (1, 6, 4), (1, 12)


class Call(nn.Module):
    def __init__(self, function: Callable[..., Any], *layers: Any) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


def layer(made: Any) -> Any:
    return Call(lambda x, inner: inner(x), made)


LAYERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "conv1d": (lambda: nn.Conv1d(6, 3, 3, padding=1), SERIES),
    "conv2d": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=(1, 0)), PICTURE),
    "conv2d_same": (lambda: nn.Conv2d(4, 4, 3, padding="same", groups=4, dilation=2), PICTURE),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2), (1, 2, 3, 4, 5)),
    "conv_transpose1d": (lambda: nn.ConvTranspose1d(6, 3, 3, 2, 1, output_padding=1), SERIES),
    "conv_transpose2d": (lambda: nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1), PICTURE),
    "max_pool2d": (lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True), PICTURE),
    "avg_pool1d": (lambda: nn.AvgPool1d(2), SERIES),
    "avg_pool2d": (lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True), PICTURE),
    "avg_pool2d_inside": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), PICTURE),
    "adaptive": (lambda: nn.AdaptiveAvgPool2d(1), PICTURE),
    "adaptive_parts": (lambda: nn.AdaptiveAvgPool2d((3, 2)), PICTURE),
    "batch_norm": (lambda: nn.BatchNorm2d(4), PICTURE),
    "layer_norm": (lambda: nn.LayerNorm((9, 8)), PICTURE),
    "group_norm": (lambda: nn.GroupNorm(2, 4), PICTURE),
    "upsample": (lambda: nn.Upsample(scale_factor=2), PICTURE),
    "bilinear": (lambda: nn.Upsample(size=(5, 11), mode="bilinear"), PICTURE),
    "bilinear_corners": (
        lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), PICTURE,
    ),
    "pixel_shuffle": (lambda: nn.PixelShuffle(2), PICTURE),
    "prelu": (lambda: nn.PReLU(4), PICTURE),
    "lstm": (lambda: nn.LSTM(4, 5, num_layers=2, bidirectional=True, batch_first=True), SERIES),
    "gru": (lambda: nn.GRU(4, 3, batch_first=True), SERIES),
    "rnn": (lambda: nn.RNN(4, 3, nonlinearity="relu", bias=False), SERIES),
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{
        name: getattr(F, name)
        for name in ("relu", "relu6", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "elu",
                     "selu", "celu", "softplus", "softsign", "leaky_relu", "logsigmoid", "hardtanh")
    },
    **{
        name: getattr(torch, name)
        for name in ("abs", "neg", "exp", "sin", "cos", "tanh", "sigmoid", "erf", "floor", "ceil",
                     "round", "sign", "square")
    },
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "softmax": lambda x: F.softmax(x, 1) + F.log_softmax(x, 2),
    "arithmetic": lambda x: (x * 2 - x / 3 + 1) * (1 - x) + x.sub(x, alpha=2),
    "powers": lambda x: (x.abs() + 1).pow(1.5) + x.pow(2) + 2.0 ** x,
    "remainders": lambda x: torch.remainder(x, 0.7) + torch.fmod(x, 0.7),
    "clamps": lambda x: x.clamp(-1, 0.5) + x.clamp_min(0) + torch.maximum(x, -x),
    "choices": lambda x: torch.where((x > 0) & (x < 1) | (x == 2), x, x * 0.1),
    "reductions": lambda x: (x.sum((1, 2)), x.mean(1, keepdim=True), x.amax(2), x.prod(2)),
    "extremes": lambda x: (x.max(2)[0], x.argmax(1), x.argmin(2, keepdim=True), x.min()),
    "sums": lambda x: (x.cumsum(1), x.logsumexp(2)),
    "moves": lambda x: (x.permute(2, 0, 1), x.flip(1), x[:, ::2, 1:3], x.transpose(1, 2)),
    "pieces": lambda x: torch.stack([a * x.split(2, 1)[1] for a in x.chunk(3, 1)], 1),
    "unbound": lambda x: torch.cat([x.unbind(1)[0], x.unbind(1)[2]], 1),
    "repeats": lambda x: x.mean(1, keepdim=True).expand(1, 6, 4) + x.repeat(1, 1, 2)[..., :4],
    "pads": lambda x: F.pad(x, (1, 2, 0, 1)) + F.pad(x, (2, 1, 0, 1), mode="constant", value=3.0),
    "edges": lambda x: (F.pad(x, (1, 2), mode="replicate"), F.pad(x, (1, 2), mode="reflect")),
    "products": lambda x: torch.bmm(x, x.transpose(1, 2)) @ x,
    "full": lambda x: x + torch.ones_like(x) + torch.full((4,), 2.5),
}  # fmt: skip


def agree(module: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    x = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    graph = IMPORTERS.get("torch").load(module, [x], "net")
    verify(graph)
    values = Interpreter(graph).run({graph.inputs[0]: x})
    wanted = module.eval()(torch.from_numpy(x))
    flat = torch.utils._pytree.tree_leaves(wanted)
    assert len(flat) == len(graph.outputs)
    for name, tensor in zip(graph.outputs, flat, strict=True):
        want, got = tensor.detach().numpy(), values[name]
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        assert np.abs(got - want).max() <= 1e-5 * max(1e-2, np.abs(want).max())


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    torch.manual_seed(1)
    made, shape = LAYERS[name]
    module = layer(made())
    for key, value in module.state_dict().items():
        if "running_var" in key:
            value.uniform_(0.5, 2)
        elif value.is_floating_point() and "num" not in key:
            value.normal_(0, 0.4)
    agree(module, shape)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    agree(Call(FUNCTIONS[name]), SERIES)


def test_attention() -> None:
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    agree(Call(lambda x, inner: inner(x, x, x)[0], attention), SERIES)


@pytest.mark.parametrize(
    "function",
    [lambda x: torch.fft.rfft(x).abs(), lambda x: torch.stft(x[0], 4, return_complex=True)],
)
def test_what_cannot_be_expressed_is_named(function: Callable[[Any], Any]) -> None:
    with pytest.raises(UserError, match="Operation 'aten"):
        agree(Call(function), SERIES)


def test_a_refusal_points_to_the_list_of_operations() -> None:
    with pytest.raises(UserError) as refused:
        agree(Call(lambda x: torch.fft.rfft(x).abs()), SERIES)
    assert refused.value.hint == "What is supported: tinsmith kinds ops."
    assert "aten.fft_rfft.default" in refused.value.message
