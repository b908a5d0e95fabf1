"""The command line: ``mlledger``, put together from what is installed.

Each package offers a ``register(app)`` under the entry-point group
``mlledger.commands``; a package whose extra is absent registers nothing, so that a
training image shows fewer commands and imports nothing heavy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points

import typer

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
    working,
)
from ledger.commands.asked import remember
from ledger.commands.everywhere import Everywhere, set_apart, understood


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
        working,
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
        cls=Everywhere,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(understood)
    points = entry_points(group="mlledger.commands")
    for point in sorted(points, key=lambda p: (p.name != "ledger", p.name)):
        point.load()(app)
    remember(app)
    return app


def run() -> None:
    """Run the command line and end the process with its exit code."""
    app = narrowed(build_app(), sys.argv[1:])
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more at exit.
        sys.stdout = None
        sys.exit(0)


def narrowed(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Leave only the group that is asked for: looking at all commands takes 0.2 s."""
    first = set_apart(arguments)[1][:1]
    asked = [group for group in app.registered_groups if group.name in first]
    if asked:
        app.registered_groups, app.registered_commands = asked, []
    return app
