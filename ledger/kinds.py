"""Which events an entry of each kind may hold.

An entry that opens a stream begins with ``ledger.stream.opened``, a heartbeat is one
``ledger.stream.reported``, a close one ``ledger.stream.closed``, and these types stand
nowhere else. The genesis entry opens a stream and sets the root: two events.
"""

from __future__ import annotations

from functools import cache

from ledger.errors import MalformedError
from ledger.header import KIND_CLOSE, KIND_HEARTBEAT, KIND_OPEN, Header


def check_types(header: Header, schema_ids: tuple[bytes, ...]) -> None:
    """Refuse an entry whose event types do not fit its kind.

    Args:
        header: the entry's header.
        schema_ids: the distinct schema ids in order of first use, at least one.

    Raises:
        MalformedError: see the text.
    """
    marks = _stream_schemas()
    own = marks.get(header.kind)
    others = schema_ids
    if own is not None:
        if schema_ids[0] != own:
            raise MalformedError("the first event does not fit the kind of the entry")
        others = schema_ids[1:]
    if any(schema_id in marks.values() for schema_id in others):
        raise MalformedError("a ledger.stream event stands outside its own entry")
    if header.is_genesis and others != (ledger_schema_id("ledger.root.set"),):
        raise MalformedError(
            "an opening entry holds one event; genesis, a root.set too"
        )


@cache
def _stream_schemas() -> dict[int, bytes]:
    return {
        KIND_OPEN: ledger_schema_id("ledger.stream.opened"),
        KIND_CLOSE: ledger_schema_id("ledger.stream.closed"),
        KIND_HEARTBEAT: ledger_schema_id("ledger.stream.reported"),
    }


@cache
def ledger_schema_id(name: str) -> bytes:
    """Return the schema id of version 1 of a type of the built-in ``ledger`` family."""
    from ledger.avro import schema_id
    from ledger.events.base import event_class

    return schema_id(event_class(name))
