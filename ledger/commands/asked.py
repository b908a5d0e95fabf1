"""Which command runs, with which parameters: for those who record what was asked."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it was called.

    Attributes:
        command: such as ``decision show``.
        parameters: by name, those that were not given included.
    """

    command: str
    parameters: Mapping[str, Any]


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def asked() -> Asked | None:
    """Return the command that runs, or None outside of one."""
    return _asked.get()


class RememberedCommand(TyperCommand):
    """A command that says of itself what it was asked."""

    def invoke(self, ctx: Any) -> Any:
        """Run; :func:`asked` tells meanwhile what runs."""
        name = ctx.command_path.partition(" ")[2]
        token = _asked.set(Asked(name, dict(ctx.params)))
        try:
            return super().invoke(ctx)
        finally:
            _asked.reset(token)


def remember(app: typer.Typer) -> None:
    """Have every command of an application say what it was asked."""
    for command in app.registered_commands:
        command.cls = RememberedCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            remember(group.typer_instance)
