"""Archives whose bytes depend on their contents only: no time, no owner, no order of the disk. (A
compressed one depends on the release of zlib too.)"""

import io
import tarfile
import zipfile
from collections.abc import Collection, Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can name."""


def zipped(files: Mapping[str, bytes], root: str = "", last: str = "") -> bytes:
    """A zip file of paths -> contents, sorted, every path below the folder ``root``.

    ``last`` names a member that must come at the end.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(files, key=lambda p: (p == last, p)):
            entry = zipfile.ZipInfo(f"{root}/{path}" if root else path, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[path])
    return out.getvalue()


def tarred(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A plain POSIX (ustar) tar file of paths -> contents, sorted, owned by root."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o755 if path in executable else 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return out.getvalue()
