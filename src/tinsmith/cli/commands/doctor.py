"""What of tinsmith works on this machine, and what to do about the rest."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption

app = typer.Typer()


@app.command(epilog="Examples: tinsmith doctor; tinsmith doctor --json")
def doctor(json: JsonOption = False) -> None:
    """Try packages, compilers, emulators, the sandbox and the cache folder.

    Ends with 2 where something does not work that everything needs.
    """
    from tinsmith.cli.console import print_json
    from tinsmith.cli.show_doctor import doctor_record, show_doctor
    from tinsmith.core.job import Job
    from tinsmith.flow.doctor import examined, machine
    from tinsmith.flow.places import default_cache

    found = list(examined(default_cache(), Job()))
    print_json(doctor_record(machine(), found)) if json else show_doctor(machine(), found)
    if any(f.needed and f.state != "works" for f in found):
        raise typer.Exit(2)


COMMAND = Command("doctor", app)
