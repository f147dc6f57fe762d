"""Quantise a float model file to int8 with calibration cases of the user; say what each layer
loses."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption, from_fields

if TYPE_CHECKING:
    from tinsmith.compress.method import OutputError
    from tinsmith.flow.quantise import Quantised

app = typer.Typer()


@dataclass(frozen=True)
class Choice:
    """Options of `tinsmith quantise`."""

    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A float model file.")]
    calibration: Annotated[
        Path,
        typer.Option(
            metavar="X.npz",
            help="Representative inputs: arrays in_0, in_1, ..., each (case, *shape) in the "
            "model's types. Some dozen cases are enough.",
        ),
    ]
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="The .tinsmith file to write.")
    ]  # fmt: skip
    method: Annotated[str, typer.Option(help="See `tinsmith kinds method`.")] = "int8_ptq"
    io: Annotated[str, typer.Option(help="Types of inputs and outputs: float or int8.")] = "float"
    rounding: Annotated[
        str, typer.Option(help="How sums are brought to int8: double, single or onnx.")
    ] = "double"
    semantics: Annotated[
        str,
        typer.Option(
            help="What is meant where a file leaves it open. Integers: litert, tflm or onnx; "
            "rounds of XGBoost: best or all."
        ),
    ] = ""
    reset_each: Annotated[
        bool, typer.Option("--reset-each", help="Reset states before each case, not only once.")
    ] = False
    least_sqnr: Annotated[
        float,
        typer.Option(
            metavar="DB",
            help="Refuse where an output of a typical case keeps less. Below 15 dB a note says "
            "which layer and which case it is.",
        ),
    ] = 6.0
    json: JsonOption = False


@app.command(
    epilog="Example: tinsmith quantise net.onnx --calibration X.npz --output net.tinsmith; then "
    "tinsmith measure net.tinsmith --board nucleo_l4r5zi"
)
@from_fields(Choice)
def quantise(choice: Choice) -> None:
    """Quantise a float model file with your own calibration cases."""
    from tinsmith.cli.console import print_json, working
    from tinsmith.flow.quantise import QuantiseOptions, quantise_model

    options = QuantiseOptions(
        choice.calibration, choice.output, choice.semantics, method=choice.method, io=choice.io,
        rounding=choice.rounding, reset_each=choice.reset_each, least_sqnr=choice.least_sqnr,
    )  # fmt: skip
    with working(choice.json) as job:
        found = quantise_model(choice.model, options, job)
    print_json(found.record()) if choice.json else _show(found)


def _show(found: "Quantised") -> None:
    """Layers and weights, the worst first; what stayed float; outputs."""
    from tinsmith.cli.tables import facts, show_table
    from tinsmith.core.units import bytes_text
    from tinsmith.flow.quantise import worst_first

    done = found.losses.done
    show_table(
        ("value", "stage", "SQNR in the network", "SQNR by itself"),
        [(e.value, e.stage or "-", _db(e.sqnr_db), _db(e.local_db))
         for e in worst_first(done.errors)],
    )  # fmt: skip
    show_table(
        ("weights", "stage", "SQNR"),
        [(e.weights, e.stage or "-", _db(e.sqnr_db)) for e in worst_first(done.weights)],
        follows=True,
    )
    if done.floats:
        rows = [(f.node, f.op, f.stage or "-", f.reason) for f in done.floats]
        show_table(("stays float", "operation", "stage", "why"), rows, follows=True)
    sizes = f"{bytes_text(found.float_bytes)} -> {bytes_text(found.bytes)}"
    facts(
        f"{found.model} -> {found.output}",
        [("calibration cases", str(found.cases)), ("constants", sizes)]
        + [(e.value, _output(e)) for e in found.losses.outputs],
    )


def _db(value: float) -> str:
    return "nothing lost" if value == float("inf") else f"{value:.1f} dB"


def _output(error: "OutputError") -> str:
    """Losses in the output's own unit; of class scores how often the class is the same."""
    text = (
        f"SQNR {_db(error.sqnr_db)}, of a typical case {_db(error.typical_db)}, wrong by at most "
        f"{error.largest:.4g} in values up to {error.span:.4g}"
    )
    return text if error.top1 is None else f"{text}, class agrees in {error.top1:.1%}"


COMMAND = Command("quantise", app)
