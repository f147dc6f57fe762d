"""The signed data acquisition format in JSON and CBOR, and CBOR itself."""

import hmac
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.data import cbor
from tinsmith.data.dataset import Channel, Contract, Reading, whole
from tinsmith.data.format import FORMATS, ReadOptions

KEY, ZEROS = "5a6b0a6f", "0" * 64
VALUES = [[-9.81, 0.03], [-9.83, 0.04], [-9.12, 0.03]]


def document(**payload: Any) -> dict[str, Any]:
    return {
        "protected": {"ver": "v1", "alg": "HS256", "iat": 1564128599},
        "signature": ZEROS,
        "payload": {
            "device_name": "ac:87", "device_type": "WATCH", "interval_ms": 10,
            "sensors": [{"name": "x", "units": "m/s2"}, {"name": "y", "units": "N/A"}],
            "values": VALUES, **payload,
        },
    }  # fmt: skip


def encoded(value: Any) -> bytes:
    """CBOR by RFC 8949, chapter 3."""
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, int) and value >= 1 << 64:  # section 3.4.3: tag 2, then its bytes
        size = -(-value.bit_length() // 8)
        return b"\xc2" + head(2, size) + value.to_bytes(size, "big")
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encoded, value))
    pairs = b"".join(encoded(k) + encoded(v) for k, v in value.items())
    return head(5, len(value)) + pairs


def head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    size = next(s for s in (1, 2, 4, 8) if count < 1 << (8 * s))
    return bytes([major << 5 | 23 + size.bit_length()]) + count.to_bytes(size, "big")


def write(folder: Path, format: str, body: Any, key: str = "") -> Path:
    """A file, signed with the key where there is one."""
    path = folder / f"wave.1.{format}"
    dumped = encoded if format == "cbor" else dense
    if key:
        made = hmac.new(key.encode(), dumped(body), "sha256").hexdigest()
        body = {**body, "signature": made}
    path.write_bytes(dumped(body))
    return path


