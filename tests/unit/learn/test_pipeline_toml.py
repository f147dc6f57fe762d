"""Pipelines as TOML: both ways, and errors that name the key."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor
from tinsmith.learn.pipeline_toml import from_toml, to_toml

TEXT = """
name = "wrist"
[signal]
channels = ["acc_x", "acc_y"]
units = "m/s2"
rate_hz = 10
[sensor]
dtype = "int16"
full_scale = 32.768
[window]
samples = 50
stride = 25
[[block]]
name = "statistics"
[[block]]
name = "spectral"
fft_length = 64
[model]
family = "mlp"
hidden = [32, 16]
dropout = 0.2
"""


def test_reading() -> None:
    p = from_toml(TEXT)
    assert p.channels == (Channel("acc_x", "m/s2"), Channel("acc_y", "m/s2"))
    assert p.rate_hz == 10.0
    assert p.sensor == Sensor("int16", (0.001, 0.001))
    assert p.window == Windowing(50, 25)
    assert p.blocks == (BlockUse("statistics"), BlockUse("spectral", {"fft_length": 64}))
    assert p.family == "mlp"
    assert p.hyper == {"hidden": (32, 16), "dropout": 0.2}
    assert from_toml(tomllib.loads(TEXT)) == p


def test_left_out() -> None:
    short = TEXT.replace('units = "m/s2"\n', "").replace("stride = 25\n", "")
    p = from_toml(short)
    assert p.channels[0].unit == ""
    assert p.window.stride == 50


positive = st.floats(1e-30, 1e30)
blocks = st.one_of(
    st.builds(
        lambda which, ddof: BlockUse("statistics", {"which": which, "ddof": ddof}),
        st.sampled_from(["mean", "std,rms"]),
        st.sampled_from([0, 1]),
    ),
    st.builds(
        lambda log, floor: BlockUse("spectral", {"log": log, "floor": floor}),
        st.booleans(),
        st.floats(1e-12, 1.0),
    ),
    st.just(BlockUse("flatten")),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    names = draw(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
    hyper = st.fixed_dictionaries(
        {},
        optional={
            "hidden": st.lists(st.integers(1, 4096), max_size=3).map(tuple),
            "learning_rate": st.floats(1e-7, 1.0),
            "epochs": st.integers(1, 100),
        },
    )
    return Pipeline(
        name=draw(st.text(min_size=1)),
        channels=tuple(Channel(n, draw(st.text())) for n in names),
        rate_hz=draw(positive),
        sensor=Sensor(
            draw(st.sampled_from(["int16", "int32"])), tuple(draw(positive) for _ in names)
        ),
        window=Windowing(draw(st.integers(2, 999)), draw(st.integers(1, 999))),
        blocks=tuple(draw(st.lists(blocks, min_size=1, max_size=3))),
        family="mlp",
        hyper=draw(hyper),
    )


@settings(deadline=None)
@given(pipelines())
def test_round_trip(p: Pipeline) -> None:
    assert from_toml(to_toml(p)) == p


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('name = "wrist"\n', "", "toml.key", "name is missing; allowed is a text"),
        ("[window]", "[windows]", "toml.key", "'windows' is unknown. Did you mean 'window'?"),
        ("rate_hz = 10", "rate = 10", "toml.key", "Did you mean 'signal.rate_hz'?"),
        ("rate_hz = 10", "rate_hz = 0", "toml.value", "signal.rate_hz is 0"),
        ("rate_hz = 10", "rate_hz = true", "toml.value", "signal.rate_hz is True"),
        ("rate_hz = 10", "rate_hz = inf", "toml.value", "signal.rate_hz is inf"),
        ('"acc_y"]', '"acc_x"]', "toml.value", "signal.channels is"),
        ('"acc_x", ', "3, ", "toml.value", "signal.channels is"),
        ('units = "m/s2"', 'units = ["g"]', "toml.value", "signal.units is"),
        ('"int16"', '"int8"', "toml.value", "sensor.dtype is 'int8'; allowed is 'int16' or"),
        ("full_scale = 32.768", "", "toml.key", "either 'lsb' or 'full_scale'"),
        ("full_scale = 32.768", "lsb = 1\nfull_scale = 1", "toml.key", "either"),
        ("full_scale = 32.768", "lsb = [1.0]", "toml.value", "sensor.lsb is"),
        ("full_scale = 32.768", "lsb = -1.0", "toml.value", "sensor.lsb is -1.0"),
        ("samples = 50", "samples = 0", "toml.value", "window.samples is 0"),
        ("samples = 50", "samples = 50.0", "toml.value", "window.samples is 50.0"),
        ("stride = 25", "stride = 0", "toml.value", "window.stride is 0"),
        ('"statistics"', '"statistic"', "block.unknown", "Did you mean 'statistics'?"),
        ("fft_length = 64", "fft_length = 63", "dsp.param.value", "fft_length is 63"),
        ("fft_length = 64", 'fft_length = ["a"]', "toml.value", r"block\[1\].fft_length"),
        ("fft_length = 64", "fftlength = 64", "dsp.param.unknown", "Did you mean 'fft_length'?"),
        ('"mlp"', '"mpl"', "family.unknown", "Did you mean 'mlp'?"),
        ("dropout = 0.2", "dropout = 2", "dsp.param.value", "dropout is 2"),
        ("[model]", "[model", "toml.syntax", "not valid TOML"),
    ],
)
def test_errors_name_the_key(old: str, new: str, code: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UserError, match=says) as e:
        from_toml(TEXT.replace(old, new))
    assert e.value.code == code


def test_blocks_must_be_tables() -> None:
    tables = tomllib.loads(TEXT)
    for wrong in ([], "statistics", ["statistics"]):
        with pytest.raises(UserError, match=r"block"):
            from_toml({**tables, "block": wrong})
    with pytest.raises(UserError, match="model is 3"):
        from_toml({**tables, "model": 3})
