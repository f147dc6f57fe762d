"""The folder of a dataset while it is written: sample files under their hashes, as they come, then
the manifest. Whatever ends before that leaves the folder as it was."""

import os
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path
from types import TracebackType

import numpy as np

from tinsmith.core.cache import write_atomically
from tinsmith.core.codec import dumps
from tinsmith.data.dataset import Manifest

MANIFEST = "manifest.zip"
SAMPLES = "samples"
VERSIONS = "versions"
_IN_MEMORY = 16_000_000
"""Samples of up to this many bytes are written at once."""


def sample_path(folder: Path, digest: str) -> Path:
    """Where samples lie."""
    return folder / SAMPLES / f"{digest}.npy"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as f:
        return file_digest(f, "sha256").hexdigest()


class SampleFolder:
    """Writes into a dataset's folder; a context manager that takes back what was not finished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: list[Path] = []
        self._made: list[Path] = []
        self._finished = False

    def __enter__(self) -> "SampleFolder":
        samples = self.folder / SAMPLES
        for path in reversed((samples, *samples.parents)):
            if not path.exists():
                path.mkdir()
                self._made.append(path)
        for left in samples.glob("*.part"):  # of an import that was killed
            left.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        if not self._finished:
            _remove(self._written)
            for path in reversed(self._made):
                if not any(path.iterdir()):
                    path.rmdir()

    def put(self, values: "Incoming") -> str:
        """Keep samples that are complete; their digest."""
        digest = values.digest
        path = sample_path(self.folder, digest)
        if path.exists() and file_hash(path) == digest:
            values.drop()
        else:
            self._written.append(path)
            values.place(path)
        return digest

    def keep(self) -> None:
        """There is no new manifest: the one that is there names all samples."""
        self._finished = True

    def finish(self, manifest: Manifest, before: tuple[str, bytes] | None) -> None:
        """Write the manifest, at once; ``before``: id and content of the one that it follows, which
        is kept. Samples that it does not name are removed unless they were there before."""
        named = {sample_path(self.folder, r.digest) for r in manifest.recordings}
        _remove(p for p in self._written if p not in named)
        if before is not None:
            kept = self.folder / VERSIONS / f"{before[0]}.zip"
            if not kept.exists():
                self._written.append(kept)
                write_atomically(kept, before[1])
        if hasattr(os, "sync"):  # not on Windows: `open_dataset` finds what a power cut took
            os.sync()
        write_atomically(self.folder / MANIFEST, dumps(manifest))
        self._finished = True


class Incoming:
    """Samples on their way to a .npy file (version 1.0, little-endian, row by row), hashed as they
    come. They are kept in memory until they are many."""

    def __init__(self, folder: Path, dtype: str, shape: tuple[int, int]) -> None:
        descr = np.dtype(dtype).newbyteorder("<").str
        text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
        text += " " * (-(len(text) + 11) % 64) + "\n"
        self._parts = [b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()]
        self.missing = shape[0] * shape[1] * np.dtype(dtype).itemsize
        self._long = self.missing > _IN_MEMORY
        self._hash = sha256(self._parts[0])
        self._file = folder / SAMPLES / f"{id(self)}.part"
        if self._long:
            self._file.write_bytes(self._parts.pop())

    def add(self, data: memoryview) -> None:
        """More of the samples; at most ``missing`` bytes."""
        self._hash.update(data)
        self.missing -= len(data)
        if self._long:
            with self._file.open("ab") as f:
                f.write(data)
        else:
            self._parts.append(bytes(data))

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return self._hash.hexdigest()

    def place(self, path: Path) -> None:
        """Write the file whole or not at all. Thousands of small ones are flushed to the disk
        together, before the manifest names them: one by one takes 6 ms each."""
        try:
            if not self._long:
                self._file.write_bytes(b"".join(self._parts))
            self._file.replace(path)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Forget them."""
        self._parts = []
        self._file.unlink(missing_ok=True)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
