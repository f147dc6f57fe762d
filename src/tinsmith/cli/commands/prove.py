"""Prove that host C and every board compute exactly what the reference computes."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, BoardOption, JsonOption, ProjectOption, opened

app = typer.Typer()


@app.command(epilog="Example: tinsmith prove --board rpi_pico")
def prove(
    project: ProjectOption = HERE, board: BoardOption = None, json: JsonOption = False
) -> None:
    """Compare golden windows stage by stage; name the first stage that diverges.

    Exit code 2 if anything differs.
    """
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_proofs
    from tinsmith.flow.parts import deliver_boards
    from tinsmith.flow.record import proof_record
    from tinsmith.flow.result import check_equal

    with shown(json) as listener:
        results = deliver_boards(opened(project, listener), board or [])
    print_json([proof_record(r) for r in results]) if json else show_proofs(results)
    check_equal(v for r in results for v in r.proof.verdicts)


COMMAND = Command("prove", app)
