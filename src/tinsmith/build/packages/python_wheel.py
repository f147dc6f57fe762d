"""Python wheel: the module as Linux shared objects with a wrapper in plain Python (Binary
distribution format, https://packaging.python.org/en/latest/specifications/)."""

import io
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

import numpy as np

from tinsmith.build.archive import zipped
from tinsmith.build.contents import Contents
from tinsmith.build.native import LINUX, linked, zig
from tinsmith.build.package import Order, Package

TAGS = tuple(f"py3-none-linux_{system.machine}" for system in LINUX)
"""The objects need no libc, so neither manylinux nor musllinux has a say."""


def make(order: Order) -> tuple[str, bytes]:
    """``<name>_model-<version>-py3-none-linux_x86_64.linux_aarch64.whl``, imported as
    ``<name>_model``."""
    contents = Contents("python_wheel", order)
    package = f"{contents.name}_model"
    distribution = re.sub(r"[-_.]+", "_", package).lower()
    info = f"{distribution}-{order.version}.dist-info"
    facts = {"package": package, "distribution": distribution, "tags": TAGS}
    for system in LINUX:
        shared = linked(order, system, {}, ("-shared", "-fPIC", "-Wl,-z,defs"))
        contents.files[f"{package}/{contents.name}.{system.machine}.so"] = shared
    for name, array in {**order.golden.inputs, **order.golden.outputs}.items():
        contents.files[f"{package}/golden/{name}.npy"] = _npy(array)
    for file in ("__init__.py", "__main__.py", "model.py"):
        contents.put({f"{package}/{file}": contents.text(f"python_wheel/{file}.j2", **facts)})
    contents.put({f"{package}/py.typed": ""})
    for file in ("METADATA", "WHEEL"):
        contents.put({f"{info}/{file}": contents.text(f"python_wheel/{file}.j2", **facts)})
    contents.add({f"{info}/licenses/LICENSE.txt": "LICENSE.txt.j2"})
    contents.certify(f"{info}/")
    bill = f"{info}/sboms/bom.json"  # PEP 770
    contents.complete((zig(order),), bill)
    files = {p: d for p, d in contents.files.items() if p not in ("README.md", "LICENSE.txt")}
    record = f"{info}/RECORD"
    files[record] = _record(files, record)
    platforms = ".".join(f"linux_{system.machine}" for system in LINUX)
    name = f"{distribution}-{order.version}-py3-none-{platforms}.whl"
    return name, zipped(files, last=record)


def _record(files: dict[str, bytes], own: str) -> bytes:
    """path, hash, size of every file; the record itself has neither of the two."""
    rows = []
    for path, data in sorted(files.items()):
        digest = urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join([*rows, f"{own},,\n"]).encode()


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    np.lib.format.write_array(out, little, (1, 0), allow_pickle=False)
    return out.getvalue()


PACKAGE = Package(name="python_wheel", make=make)
