"""What was appended to the control log and is not sealed there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.entry import parse_entry
from ledger.errors import MalformedError
from ledger.leaf import parse_leaf
from ledger.ledger_types import decode_bodies
from ledger.log import CONTROL
from ledger.public import OriginReader

if TYPE_CHECKING:
    from ledger.log import Log
    from ledger.public import Public
    from ledger.verification.control import ControlReader


def waiting(
    log: Log, public: Public, control: ControlReader, name: str, origin: str
) -> dict[str, Any] | None:
    """Return the fields of the last fact about an origin that waits to be sealed.

    So a command that was stopped after it had appended does not append again.

    Args:
        log: the ledger's log.
        public: the published ledger.
        control: the sealed control log, refreshed.
        name: type of the fact, such as ``ledger.log.closed``.
        origin: the origin that its field of that name must hold.
    """
    found: dict[str, Any] | None = None
    reader = OriginReader(public, control.vkey, checkpoint=control.checkpoint)
    last = parse_leaf(reader.leaf(reader.checkpoint.size - 1))
    start, end = last.last_offset + 1, log.bounds(CONTROL)[1]
    for record in log.read(CONTROL, start) if start < end else ():
        try:
            bodies = decode_bodies(parse_entry(record.value or b""))
        except MalformedError:
            continue  # the sealer will say so
        for known, fields in bodies:
            if known == name and fields["origin"] == origin:
                found = fields
    return found
