"""Folders and files that the user names: told to be unusable before the work begins, not after."""

import os
import tempfile
from pathlib import Path
from typing import NoReturn

from tinsmith.core.errors import UserError


def default_cache() -> Path:
    """Where what compilers make, and results for model files, are kept for a user:
    TINSMITH_CACHE, else ``tinsmith`` in the user's cache folder (XDG Base Directory Specification).
    The only function that reads the environment; the command line hands its answer on."""
    own = os.environ.get("TINSMITH_CACHE")
    if own:
        return Path(own)
    named = (os.environ.get("XDG_CACHE_HOME"), os.environ.get("LOCALAPPDATA"))
    # A path that is not absolute is to be ignored, says the specification.
    base = next((Path(p) for p in named if p and Path(p).is_absolute()), Path.home() / ".cache")
    return base / "tinsmith"


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


def check_output(file: Path, *read: Path | None) -> None:
    """Whether a file can be written where it is to go; nothing is made.

    Raises:
        UserError ``output.place``: it is a folder or a device, or one of the files that are
            ``read``, or its folder cannot be made or written.
    """
    for other in read:
        if other is not None and other.exists() and file.exists() and file.samefile(other):
            _refuse(f"{file} is read by this command: it would be overwritten.")
    if _there(file) and not file.is_file():
        what = "is a folder" if file.is_dir() else "is no plain file"
        _refuse(f"{file} {what}; a file is to be written there.")
    check_output_folder(file.parent)


def check_output_folder(folder: Path) -> None:
    """Whether a folder can be made and written to; nothing is made. It is tried: permissions do not
    tell of file systems that take no files.

    Raises:
        UserError ``output.place``: it cannot.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if _there(p))
    if not there.is_dir():
        _refuse(f"{there} is a file; a folder is needed there to write into.")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as e:
        _refuse(f"The folder {there} cannot be written ({e.strerror or e}).")


def _there(path: Path) -> bool:
    """Whether something has this path, a dangling link included."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as e:
        _refuse(f"{path} cannot be written ({e.strerror or e}).")
    return True


def _refuse(message: str) -> NoReturn:
    raise UserError("output.place", message, "Choose another place, or make it accessible.")
