"""Folders and files that the user names: told to be unusable before the work begins, not after."""

import os
import tempfile
from pathlib import Path

from tinsmith.core.errors import UserError


def check_cache(folder: Path) -> None:
    """Make the cache folder and try to write to it: compilers end in errors of their own else.

    Raises:
        UserError ``cache.folder``: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as e:
        raise UserError(
            "cache.folder",
            f"The cache folder {folder} cannot be written: {e.strerror or e}.",
            "Compiled objects are kept there. Set TINSMITH_CACHE to a folder that you may write "
            "to, on a disk with room.",
        ) from None


def check_output(file: Path) -> None:
    """Whether a file can be written where it is to go; nothing is made.

    Raises:
        UserError ``output.place``: it is a folder, or its folder cannot be made or written.
    """
    if file.is_dir():
        _refuse(f"{file} is a folder; a file is to be written there.")
    check_output_folder(file.parent)


def check_output_folder(folder: Path) -> None:
    """Whether a folder can be made and written to; nothing is made.

    Raises:
        UserError ``output.place``: it cannot.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not there.is_dir():
        _refuse(f"{there} is a file; a folder is needed there to write into.")
    if not os.access(there, os.W_OK | os.X_OK):
        _refuse(f"The folder {there} cannot be written.")


def _refuse(message: str) -> None:
    raise UserError("output.place", message, "Choose another place, or make it accessible.")
