"""The signed data acquisition format, version 1, in CBOR: one recording with its sensors, units and
interval.

Source: the public description of the format (protected header, HMAC-SHA256 signature, payload).
With ``hmac_key`` the signature is verified. The label is the part of the file's name before the
first dot, unless a label file says another.
"""

import struct
from pathlib import Path
from typing import Any

from tinsmith.data import cbor
from tinsmith.data.binary import open_file
from tinsmith.data.dataset import Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.formats import _signed
from tinsmith.data.text import Source


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.cbor.<what>``.
    """
    source = Source("cbor", path.name)
    with open_file(path, source) as file:
        data = file.read()
    try:
        body = cbor.loads(data)
    except cbor.CborError as e:
        raise source.error("syntax", f"this is no CBOR: {e}.", "Copy or export it again.") from None
    return _signed.reading_of(_signed.Document(body, _forms(data, body)), path, options, source)


def _forms(data: bytes, body: Any) -> tuple[bytes, ...]:
    """What was signed: the file with zeros for its signature."""
    signature = body.get("signature") if isinstance(body, dict) else None
    if not isinstance(signature, str) or len(signature) != len(_signed.UNSIGNED):
        return ()
    return (data.replace(signature.encode(), _signed.UNSIGNED.encode(), 1),)


def _text(value: str) -> bytes:
    data = value.encode()
    return (bytes([0x60 + len(data)]) if len(data) < 24 else bytes([0x78, len(data)])) + data


def _map(*pairs: tuple[str, bytes]) -> bytes:
    return bytes([0xA0 + len(pairs)]) + b"".join(_text(k) + v for k, v in pairs)


def _example() -> bytes:
    """Three samples of one sensor."""
    values = b"".join(b"\x81\xfb" + struct.pack(">d", v) for v in (0.5, 9.81, -2.25))
    sensor = _map(("name", _text("acc_x")), ("units", _text("m/s2")))
    return _map(
        ("protected", _map(("ver", _text("v1")), ("alg", _text("none")))),
        ("signature", _text(_signed.UNSIGNED)),
        ("payload", _map(
            ("device_type", _text("WATCH")), ("interval_ms", b"\x14"),
            ("sensors", b"\x81" + sensor), ("values", b"\x83" + values),
        )),
    )  # fmt: skip


FORMAT = Format("cbor", (".cbor",), read, _example, loose=True)
