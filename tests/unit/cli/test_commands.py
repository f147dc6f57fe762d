"""Every command of the catalogue has help, an example and few lines."""

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from tinsmith.cli import tables
from tinsmith.cli.command import COMMANDS
from tinsmith.cli.console import shown
from tinsmith.cli.kinds import listing
from tinsmith.cli.main import call, make_app
from tinsmith.cli.options import ModelChoice, from_fields
from tinsmith.cli.tables import show_table
from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import MissingTool, UnknownKind
from tinsmith.flow.journal import StepRecord
from tinsmith.importers import Importer, Support


@pytest.mark.parametrize("name", COMMANDS.names())
def test_help_has_an_example(name: str) -> None:
    app = COMMANDS.get(name).app
    assert app.registered_commands
    for info in app.registered_commands:
        part = [] if len(app.registered_commands) == 1 else [info.name or info.callback.__name__]
        shown = CliRunner().invoke(make_app(), [name, *part, "--help"])
        assert shown.exit_code == 0
        assert f"tinsmith {' '.join([name, *part])}" in " ".join(shown.output.split())


@pytest.mark.parametrize("name", COMMANDS.names())
def test_what_a_command_does_is_one_plain_line(name: str) -> None:
    """The list of commands shows the first paragraph as it is broken, with its backticks."""
    for info in COMMANDS.get(name).app.registered_commands:
        first = inspect.getdoc(info.callback).partition("\n\n")[0]
        assert "\n" not in first and "`" not in first, first


@pytest.mark.parametrize("name", COMMANDS.names())
def test_commands_hold_no_logic(name: str) -> None:
    for info in COMMANDS.get(name).app.registered_commands:
        lines, _ = inspect.getsourcelines(info.callback)
        assert len(lines) <= 30, info.callback


def test_kinds_listing() -> None:
    assert {"block", "board", "command", "op"} <= {row["kind"] for row in listing("", "")}
    assert "rpi_pico" in {row["board"] for row in listing("board", "")}
    assert listing("block", "spectral")[0]["parameter"] == "spectral"
    with pytest.raises(UnknownKind, match="Did you mean 'family'"):
        listing("famly", "")
    with pytest.raises(UnknownKind, match=r"Known: .*\bops\b"):
        listing("nothing", "")


def test_the_support_table_is_what_importers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Importer("known", (".k",), support=lambda: [Support("Add", ("int8", "float32"), "no")])

    def get(catalogue: Catalogue, name: str) -> Importer:
        if name == "absent":
            raise MissingTool("Python package 'absent'", "")
        return known

    monkeypatch.setattr(Catalogue, "names", lambda self: ["absent", "known"])
    monkeypatch.setattr(Catalogue, "get", get)
    row = {"importer": "known", "operator": "Add", "types": "int8, float32", "note": "no"}
    assert listing("ops", "known") == [row]
    gone, found = listing("ops", "")
    assert found == row
    assert (gone["importer"], "'absent' is needed" in gone["note"]) == ("absent", True)
    with pytest.raises(UnknownKind, match="Did you mean 'known'"):
        listing("ops", "knwn")


def test_options_are_the_fields_of_a_class(capsys: pytest.CaptureFixture) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Choice:
        what: Annotated[str, typer.Argument(help="The thing.")]
        often: Annotated[int, typer.Option("--often", "-o", help="How often.")] = 2

    app = typer.Typer()

    @app.command()
    @from_fields(Choice)
    def show_it(choice: Choice) -> None:
        """Show it."""
        print(choice)

    run = CliRunner().invoke
    assert "what='x', often=2" in run(app, ["x"]).output
    assert "what='x', often=5" in run(app, ["-o", "5", "x"]).output
    assert run(app, []).exit_code == run(app, ["x", "--often", "y"]).exit_code == 2
    assert "Show it." in run(app, ["--help"]).output and "How often." in run(app, ["--help"]).output


def test_options_for_a_model_are_written_as_they_were_given() -> None:
    assert ModelChoice().used() == []
    assert ModelChoice(reset_each=True, stack=8).used() == ["--reset-each", "--stack"]
    options = ModelChoice(runner="qemu", stack=512).measure_options("host")
    assert (options.board, options.runner, options.stack_bytes) == ("host", "qemu", 512)


