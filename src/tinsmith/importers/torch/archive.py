"""The archive of an exported program: a zip of JSON texts and of raw numbers, read with limits.

Format: PyTorch's documentation "PT2 Archive Spec"
(https://docs.pytorch.org/docs/stable/export/pt2_archive.html) and the data classes of
torch/_export/serde/schema.py. Below one root folder lie ``archive_format`` ("pt2"),
``archive_version``, ``byteorder``, ``models/<method>.json`` (the program),
``data/weights/<method>_weights_config.json`` (parameters and buffers: file, type, shape, strides)
with ``data/weights/weight_<number>`` (storages as they lie in memory), and the same for constants.

Nothing is unpickled: weights, constants and sample inputs that are pickles are refused or left
alone.
"""

import json
import zipfile
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.importers.torch.refusal import FIXED, SAVE, broken, refuse

MOST_BYTES = 512_000_000
"""Of the file, and of all that is unpacked from it."""
MOST_TEXT = 16_000_000
"""Of a JSON text."""
MOST_MEMBERS = 100_000
VERSIONS = ("0",)
ENCRYPTED = 1
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

SCALARS = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16",
    28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""ScalarType of torch/_export/serde/schema.py -> torch's name of the type."""
READ = ("float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
"""Types of weights and constants that are read; float64 ones are rounded to float32 later."""
STRIDED = 7
"""Layout.Strided: every element lies where sizes and strides say."""


@dataclass(frozen=True)
class Meta:
    """Type of a tensor: torch's name of its dtype, sizes, and strides and offset in elements."""

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    dense: bool

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


class Archive:
    """An archive that is open; members are read by their path below the root folder."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        if size > MOST_BYTES:
            refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as e:
            refuse("file", f"It is no archive of PyTorch: {str(e)[:200]}.", SAVE)
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._left = MOST_BYTES
        self._storages: dict[str, bytes] = {}
        self._list()
        self._check()

    def _list(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > MOST_MEMBERS:
            refuse("limit", f"It holds {len(infos)} files; at most {MOST_MEMBERS} are read.")
        roots = {i.filename.partition("/")[0] for i in infos}
        if len(roots) != 1:
            broken(f"one folder holds all of it, but there are {len(roots)}")
        for info in infos:
            name = info.filename.partition("/")[2]
            if name in self._members:
                broken(f"it holds {name[:200]!r} twice")
            if info.flag_bits & ENCRYPTED or info.compress_type not in PACKED:
                broken(f"{name[:200]!r} is encrypted or packed in an unknown way")
            self._members[name] = info

    def _check(self) -> None:
        if "serialized_exported_program.json" in self._members:
            refuse(
                "version",
                "It was saved by PyTorch 2.7 or older, whose files hold pickled weights.",
                SAVE,
            )
        if "data.pkl" in self._members or "constants.pkl" in self._members:
            code = any(n.startswith("code/") for n in self._members)
            what = "a TorchScript archive" if code else "pickled by torch.save"
            refuse("pickle", f"It is {what}; pickles run code when they are loaded.", SAVE)
        if self._word("archive_format", "") != "pt2":
            refuse("file", "It is no exported program (archive_format is not pt2).", SAVE)
        version = self._word("archive_version", "0")
        if version not in VERSIONS:
            refuse(
                "version",
                f"Its archive has version {version!r}; known are {', '.join(VERSIONS)}.",
                SAVE,
            )
        order = self._word("byteorder", "little")
        if order != "little":
            refuse("order", f"Its numbers are stored {order!r}-endian; little is read.", SAVE)

    def _word(self, name: str, default: str) -> str:
        if name not in self._members:
            return default
        return self.read(name, 64).decode("ascii", "replace").strip()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self, folder: str, ending: str) -> list[str]:
        """Names of the files directly in a folder, without it and without their ending."""
        inside = (n.removeprefix(folder) for n in self._members if n.startswith(folder))
        return sorted(n.removesuffix(ending) for n in inside if n.endswith(ending) and "/" not in n)

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """A member, unpacked.

        Raises:
            UserError: ``import.pt2.limit``, ``.broken``.
        """
        info = self._members.get(name)
        if info is None:
            broken(f"{name[:200]!r} is missing")
        most = min(most, self._left)
        if info.file_size > most:
            refuse("limit", f"{name[:200]!r} unpacks to more than {most} bytes.")
        try:
            with self._zip.open(info) as stream:
                data = stream.read(most)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as e:
            broken(f"{name[:200]!r} cannot be read, {str(e)[:200]}")
        except zlib.error as e:
            broken(f"{name[:200]!r} cannot be unpacked, {str(e)[:200]}")
        self._left -= len(data)
        return data

    def json(self, name: str) -> Any:
        """A JSON text."""
        data = self.read(name, MOST_TEXT)
        try:
            return json.loads(data.decode("utf-8"))
        except RecursionError:
            broken(f"{name!r} nests too deeply")
        except ValueError as e:
            broken(f"{name!r} is no JSON, {str(e)[:200]}")

    def tensors(self, method: str, kind: str) -> dict[str, "Stored"]:
        """What is stored of a kind, ``weights`` or ``constants``, by name; nothing is read yet."""
        if f"data/{kind}/{method}.pt" in self:
            refuse("version", f"Its {kind} are pickled, as PyTorch 2.8 saved them.", SAVE)
        config = self.json(f"data/{kind}/{method}_{kind}_config.json")
        listed = config.get("config") if isinstance(config, dict) else None
        if not isinstance(listed, dict):
            broken(f"its list of {kind} has another form")
        return {name: Stored(self, f"data/{kind}/", name, entry) for name, entry in listed.items()}

    def storage(self, name: str) -> bytes:
        """A storage; one that several tensors share is read once."""
        if name not in self._storages:
            self._storages[name] = self.read(name)
        return self._storages[name]


@dataclass(frozen=True)
class Stored:
    """A parameter, buffer or constant, as the archive lists it."""

    archive: Archive
    folder: str
    name: str
    entry: Any

    def array(self) -> np.ndarray:
        """Its numbers, in an array of its own.

        Raises:
            UserError: ``import.pt2.pickle``, ``.type``, ``.shape``, ``.limit``, ``.broken``.
        """
        entry = self.entry
        if not isinstance(entry, dict) or not isinstance(entry.get("path_name"), str):
            broken(f"the entry of {self.name!r} has another form")
        if entry.get("use_pickle") is not False:
            refuse(
                "pickle",
                f"{self.name!r} is pickled; pickles run code when they are loaded.",
                "Only plain tensors are read: no tensor subclasses, no custom objects.",
            )
        meta = meta_of(entry.get("tensor_meta"), self.name)
        if meta.dtype not in READ or not meta.dense:
            refuse(
                "type",
                f"{self.name!r} is {meta.dtype}{'' if meta.dense else ', and not strided'}.",
                f"Types that are read: {', '.join(READ)}. Convert the model by model.float().",
            )
        return self._elements(meta, self.archive.storage(self.folder + entry["path_name"]))

    def _elements(self, meta: Meta, data: bytes) -> np.ndarray:
        dtype = np.dtype(meta.dtype).newbyteorder("<")
        if prod(meta.shape) * dtype.itemsize > MOST_BYTES:
            refuse("limit", f"{self.name!r} is {meta}: too large.")
        if 0 in meta.shape:
            return np.zeros(meta.shape, dtype)
        steps = zip(meta.shape, meta.strides, strict=True)
        last = meta.offset + sum((size - 1) * step for size, step in steps)
        if last >= len(data) // dtype.itemsize:
            broken(
                f"{self.name!r}, {meta} with strides {meta.strides} from element {meta.offset} on, "
                f"does not lie within its {len(data)} bytes"
            )
        if meta.dtype == "bool" and max(data) > 1:
            broken(f"{self.name!r} is bool and holds other bytes than 0 and 1")
        flat = np.frombuffer(data, dtype, len(data) // dtype.itemsize)[meta.offset :]
        strides = tuple(s * dtype.itemsize for s in meta.strides)
        view = np.lib.stride_tricks.as_strided(flat, meta.shape, strides, writeable=False)
        return np.array(view, np.dtype(meta.dtype), order="C")


def meta_of(entry: Any, name: str) -> Meta:
    """The type of a tensor from its JSON.

    Raises:
        UserError: ``import.pt2.shape`` (symbolic sizes), ``.type``, ``.broken``.
    """
    if not isinstance(entry, dict):
        broken(f"{name!r} has no type")
    code = entry.get("dtype")
    if type(code) is not int or code not in SCALARS:
        refuse("type", f"{name!r} has an unknown type of elements ({str(code)[:40]}).")
    shape, strides = (_sizes(entry.get(k), name) for k in ("sizes", "strides"))
    (offset,) = _sizes([entry.get("storage_offset")], name)
    if len(shape) != len(strides):
        broken(f"{name!r} has {len(shape)} sizes and {len(strides)} strides")
    return Meta(SCALARS[code], shape, strides, offset, entry.get("layout") == STRIDED)


def _sizes(listed: Any, name: str) -> tuple[int, ...]:
    if not isinstance(listed, list) or len(listed) > 32:
        broken(f"{name!r} has no list of at most 32 sizes and strides")
    found = []
    for item in listed:
        if isinstance(item, dict) and "as_expr" in item:
            refuse(
                "shape",
                f"{name!r} has a size that is not fixed ({_expression(item['as_expr'])}).",
                FIXED,
            )
        size = item.get("as_int") if isinstance(item, dict) else None
        if type(size) is not int or not 0 <= size < 2**62:
            broken(f"{name!r} has the size or stride {str(item)[:60]}")
        found.append(size)
    return tuple(found)


def _expression(expression: Any) -> str:
    text = expression.get("expr_str") if isinstance(expression, dict) else expression
    return str(text)[:60]
