"""Where each event is, and what is wrong with the log: streams, gaps, refusals.

Events other than decisions are found here by id (decisions have their own table). The
seal leaves themselves are folded by :func:`leaf_row`: one row for each accepted entry,
one for each leaf that was not accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.ledger_types import ENDORSED, decode_statement
from projections import decisions
from projections.facts import values_of
from projections.rows import EventPosition, Fields, Row, common

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.codec import Decoded

SCHEMA = "integrity"


def rows(
    event: Decoded,
    position: EventPosition,
    sealed_at: int,
    identity: str,
    kind: str = "",
) -> tuple[Row, ...]:
    """See :class:`projections.rows.RowsOf`."""
    if event.name == decisions.EVENT:
        return ()
    first = common(event, position, sealed_at, identity)
    found = Row("event", first + _event(event, kind))
    name, fields = _stated(event)
    if table := _PLAIN.get(name):
        return (found, Row(table, first + values_of(name, fields)))
    if fact := _MADE.get(name):
        table, make = fact
        return (found, Row(table, first + make(fields)))
    return (found,)


def _stated(event: Decoded) -> tuple[str, Fields]:
    """Return what an event says: an endorsed statement says what it endorses."""
    if event.name != ENDORSED:
        return event.name, event.fields
    return decode_statement(event.fields) or (event.name, event.fields)


def _event(event: Decoded, kind: str) -> tuple[object, ...]:
    meta: Fields = event.meta or {}
    return (
        event.name,
        event.version,
        event.digest(),
        kind,
        meta.get("subject"),
        meta.get("correlation_id"),
        meta.get("causation_id"),
        meta.get("actor"),
    )


def _reported(f: Fields) -> tuple[object, ...]:
    return ("reported", f["counts"], f["seen_checkpoint"])


def _closed(f: Fields) -> tuple[object, ...]:
    return ("closed", f["counts"], None)


def _contract(f: Fields) -> tuple[object, ...]:
    return (
        f["consumer"],
        f["owner"],
        f["channels"],
        [f"{channel['kind']}:{channel['id']}" for channel in f["channels"]],
        f["columns"],
        f["purpose"],
        f["legal_basis"],
        f["valid_from"],
        f["valid_to"],
    )


def _access(f: Fields) -> tuple[object, ...]:
    return (
        f["collector"],
        f["window_from"],
        f["window_to"],
        f["complete"],
        f"{f['resource']['kind']}:{f['resource']['id']}",
        f["channel"],
        f["consumer"],
        f["group_type"],
        f["client_id"],
        f["host"],
        f["principal"],
        f["operation"],
        f["count"],
        f["first_time"],
        f["last_time"],
        f["blind_spots"],
    )


_PLAIN: Mapping[str, str] = {
    "ledger.stream.opened": "stream_opened",
    "ledger.gap.declared": "gap_declared",
    "ledger.key.authorized": "key_authorized",
    "ledger.key.revoked": "key_revoked",
    "ledger.key.rotated": "key_rotated",
}
_MADE: Mapping[str, tuple[str, Callable[[Fields], tuple[object, ...]]]] = {
    "ledger.stream.reported": ("stream_report", _reported),
    "ledger.stream.closed": ("stream_report", _closed),
    "consumer.contract.declared": ("consumer_contract", _contract),
    "consumer.access.observed": ("consumer_access", _access),
}
