"""Frames: what was sent comes back, what was damaged does not."""

import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinsmith.bench.protocol import Frame, decode, encode, pack_message, unpack_message
from tinsmith.core.errors import UserError

FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=60))


@given(st.lists(FRAMES, max_size=5), st.lists(st.binary(max_size=20), min_size=6, max_size=6))
def test_frames_survive_garbage_between_them(frames: list[Frame], garbage: list[bytes]) -> None:
    clean = [g.replace(b"T", b"t") for g in garbage]
    stream = clean[0] + b"".join(encode(f) + g for f, g in zip(frames, clean[1:], strict=False))
    assert list(decode(stream)) == frames


@given(FRAMES, st.data())
def test_any_changed_byte_is_noticed(frame: Frame, data: st.DataObject) -> None:
    stream = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    assert list(decode(bytes(stream))) == []


@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(
    one: Frame, two: Frame, data: st.DataObject
) -> None:
    first = bytearray(encode(one))
    at = data.draw(st.integers(0, len(first) - 1))
    first[at] ^= data.draw(st.integers(1, 255))
    assert list(decode(bytes(first) + encode(two))) == [two]


@given(FRAMES, st.data())
def test_a_cut_frame_is_no_frame(frame: Frame, data: st.DataObject) -> None:
    stream = encode(frame)
    assert list(decode(stream[: data.draw(st.integers(0, len(stream) - 1))])) == []


def test_a_length_that_lies_does_not_swallow_the_rest() -> None:
    good = encode(Frame(1, 7, b"good"))
    lying = bytearray(encode(Frame(1, 6, b"lies")))
    lying[8:12] = (2**31).to_bytes(4, "little")
    assert list(decode(bytes(lying) + good)) == [Frame(1, 7, b"good")]


def test_a_payload_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinsmith.bench.protocol.MAX_PAYLOAD", 8)
    with pytest.raises(UserError, match="9 B is too long; at most 8 B"):
        encode(Frame(1, 0, bytes(9)))


def test_messages_carry_json_and_bytes() -> None:
    stream = pack_message(16, {"a": [1, 2]}, b"\x00\xff")
    assert unpack_message(b"noise" + stream, 16) == ({"a": [1, 2]}, b"\x00\xff")
    assert unpack_message(stream, 17) is None


def test_a_wrong_header_crc_is_noticed_even_if_all_else_fits() -> None:
    head = struct.pack("<4sBBHII", b"TSF1", 1, 0, 7, 3, 0xBAD)
    forged = head + b"abc" + struct.pack("<I", crc32(head + b"abc"))
    assert list(decode(forged)) == []
