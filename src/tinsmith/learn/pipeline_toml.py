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
import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import Windowing
from tinsmith.dsp.block import BLOCKS
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.pipeline import BlockUse, Pipeline, Sensor

_TABLES = ("name", "signal", "sensor", "window", "block", "model")
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
        UserError: ``pipeline.toml`` (not TOML), ``pipeline.key`` (missing or unknown) or
            ``pipeline.value``, each naming the key and what is allowed; the errors of blocks and
            families for their parameters.
        UnknownKind: no such block or family.
    """
    top = _parse(source)
    _only("", top, _TABLES)
    signal, sensor, window, model = (
        _table(top, k) for k in ("signal", "sensor", "window", "model")
    )
    channels = _channels(signal)
    return Pipeline(
        name=_text(top, "name", ""),
        channels=channels,
        rate_hz=_positive(_get(signal, "rate_hz", "signal"), "signal.rate_hz"),
        sensor=_sensor(sensor, len(channels)),
        window=_window(window),
        blocks=_blocks(top),
        family=_text(model, "family", "model"),
        hyper=_hyper(model),
    )


def _value(value: Attr) -> str:
    """One value as TOML. JSON's texts are TOML's, but for DEL which TOML wants escaped."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _parse(source: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(source, str):
        return source
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as e:
        raise UserError("pipeline.toml", f"The pipeline is not TOML: {e}.", "") from None


def _channels(signal: Mapping[str, Any]) -> tuple[Channel, ...]:
    _only("signal", signal, ("channels", "units", "rate_hz"))
    names = _texts(_get(signal, "channels", "signal"), "signal.channels")
    units = signal.get("units", "")
    units = (units,) * len(names) if isinstance(units, str) else _texts(units, "signal.units")
    if not names or len(set(names)) < len(names) or "" in names:
        raise _wrong("signal.channels", names, "one or more names, each once")
    if len(units) != len(names):
        raise _wrong("signal.units", units, f"one text, or {len(names)} texts")
    return tuple(Channel(n, u) for n, u in zip(names, units, strict=True))


def _sensor(sensor: Mapping[str, Any], channels: int) -> Sensor:
    """``lsb`` in units per step; or ``full_scale``, the value of 2^15 (int16) or 2^31 (int32)
    steps."""
    _only("sensor", sensor, ("dtype", "lsb", "full_scale"))
    dtype = _text(sensor, "dtype", "sensor")
    if dtype not in _DTYPES:
        raise _wrong("sensor.dtype", dtype, " or ".join(map(repr, _DTYPES)))
    if ("lsb" in sensor) == ("full_scale" in sensor):
        message = "sensor needs either 'lsb' or 'full_scale'."
        raise UserError("pipeline.key", message, "In units per step, or at the end of the range.")
    key = "lsb" if "lsb" in sensor else "full_scale"
    steps = 1.0 if key == "lsb" else -float(np.iinfo(dtype).min)
    given = sensor[key] if isinstance(sensor[key], list | tuple) else (sensor[key],) * channels
    values = tuple(_positive(v, f"sensor.{key}") / steps for v in given)
    if len(values) != channels:
        raise _wrong(f"sensor.{key}", sensor[key], f"one number, or {channels} numbers")
    return Sensor(dtype, values)  # type: ignore[arg-type]


def _window(window: Mapping[str, Any]) -> Windowing:
    _only("window", window, ("samples", "stride"))
    samples = _count(_get(window, "samples", "window"), "window.samples", 2)
    return Windowing(samples, _count(window.get("stride", samples), "window.stride", 1))


def _blocks(top: Mapping[str, Any]) -> tuple[BlockUse, ...]:
    rows = _get(top, "block", "")
    if not isinstance(rows, list | tuple) or not rows:
        raise _wrong("block", rows, "one or more tables, each written [[block]]")
    uses = []
    for i, row in enumerate(rows):
        where = f"block[{i}]"
        if not isinstance(row, Mapping):
            raise _wrong(where, row, "a table, written [[block]]")
        name = _text(row, "name", where)
        params = {k: _attr(v, f"{where}.{k}") for k, v in row.items() if k != "name"}
        BLOCKS.get(name).complete(params)
        uses.append(BlockUse(name, params))
    return tuple(uses)


def _hyper(model: Mapping[str, Any]) -> Mapping[str, Attr]:
    hyper = {k: _attr(v, f"model.{k}") for k, v in model.items() if k != "family"}
    FAMILIES.get(_text(model, "family", "model")).complete(hyper)
    return hyper


def _attr(value: Any, key: str) -> Attr:
    """Whole numbers, numbers, texts, truth values and lists of numbers; lists become tuples."""
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple) and all(type(v) in (int, float) for v in value):
        return tuple(value)
    raise _wrong(key, value, "a number, a text, true, false or a list of numbers")


def _table(top: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = _get(top, key, "")
    if not isinstance(table, Mapping):
        raise _wrong(key, table, f"a table, written [{key}]")
    return table


def _only(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            guess = did_you_mean(key, known, _key(where, ""))
            message = f"Key {_key(where, key)!r} is unknown.{guess}"
            raise UserError("pipeline.key", message, f"Known here: {', '.join(known)}.")


def _get(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise UserError("pipeline.key", f"Key {_key(where, key)!r} is missing.", "Add it.")
    return table[key]


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = _get(table, key, where)
    if not isinstance(value, str) or not value:
        raise _wrong(_key(where, key), value, "a text that is not empty")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise _wrong(key, value, "a list of texts")
    return tuple(value)


def _positive(value: Any, key: str) -> float:
    if type(value) not in (int, float) or not 0 < value < float("inf"):
        raise _wrong(key, value, "a positive number")
    return float(value)


def _count(value: Any, key: str, low: int) -> int:
    if type(value) is not int or value < low:
        raise _wrong(key, value, f"a whole number from {low} up")
    return value


def _key(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _wrong(key: str, value: Any, allowed: str) -> UserError:
    return UserError("pipeline.value", f"{key} is {value!r}; allowed is {allowed}.")
