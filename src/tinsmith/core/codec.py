"""Frozen dataclasses to bytes and back: canonical JSON plus binary members in a stored zip. Never
pickle.

The bytes are canonical (sorted keys, fixed time stamps and attributes), so a hash of them names the
content on every machine. The order of a mapping is content: a trace is in order of execution.
"""

import io
import json
import types
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from tinsmith.core.errors import Cancelled, InternalError
from tinsmith.core.progress import SILENT, Progress

T = TypeVar("T")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN = (bool, int, float, str)


@dataclass
class _Parts:
    """What belongs to a value on its way: its binary members, the job that is asked whether to go
    on, and the types of the fields of its classes, which are dear to find out."""

    job: Progress
    blobs: list[bytes] = field(default_factory=list)
    hints: dict[type, dict[str, Any]] = field(default_factory=dict)


def content_hash(*objects: Any, job: Progress = SILENT) -> str:
    """SHA-256 (hex) over the canonical form of the objects: equal content, equal hash, on every
    machine.

    Raises:
        Cancelled: the job was cancelled.
    """
    return sha256(b"".join(sha256(dumps(o, job)).digest() for o in objects)).hexdigest()


def dumps(value: Any, job: Progress = SILENT) -> bytes:
    """Canonical bytes of a frozen dataclass, mapping, tuple, array, bytes or plain value.

    Raises:
        InternalError: the value holds something else (a path, a set, an object array, ...).
        Cancelled: the job was cancelled.
    """
    parts = _Parts(job)
    body = json.dumps(_encode(value, parts), sort_keys=True, separators=(",", ":")).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        z.writestr(_member("object.json"), body)
        for i, blob in enumerate(parts.blobs):
            z.writestr(_member(f"{i}.bin"), blob)
    return out.getvalue()


