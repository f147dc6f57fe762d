"""Entry point of the command `tinsmith`: assembles the commands, turns errors into messages and
exit codes.

0: done; 2: the user can mend it (one message says how); 1: our bug (an id and a log file).
"""

import errno
import io
import secrets
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from tinsmith.cli.command import COMMANDS
from tinsmith.core.errors import UserError
from tinsmith.version import __version__

_PLACES = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR,
     errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO)
)  # fmt: skip
"""What a disk refuses because of where the user let us work; other refusals are our bugs."""
INTERRUPTED = 130
"""Exit code with which typer reports Ctrl-C: 128 + SIGINT."""


def make_app() -> typer.Typer:
    """The command line, with every command of the catalogue."""
    app = typer.Typer(
        name="tinsmith",
        help="Recordings in, a proven inference module on a board out.",
        epilog="Example: tinsmith run --project examples/wrist-motion",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for command in COMMANDS.all():
        single = len(command.app.registered_commands) == 1 and not command.app.registered_callback
        app.add_typer(command.app, name=None if single else command.name)
    return app


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or file may not know every letter
            stream.reconfigure(errors="backslashreplace")
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command; returns the exit code, after any message was printed on stderr."""
    try:
        make_app()(arguments, prog_name="tinsmith")
    except UserError as e:
        _say(e.message, e.hint)
        return 2
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as e:
        if isinstance(e.__context__, BrokenPipeError):  # who read stdout has enough: no bug
            return 2
        return _interrupted() if e.code == INTERRUPTED else int(e.code or 0)
    except OSError as e:
        return _refused(e) if e.errno in _PLACES else _bug(arguments)
    except Exception:  # noqa: BLE001 - the last resort: every bug ends in an id and a log file
        return _bug(arguments)
    return 0


def _options(
    version: bool = typer.Option(
        False,
        "--version",
        help="Print the version and leave.",
        is_eager=True,
        callback=lambda wanted: _print_version() if wanted else None,
    ),
) -> None:
    """Options of the program itself."""


def _print_version() -> None:
    typer.echo(f"tinsmith {__version__}")
    raise typer.Exit


def _say(message: str, hint: str) -> None:
    typer.echo(f"tinsmith: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def _interrupted() -> int:
    # An interrupt inside exec() of a text (dataclasses do that while modules are imported) leaves a
    # note in CPython to die by SIGINT at the exit of `python -m`, even if it was caught since; the
    # next exec() of a text clears it (CPython, Python/pythonrun.c, run_eval_code_obj).
    exec("")
    _say("interrupted.", "What was finished is kept; the same command goes on from there.")
    return 2


def _refused(error: OSError) -> int:
    """The disk said no: which path, and why."""
    path = error.filename2 or error.filename
    where = f"{path}: " if path else ""
    _say(
        f"{where}{error.strerror or error}.",
        "What was finished is kept. Make the path accessible and the disk roomy, or choose another "
        "folder.",
    )
    return 2


def _bug(arguments: list[str]) -> int:
    """Show an id; the details lie in a file that can be sent to us."""
    name = f"tinsmith-{secrets.token_hex(4)}"
    log = Path(tempfile.gettempdir()) / f"{name}.log"
    log.write_text(
        f"tinsmith {__version__}\narguments: {arguments}\n\n{traceback.format_exc()}",
        encoding="utf-8",
    )
    _say(f"this is our bug, not yours ({name}).", f"Please send us {log}.")
    return 1
