"""Features: raw integers, stages, and the same values as by hand from quantised recordings."""

import re
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing
from tinsmith.dsp.block import BLOCKS
from tinsmith.dsp.front import signal_processing
from tinsmith.ir.builder import Builder
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType
from tinsmith.learn import export
from tinsmith.learn.evaluate import predict
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import (
    block_of,
    feature_graph,
    feature_names,
    features,
    row_shape,
    signal_of,
    stages,
    to_raw,
)
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor

PIPELINE = Pipeline(
    name="p",
    channels=(Channel("x"), Channel("y")),
    rate_hz=50.0,
    sensor=Sensor("int16", (0.01, 0.5)),
    window=Windowing(20, 10),
    blocks=(
        BlockUse("statistics", {"which": "mean"}),
        BlockUse("spectral", {"fft_length": 16, "bands": 4}),
        BlockUse("statistics", {"which": "std"}),
    ),
    family="mlp",
)


def test_stages_and_shape() -> None:
    graph = feature_graph(PIPELINE)
    verify(graph)
    assert stages(PIPELINE) == ("statistics", "spectral", "statistics_2")
    told = [*dict.fromkeys(n.stage for n in graph.nodes)]
    assert told == ["scale", "statistics", "spectral", "statistics_2", "features"]
    assert graph.inputs == ("raw",)
    assert str(graph.type("raw").dtype) == "int16"
    assert graph.type(graph.outputs[0]).shape == (1, 12)
    assert len(feature_names(PIPELINE)) == 12


def test_features_are_those_of_the_quantised_signal(rng: np.random.Generator) -> None:
    values = rng.normal(size=(3, 20, 2)) * 4
    raw = to_raw(values, PIPELINE.sensor)
    got = features(feature_graph(PIPELINE), raw)
    for row, window in zip(got, raw * np.array([0.01, 0.5]), strict=True):
        want = [
            BLOCKS.get(u.block).oracle(
                window, signal_of(PIPELINE), BLOCKS.get(u.block).complete(u.params)
            )
            for u in PIPELINE.blocks
        ]
        assert row == pytest.approx(np.concatenate(want), rel=1e-4, abs=1e-4)


def test_to_raw_rounds_and_saturates() -> None:
    sensor = Sensor("int16", (0.5,))
    values = np.zeros((200, 1))
    values[:5, 0] = [0.25, 0.75, -0.3, 16384.0, 99999.0]
    assert to_raw(values, sensor)[:5, 0].tolist() == [0, 2, -1, 32767, 32767]
    assert to_raw(values, sensor).dtype == np.int16


def test_a_range_that_is_too_small_is_refused() -> None:
    values = np.zeros((100, 2))
    values[:3, 1] = 40.0
    with pytest.raises(
        UserError, match=re.escape("Channel 1 reaches 40; the sensor ends at 32.767")
    ) as e:
        to_raw(values, Sensor("int16", (0.001, 0.001)))
    assert "full_scale" in e.value.hint


@pytest.mark.parametrize("lsb", [(0.1,), (0.1, 0.0), (0.1, -1.0), (0.1, 1e-60), (0.1, np.inf)])
def test_sensor_needs_one_lsb_per_channel(lsb: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="The sensor has lsb"):
        feature_graph(replace(PIPELINE, sensor=Sensor("int16", lsb)))


@pytest.mark.parametrize(
    ("blocks", "shape"),
    [(("flatten",), (20, 2)), (("flatten", "statistics"), (52,)), (("statistics",), (12,))],
)
def test_a_row_is_a_signal_where_one_block_keeps_it(
    blocks: tuple[str, ...], shape: tuple[int, ...]
) -> None:
    pipeline = replace(PIPELINE, blocks=tuple(map(BlockUse, blocks)))
    assert row_shape(pipeline) == shape
    graph = feature_graph(pipeline)
    assert graph.type(graph.outputs[0]).elements == np.prod(shape)


def test_a_family_that_needs_a_signal_says_which_block_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needy = replace(FAMILIES.get("mlp"), signal=True)
    monkeypatch.setattr("tinsmith.learn.families.mlp.FAMILY", needy)
    assert row_shape(replace(PIPELINE, blocks=(BlockUse("flatten"),))) == (20, 2)
    with pytest.raises(UserError, match="along a signal") as e:
        row_shape(replace(PIPELINE, blocks=PIPELINE.blocks[:2]))
    assert e.value.code == "learn.shape"
    assert "(statistics, spectral) make one row of 10 features" in e.value.message
    keeping = (e.value.hint or "").removeprefix(
        "Give the pipeline one block that keeps the signal: "
    )
    assert keeping.rstrip(".").split(", ") == [b.name for b in BLOCKS.all() if b.shape is not None]


def test_block_of_a_stage() -> None:
    found = block_of(PIPELINE, "statistics_2")
    assert found is not None
    assert found.name == "statistics"
    assert block_of(PIPELINE, "features") is None


def test_every_window_begins_with_fresh_states() -> None:
    """As on the device in a proof: features, answers and traces mean the same."""
    b = Builder("memory")
    raw = b.input("raw", TensorType((2, 1), "int16"))
    x = b.op("dequantize", raw, b.constant("lsb", np.ones(1, np.float32)))
    held = b.state("held", np.zeros((2, 1), np.float32))
    total = b.op("add", x, held)
    b.update(held, total)
    graph = b.build([b.op("reshape", total, shape=(1, 2))])
    windows = np.array([[[1], [2]], [[3], [4]]], np.int16)
    assert features(graph, windows).tolist() == [[1, 2], [3, 4]]
    assert predict(graph, windows).tolist() == [[1, 2], [3, 4]]


def test_a_layer_that_is_called_features_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stage would make signal processing of it, and compression would leave it float."""
    nn = pytest.importorskip("torch").nn
    layers = OrderedDict(features=nn.Linear(12, 4), relu=nn.ReLU(), statistics=nn.Linear(4, 2))
    monkeypatch.setattr(export, "restore", lambda *_: nn.Sequential(layers).eval())
    graph = export.to_graph(PIPELINE, ("still", "wave"), {})
    assert graph.labels == {"probabilities": ("still", "wave")}
    told = [*dict.fromkeys(n.stage for n in graph.nodes)]
    assert told[-4:] == ["net_features", "relu", "net_statistics", "softmax"]
    network = {n.name for n in graph.nodes if n.stage in told[-4:]}
    assert not network & signal_processing(graph)
