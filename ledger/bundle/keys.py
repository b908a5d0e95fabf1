"""Which control events a bundle encloses so that its keys can be looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.keys import key_fingerprint
from ledger.ledger_types import ENDORSED, decode_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ledger.bundle.contents import Place
    from ledger.bundle.sources import ControlEvent

_OFFICES = ("ledger.root.set", "ledger.log_key.announced", "ledger.log_key.retired")
_LOGS = ("ledger.log.opened", "ledger.log.closed")


def key_events(
    events: Sequence[ControlEvent], signers: Collection[bytes], *, logs: bool = False
) -> list[Place]:
    """Return the control events that tell who some signers are.

    Genesis always; of each signer its authorisations and revocations, and where it came
    by rotation those of the keys before it; what changed roots and operators, if
    anything did.

    Args:
        events: of the whole control log, in order.
        signers: fingerprints of the keys.
        logs: enclose the opening and closing of logs in any case.
    """
    wanted = _with_predecessors(events, signers)
    statements = {
        event.place: decode_statement(event.fields)
        for event in events
        if event.name == ENDORSED
    }
    names = {place: found[0] for place, found in statements.items() if found}
    is_changed = "ledger.root.set" in names.values()

    def is_needed(event: ControlEvent) -> bool:
        if event.name in _LOGS:
            return is_changed or logs
        if event.name == ENDORSED and names.get(event.place) in _OFFICES:
            return is_changed
        return bool(_keys_of(event) & wanted)

    genesis = [event.place for event in events if event.name == "ledger.root.set"]
    return genesis[:1] + [event.place for event in events if is_needed(event)]


def _with_predecessors(
    events: Sequence[ControlEvent], signers: Collection[bytes]
) -> set[bytes]:
    before = dict(filter(None, map(_rotation, events)))
    wanted, fresh = set[bytes](), set(signers)
    while fresh:
        wanted |= fresh
        fresh = {before[key] for key in fresh if key in before} - wanted
    return wanted


def _rotation(event: ControlEvent) -> tuple[bytes, bytes] | None:
    """Return new and old key of a rotation."""
    if event.name != ENDORSED:
        return None
    name, fields = decode_statement(event.fields) or ("", {})
    if name != "ledger.key.rotated":
        return None
    return key_fingerprint(fields["public_key"]), fields["old_key_fp"]


def _keys_of(event: ControlEvent) -> set[bytes]:
    if event.name == "ledger.key.authorized":
        return {key_fingerprint(event.fields["public_key"])}
    if event.name == "ledger.key.revoked":
        return {event.fields["key_fp"]}
    rotated = _rotation(event)
    return {rotated[0]} if rotated else set()