def dense(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def read(path: Path, **options: Any) -> Reading:
    return FORMATS.get(path.suffix[1:]).read(path, ReadOptions(**options))


both = pytest.mark.parametrize("format", ["json", "cbor"])


@both
def test_what_it_says(tmp_path: Path, format: str) -> None:
    reading = read(write(tmp_path, format, document()))
    assert reading.channels == (Channel("x", "m/s2"), Channel("y"))
    assert reading.rate_hz == 100
    (recording,) = reading.recordings
    assert whole(recording.values).tolist() == np.float32(VALUES).tolist()
    assert recording.label == "wave"
    assert recording.metadata == {"device": "ac:87", "device_type": "WATCH"}
    assert [
        c.name for c in read(write(tmp_path, format, document()), channels=("y",)).channels
    ] == ["y"]


@both
def test_whole_numbers_stay_whole(tmp_path: Path, format: str) -> None:
    reading = read(write(tmp_path, format, document(values=[[1, -2], [300, 4]])))
    assert reading.contract == Contract("int16", (1.0, 1.0))
    assert whole(reading.recordings[0].values).tolist() == [[1, -2], [300, 4]]
    reading = read(write(tmp_path, format, document(values=[[1, -2], [70_000, 4]])))
    assert reading.contract.dtype == "int32"
    one = [{"name": "audio", "units": "wav"}]
    reading = read(write(tmp_path, format, document(sensors=one, values=[1, 2, 3])))
    assert whole(reading.recordings[0].values).tolist() == [[1], [2], [3]]


@both
def test_a_signature_is_verified_where_a_key_is_given(tmp_path: Path, format: str) -> None:
    signed = write(tmp_path, format, document(), KEY)
    assert whole(read(signed, hmac_key=KEY).recordings[0].values).shape == (3, 2)
    with pytest.raises(UserError, match="the file or the key is wrong") as e:
        read(signed, hmac_key=KEY + "0")
    assert e.value.code == f"data.{format}.signature"
    other = signed.read_bytes().replace(b"WATCH", b"MATCH")
    signed.write_bytes(other)
    with pytest.raises(UserError, match="the file or the key is wrong"):
        read(signed, hmac_key=KEY)
    with pytest.raises(UserError, match="the file or the key is wrong"):
        read(write(tmp_path, format, document()), hmac_key=KEY)
    plain = document()
    plain["protected"]["alg"] = "none"
    with pytest.raises(UserError, match="it is not signed"):
        read(write(tmp_path, format, plain, KEY), hmac_key=KEY)


def test_white_space_is_not_signed(tmp_path: Path) -> None:
    """Files are signed dense and laid out for people later."""
    signed = write(tmp_path, "json", document(device_name='a "b" \\ c'), KEY)
    laid_out = json.dumps(json.loads(signed.read_bytes()), indent=4)
    signed.write_text(laid_out)
    assert read(signed, hmac_key=KEY).rate_hz == 100
    signed.write_text(laid_out.replace('a \\"b', 'a  \\"b'))
    with pytest.raises(UserError, match="signature"):
        read(signed, hmac_key=KEY)


BAD: dict[str, Any] = {
    "form": [1, 2],
    "form ": {"signal": 1},
    "form payload": {**document(), "payload": []},
    "version": {**document(), "protected": {"ver": "v2", "alg": "HS256"}},
    "version alg": {**document(), "protected": {"ver": "v1", "alg": "RS256"}},
    "rate": document(interval_ms=0),
    "rate negative": document(interval_ms=-10),
    "rate text": document(interval_ms="10"),
    "sensors": document(sensors=[]),
    "sensors many": document(sensors=[{"name": "x", "units": ""}] * 1000),
    "sensors twice": document(sensors=[{"name": "x", "units": ""}] * 2),
    "sensors name": document(sensors=[{"units": ""}, {"name": "y"}]),
    "values": document(values="Ref-BINARY-i16"),
    "values ragged": document(values=[[1, 2], [3]]),
    "values text": document(values=[[1, 2], [3, "4"]]),
    "values large": document(values=[[1, 2], [3, 10**400]]),
    "one_sample": document(values=[[1, 2]]),
    "nonfinite": document(values=[[1.0, 2], [3, 1e300]]),
}


@both
@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_refused(tmp_path: Path, format: str, name: str) -> None:
    path = write(tmp_path, format, BAD[name])
    with pytest.raises(UserError, match=r"wave\.1") as e:
        read(path)
    tagged = name == "values large" and format == "cbor"  # such tags are not read at all
    assert e.value.code == f"data.{format}.{'syntax' if tagged else name.split()[0]}"


@pytest.mark.parametrize(
    ("text", "code"),
    [("[" * 100_000, "depth"), ('{"a":' * 100_000, "depth"), ("{", "syntax"), ("nan", "syntax"),
     ('{"a": NaN}', "syntax"), ('{"a": ' + "9" * 5000 + "}", "syntax")],
)  # fmt: skip
def test_hostile_json(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "wave.1.json"
    path.write_text(text)
    with pytest.raises(UserError) as e:
        read(path)
    assert e.value.code == f"data.json.{code}"


HOSTILE = {
    "depth": b"\x81" * 100_000 + b"\x00",
    "depth of tags": b"\xd9\xd9\xf7" * 100_000 + b"\x00",
    "length of a text": b"\x7b\x7f" + b"\xff" * 7,
    "length of an array": b"\x9b\x7f" + b"\xff" * 7 + b"\x00" * 100,
    "no end": b"\x9f\x00",
    "break alone": b"\xff",
    "break in an array": b"\x82\x00\xff",
    "keys": b"\xa1\x00\x00",
    "odd map": b"\xbf\x61a\xff",
    "tag": b"\xc2\x41\x00",
    "reserved": b"\x1c",
    "simple": b"\xf0",
    "no text": b"\x62\xff\xff",
    "number without a value": b"\x1f",
    "text of other parts": b"\x7f\x00\xff",
    "behind the end": b"\x00\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cbor(tmp_path: Path, name: str) -> None:
    path = tmp_path / "wave.1.cbor"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(UserError, match=r"wave\.1\.cbor") as e:
        read(path)
    assert e.value.code == "data.cbor." + ("syntax" if HOSTILE[name] else "empty")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1b000000e8d4a51000", 10**12),
        ("20", -1), ("3903e7", -1000), ("f93c00", 1.0), ("f9c400", -4.0), ("fa47c35000", 1e5),
        ("fb3ff199999999999a", 1.1), ("f4", False), ("f5", True), ("f6", None),
        ("4401020304", b"\1\2\3\4"),
        ("60", ""), ("62c3bc", "ü"), ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("5f42010243030405ff", b"\1\2\3\4\5"), ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("d9d9f701", 1),
    ],
)  # fmt: skip
def test_cbor_by_the_examples_of_its_standard(data: str, value: Any) -> None:
    """RFC 8949, appendix A."""
    found = cbor.loads(bytes.fromhex(data))
    assert found == value and type(found) is type(value)