def test_a_table_in_a_file_is_plain_lines(capsys: pytest.CaptureFixture) -> None:
    long = "[red] :x: " + 300 * "x"
    show_table(("id", "what", "note"), [("a", long, ""), ("b", "two\n\tlines", "end")])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head == "id\twhat\tnote"
    assert first == f"a\t{long}\t"
    assert second == "b\ttwo lines\tend"
    show_table(("id",), [("a",)], follows=True)
    assert capsys.readouterr().out == "\nid\na\n"


@pytest.mark.parametrize("arguments", [["kinds"], ["kinds", "block"], ["kinds", "ops", "tflite"],
                                       ["board", "list"]])  # fmt: skip
def test_listings_in_a_pipe_grep_well(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    """A line for each row of the JSON; no frames, no padding."""
    assert call([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert call(arguments) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rows) > 1
    columns = head.count("\t")
    for line, row in zip(lines, rows, strict=True):
        assert line.count("\t") == columns and line.split("\t")[0] in row.values()
        assert line.replace("\t", "").isprintable()
        assert "  " not in line and not set("─━│┃┏┌") & set(line)


def test_a_table_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    terminal = Console(width=40, soft_wrap=True, force_terminal=True, color_system=None)
    monkeypatch.setattr(tables, "out", lambda: terminal)
    show_table(("id", "what"), [("a", "one two three four five six seven eight nine ten")])
    lines = capsys.readouterr().out.splitlines()
    assert "┃" in lines[1] and all(len(line) <= 40 for line in lines)
    assert "ten" in lines[4]


def test_a_table_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    terminal = Console(width=20, soft_wrap=True, force_terminal=True, color_system=None)
    monkeypatch.setattr(tables, "out", lambda: terminal)
    show_table(("id", "what", "more"), [("nucleo_l4r5zi", "something", "else")])
    assert capsys.readouterr().out == "\nnucleo_l4r5zi\n  what  something\n  more  else\n"


def test_a_step_leaves_no_empty_line_in_a_file(capsys: pytest.CaptureFixture) -> None:
    with shown() as listener:
        listener.started("cut").advance(1, 2, "half")
        listener.finished(StepRecord("cut", "key", served=True, seconds=0.5))
    assert capsys.readouterr().out == f"  served    {'cut':<28}    0.50 s\n"


def test_a_new_project_as_json(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert call(["init", str(tmp_path / "empty"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"project": str(tmp_path / "empty" / "project.toml"), "dataset": None}
    for i, label in enumerate(("calm", "wild")):
        (tmp_path / f"{label}.1.csv").write_text("x\n" + f"1\n{i + 2}\n" * 40)
    files = [str(tmp_path / f"{label}.1.csv") for label in ("calm", "wild")]
    options = ["--from", files[0], "--from", files[1], "--set", "rate_hz=50", "--json"]
    assert call(["init", str(tmp_path / "new"), *options]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["dataset"]["recordings"] == {"calm": 1, "wild": 1}


def test_init_says_what_each_column_was_taken_for(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for i, label in enumerate(("calm", "calm", "wild", "wild")):
        rows = "".join(f"{j * 0.02:.2f};{j * (i + 3) % 7}\n" for j in range(80))
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{label}.{i}.csv").write_text("time;x\n" + rows)
    options = ["--from", str(tmp_path / "in")]
    assert call(["init", str(tmp_path / "new"), *options]) == 0
    out = capsys.readouterr().out
    assert "time\ttime\tits name; in s (steps of 0.02)" in out
    assert "64 samples, one every 32: 1.28 s at 50 Hz" in out
    assert "int16, lsb 1" in out
    assert "note: 4 files (calm.0.csv, ...): cells are set apart by ';'" in out
    assert call(["init", str(tmp_path / "json"), *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["dataset"]
    assert found["columns"][1] == {"name": "x", "role": "channel", "why": "numbers"}
    assert found["suited"]["window"] == {"samples": 64, "stride": 32}


def test_data_that_cannot_be_split_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    source = tmp_path / "calm.1.csv"
    source.write_text("x\n" + "1\n2\n" * 40)
    folder = str(tmp_path / "new")
    assert call(["init", folder, "--from", str(source), "--set", "rate_hz=50"]) == 0
    capsys.readouterr()
    assert call(["data", "show", "--project", folder]) == 0
    out = capsys.readouterr().out
    assert "calm (1)" in out and "cannot be split: All recordings have the label 'calm'" in out
    assert call(["data", "show", "--project", folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recordings"] == {"calm": 1}
    assert found["windows"] is None and "'calm'" in found["note"]