def loads(kind: type[T], data: bytes, job: Progress = SILENT) -> T:
    """Inverse of `dumps` for a value of type ``kind`` (a dataclass, or a type made of them).

    Raises:
        InternalError: the bytes hold no such value, whatever they do hold: damaged, hostile, or of
            another type. Members are stored, so nothing grows while it is read.
        Cancelled: the job was cancelled.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            body = json.loads(_stored(z, "object.json"))
            blobs = [_stored(z, f"{i}.bin") for i in range(len(z.namelist()) - 1)]
        found: T = _decode(kind, body, _Parts(job, blobs))
    except Cancelled:
        raise
    except Exception as e:  # zipfile, json, numpy and the types themselves raise some twenty kinds
        reason = f"{type(e).__name__}: {e}"
        raise InternalError(f"codec: no {getattr(kind, '__name__', kind)}: {reason}") from e
    return found


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member as `dumps` writes it; its CRC is checked by zipfile."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return archive.read(name)


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = 3, 0o644 << 16  # else they differ between platforms
    return info


def _encode(value: Any, parts: _Parts) -> Any:
    parts.job.check()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray):
        parts.blobs.append(_npy(value))
        return {"$array": len(parts.blobs) - 1}
    if isinstance(value, bytes):
        parts.blobs.append(value)
        return {"$bytes": len(parts.blobs) - 1}
    if is_dataclass(value):
        body = {f.name: _encode(getattr(value, f.name), parts) for f in fields(value)}
        return {"$class": type(value).__name__, **body}
    if isinstance(value, Mapping):
        return {"$map": [[_encode(k, parts), _encode(v, parts)] for k, v in value.items()]}
    if isinstance(value, tuple | list):
        return [_encode(v, parts) for v in value]
    raise InternalError(f"codec: cannot encode {type(value).__name__}")


def _npy(array: np.ndarray) -> bytes:
    if array.dtype.hasobject:
        raise InternalError("codec: cannot encode an array of objects")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array, order="C"), (1, 0), allow_pickle=False)
    return buffer.getvalue()


def _decode(kind: Any, body: Any, parts: _Parts) -> Any:
    parts.job.check()
    if kind is Any or kind is object:
        return _guess(body, parts)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode(_pick(arguments, body), body, parts)
    if kind is np.ndarray or origin is np.ndarray:
        return np.lib.format.read_array(io.BytesIO(parts.blobs[body["$array"]]), allow_pickle=False)
    if kind is bytes:
        return parts.blobs[body["$bytes"]]
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind, body, parts)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = arguments
        return {_decode(key, k, parts): _decode(value, v, parts) for k, v in body["$map"]}
    if origin in (tuple, list):
        return origin(_sequence(origin, arguments, body, parts))
    return _scalar(kind, origin, arguments, body)


def _object(kind: type, body: Any, parts: _Parts) -> Any:
    if body["$class"] != kind.__name__:
        raise ValueError(f"it is a {body['$class']}")
    if kind not in parts.hints:
        parts.hints[kind] = get_type_hints(kind)
    hints = parts.hints[kind]
    return kind(**{f.name: _decode(hints[f.name], body[f.name], parts) for f in fields(kind)})


def _sequence(origin: Any, arguments: tuple[Any, ...], body: Any, parts: _Parts) -> list[Any]:
    if not isinstance(body, list):
        raise ValueError(f"{body!r} is not a sequence")
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        return [_decode(a, v, parts) for a, v in zip(arguments, body, strict=True)]
    return [_decode(arguments[0], v, parts) for v in body]


def _scalar(kind: Any, origin: Any, arguments: tuple[Any, ...], body: Any) -> Any:
    if kind is None or kind is type(None):
        fits, value = body is None, None
    elif origin is Literal:
        fits, value = body in arguments, body
    elif kind in _PLAIN:
        # an int may stand for a float (written 1, meant 1.0), nothing else for anything else
        fits = type(body) is kind or (kind is float and type(body) is int)
        value = kind(body) if fits else None
    else:
        fits, value = True, kind(body)
    if not fits:
        raise ValueError(f"{body!r} is not {kind}")
    return value


def _guess(body: Any, parts: _Parts) -> Any:
    """A value of unknown type: plain values, arrays, bytes, mappings and tuples explain
    themselves."""
    parts.job.check()
    if isinstance(body, list):
        return tuple(_guess(v, parts) for v in body)
    if not isinstance(body, dict):
        return body
    if "$class" in body:
        raise ValueError(f"a {body['$class']} where the type does not say so")
    if "$map" in body:
        return {_guess(k, parts): _guess(v, parts) for k, v in body["$map"]}
    return _decode(np.ndarray if "$array" in body else bytes, body, parts)


def _pick(members: tuple[Any, ...], body: Any) -> Any:
    """The member of a union that the encoded value belongs to: the first that it fits exactly, else
    float for an int."""
    exact = [m for m in members if _fits(m, body)]
    if exact:
        return exact[0]
    if float in members and type(body) is int:
        return float
    raise ValueError(f"{body!r} is none of {members}")


def _fits(kind: Any, body: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if body is None or kind is None or kind is type(None):
        return body is None and kind in (None, type(None), Any)
    if kind is Any or kind is object:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(a, body) for a in arguments)
    if origin is Literal:
        return body in arguments
    if origin in (tuple, list):
        return isinstance(body, list) and _all_fit(origin, arguments, body)
    if kind is np.ndarray or origin is np.ndarray:
        return isinstance(body, dict) and "$array" in body
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(body, dict) and "$map" in body
    if kind is bytes:
        return isinstance(body, dict) and "$bytes" in body
    if isinstance(body, dict):
        return getattr(kind, "__name__", "") == body.get("$class")
    return type(body) is kind or (isinstance(kind, type) and issubclass(kind, Enum))


def _all_fit(origin: Any, arguments: tuple[Any, ...], body: list[Any]) -> bool:
    if origin is list or arguments[-1:] == (Ellipsis,):
        return all(_fits(arguments[0], v) for v in body)
    return len(arguments) == len(body) and all(map(_fits, arguments, body))
