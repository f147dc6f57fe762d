"""Frozen dataclasses to bytes and back: canonical JSON plus .npy members in a stored zip. Never
pickle.

The bytes are canonical (sorted keys, fixed time stamps), so their SHA-256 is the object's content
hash.
"""

import io
import json
import types
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from tinsmith.core.errors import InternalError

T = TypeVar("T")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def content_hash(*objects: Any) -> str:
    """SHA-256 (hex) of the canonical form of the objects: equal content, equal hash, on every
    machine."""
    return sha256(b"".join(dumps(o) for o in objects)).hexdigest()


def dumps(value: Any) -> bytes:
    """Canonical bytes of a frozen dataclass, mapping, tuple, array, bytes or plain value."""
    blobs: list[bytes] = []
    body = json.dumps(
        _encode(value, blobs), sort_keys=True, separators=(",", ":"), allow_nan=True
    ).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        z.writestr(zipfile.ZipInfo("object.json", _EPOCH), body)
        for i, blob in enumerate(blobs):
            z.writestr(zipfile.ZipInfo(f"{i}.bin", _EPOCH), blob)
    return out.getvalue()


def loads(kind: type[T], data: bytes) -> T:
    """Inverse of `dumps` for an object of the dataclass ``kind``."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        body = json.loads(z.read("object.json"))
        blobs = [z.read(f"{i}.bin") for i in range(len(z.namelist()) - 1)]
    found: T = _decode(kind, body, blobs)
    return found


def _encode(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.lib.format.write_array(
            buffer, np.asarray(value, order="C"), version=(1, 0), allow_pickle=False
        )
        blobs.append(buffer.getvalue())
        return {"$blob": len(blobs) - 1}
    if isinstance(value, bytes):
        blobs.append(value)
        return {"$blob": len(blobs) - 1}
    if is_dataclass(value):
        body = {f.name: _encode(getattr(value, f.name), blobs) for f in fields(value)}
        return {"$class": type(value).__name__, **body}
    if isinstance(value, Mapping):
        return {"$map": [[_encode(k, blobs), _encode(v, blobs)] for k, v in value.items()]}
    if isinstance(value, tuple | list):
        return [_encode(v, blobs) for v in value]
    raise InternalError(f"codec: cannot encode {type(value).__name__}")


def _decode(kind: Any, body: Any, blobs: list[bytes]) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode(_pick(arguments, body), body, blobs)
    if origin is Literal or kind is Any or body is None or kind is object:
        return tuple(body) if isinstance(body, list) else body
    if kind is np.ndarray or origin is np.ndarray:
        return np.lib.format.read_array(io.BytesIO(blobs[body["$blob"]]), allow_pickle=False)
    if kind is bytes:
        return blobs[body["$blob"]]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _decode(hints[f.name], body[f.name], blobs) for f in fields(kind)})
    if origin is not None and issubclass(origin, Mapping):
        return {
            _decode(arguments[0], k, blobs): _decode(arguments[1], v, blobs)
            for k, v in body["$map"]
        }
    if origin in (tuple, list):
        if len(arguments) == 2 and arguments[1] is not Ellipsis:
            return tuple(_decode(a, v, blobs) for a, v in zip(arguments, body, strict=True))
        return tuple(_decode(arguments[0], v, blobs) for v in body)
    return kind(body)


def _pick(arguments: tuple[Any, ...], body: Any) -> Any:
    """The member of a union that the encoded value belongs to."""
    if body is None:
        return type(None)
    concrete = [a for a in arguments if a is not type(None)]
    if isinstance(body, dict) and "$class" in body:
        return next(a for a in concrete if getattr(a, "__name__", "") == body["$class"])
    if isinstance(body, list):
        return next(a for a in concrete if get_origin(a) in (tuple, list))
    exact = [a for a in concrete if isinstance(a, type) and type(body) is a]
    return exact[0] if exact else concrete[0]
