"""What a run hands over, under <project>/build: per board the image, the C library and the record,
and one report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinsmith.build.firmware import Firmware
from tinsmith.build.package import PACKAGES, Order, Papers
from tinsmith.codegen.choices import write_chosen
from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.data.windows import Windows
from tinsmith.devices.board import Board
from tinsmith.flow import record
from tinsmith.flow.report.render import render
from tinsmith.flow.result import Result
from tinsmith.flow.steps import Steps

PACKAGE = "c_library"


@dataclass(frozen=True)
class Written:
    """Files of one board."""

    board: str
    image: Path
    package: Path


@dataclass(frozen=True)
class Delivered:
    """Everything that was written, and the record of the run."""

    boards: tuple[Written, ...]
    report: Path
    record: dict[str, Any]
    executed: int
    served: int


def write_firmware(steps: Steps, board: Board, firmware: Firmware, windows: Windows) -> Written:
    """Image, sources and C library with its golden vectors; the kernels that were taken are noted
    in the project's lock file."""
    write_chosen(steps.project.lock, board.id, firmware.module.kernels)
    folder = steps.project.output / board.id
    suffix = ".so" if firmware.kind == "shared-object" else ".elf"
    image = folder / f"firmware{suffix}"
    write_atomically(image, firmware.elf)
    for path, text in firmware.module.sources.items():
        write_atomically(folder / "source" / path, text.encode())
    vectors = steps.golden(firmware.module, windows)
    papers = Papers(b"", "a run makes none; `tinsmith package` does")
    order = Order(firmware.module, board, vectors, steps.objects, job=steps.job, papers=papers)
    name, archive = PACKAGES.get(PACKAGE).make(order)
    write_atomically(folder / name, archive)
    return Written(board.id, image, folder / name)


def write_all(steps: Steps, result: Result) -> Delivered:
    """Write everything that a run hands over."""
    windows = result.model.windows
    written = tuple(write_firmware(steps, b.board, b.firmware, windows) for b in result.boards)
    body = run_record(steps, result)
    for board in body["boards"]:
        _write_json(steps.project.output / board["board"] / "record.json", board)
    _write_json(steps.project.output / "record.json", body)
    report = write_report(steps, result)
    steps.journal.close()
    return Delivered(written, report, body, steps.journal.executed, steps.journal.served)


def write_report(steps: Steps, result: Result) -> Path:
    """Write the report; returns where."""
    path = steps.project.output / "report.html"
    write_atomically(path, render(steps.project, result).encode())
    return path


def run_record(steps: Steps, result: Result) -> dict[str, Any]:
    """The run as JSON."""
    return {
        "project": steps.project.name,
        "accepted": result.accepted,
        "model": record.model_record(result.model),
        "boards": [record.board_record(b) for b in result.boards],
        "steps": {"executed": steps.journal.executed, "served": steps.journal.served},
    }


def check(result: Result) -> None:
    """Raises UserError ``gates`` with the reasons where a board did not pass all gates."""
    reasons = [
        f"{b.board.id}: {g.name}: {' '.join(g.reasons)}"
        for b in result.boards
        for g in b.gates
        if not g.passed
    ]
    if reasons:
        raise UserError("gates", "not accepted.\n  " + "\n  ".join(reasons))


def _write_json(path: Path, body: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(body, indent=1, sort_keys=True) + "\n").encode())
