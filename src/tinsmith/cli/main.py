"""Entry point of the command `tinsmith`: assembles the commands, turns errors into messages and
exit codes.

0: done; 2: the user can mend it (one message says how); 1: our bug (an id and a log file); 130:
cancelled by Ctrl-C or SIGTERM.
"""

import _thread
import errno
import io
import json
import os
import platform
import secrets
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import typer

from tinsmith.cli.command import COMMANDS
from tinsmith.core.errors import Cancelled, UserError
from tinsmith.version import __version__

_PLACES = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR,
     errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO)
)  # fmt: skip
"""What a disk refuses because of where the user let us work; other refusals are our bugs."""
USER = 2
"""Exit code of what the user can mend."""
JSON = "--json"
MACHINES = frozenset(("x86_64", "amd64", "aarch64", "arm64"))
_USAGE: type[Exception] = next(
    c for c in reversed(typer.BadParameter.mro()) if c not in Exception.mro()
)
"""ClickException: newer versions of typer bring their own copy of click."""
INTERRUPTED = 130
"""Exit code of what was cancelled: 128 + SIGINT, as shells and typer have it."""


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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in order, as Ctrl-C does
    sys.unraisablehook = _heard
    code = call(sys.argv[1:])
    if code == INTERRUPTED:  # who cancels does not wait until Python has taken torch apart: seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _heard(lost: "sys.UnraisableHookArgs") -> None:
    """Python drops what is raised while a finaliser or the callback of a weak reference runs; a
    Ctrl-C that came just then is raised again, a moment later: here it would be dropped too."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(0.02, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def call(arguments: list[str]) -> int:
    """Run one command; returns the exit code, after any message was printed on stderr: for people,
    or with ``--json`` as one line ``{"error": {"code", "message", "hint"}}``, the last."""
    say = _say_json if JSON in arguments else _say
    try:
        check_system(sys.platform, platform.machine())
        _run(arguments)
    except KeyboardInterrupt:
        return _told(say, Cancelled())
    except SystemExit as e:
        if isinstance(e.__context__, BrokenPipeError):  # who read stdout has enough: no bug
            return USER
        return _told(say, Cancelled()) if e.code == INTERRUPTED else int(e.code or 0)
    except Exception as e:  # noqa: BLE001 - the last resort: every bug ends in an id and a log file
        return _failed(say, e, arguments)
    return 0


def _run(arguments: list[str]) -> None:
    """The command; with ``--json`` what is wrong with the arguments is raised, not printed."""
    app = make_app()
    if JSON not in arguments:
        app(arguments, prog_name="tinsmith")
        return
    try:
        code = app(arguments, prog_name="tinsmith", standalone_mode=False)
    except _USAGE as e:
        said = e.format_message() if hasattr(e, "format_message") else str(e)
        raise UserError("cli.usage", said, "See: tinsmith --help") from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    sys.exit(code if isinstance(code, int) else 0)


def check_system(system: str, machine: str) -> None:
    """Raises UserError ``system.unsupported`` where tinsmith does not work: its children are killed
    by group, and parsers are limited, in the way of POSIX; compilers and emulators come as packages
    for these processors."""
    if system not in ("linux", "darwin") or machine.lower() not in MACHINES:
        raise UserError(
            "system.unsupported",
            f"tinsmith does not work on this system ({system}, {machine}).",
            "It works on Linux on x86-64 and aarch64; on Windows use WSL. macOS is not tested.",
        )


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


Say = Callable[[str, str, str], None]
"""Prints the code, the message and the hint of an error."""


def _say(code: str, message: str, hint: str) -> None:
    typer.echo(f"tinsmith: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def _say_json(code: str, message: str, hint: str) -> None:
    error = {"code": code, "message": message, "hint": hint}
    typer.echo(json.dumps({"error": error}), err=True)


def _told(say: Say, error: UserError | Cancelled) -> int:
    # An interrupt inside exec() of a text (dataclasses do that while modules are imported) leaves a
    # note in CPython to die by SIGINT at the exit of `python -m`, even if it was caught since; the
    # next exec() of a text clears it (CPython, Python/pythonrun.c, run_eval_code_obj).
    exec("")
    say(error.code, error.message, error.hint)
    return INTERRUPTED if isinstance(error, Cancelled) else USER


def _failed(say: Say, error: BaseException, arguments: list[str]) -> int:
    if _interrupted(error):
        return _told(say, Cancelled())
    if isinstance(error, UserError | Cancelled):
        return _told(say, error)
    if isinstance(error, OSError) and error.errno in _PLACES:
        return _told(say, _refused(error))
    return _bug(say, arguments)


def _interrupted(error: BaseException | None) -> bool:
    """Whether a Ctrl-C is behind it: extension modules that it meets while they are imported, and
    others, raise an error of their own then."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _refused(error: OSError) -> UserError:
    """The disk said no: which path, and why."""
    path = error.filename2 or error.filename
    where = f"{path}: " if path else ""
    return UserError(
        "system.place",
        f"{where}{error.strerror or error}.",
        "What was finished is kept. Make the path accessible and the disk roomy, or choose another "
        "folder.",
    )


def _bug(say: Say, arguments: list[str]) -> int:
    """Show an id; the details lie in a file that can be sent to us."""
    name = f"tinsmith-{secrets.token_hex(4)}"
    log = Path(tempfile.gettempdir()) / f"{name}.log"
    log.write_text(
        f"tinsmith {__version__}\narguments: {arguments}\n\n{traceback.format_exc()}",
        encoding="utf-8",
    )
    say("bug", f"this is our bug, not yours ({name}).", f"Please send us {log}.")
    return 1
