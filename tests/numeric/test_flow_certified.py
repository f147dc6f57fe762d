"""Certificates as people make and check them: of a model file, by the command line."""

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from certified import BOARD, CACHE, HELIUM, network

from tinsmith.cli.main import main
from tinsmith.core.codec import loads
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.core.job import Job
from tinsmith.flow.certified import certify_model, check_certificate
from tinsmith.flow.model import MeasureOptions
from tinsmith.flow.package import PackageOptions, package_model
from tinsmith.ir.store import dumps
from tinsmith.prove.certificate.checker.statement import Certificate


def test_a_model_file_is_certified_and_checked(tmp_path: Path) -> None:
    model, file = tmp_path / "net.tinsmith", tmp_path / "out" / "net.certificate"
    model.write_bytes(dumps(network()))
    made = certify_model(model, MeasureOptions(BOARD.id, cache=CACHE.parent), file, Job())
    found = check_certificate(file, CACHE.parent, Job())
    assert found == made
    assert found.lines()[0].startswith(f"net for {BOARD.id}")
    assert len(found.lines()) == 4 + len(found.claims.steps)
    assert json.loads(json.dumps(found.record()))["claims"]["runs"] == 3
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(bytes(damaged))
    with pytest.raises(UserError) as e:
        check_certificate(file, CACHE.parent, Job())
    assert e.value.code.startswith("certificate.")


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "net.certificate"
    other.write_text("none")
    model, whole = tmp_path / "net.tinsmith", tmp_path / "whole.certificate"
    model.write_bytes(dumps(network()))
    certify_model(model, MeasureOptions(BOARD.id, cache=CACHE.parent), whole, Job())
    damaged = {"missing": None, "short": whole.read_bytes()[:-3], "long": whole.read_bytes() + b"x"}
    damaged |= {"empty": b"", "half": whole.read_bytes()[:5000], "model": model.read_bytes()}
    for name, data in damaged.items():
        if data is not None:
            (tmp_path / f"{name}.certificate").write_bytes(data)
    for path in (other, tmp_path, *(tmp_path / f"{n}.certificate" for n in damaged)):
        with pytest.raises(UserError) as e:
            check_certificate(path, tmp_path, Job())
        assert e.value.code == "certificate.file"


def test_packages_hold_a_certificate_that_can_be_checked(tmp_path: Path) -> None:
    model = tmp_path / "net.tinsmith"
    model.write_bytes(dumps(network()))
    options = PackageOptions(("c_library",), tmp_path, board=BOARD.id, cache=CACHE.parent)
    (packed,) = package_model(model, options)
    assert packed.uncertified == ""
    with zipfile.ZipFile(packed.path) as archive:
        (tmp_path / "net.certificate").write_bytes(archive.read("net/net.certificate"))
        sources = {n: archive.read(n) for n in archive.namelist()}
    found = check_certificate(tmp_path / "net.certificate", CACHE.parent, Job())
    assert found.module == "net"
    given = loads(Certificate, (tmp_path / "net.certificate").read_bytes())
    named = {path: sha256(data).hexdigest() for path, data in sources.items()}
    assert all(digest in named.values() for digest in given.subject.sources.values())
    (packed,) = package_model(model, replace(options, board="host"))
    assert "board host" in packed.uncertified
    with zipfile.ZipFile(packed.path) as archive:
        assert "No certificate: no emulator" in archive.read("net/README.md").decode()


def test_a_certificate_is_of_the_model_that_is_named(tmp_path: Path) -> None:
    model, other, file = (tmp_path / n for n in ("net.tinsmith", "other.tinsmith", "c.certificate"))
    model.write_bytes(dumps(network()))
    changed = dict(network().constants)
    changed["last_b"] = changed["last_b"] + 1
    other.write_bytes(dumps(network().with_(constants=changed)))
    certify_model(model, MeasureOptions(BOARD.id, cache=CACHE.parent), file, Job())
    assert check_certificate(file, CACHE.parent, Job(), model).module == "net"
    with pytest.raises(UserError, match="another graph") as e:
        check_certificate(file, CACHE.parent, Job(), other)
    assert e.value.code == "certificate.model"


def test_a_board_that_is_not_executed_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "net.tinsmith"
    model.write_bytes(dumps(network()))
    options = MeasureOptions("host", cache=CACHE.parent)
    with pytest.raises(UserError) as e:
        certify_model(model, options, tmp_path / "net.certificate", Job())
    assert e.value.code == "certificate.board"
    assert not (tmp_path / "net.certificate").exists()


def test_where_the_emulator_of_helium_is_missing_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is rejected then: nobody looked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    model = tmp_path / "net.tinsmith"
    model.write_bytes(dumps(network()))
    options = MeasureOptions(HELIUM.id, cache=CACHE.parent)
    with pytest.raises(MissingTool, match="qemu-system-arm"):
        certify_model(model, options, tmp_path / "net.certificate", Job())
    ordered = PackageOptions(("c_library",), tmp_path, board=HELIUM.id, cache=CACHE.parent)
    (packed,) = package_model(model, ordered)
    assert "qemu-system-arm" in packed.uncertified
    with zipfile.ZipFile(packed.path) as archive:
        assert "No certificate: qemu-system-arm" in archive.read("net/README.md").decode()


def test_code_is_told_to_people(tmp_path: Path, require_tool: Callable[..., str]) -> None:
    require_tool("qemu-system-arm")
    model, file = tmp_path / "net.tinsmith", tmp_path / "net.certificate"
    model.write_bytes(dumps(network()))
    made = certify_model(model, MeasureOptions(HELIUM.id, cache=CACHE.parent), file, Job())
    found = check_certificate(file, CACHE.parent, Job())
    assert found.record() == made.record()
    steps, last = made.lines()[3:-1], made.lines()[-1]
    assert all(re.search(r"code [1-9]\d*/\d+ B", line) for line in steps)
    assert last.startswith("No step executed") and made.claims.unreached[0] in last


@pytest.mark.parametrize("given", [[], ["net.tflite"], ["--board", "a", "--check", "b"]])
def test_the_command_says_what_it_needs(
    given: list[str], capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["tinsmith", "certify", *given])
    with pytest.raises(SystemExit):
        main()
    assert "--check" in capsys.readouterr().err


def test_layers_of_other_integers_may_take_more_for_some_data(tmp_path: Path, shared: Path) -> None:
    """Sums of 64 bits on a core with registers of 32: constant time is promised of int8."""
    model = shared / "models" / "tflm_int16_ops" / "conv15.tflite"
    options = MeasureOptions("rpi_pico", cache=CACHE.parent)
    found = certify_model(model, options, tmp_path / "conv.certificate", Job()).claims
    assert any(s.sums is not None and not s.constant for s in found.steps)
    assert not found.constant
