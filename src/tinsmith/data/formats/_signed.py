"""The signed data acquisition format, version 1, in whatever form it is written.

``{protected: {ver, alg, iat}, signature, payload: {device_name, device_type, interval_ms, sensors,
values}}``; the signature is HMAC-SHA256 over the file with 64 zeros in its place.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.data.binary import converted, named, too_short
from tinsmith.data.dataset import Channel, Contract, RawRecording, Reading
from tinsmith.data.format import ReadOptions
from tinsmith.data.naming import label_of
from tinsmith.data.text import Source

UNSIGNED = "0" * 64
_VERSION, _SIGNED, _PLAIN = "v1", "HS256", "none"
_SENSORS = 256
_EXPORT = "Export the recording again."


@dataclass(frozen=True)
class Document:
    """A file that was parsed, and the forms in which its bytes may have been signed."""

    body: Any
    forms: Sequence[bytes]


def reading_of(document: Document, path: Path, options: ReadOptions, source: Source) -> Reading:
    """The recording of a file; its signature is verified where the user gives a key.

    Raises:
        UserError: ``data.<format>.<what>``.
    """
    body = document.body
    if not isinstance(body, dict) or not {"protected", "payload", "signature"} <= set(body):
        what = "this is no file of the data acquisition format (protected, signature, payload)."
        raise source.error("form", what, "Other JSON and CBOR files are not read.")
    protected, payload = (_table(body, k, source) for k in ("protected", "payload"))
    version, algorithm = protected.get("ver"), protected.get("alg")
    if version != _VERSION or algorithm not in (_SIGNED, _PLAIN):
        what = f"version {version!r} with alg {algorithm!r}; read are v1 with HS256 or none."
        raise source.error("version", what, _EXPORT)
    if options.hmac_key is not None:
        _verify(document, algorithm, options.hmac_key, source)
    channels = _channels(payload, source)
    values = _values(payload, len(channels), source)
    taken, names = named([c.name for c in channels], options, source)
    units = [options.units.get(n, channels[i].unit) for i, n in zip(taken, names, strict=True)]
    found = tuple(Channel(n, u) for n, u in zip(names, units, strict=True))
    contract = _contract(values, len(taken))
    samples = converted(values[:, taken], contract, source)
    label = options.label or path.name.split(".")[0] or label_of(path)
    said = {"device": payload.get("device_name"), "device_type": payload.get("device_type")}
    metadata = {k: v for k, v in said.items() if isinstance(v, str) and v}
    recording = RawRecording("0", samples, label, None, metadata)
    return Reading(found, _rate(payload, source), (recording,), contract)


def _verify(document: Document, algorithm: str, key: str, source: Source) -> None:
    """Whether the file was signed with the key, in one of its forms."""
    signature = document.body["signature"]
    if algorithm != _SIGNED or not isinstance(signature, str):
        what = "it is not signed, and you gave a key."
        raise source.error("signature", what, "Leave it out, or import without hmac_key.")
    made = [hmac.new(key.encode(), form, "sha256").hexdigest() for form in document.forms]
    if not any(hmac.compare_digest(m, signature.lower()) for m in made):
        what = "its signature is not made with the key you gave: the file or the key is wrong."
        raise source.error("signature", what, "Do not trust it; leave it out, or mend the key.")


def _table(body: Mapping[str, Any], key: str, source: Source) -> Mapping[str, Any]:
    found = body[key]
    if not isinstance(found, dict):
        raise source.error("form", f"{key!r} is no object.", _EXPORT)
    return found


def _channels(payload: Mapping[str, Any], source: Source) -> tuple[Channel, ...]:
    sensors = payload.get("sensors")
    if not isinstance(sensors, list) or not 0 < len(sensors) <= _SENSORS:
        raise source.error("sensors", f"'sensors' is no list of 1 to {_SENSORS}.", _EXPORT)
    found = []
    for i, sensor in enumerate(sensors):
        name = sensor.get("name") if isinstance(sensor, dict) else None
        unit = sensor.get("units", "") if isinstance(sensor, dict) else None
        if not isinstance(name, str) or not name or not isinstance(unit, str):
            raise source.error("sensors", f"sensor {i} has no name and units in text.", _EXPORT)
        found.append(Channel(name, "" if unit == "N/A" else unit))
    names = [c.name for c in found]
    if twice := [n for n in names if names.count(n) > 1]:
        raise source.error("sensors", f"sensor {twice[0][:40]!r} is there twice.", _EXPORT)
    return tuple(found)


def _rate(payload: Mapping[str, Any], source: Source) -> float:
    interval: Any = payload.get("interval_ms")
    if not _number(interval) or not 0 < interval < float("inf"):
        what = f"interval_ms is {str(interval)[:40]}; it is a positive number of milliseconds."
        raise source.error("rate", what, _EXPORT)
    return float(f"{1000 / interval:.9g}")


def _values(payload: Mapping[str, Any], channels: int, source: Source) -> np.ndarray:
    """All values, [samples, channels] float64."""
    rows = payload.get("values")
    if not isinstance(rows, list):
        hint = "Values that lie in another file (attachments) are not read."
        raise source.error("values", "'values' is no list.", hint)
    if len(rows) < 2:
        raise too_short(len(rows), source)
    if channels == 1 and all(_number(r) for r in rows):
        rows = [[r] for r in rows]
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != channels or not all(map(_number, row)):
            what = f"sample {i} is {str(row)[:60]}; it is a list of {channels} numbers."
            raise source.error("values", what, _EXPORT)
    try:
        return np.array(rows, np.float64)
    except OverflowError:
        raise source.error("values", "a number is too large.", _EXPORT) from None


def _number(value: object) -> bool:
    return type(value) in (int, float)


def _contract(values: np.ndarray, channels: int) -> Contract:
    """Whole numbers stay such."""
    for dtype in ("int16", "int32"):
        info = np.iinfo(dtype)
        within = values.min() >= info.min and values.max() <= info.max
        if within and (values == np.rint(values)).all():
            return Contract(dtype, (1.0,) * channels)
    return Contract()
