"""What works on this machine: as text for people, and as a record for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tinsmith.cli.tables import facts, out, show_table
from tinsmith.flow.doctor import Finding


def doctor_record(machine: Mapping[str, str], found: Sequence[Finding]) -> dict[str, Any]:
    """Everything, with whether it is needed."""
    rows = [{**asdict(f), "needed": f.needed} for f in found]
    return {"machine": dict(machine), "findings": rows}


def show_doctor(machine: Mapping[str, str], found: Sequence[Finding]) -> None:
    """A table, then what to do about each thing that does not work, the needed ones first."""
    facts("This machine", list(machine.items()))
    rows = [(f.name, f.state, f.found, f.purpose) for f in found]
    show_table(("what", "state", "found", "for"), rows, follows=True)
    wrong = sorted((f for f in found if f.state != "works"), key=lambda f: not f.needed)
    console = out()
    if not wrong:
        console.print("\nEverything works.")
    for f in wrong:
        rank = "needed" if f.needed else "optional"
        console.print(f"\n{f.name} ({rank}): {f.found}\n  {f.hint}", markup=False)
