"""What commands that record something share: an emitter, and its last word."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

if TYPE_CHECKING:
    from collections.abc import Generator

    from ledger.config import Config
    from ledger.emitter import Emitter, EventRef

SEALED = "It counts once it is sealed and projected (a running worker does that)."
_FLUSH_S = 30.0
ByOption = Annotated[
    str | None,
    Option("--by", help="identity of this home that signs; default its producer"),
]


@contextmanager
def recording(config: Config, identity: str | None = None) -> Generator[Emitter]:
    """Lend an emitter; on leaving, the log has what was recorded.

    Raises:
        ConfigurationError: the home has no key for that identity.
        LogUnavailableError: the log does not take it in time; it is in the journal.
    """
    from ledger.errors import LogUnavailableError
    from ledger.setup import open_emitter

    emitter = open_emitter(config, identity=identity)
    try:
        yield emitter
        if not emitter.flush(_FLUSH_S):
            raise LogUnavailableError(
                "the log has not taken all events yet; they are in the journal",
                hint="the next process sends them, or: mlledger journal flush",
            )
    finally:
        emitter.close()


def record(emitter: Emitter, event_type: str, **fields: Any) -> EventRef:
    """Record an event that somebody declares on the command line."""
    from ledger.events.base import event_class

    cls: Any = event_class(event_type)
    return emitter.emit(cls.record(**{"basis": "declared", **fields}))
