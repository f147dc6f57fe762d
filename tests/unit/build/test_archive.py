"""Archives: bytes that depend on contents, never on the order in which files were added."""

import io
import tarfile
import zipfile

from tinsmith.build.archive import EPOCH, tarred, zipped

FILES = {"b/two.txt": b"2" * 500, "a.txt": b"1", "b/one.txt": b""}
TURNED = dict(reversed(FILES.items()))


def test_a_zip_is_sorted_dated_once_and_whole() -> None:
    data = zipped(FILES, "root")
    assert zipped(TURNED, "root") == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["root/a.txt", "root/b/one.txt", "root/b/two.txt"]
        assert {i.date_time for i in archive.infolist()} == {EPOCH}
        assert {i.external_attr >> 16 for i in archive.infolist()} == {0o644}
        assert archive.read("root/b/two.txt") == FILES["b/two.txt"]


def test_a_member_can_come_last_whatever_its_name() -> None:
    data = zipped(FILES, last="a.txt")
    assert zipped(TURNED, last="a.txt") == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["b/one.txt", "b/two.txt", "a.txt"]


def test_a_tar_is_sorted_owned_by_root_and_without_a_time() -> None:
    data = tarred(FILES, ("a.txt",))
    assert tarred(TURNED, ("a.txt",)) == data
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        entries = archive.getmembers()
        assert [e.name for e in entries] == ["a.txt", "b/one.txt", "b/two.txt"]
        assert [e.mode for e in entries] == [0o755, 0o644, 0o644]
        assert {(e.uid, e.gid, e.uname, e.gname, e.mtime) for e in entries} == {(0, 0, "", "", 0)}
        assert archive.extractfile("b/two.txt").read() == FILES["b/two.txt"]
