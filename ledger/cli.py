"""The command line: ``mlledger``, put together from what is installed.

Each package offers a ``register(app)`` under the entry-point group
``mlledger.commands``; a package whose extra is absent registers nothing, so that a
training image shows fewer commands and imports nothing heavy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from itertools import takewhile
from typing import NoReturn

import typer

from ledger import output
from ledger.commands import (
    archiving,
    audit,
    bench,
    consumers,
    dev,
    diff_test,
    emit,
    home,
    html,
    journals,
    keys,
    logs,
    probe,
    prove,
    roots,
    schemas,
    topics,
    verify,
    witness,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this package."""
    for module in (
        home,
        emit,
        schemas,
        keys,
        roots,
        journals,
        topics,
        consumers,
        verify,
        prove,
        html,
        audit,
        archiving,
        logs,
        witness,
        diff_test,
        bench,
        probe,
        dev,
    ):
        module.register(app)


def build_app() -> typer.Typer:
    """Return the application with the commands of every installed package."""
    app = typer.Typer(
        name="mlledger",
        help="Which model version made this decision, and what proves it?",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    points = entry_points(group="mlledger.commands")
    for point in sorted(points, key=lambda p: (p.name != "ledger", p.name)):
        point.load()(app)
    return app


def run() -> None:
    """Run the command line and end the process with its exit code."""
    app = narrowed(build_app(), sys.argv[1:])
    try:
        if _asks_for_json(sys.argv[1:]):
            _run_answering_in_json(app)
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more at exit.
        sys.stdout = None
        sys.exit(0)


def narrowed(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Leave only the group that is asked for: looking at all commands takes 0.2 s."""
    asked = [group for group in app.registered_groups if group.name in arguments[:1]]
    if asked:
        app.registered_groups, app.registered_commands = asked, []
    return app


def _asks_for_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    forms = {("--output", "json"), ("-o", "json")}
    written = {"--json", "--output=json", "-ojson"}
    return any(one in written or (one, two) in forms for one, two in pairs)


def _run_answering_in_json(app: typer.Typer) -> NoReturn:
    """Run; a mistyped command answers in the envelope its caller reads."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        message = str(getattr(error, "format_message", error.__str__)())
        entry: dict[str, object] = {
            "id": "LDG-U001",
            "message": message,
            "hint": "add --help to the command for its options",
        }
        code = int(getattr(error, "exit_code", 2))
        output.emit(
            output.Answer(_command(sys.argv[1:]), exit=code, errors=[entry]), "json"
        )


def _command(arguments: Sequence[str]) -> str:
    words = takewhile(lambda one: not one.startswith("-"), arguments)
    return " ".join(list(words)[:2])
