"""Store: where artefacts are kept. Bytes by key; a key is a few words with ``/`` between."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """Keeps bytes by key. An interrupted writer leaves whole entries or none."""

    def get(self, key: str) -> bytes | None:
        """What was put, or None."""

    def put(self, key: str, data: bytes) -> None:
        """Keep; an entry of the same key is replaced."""

    def drop(self, key: str) -> None:
        """Keep no more; nothing happens where there is no such entry."""


@dataclass(frozen=True)
class LocalStore:
    """A folder of files."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """What was put, or None."""
        try:
            return (self.folder / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Write the file at once as a whole."""
        write_atomically(self.folder / key, data)

    def drop(self, key: str) -> None:
        """Remove the file."""
        (self.folder / key).unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
