"""A table's bytes: decoded, with one kind of line end, in blocks of whole lines, so that files that
do not fit in memory are read."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from tinsmith.core.errors import UserError
from tinsmith.data.text import Source

SAMPLE = 1 << 18
"""Bytes from which everything about a table is recognised."""
_BLOCK = 1 << 22
_LONGEST = 1 << 24
_PLAIN = bytes([9, 10, 12, 13, *range(32, 256)])
_BAD = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
_CHECK = "Export the recording as text in UTF-8."


def blocks(path: Path, source: Source) -> Iterator[bytes]:
    """The file as UTF-8 with lines that end in ``\\n``: first about `SAMPLE` bytes, then larger
    blocks, each of whole lines.

    Read as UTF-8; as UTF-16 behind its mark; as Windows-1252 where it is not UTF-8, as old exports
    are.

    Raises:
        UserError: ``missing``, ``unreadable``, ``empty``, ``binary`` or ``long_line``.
    """
    ready, rest, empty = b"", b"", True
    for chunk in _decoded(path, source):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            if ready:
                empty = empty and not ready.strip()
                yield ready
            ready, rest = rest + chunk[:cut], chunk[cut:]
            continue
        rest += chunk
        if len(rest) > _LONGEST:
            what = f"a line has more than {_LONGEST} bytes."
            raise source.error("long_line", what, "A table has one line for each sample.")
    last = ready + rest + b"\n" if rest else ready
    if last.strip():
        yield last
    elif empty:
        raise source.error("empty", "the file is empty.", "Record or export it again.")


def _decoded(path: Path, source: Source) -> Iterator[bytes]:
    """Chunks of the file as checked UTF-8 without carriage returns."""
    encoding, position, decoder, ended = "", 0, codecs.lookup("utf-8").incrementaldecoder(), b""
    for chunk in _read(path, source):
        if not encoding:
            encoding = _encoding(chunk)
            decoder = codecs.lookup(encoding).incrementaldecoder()
        if encoding != "utf-8-sig" or not chunk.isascii():
            chunk = _as_utf8(decoder, chunk, source, position)
        if chunk.translate(None, _PLAIN):
            raise _binary(source, position + _BAD.search(chunk).start())  # type: ignore[union-attr]
        position += len(chunk)
        if b"\r" in chunk or ended:
            chunk = ended + chunk
            ended = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk[: len(chunk) - len(ended)]
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield chunk
    _as_utf8(decoder, b"", source, position, final=True)
    if ended:
        yield b"\n"


def _as_utf8(
    decoder: codecs.IncrementalDecoder, chunk: bytes, source: Source, position: int,
    final: bool = False,
) -> bytes:  # fmt: skip
    try:
        return decoder.decode(chunk, final).encode()
    except UnicodeDecodeError as e:
        raise _binary(source, position + e.start) from None


def _encoding(first: bytes) -> str:
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.lookup("utf-8").incrementaldecoder().decode(first)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _read(path: Path, source: Source) -> Iterator[bytes]:
    try:
        if not (path.is_file() or path.is_dir()) and path.exists():
            raise source.error("unreadable", "this is no file (a pipe or device).", "Copy it.")
        with path.open("rb") as file:
            size = SAMPLE
            while chunk := file.read(size):
                yield chunk
                size = _BLOCK
    except FileNotFoundError:
        raise source.error("missing", "there is no such file.", "Check the path.") from None
    except OSError as e:
        raise source.error("unreadable", f"cannot be read ({e.strerror}).", "Check it.") from None


def _binary(source: Source, position: int) -> UserError:
    where = f"byte {position} cannot be part of UTF-8 text"
    return source.error("binary", f"this is not text ({where}).", _CHECK)
