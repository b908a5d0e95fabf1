"""Record who reads what is recorded: questions that were asked, reports handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.config import Config
    from ledger.events import Event

_FLUSH_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Something that was read.

    Attributes:
        kind: a question's answer, or a report.
        query: question, report or page, such as ``decision show``.
        channel: program that answered, ``cli`` or ``dashboard``.
        parameters: what was asked for; only their digest is recorded.
        rows: how many rows the answer had, 0 or more.
        decision: 16 bytes of the decision it was about, if it was about one.
    """

    kind: Literal["question", "report"]
    query: str
    channel: Literal["cli", "dashboard"]
    parameters: Mapping[str, Any] | None = None
    rows: int | None = None
    decision: bytes | None = None


def event_of(config: Config, read: Read) -> Event:
    """Return the event that says what was read, and by whom.

    Args:
        config: of the home; says who reads there, in which role and what for.
        read: what was read.
    """
    from ledger.events.governance import AccessLogged

    return AccessLogged.record(
        basis="observed",
        kind=read.kind,
        principal=config.reader,
        role=config.access.role or None,
        purpose=config.access.purpose or None,
        query=read.query,
        parameters_digest=read.parameters and parameters_digest(read.parameters),
        rows=read.rows,
        payload_opened=False,
        decision=read.decision,
        break_glass=False,
        channel=read.channel,
    )


def record_read(config: Config, read: Read) -> str:
    """Record that something was read, signed by the reader of the home.

    Returns:
        Why that was not possible; empty once it is in the journal.
    """
    from ledger.setup import open_emitter

    try:
        emitter = open_emitter(config, identity=config.reader, mode="spool")
        try:
            emitter.emit(event_of(config, read))
        finally:
            emitter.close(_FLUSH_S)
    except (LedgerError, OSError) as error:
        return f"this reading was not recorded: {error}"
    return ""


def parameters_digest(parameters: Mapping[str, Any]) -> str:
    """Return ``sha256:<hex>`` of parameters in canonical form (RFC 8785).

    Parameters that were not given are left out; what JSON has no form for counts as
    its text.
    """
    from hashlib import sha256

    import rfc8785

    given = {key: _plain(one) for key, one in parameters.items() if one is not None}
    return f"sha256:{sha256(rfc8785.dumps(given)).hexdigest()}"


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value if isinstance(value, str | bool | int | float) else str(value)
