"""Pipelines as TOML and back: what stands in a project file.

name = "wrist"
[signal]
channels = ["acc_x", "acc_y"]
units = ["m/s2", "m/s2"]        # or one text for all; may be left out
rate_hz = 10.0
[sensor]
dtype = "int16"
full_scale = 40.0               # or lsb; one number for all channels, or one each
[window]
samples = 50
stride = 25
[[block]]
name = "spectral"
fft_length = 64
[model]
family = "mlp"
hidden = [32, 16]
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.table import Table, read_toml
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing
from tinsmith.dsp.block import BLOCKS
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import row_shape
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor

TABLES = ("signal", "sensor", "window", "block", "model")
"""The tables of a pipeline; ``name`` stands beside them."""
_DTYPES = ("int16", "int32")


def to_toml(pipeline: Pipeline) -> str:
    """The pipeline as TOML; `from_toml` gives an equal one back."""
    p = pipeline
    signal = {
        "channels": tuple(c.name for c in p.channels),
        "units": tuple(c.unit for c in p.channels),
        "rate_hz": float(p.rate_hz),
    }
    sensor = {"dtype": p.sensor.dtype, "lsb": tuple(map(float, p.sensor.lsb))}
    window = {"samples": p.window.samples, "stride": p.window.stride}
    tables: list[tuple[str, Mapping[str, Any]]] = [
        ("[signal]", signal),
        ("[sensor]", sensor),
        ("[window]", window),
        *(("[[block]]", {"name": use.block, **use.params}) for use in p.blocks),
        ("[model]", {"family": p.family, **p.hyper}),
    ]
    parts = [f"name = {_value(p.name)}\n"]
    for head, rows in tables:
        body = "".join(f"{key} = {_value(value)}\n" for key, value in rows.items())
        parts.append(f"{head}\n{body}")
    return "\n".join(parts)


def from_toml(source: str | Mapping[str, Any]) -> Pipeline:
    """The pipeline in a TOML text or in its parsed tables.

    Raises:
        UserError: ``toml.syntax``, ``toml.key`` (missing or unknown) or ``toml.value``, each naming
            the key and what is allowed; the errors of blocks and families for their parameters.
        UnknownKind: no such block or family.
    """
    top = read_toml(source) if isinstance(source, str) else Table(None, "", source)
    top.only(("name", *TABLES))
    return read_pipeline(top)


def read_pipeline(top: Table) -> Pipeline:
    """The pipeline in the tables of a text, which may have others beside.

    Raises:
        UserError, UnknownKind: see `from_toml`.
    """
    signal, model = top.table("signal"), top.table("model")
    channels = _channels(signal)
    pipeline = Pipeline(
        name=top.text("name"),
        channels=channels,
        rate_hz=signal.positives("rate_hz", 1)[0],
        sensor=_sensor(top.table("sensor"), len(channels)),
        window=_window(top.table("window")),
        blocks=tuple(map(_block, top.tables("block"))),
        family=model.text("family"),
        hyper=_hyper(model),
    )
    with _named(top.file):
        row_shape(pipeline)
    return pipeline


def _value(value: Attr) -> str:
    """One value as TOML. JSON's texts are TOML's, but for DEL which TOML wants escaped."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _channels(signal: Table) -> tuple[Channel, ...]:
    signal.only(("channels", "units", "rate_hz"))
    names = signal.texts("channels")
    if not names or len(set(names)) < len(names):
        raise signal.wrong("channels", "one or more names, each once")
    units = signal.rows.get("units", "")
    units = (units,) * len(names) if isinstance(units, str) else signal.texts("units", empty=True)
    if len(units) != len(names):
        raise signal.wrong("units", f"one text, or {len(names)} texts")
    return tuple(Channel(n, u) for n, u in zip(names, units, strict=True))


def _sensor(sensor: Table, channels: int) -> Sensor:
    """``lsb`` in units per step; or ``full_scale``, the value of 2^15 (int16) or 2^31 (int32)
    steps."""
    sensor.only(("dtype", "lsb", "full_scale"))
    dtype = sensor.text("dtype")
    if dtype not in _DTYPES:
        raise sensor.wrong("dtype", " or ".join(map(repr, _DTYPES)))
    if ("lsb" in sensor.rows) == ("full_scale" in sensor.rows):
        message = "[sensor] needs either 'lsb' or 'full_scale'."
        raise sensor.error("toml.key", message, "In units per step, or at the end of the range.")
    key = "lsb" if "lsb" in sensor.rows else "full_scale"
    steps = 1.0 if key == "lsb" else -float(np.iinfo(dtype).min)
    values = tuple(v / steps for v in sensor.positives(key, channels))
    return Sensor(dtype, values)  # type: ignore[arg-type]


def _window(window: Table) -> Windowing:
    window.only(("samples", "stride"))
    samples = window.count("samples", low=1)
    return Windowing(samples, window.count("stride", samples, low=1))


def _block(row: Table) -> BlockUse:
    name = row.text("name")
    params = {k: _attr(row, k) for k in row.rows if k != "name"}
    with _named(row.file):
        BLOCKS.get(name).complete(params)
    return BlockUse(name, params)


def _hyper(model: Table) -> Mapping[str, Attr]:
    hyper = {k: _attr(model, k) for k in model.rows if k != "family"}
    with _named(model.file):
        FAMILIES.get(model.text("family")).complete(hyper)
    return hyper


@contextmanager
def _named(file: Path | None) -> Iterator[None]:
    """Errors of blocks and families get the file's name."""
    try:
        yield
    except UserError as e:
        if file is not None:
            e.message = f"{file}: {e.message}"
        raise


def _attr(table: Table, key: str) -> Attr:
    """Whole numbers, numbers, texts, truth values and lists of numbers; lists become tuples."""
    value = table.rows[key]
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple) and all(type(v) in (int, float) for v in value):
        return tuple(value)
    raise table.wrong(key, "a number, a text, true, false or a list of numbers")
