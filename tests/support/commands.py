"""The command line inside this process, whose commands are put together once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


@cache
def application() -> typer.Typer:
    """Return the command line that all tests share."""
    from ledger.cli import build_app

    return build_app()


def remember_commands() -> None:
    """Let Typer look at an application once, and not again at each call: 0.1 s."""
    from typer import main, testing

    once = cache(main.get_command)
    main.get_command = once
    testing._get_command = once
