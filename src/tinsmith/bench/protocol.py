"""Frames: how a device or a worker process answers over a byte stream. C twin:
firmware/ports/qemu/frame.c.

    "TSF1"  type u8  0 u8  sequence u16  length u32  header_crc u32  payload  payload_crc u32

All little-endian. header_crc is the CRC-32 (IEEE 802.3, as zlib) of the 12 bytes before it,
payload_crc that of the 16 header bytes and the payload. A damaged frame is skipped, never guessed.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from tinsmith.core.errors import UserError

OUTPUTS, DONE, FAULT, STATUS = 1, 2, 3, 4
REQUEST, ANSWER = 16, 17
MAX_PAYLOAD = 1 << 30
_MAGIC = b"TSF1"
_HEAD = struct.Struct("<4sBBHII")


@dataclass(frozen=True)
class Frame:
    """One message. ``sequence``: the case it belongs to, modulo 65 536."""

    type: int
    sequence: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """The frame's bytes.

    Raises:
        UserError ``bench.frame``: the payload is longer than `MAX_PAYLOAD`.
    """
    if len(frame.payload) > MAX_PAYLOAD:
        raise UserError(
            "bench.frame",
            f"A message of {len(frame.payload)} B is too long; at most {MAX_PAYLOAD} B.",
            "Run fewer cases at a time.",
        )
    head = struct.pack(
        "<4sBBHI", _MAGIC, frame.type, 0, frame.sequence & 0xFFFF, len(frame.payload)
    )
    head += struct.pack("<I", crc32(head))
    return head + frame.payload + struct.pack("<I", crc32(frame.payload, crc32(head)))


def decode(stream: bytes) -> Iterator[Frame]:
    """All undamaged frames of a finished stream, in order; everything else in it is skipped."""
    at = stream.find(_MAGIC)
    while at >= 0:
        found = _frame_at(stream, at)
        if found is not None:
            yield found
            at += _HEAD.size + len(found.payload) + 4
        else:
            at += 1
        at = stream.find(_MAGIC, at)


def _frame_at(stream: bytes, at: int) -> Frame | None:
    if at + _HEAD.size > len(stream):
        return None
    _, type, zero, sequence, length, check = _HEAD.unpack_from(stream, at)
    head = stream[at : at + _HEAD.size]
    end = at + _HEAD.size + length
    if zero or check != crc32(head[:12]) or length > MAX_PAYLOAD or end + 4 > len(stream):
        return None
    payload = stream[at + _HEAD.size : end]
    whole = int.from_bytes(stream[end : end + 4], "little")
    return Frame(type, sequence, payload) if whole == crc32(payload, crc32(head)) else None


def pack_message(type: int, body: dict[str, Any], binary: bytes) -> bytes:
    """A frame whose payload is a length, JSON and binary data: what worker processes speak."""
    text = json.dumps(body).encode()
    return encode(Frame(type, 0, struct.pack("<I", len(text)) + text + binary))


def unpack_message(stream: bytes, type: int) -> tuple[dict[str, Any], bytes] | None:
    """The first message of a type in a stream; None where there is none undamaged."""
    frame = next((f for f in decode(stream) if f.type == type), None)
    if frame is None:
        return None
    (length,) = struct.unpack_from("<I", frame.payload)
    body: dict[str, Any] = json.loads(frame.payload[4 : 4 + length])
    return body, frame.payload[4 + length :]
