"""Round trips of every kind of field, canonical hashes, and what the codec refuses."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinsmith.core.codec import content_hash, dumps, loads
from tinsmith.core.errors import Cancelled, InternalError
from tinsmith.core.quantity import Emulated, Measured, Quantity

Attr = int | float | str | bool | tuple[int, ...] | tuple[float, ...]


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    x: int


@dataclass(frozen=True)
class Other:
    x: int


@dataclass(frozen=True)
class Everything:
    whole: int = 3
    real: float = -0.0
    text: str = 'é\n"\ud800'
    yes: bool = True
    nothing: int | None = None
    raw: bytes = b"\x00\xff"
    colour: Colour = Colour.RED
    choice: Literal["a", "b"] = "b"
    inner: Inner = Inner(1)
    either: Inner | Other = Other(2)
    many: tuple[Inner, ...] = (Inner(1), Inner(2))
    pair: tuple[int, str] = (1, "x")
    triple: tuple[int, str, float] = (1, "x", 0.5)
    none_of_them: tuple[int, ...] = ()
    attrs: Mapping[str, Attr] = field(
        default_factory=lambda: {
            "i": 1,
            "f": 1.0,
            "s": "1",
            "b": True,
            "is": (1, 2),
            "fs": (0.5, 1.0),
        }
    )
    plain_list: list[int] = field(default_factory=lambda: [1, 2])
    free: Any = ("a", 1, b"b", {"k": None})
    perhaps: bytes | None = b"there"


@dataclass(frozen=True)
class Arrays:
    one: np.ndarray
    named: Mapping[str, np.ndarray]
    perhaps: np.ndarray | None


def test_every_kind_of_field_round_trips() -> None:
    value = Everything()
    again = loads(Everything, dumps(value))
    assert again == value
    assert str(again.real) == "-0.0"
    assert [type(v) for v in again.attrs.values()] == [int, float, str, bool, tuple, tuple]
    assert [type(v) for v in again.attrs["fs"]] == [float, float]  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32", "bool", ">i4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_round_trip(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    a = np.asarray(rng.normal(size=shape) * 9).astype(dtype)
    again = loads(Arrays, dumps(Arrays(a, {"t": a.T}, None)))
    assert again.one.dtype == a.dtype and again.one.shape == shape
    assert np.array_equal(again.one, a) and np.array_equal(again.named["t"], a.T)
    assert again.perhaps is None


def test_nan_and_infinity_round_trip() -> None:
    again = loads(tuple[float, ...], dumps((float("nan"), float("inf"), float("-inf"))))  # type: ignore[arg-type]
    assert str(again) == "(nan, inf, -inf)"


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(allow_nan=False), st.text())))
def test_any_mapping_round_trips(value: dict[str, Any]) -> None:
    kind = Mapping[str, int | float | str]
    again = loads(kind, dumps(value))  # type: ignore[type-abstract]
    assert again == value and [type(v) for v in again.values()] == [type(v) for v in value.values()]


def test_hash_is_of_content_only() -> None:
    a = np.arange(6, dtype=np.int16).reshape(2, 3)
    assert content_hash(a) == content_hash(np.asfortranarray(a)) == content_hash(a.copy())
    assert content_hash(a) != content_hash(a.astype(np.int32))
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash(Inner(1)) != content_hash(Other(1))
    assert content_hash(Everything()) != content_hash(replace(Everything(), whole=4))


def test_hash_is_the_same_in_another_process() -> None:
    code = "from tinsmith.core.codec import content_hash; import numpy as np; "
    code += "print(content_hash({'a': (1, 2.5), 'b': np.arange(3, dtype=np.int8)}, 'x', None))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"})
    ]
    mine = content_hash({"a": (1, 2.5), "b": np.arange(3, dtype=np.int8)}, "x", None)
    assert {r.stdout.strip() for r in runs} == {mine}


def test_bytes_are_canonical() -> None:
    with zipfile.ZipFile(io.BytesIO(dumps(b"x"))) as z:
        assert {(i.date_time, i.create_system, i.compress_type) for i in z.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 3, zipfile.ZIP_STORED)
        }


@pytest.mark.parametrize("value", [{1, 2}, object(), Path("x"), np.array([{}]), 1j])
def test_what_is_not_data_is_refused(value: Any) -> None:
    with pytest.raises(InternalError, match="cannot encode"):
        dumps(value)


def test_one_quantity_is_not_read_as_another() -> None:
    seen = Emulated(12.0, "instructions", "rpi_pico", "unicorn 2.1.4")
    counts: tuple[Quantity, ...] | None = (seen, Measured(3, "B", "b", "probe"))
    assert loads(tuple[Quantity, ...] | None, dumps(counts)) == counts
    assert loads(tuple[Quantity, ...] | None, dumps(None)) is None
    assert loads(Quantity, dumps(seen)) == seen  # type: ignore[arg-type]
    with pytest.raises(InternalError, match="Emulated"):
        loads(Measured, dumps(seen))


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, 1.5), (int, True), (str, 5), (float, "1"), (tuple[int, str], (1,)), (Inner, Other(1)),
     (Literal["a"], "b"), (int | str, 0.5), (np.ndarray, b"x"), (Colour, "blue")],
)  # fmt: skip
def test_a_wrong_type_is_an_error(kind: Any, value: Any) -> None:
    with pytest.raises(InternalError):
        loads(kind, dumps(value))


@pytest.mark.parametrize("cut", [0, 1, 50, -1])
def test_cut_bytes_are_an_error(cut: int) -> None:
    data = dumps(Everything())
    with pytest.raises(InternalError):
        loads(Everything, data[:cut])


def test_pickle_in_an_array_is_never_loaded() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    body = b'{"$array":0}'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("object.json", body)
        z.writestr("0.bin", buffer.getvalue())
    with pytest.raises(InternalError, match="pickle"):
        loads(np.ndarray, out.getvalue())


def packed(body: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as z:
        z.writestr("object.json", body)
    return out.getvalue()


HOSTILE = {
    "compressed": packed(b"[" + b"0," * 100_000 + b"0]", zipfile.ZIP_DEFLATED),
    "nested": packed(b"[" * 100_000),
    "a huge integer": packed(b"[" + b"9" * 5000 + b"]"),
    "an index that is no index": packed(b'{"$array":"x"}'),
    "not text": packed(b"\xff\xfe"),
    "no object": packed(b""),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", [Everything, np.ndarray, tuple[int, ...]])
def test_hostile_bytes_are_an_error_like_any_other(kind: Any, data: bytes) -> None:
    with pytest.raises(InternalError, match="codec: no "):
        loads(kind, data)


@given(st.integers(0, len(dumps(Everything())) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_or_changes_nothing(at: int, by: int) -> None:
    """Every member has a CRC; what is outside of members (attributes, times) is not content."""
    data = bytearray(dumps(Everything()))
    data[at] ^= by
    try:
        again = loads(Everything, bytes(data))
    except InternalError:
        return
    assert again == Everything()


def test_an_error_of_the_type_itself_is_an_error_of_the_codec() -> None:
    data = dumps(Emulated(1.0, "B", "b", "s")).replace(b"Emulated", b"Estimate")
    with pytest.raises(InternalError, match="codec: no "):
        loads(Emulated, data)


def test_the_canonical_form_is_pinned() -> None:
    """Ids of datasets on users' disks are hashes of it: another form needs a migration."""
    value = (Inner(1), {"b": 0.5, "a": (True, None, "\u00e9")}, np.arange(3, dtype=np.int16), b"x")
    assert content_hash(value) == "3f6b6573dbac4eddb3527c7e5936711556f3e61ec3a7c016ce48c15cdec2ba68"


class Impatient:
    """A job that is cancelled after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Cancelled

    def advance(self, done: int, total: int, note: str = "") -> None:
        self.check()


@pytest.mark.parametrize("work", [dumps, content_hash, loads])
def test_who_cancels_is_heard_amid_a_value(work: Any) -> None:
    """Also where there are many small things: a graph of thousands of nodes takes seconds."""
    value = tuple({"k": i} for i in range(1000))
    given = (object, dumps(value)) if work is loads else (value,)
    work(*given, job=Impatient(100_000))
    with pytest.raises(Cancelled):
        work(*given, job=Impatient(900))
