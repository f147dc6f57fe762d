"""Mutations of model files: bytes, words and pieces of any file; members of zip archives and values
of JSON texts where a file holds such."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_WORDS = (0, 1, -1, 2, 127, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63))
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2, 2**31, 2**63, 2**70, 1e308, float("nan"), float("inf"), "", "x", [], {},
    [[]], {"class_name": "Dense"}, "1e400", "-1", "99999999999",
)  # fmt: skip
Bytes = Callable[[bytearray, np.random.Generator], None]


def _place(data: bytearray, rng: np.random.Generator, width: int = 1) -> int:
    """Anywhere, or near an end, where formats keep what describes the rest."""
    last = max(1, len(data) - width + 1)
    near = min(last, 2048)
    match int(rng.integers(4)):
        case 0:
            return int(rng.integers(near))
        case 1:
            return last - 1 - int(rng.integers(near))
    return int(rng.integers(last))


def flipped(data: bytearray, rng: np.random.Generator) -> None:
    """One to four bits."""
    for _ in range(int(rng.integers(1, 5))):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def set_bytes(data: bytearray, rng: np.random.Generator) -> None:
    """One to four bytes at ends of ranges."""
    for _ in range(int(rng.integers(1, 5))):
        data[_place(data, rng)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))


def words(data: bytearray, rng: np.random.Generator) -> None:
    """An integer of 2, 4 or 8 bytes replaced by an end of a range."""
    width = int(rng.choice([2, 4, 8]))
    at = _place(data, rng, width) // width * width
    word = int(_WORDS[int(rng.integers(len(_WORDS)))]) % (1 << 8 * width)
    data[at : at + width] = word.to_bytes(width, "little")


def cut(data: bytearray, rng: np.random.Generator) -> None:
    """The end cut off."""
    del data[_place(data, rng) :]


def removed(data: bytearray, rng: np.random.Generator) -> None:
    """A piece left out."""
    at = _place(data, rng)
    del data[at : at + int(rng.integers(1, 65))]


def doubled(data: bytearray, rng: np.random.Generator) -> None:
    """A piece written twice."""
    at, size = _place(data, rng), int(rng.integers(1, 65))
    data[at:at] = data[at : at + size]


def swapped(data: bytearray, rng: np.random.Generator) -> None:
    """Two fields of 4 or 16 bytes exchanged."""
    width = int(rng.choice([4, 16]))
    a, b = sorted(_place(data, rng, width) // width * width for _ in range(2))
    left, right = data[a : a + width], data[b : b + width]
    if len(left) == len(right) == width and a != b:
        data[a : a + width], data[b : b + width] = right, left


_BYTES: Sequence[Bytes] = (
    flipped, flipped, flipped, set_bytes, set_bytes, words, words, words, swapped,
    cut, removed, doubled,
)  # fmt: skip
"""Those that leave every other byte where it was come more often: more of their files are read."""


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """One mutation of a file; ``other`` is a second one of its format, for splices."""
    kind = int(rng.integers(20))
    if kind == 0 and other:
        at = int(rng.integers(len(data)))
        return data[:at] + other[min(at, len(other)) :]
    if kind > 7 and data.startswith(b"PK"):
        return _archive(data, rng)
    if kind > 7 and data.startswith(b"{") and (text := _json(data, rng)):
        return text
    out = bytearray(data)
    _BYTES[int(rng.integers(len(_BYTES)))](out, rng)
    return bytes(out)


def _archive(data: bytes, rng: np.random.Generator) -> bytes:
    """The same archive with one member mutated, and its checks made to fit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    name = list(members)[int(rng.integers(len(members)))]
    content = members[name] or b"\0"
    members[name] = mutated(content, b"", rng)
    return zipped(members)


def zipped(members: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    """An archive, whose members are stored as they are unless ``packed`` says otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _json(data: bytes, rng: np.random.Generator) -> bytes:
    """One value of a JSON text replaced, removed, doubled or moved; nothing where it is no JSON."""
    try:
        body = json.loads(data)
    except ValueError:
        return b""
    holder = body
    while True:
        keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return b""
        key = keys[int(rng.integers(len(keys)))]
        inner = holder[key]
        if not (isinstance(inner, dict | list) and inner and rng.integers(6)):
            break
        holder = inner
    _edit(holder, key, keys, rng)
    return json.dumps(body).encode()


def _edit(holder: Any, key: Any, keys: list[Any], rng: np.random.Generator) -> None:
    other = keys[int(rng.integers(len(keys)))]
    match int(rng.integers(5)):
        case 0:
            del holder[key]
        case 1:
            holder[key], holder[other] = holder[other], holder[key]
        case 2 if isinstance(holder, list):
            holder.insert(int(rng.integers(len(holder))), holder[key])
        case _:
            holder[key] = _VALUES[int(rng.integers(len(_VALUES)))]
