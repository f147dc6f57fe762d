"""Documents cannot rot: commands have help and examples, references are up to date, what the README
shows exists."""

from collections.abc import Callable

COMMAND = '''"""A planted command."""

import typer

from tinsmith.cli.command import Command

app = typer.Typer()


@app.command({epilog})
def planted() -> None:
    {help}
    typer.echo("planted")


COMMAND = Command("planted", app)
'''
FILE = "src/tinsmith/cli/commands/planted.py"


def test_the_documents_are_up_to_date(tree) -> None:
    result = tree.make("gate-docs")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_command_without_help_is_named(tree, fails: Callable) -> None:
    text = COMMAND.format(epilog='epilog="Example: tinsmith planted"', help="x = 1")
    tree.write(FILE, text)
    fails(tree.make("gate-docs"), "tinsmith planted: has no help")


def test_a_command_without_an_example_is_named(tree, fails: Callable) -> None:
    tree.write(FILE, COMMAND.format(epilog="", help='"""Says planted."""'))
    fails(tree.make("gate-docs"), "tinsmith planted: has no example")


def test_a_command_that_the_reference_lacks_is_named_and_make_docs_adds_it(
    tree, fails: Callable
) -> None:
    text = COMMAND.format(epilog='epilog="Example: tinsmith planted"', help='"""Says planted."""')
    tree.write(FILE, text)
    fails(tree.make("gate-docs"), "cli.md: differs", "kinds.md: differs")
    assert tree.make("docs").returncode == 0
    assert "## `tinsmith planted`" in (tree.root / "docs/reference/cli.md").read_text()
    assert tree.make("gate-docs").returncode == 0


def test_a_command_that_the_readme_invents_is_named(tree, fails: Callable) -> None:
    tree.append("README.md", "\n    tinsmith fly --now\n\nand `tinsmith run --fast`\n")
    tree.append("README.md", "\n```sh\n$ tinsmith swim\n```\ntinsmith sinks in prose.\n")
    result = tree.make("gate-docs")
    assert "sinks" not in result.stdout
    fails(
        result,
        "tinsmith fly --now: there is no such",
        "tinsmith swim: there is no such",
        "run has no option --fast",
    )


def test_an_edited_reference_is_named(tree, fails: Callable) -> None:
    tree.append("docs/reference/ops.md", "more\n")
    fails(tree.make("gate-docs"), "ops.md: differs")
