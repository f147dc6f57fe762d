"""Our own file of a graph, ``.tinsmith``: its text, its constants, nothing that could be executed.

A zip of stored members with fixed time stamps, so equal graphs give equal bytes::

    format.json           format, version, hash of the text, names of the constants
    graph.txt             the text form (`ir/text.py`), which holds the hash of every constant
    constants/0.npy ...   numpy's format 1.0, without pickle, in the order of the names

Files are read without trust: nothing is decompressed, sizes are checked before anything is read,
and the graph has to keep the grammar.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tinsmith.core.errors import TinsmithError, UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.rules import verify
from tinsmith.ir.text import contents, from_text, to_text
from tinsmith.ir.types import SIZES

FORMAT, VERSION = "tinsmith-graph", 1
SUFFIX = ".tinsmith"
MOST_TEXT = 64_000_000
"""Bytes of the text and of the list of names."""
MOST_CONSTANTS = 100_000
MOST_VALUE = 2**31
"""Every value of a graph has fewer bytes: kernels count in int32."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dumps(graph: Graph) -> bytes:
    """A graph as the bytes of a file.

    Raises:
        UserError ``import.tinsmith.op``: it has an operation that such files do not hold.
    """
    _check_ops(graph)
    arrays, text = contents(graph), to_text(graph).encode()
    names = sorted(arrays)
    head = {
        "constants": names, "format": FORMAT, "text": sha256(text).hexdigest(), "version": VERSION,
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member("format.json"), json.dumps(head, sort_keys=True).encode())
        archive.writestr(_member("graph.txt"), text)
        for i, name in enumerate(names):
            archive.writestr(_member(_place(i)), _npy(arrays[name]))
    return out.getvalue()


def read(path: Path) -> Graph:
    """The graph of a file; to be called in the sandbox.

    Raises:
        UserError: ``import.tinsmith.broken`` (no such file, damaged, or not what its hashes say),
            ``.version``, ``.limit``, ``.op``.
    """
    try:
        return loads(path.read_bytes())
    except (UserError, MemoryError, RecursionError):
        raise
    except Exception as e:  # noqa: BLE001 - zipfile, json, numpy, re and ast raise many kinds
        refuse("broken", f"{path.name!r} is no graph of ours: {e}.")


def loads(data: bytes) -> Graph:
    """Inverse of `dumps`.

    Raises:
        UserError: as `read`; other exceptions for what is no such file.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        head = json.loads(_stored(archive, "format.json", MOST_TEXT))
        names = _names(head)
        wanted = ["format.json", "graph.txt", *(_place(i) for i in range(len(names)))]
        if archive.namelist() != wanted:
            raise ValueError("its members are not those that it lists")
        text = _stored(archive, "graph.txt", MOST_TEXT)
        if sha256(text).hexdigest() != head.get("text"):
            refuse("broken", "The graph's text is not the one that was written.")
        arrays = {n: _array(archive, _place(i)) for i, n in enumerate(names)}
    return _checked(text.decode(), arrays)


def refuse(what: str, message: str, hint: str = "") -> NoReturn:
    """A file that cannot be read.

    Raises:
        UserError ``import.tinsmith.<what>``.
    """
    raise UserError(
        f"import.tinsmith.{what}", message, hint or "Write it anew with `tinsmith quantise`."
    )


def _checked(text: str, arrays: Mapping[str, np.ndarray]) -> Graph:
    """The graph, once it keeps the grammar."""
    try:
        graph = from_text(text, arrays)
    except UserError as e:
        refuse("broken", f"{e.code}: {e.message}")
    if set(arrays) != set(contents(graph)):
        refuse("broken", "It holds constants that the graph does not name.")
    large = [v for v, t in graph.types.items() if t.nbytes >= MOST_VALUE]
    if large:
        refuse("limit", f"Value {large[0]!r} has {graph.type(large[0]).nbytes} bytes.")
    try:
        verify(graph)
    except TinsmithError as e:
        refuse("broken", f"The graph breaks its grammar: {e}")
    _check_ops(graph)
    _check_calls(graph)
    return graph


def _check_calls(graph: Graph) -> None:
    """Scales and attributes that the grammar lets pass may still be none that a kernel takes."""
    for node in graph.nodes:
        kernel = OPS.get(node.op).kernels.get(graph.type(node.inputs[0]).dtype)
        try:
            if kernel is not None:
                kernel.arguments(site_of(graph, node))
        except Exception as e:  # noqa: BLE001 - whatever stops an operation from being compiled
            refuse("broken", f"Node {node.name!r} ({node.op}): {e}")


def _check_ops(graph: Graph) -> None:
    for node in graph.nodes:
        if not OPS.get(node.op).storable:
            refuse(
                "op",
                f"Node {node.name!r}: {node.op} is not kept in {SUFFIX} files.",
                "Use the model's own file.",
            )


def _names(head: Any) -> list[str]:
    """Names of the constants, from the first member."""
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise ValueError("its first member names another format")
    if head.get("version") != VERSION:
        refuse(
            "version",
            f"The file has version {head.get('version')!r}; version {VERSION} is read.",
        )
    names = head.get("constants")
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise ValueError("its list of constants is none")
    if len(names) > MOST_CONSTANTS:
        refuse("limit", f"It has {len(names)} constants; at most {MOST_CONSTANTS} are read.")
    if len(set(names)) != len(names):
        raise ValueError("two constants have one name")
    return names


def _stored(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A member that is as large as it says; its CRC is checked by zipfile."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise ValueError(f"{name} is compressed or encrypted")
    if info.file_size > most or info.file_size != info.compress_size:
        refuse("limit", f"{name} says that it has {info.file_size} bytes; at most {most} are read.")
    return archive.read(info)


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    stream = io.BytesIO(_stored(archive, name, MOST_VALUE))
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is not in version 1.0 of numpy's format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    body = stream.read()
    if fortran or dtype.name not in SIZES or dtype.byteorder == ">":
        raise ValueError(f"{name} holds {dtype}")
    if len(body) != dtype.itemsize * int(np.prod([int(d) for d in shape], dtype=object)):
        raise ValueError(f"{name} is {shape} in {len(body)} bytes")
    if dtype.name == "bool" and body.strip(b"\0\1"):
        raise ValueError(f"{name} holds bytes that are neither 0 nor 1")
    return np.frombuffer(body, dtype).reshape(shape).copy()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    little = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    np.lib.format.write_array(buffer, little, (1, 0), allow_pickle=False)
    return buffer.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = 3, 0o644 << 16  # else they differ between platforms
    return info


def _place(index: int) -> str:
    return f"constants/{index}.npy"
