"""Commands whose packages are not installed: they say what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer  # noqa: TC002  read at run time

from ledger.errors import ConfigurationError
from ledger.options import asks_for_json
from ledger.output import reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def explain(
    app: typer.Typer, names: Iterable[str], *, extra: str, group: str = ""
) -> None:
    """Add hidden commands that end with exit code 3 and name the extra they need.

    Args:
        app: the command line, or a group of it.
        names: first words of the commands.
        extra: name of the extra that brings them.
        group: what the group is called.
    """
    for name in names:
        command = app.command(
            name, hidden=True, context_settings=_ANYTHING, add_help_option=False
        )
        command(_refusal(f"{group} {name}".strip(), extra))


def _refusal(name: str, extra: str) -> Callable[[typer.Context], None]:
    def refuse(context: typer.Context) -> None:
        with reporting(name, "json" if asks_for_json(context.args) else "table"):
            raise ConfigurationError(
                f"mlledger {name}: needs packages that are not installed",
                hint=f"pip install 'mlledger[{extra}]'",
            )

    return refuse
