"""The command line: ``mlledger``, put together from what is installed.

Each package offers a ``register(app)`` under the entry-point group
``mlledger.commands``; a package whose extra is absent registers nothing, so that a
training image shows fewer commands and imports nothing heavy.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer

from ledger.commands import (
    consumers,
    dev,
    emit,
    home,
    journals,
    keys,
    topics,
    verify,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this package."""
    for module in (home, emit, keys, journals, topics, consumers, verify, dev):
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
    try:
        build_app()()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more at exit.
        sys.stdout = None
        sys.exit(0)
