"""The torch importer: the same numbers, readable names, and refusals that name the operation."""

from collections import OrderedDict

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.core.errors import UserError  # noqa: E402
from tinsmith.importers import IMPORTERS  # noqa: E402
from tinsmith.ir.graph import Graph  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402
from tinsmith.ir.rules import verify  # noqa: E402

nn = torch.nn


class Standardise(nn.Module):
    def __init__(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("deviation", torch.from_numpy(deviation))

    def forward(self, x):
        return (x - self.mean) / self.deviation


class Call(nn.Module):
    """A function as a module; w is a parameter that it may use."""

    def __init__(self, function, *shape: int) -> None:
        super().__init__()
        self.function = function
        self.w = nn.Parameter(torch.randn(shape))

    def forward(self, x):
        return self.function(x, self.w)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)


def load(module, *shape: int) -> tuple[Graph, np.ndarray]:
    x = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    return IMPORTERS.get("torch").load(module, [x], "net"), x


def agree(module, *shape: int) -> Graph:
    graph, x = load(module, *shape)
    verify(graph)
    got = Interpreter(graph).run({graph.inputs[0]: x})[graph.outputs[0]]
    want = module.eval()(torch.from_numpy(x)).detach().numpy()
    assert got.shape == want.shape
    assert np.max(np.abs(got - want)) <= 1e-5 * max(1e-3, np.max(np.abs(want)))
    return graph


def test_a_classifier_with_readable_names_and_stages() -> None:
    rng = np.random.default_rng(0)
    module = nn.Sequential(OrderedDict(
        standardise=Standardise(rng.normal(size=6).astype("f4"), rng.uniform(1, 2, 6).astype("f4")),
        dense_0=nn.Linear(6, 5), relu_0=nn.ReLU(), dropout=nn.Dropout(0.5),
        dense_1=nn.Linear(5, 3, bias=False), softmax=nn.Softmax(-1),
    ))  # fmt: skip
    module.train()
    graph = agree(module, 1, 6)
    assert [n.op for n in graph.nodes] == ["sub", "div", "dense", "relu", "dense", "softmax"]
    stages = ["standardise", "standardise", "dense_0", "relu_0", "dense_1", "softmax"]
    assert [n.stage for n in graph.nodes] == stages
    assert graph.types["dense_0_weight"].shape == (5, 6)
    assert {"dense_0_bias", "dense_1_weight", "standardise_mean"} <= set(graph.constants)


def test_the_mode_of_the_module_is_left_alone() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    module.train()
    load(module, 1, 2)
    assert module.training


FORMS = {
    "mm_plus_bias": (lambda x, w: torch.mm(x, w) + w[0].detach() * 0 + 1.5, (4, 3), (1, 4)),
    "matmul": (lambda x, w: x @ w, (4, 3), (1, 4)),
    "addmm": (lambda x, w: torch.addmm(w[0], x, w), (4, 3), (1, 4)),
    "transposed_weight": (lambda x, w: nn.functional.linear(x, w.t()), (4, 3), (1, 4)),
    "higher_rank_linear": (lambda x, w: nn.functional.linear(x, w), (3, 4), (1, 5, 4)),
    "scalar_first": (lambda x, w: 2.0 - x * 3.0, (1,), (1, 4)),
    "constant_first": (lambda x, w: w / x, (4,), (1, 4)),
    "permute": (lambda x, w: x.permute(0, 2, 1), (1,), (1, 3, 4)),
    "flatten": (lambda x, w: x.transpose(1, 2).flatten(1), (1,), (1, 3, 4)),
    "mean": (lambda x, w: x.mean(dim=1), (1,), (1, 3, 4)),
    "mean_all": (lambda x, w: x.mean(), (1,), (1, 3, 4)),
    "keepdim": (lambda x, w: x.amax(dim=2, keepdim=True), (1,), (1, 3, 4)),
    "minimum": (lambda x, w: x.amin(dim=(1, 2)), (1,), (1, 3, 4)),
    "cat": (lambda x, w: torch.cat([x, x * 2, x], dim=1), (1,), (1, 3)),
    "slice": (lambda x, w: x[:, 1:3], (1,), (1, 4)),
    "select": (lambda x, w: x[:, 1], (1,), (1, 3, 4)),
    "sqrt_log": (lambda x, w: torch.log(torch.sqrt(x * x) + 1), (1,), (1, 4)),
    "weights_only": (lambda x, w: x * (w * 2 + w), (4,), (1, 4)),
    "per_row": (lambda x, w: x * w, (3, 1), (1, 3, 4)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    function, weight, shape = FORMS[form]
    agree(Call(function, *weight), *shape)


def test_a_product_and_its_bias_are_one_layer() -> None:
    class Affine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.b = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(3))

        def forward(self, x):
            return x @ self.w + self.b

    assert [n.op for n in agree(Affine(), 1, 4).nodes] == ["dense"]


def test_batch_norm_folds_to_gain_and_shift() -> None:
    module = nn.BatchNorm1d(4)
    module(torch.randn(8, 4) * 3 + 1)
    assert [n.op for n in agree(module, 1, 4).nodes] == ["mul", "add"]


def refused(module, *shape: int) -> UserError:
    with pytest.raises(UserError) as e:
        load(module, *shape)
    return e.value


def test_an_unknown_operation_is_named_with_its_node_and_module() -> None:
    wave = Call(lambda x, w: torch.special.erfcx(x), 1)
    error = refused(nn.Sequential(OrderedDict(wave=wave)), 1, 3)
    assert error.code == "import.torch.op"
    assert "aten.special_erfcx.default" in error.message and "'special_erfcx'" in error.message
    assert "'wave'" in error.message and "tinsmith kinds ops" in error.hint


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x, w: nn.functional.adaptive_max_pool1d(x, 3, return_indices=True), (1, 3, 4)),
        (lambda x, w: x[:, (x[0] * 4).long() % 2, (x[0] * 3).long() % 2], (1, 3, 4)),
        (lambda x, w: nn.functional.conv1d(x, x[:, :, :2]), (1, 3, 4)),
        (lambda x, w: x.double(), (1, 4)),
        (lambda x, w: (x * 4).to(torch.int32) & 3, (1, 4)),
    ],
)
def test_a_use_that_cannot_be_expressed_is_refused(function, shape: tuple[int, ...]) -> None:
    assert refused(Call(function, 1), *shape).code == "import.torch.op"


def test_a_batch_is_refused() -> None:
    assert refused(nn.Linear(2, 2), 3, 2).code == "import.torch.batch"


def test_control_flow_on_data_is_refused() -> None:
    error = refused(Call(lambda x, w: x if x.sum() > 0 else -x, 1), 1, 2)
    assert error.code == "import.torch.export"


def test_a_module_that_writes_its_buffers_is_refused() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("n", torch.zeros(2))

        def forward(self, x):
            self.n.add_(1.0)
            return x + self.n

    assert refused(Counter(), 1, 2).code in ("import.torch.state", "import.torch.op")
